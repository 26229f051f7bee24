# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host that the tests run on, and hosts of other kinds as files."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.host_facts import host_facts


def test_this_host() -> None:
    facts = host_facts()
    assert facts["hostname"] == socket.gethostname()
    assert (facts["uid"], facts["is_root"]) == (os.geteuid(), os.geteuid() == 0)
    assert "127.0.0.1" in facts["addresses"]
    assert abs(facts["time"] - time.time()) < 60
    for address in facts["addresses"]:
        socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
    assert len(facts["addresses"]) == len(set(facts["addresses"]))


def addresses_in(script: str) -> list[str]:
    """The addresses in a network namespace that a script sets up."""
    told = "from ansible_collections.webops.django.plugins.module_utils.host_facts import host_facts; print(*host_facts()['addresses'])"
    command = ["unshare", "--net", "sh", "-ec", f'{script}\nexec "$@"', "sh", sys.executable, "-c", told]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)))
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_all_addresses_of_all_interfaces() -> None:
    assert addresses_in("true") == []
    many = [f"10.1.{number // 250}.{number % 250 + 1}" for number in range(1100)]
    script = "ip link set lo up; ip -6 address add fd00::5/64 dev lo; ip -batch - << END\n"
    script += "\n".join(f"address add {address}/16 dev lo" for address in many)
    found = addresses_in(script + "\nEND")
    assert [address for address in found if "." in address] == ["127.0.0.1", *many]
    assert {"::1", "fd00::5"} <= set(found)


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({}, ("", False, "")),
        ({"sys/fs/selinux/enforce": "1"}, ("enforcing", False, "")),
        ({"sys/fs/selinux/enforce": "0"}, ("permissive", False, "")),
        ({"sys/fs/selinux/": ""}, ("disabled", False, "")),
        ({"sys/module/apparmor/parameters/enabled": "Y\n"}, ("", True, "")),
        ({"sys/module/apparmor/parameters/enabled": "N\n"}, ("", False, "")),
        ({"run/systemd/container": "lxc\n", ".dockerenv": ""}, ("", False, "lxc")),
        ({"proc/1/environ": "A=b\0container=podman\0C=d\0"}, ("", False, "podman")),
        ({"proc/1/environ": "container=oci\0"}, ("", False, "podman")),
        ({"proc/1/environ": "mycontainer=x\0container=\0"}, ("", False, "")),
        ({".dockerenv": ""}, ("", False, "docker")),
        ({"run/.containerenv": ""}, ("", False, "podman")),
    ],
)
def test_other_hosts(tmp_path: Path, files: dict[str, str], wanted: tuple[t.Any, ...]) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            (tmp_path / name).mkdir()
        else:
            (tmp_path / name).write_text(content)
    facts = host_facts(str(tmp_path))
    assert (facts["selinux"], facts["apparmor"], facts["container"]) == wanted


def test_ipv6_addresses_are_written_as_usual(tmp_path: Path) -> None:
    (tmp_path / "proc" / "net").mkdir(parents=True)
    (tmp_path / "proc" / "net" / "if_inet6").write_text(
        "00000000000000000000000000000001 01 80 10 80 lo\nnonsense\n\n20010db8000000000000000000000001 02 40 00 80 eth0\n"
    )
    assert host_facts(str(tmp_path))["addresses"][-2:] == ["::1", "2001:db8::1"]
