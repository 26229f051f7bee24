# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mountinfo of real namespaces, and lines that are rare."""

from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.path_mounts import Mounts, read_mounts
from ansible_collections.webops.django.tests.unit.support.other_worlds import ANYBODY, living, open_folder

TEXT = """\
22 1 0:20 /@ / rw,relatime shared:1 - btrfs /dev/sda2 rw,subvolid=256,subvol=/@
23 22 0:20 /@home /home rw - btrfs /dev/sda2 rw,subvolid=257,subvol=/@home
24 22 0:20 /@/srv/data /mnt/data rw - btrfs /dev/sda2 rw,subvolid=256,subvol=/@
25 22 8:1 / /boot rw shared:2 master:1 - ext4 /dev/sda1 rw
26 22 8:1 / /mnt/boot rw - ext4 /dev/sda1 rw
27 22 8:1 /grub /mnt/with\\040space\\134 rw - ext4 /dev/sda1 rw
28 25 0:30 / /boot rw - tmpfs none rw
29 22 0:31 / /vagrant rw - vboxsf vagrant rw
broken
30 22 0:32 /
"""


@pytest.mark.parametrize(
    ("path", "point", "kind", "bind"),
    [
        ("/etc/nginx", "/", "btrfs", False),
        ("/", "/", "btrfs", False),
        ("/home/shop/static", "/home", "btrfs", True),
        ("/homes", "/", "btrfs", False),
        ("/mnt/data/a.css", "/mnt/data", "btrfs", True),
        ("/mnt/boot", "/mnt/boot", "ext4", True),
        ("/mnt/with space\\/a", "/mnt/with space\\", "ext4", True),
        ("/boot/x", "/boot", "tmpfs", False),
        ("/vagrant/static/a.css", "/vagrant", "vboxsf", False),
    ],
)
def test_the_mount_that_a_path_lies_on(path: str, point: str, kind: str, bind: bool) -> None:
    mount = Mounts(TEXT).of(path)
    assert mount
    assert (mount["point"], mount["type"], mount["bind"]) == (point, kind, bind)


def test_nothing_is_known_without_mountinfo() -> None:
    assert Mounts("").of("/srv/a") is None
    assert read_mounts(2**22 + 1).of("/srv/a") is None


def test_the_mounts_of_another_process() -> None:
    with open_folder() as root:
        (root / "a b").mkdir()
        (root / "c").mkdir()
        script = f"mount -t tmpfs tmp '{root}/a b'; mkdir '{root}/a b/d'; mount --bind '{root}/a b/d' {root}/c"
        with living(ANYBODY, script) as worker:
            theirs, ours = read_mounts(worker["pid"]), read_mounts()
            asked: list[tuple[Path, t.Any]] = [(root / "a b" / "x", False), (root / "c" / "x", True)]
            for path, bind in asked:
                mount = theirs.of(str(path))
                assert mount == {"point": str(path.parent), "source": "tmp", "type": "tmpfs", "bind": bind}
                assert ours.of(str(path)) != mount


def test_it_agrees_with_findmnt() -> None:
    """For each mount point here."""
    mounts = read_mounts()
    points = subprocess.run(["findmnt", "--noheadings", "--list", "--output", "TARGET"], capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    for point in filter(os.path.isdir, points):
        found = subprocess.run(
            ["findmnt", "-n", "--output", "TARGET,FSTYPE", "-r", "--target", point], capture_output=True, text=True, check=True
        ).stdout
        mount = mounts.of(os.path.join(point, "x"))
        assert mount
        assert [mount["point"], mount["type"]] == found.splitlines()[-1].split()
