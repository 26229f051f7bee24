# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host is: its name and addresses, and what besides modes may refuse access on it."""

from __future__ import annotations

import array
import fcntl
import os
import socket
import struct
import time
import typing as t

_SIOCGIFCONF = 0x8912
"""linux/sockios.h: the IPv4 addresses of all interfaces (netdevice(7))."""
_IFREQ = struct.calcsize("16s16s") if struct.calcsize("P") == 4 else struct.calcsize("16s24s")
_CONTAINER_FILES = (("/run/.containerenv", "podman"), ("/.dockerenv", "docker"))


def host_facts(root: str = "") -> dict[str, t.Any]:
    """Return the part ``host`` of the evidence.

    :param root: the folder below which /proc, /sys and /run are read.
    """
    return {
        "hostname": socket.gethostname(),
        "addresses": [*_ipv4_addresses(), *_ipv6_addresses(root)],
        "uid": os.geteuid(),
        "is_root": os.geteuid() == 0,
        "selinux": _selinux(root),
        "apparmor": _text(f"{root}/sys/module/apparmor/parameters/enabled").strip() == "Y",
        "container": _container(root),
        "time": time.time(),
    }


def _ipv4_addresses() -> list[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        for room in (64, 1024, 16384):
            buffer = array.array("B", bytes(room * _IFREQ))
            try:
                answer = fcntl.ioctl(asked.fileno(), _SIOCGIFCONF, struct.pack("iP", len(buffer), buffer.buffer_info()[0]))
            except OSError:
                return []
            length = struct.unpack("iP", answer)[0]
            # Where it is full there may be more.
            if length < len(buffer):
                break
    raw = buffer.tobytes()
    # struct ifreq: the name's 16 bytes, then a sockaddr_in, whose address follows family and port.
    found = (socket.inet_ntoa(raw[start + 20 : start + 24]) for start in range(0, length, _IFREQ))
    return list(dict.fromkeys(found))


def _ipv6_addresses(root: str) -> list[str]:
    found = []
    for line in _text(f"{root}/proc/net/if_inet6").splitlines():
        try:
            found.append(socket.inet_ntop(socket.AF_INET6, bytes.fromhex(line.split()[0])))
        except (ValueError, IndexError, OSError):
            continue
    return list(dict.fromkeys(found))


def _selinux(root: str) -> str:
    """SELinux shows its file system where the kernel runs with it; an empty one belongs to a kernel that could."""
    enforce = _text(f"{root}/sys/fs/selinux/enforce").strip()
    if enforce:
        return "enforcing" if enforce == "1" else "permissive"
    return "disabled" if os.path.isdir(f"{root}/sys/fs/selinux") else ""


def _container(root: str) -> str:
    """Return the container's kind as its manager tells it (systemd's Container Interface), or as its marker file does."""
    told = _text(f"{root}/run/systemd/container").strip()
    if told:
        return told
    for variable in _text(f"{root}/proc/1/environ").split("\0"):
        name, _equals, value = variable.partition("=")
        if name == "container" and value:
            # podman's older releases say oci.
            return value if value != "oci" else "podman"
    return next((kind for path, kind in _CONTAINER_FILES if os.path.exists(root + path)), "")


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
