# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about paths: what the host sees, beside what the workers of one or more nginx do."""

from __future__ import annotations

import hashlib
import json
import os
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import path_facts
from ansible_collections.webops.django.plugins.module_utils.path_facts import look_at_paths
from ansible_collections.webops.django.tests.unit.support.other_worlds import ANYBODY, living, open_folder, state_of


@pytest.fixture
def root() -> t.Iterator[Path]:
    """A folder that everybody may enter."""
    with open_folder() as folder:
        yield folder


def look(path: Path | str, digest: bool = False, **workers: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Look at one path, as all the workers."""
    asked = [{"path": str(path), "nginx": name, "digest": digest} for name in workers or ("",)]
    records = look_at_paths(asked, workers)
    assert list(records) == [str(path)]
    json.dumps(records)
    return records[str(path)]


def test_a_file(root: Path) -> None:
    path = root / "a.css"
    path.write_text("a {}")
    path.chmod(0o640)
    os.chown(path, 23456, 4711)
    os.utime(path, (1_600_000_000, 1_700_000_000.5))
    now = path.stat()
    record = look(path, nginx=ANYBODY)
    assert record.pop("chain")[-1]["path"] == str(path)
    mount = record.pop("mount")
    assert record.pop("worker")["nginx"] == {
        "opens": True,
        "error": "",
        "refused_at": None,
        "refused_what": None,
        "in_host_view": True,
        "host_error": "",
        "own_root": False,
        "note": "",
        "mount": mount,
    }
    assert record == {
        "path": str(path),
        "exists": True,
        "kind": "file",
        "realpath": str(path),
        "mode": "0640",
        "owner": "23456",
        "group": "4711",
        "uid": 23456,
        "gid": 4711,
        "size": 4,
        "mtime": 1_700_000_000.5,
        "ctime": now.st_ctime,
        "inode": f"{now.st_dev}:{now.st_ino}",
        "acl": False,
        "sha256": None,
        "selinux": "",
    }


def test_kinds_and_links(root: Path) -> None:
    (root / "folder").mkdir()
    (root / "file").write_text("x")
    os.mkfifo(root / "pipe")
    (root / "link").symlink_to("file")
    (root / "dangling").symlink_to("none/x")
    (root / "loop").symlink_to("loop")
    told = {name: look(root / name) for name in ("folder", "file", "pipe", "link", "dangling", "loop", "none", "file/x")}
    assert {name: (record["exists"], record["kind"]) for name, record in told.items()} == {
        "folder": (True, "directory"),
        "file": (True, "file"),
        "pipe": (True, "other"),
        "link": (True, "file"),
        "dangling": (False, "link"),
        "loop": (False, "link"),
        "none": (False, None),
        "file/x": (False, None),
    }
    assert [told[name]["realpath"] for name in ("link", "dangling", "none")] == [str(root / name) for name in ("file", "none/x", "none")]
    assert told["link"]["inode"] == told["file"]["inode"]
    assert told["dangling"]["chain"][-2]["link"] == "none/x"
    assert told["none"]["mode"] is None


@pytest.mark.parametrize("path", ["", "relative/a.css", "/a\0b", "unix:/run/x.sock", "/" + "x" * 300, "/" + "x/" * 3000])
def test_paths_that_cannot_be(path: str) -> None:
    record = look(path, nginx=ANYBODY)
    assert (record["exists"], record["kind"], record["sha256"]) == (False, None, None)
    assert record["worker"]["nginx"]["opens"] is False


def test_a_digest_on_request_and_of_bounded_size(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = os.urandom(3_000_000)
    (root / "a.js").write_bytes(content)
    os.utime(root / "a.js", (1_000_000_000, 1_000_000_000))
    assert look(root / "a.js", True)["sha256"] == hashlib.sha256(content).hexdigest()
    assert os.stat(root / "a.js").st_atime == 1_000_000_000
    assert look(root, True)["sha256"] is None
    monkeypatch.setattr(path_facts, "MOST_BYTES", len(content) - 1)
    assert look(root / "a.js", True)["sha256"] is None


def test_a_selinux_label(root: Path) -> None:
    """No policy is needed to carry one."""
    (root / "a.css").touch()
    os.setxattr(root / "a.css", "security.selinux", b"unconfined_u:object_r:user_home_t:s0\0")
    assert look(root / "a.css")["selinux"] == "unconfined_u:object_r:user_home_t:s0"


def test_two_nginx_and_many_asks_for_one_path(root: Path) -> None:
    path = root / "home" / "a.css"
    path.parent.mkdir()
    path.write_text("a")
    path.chmod(0o640)
    os.chown(path, 0, 4711)
    with living(ANYBODY, f"mount -t tmpfs -o mode=755 tmp {root}/home") as boxed:
        member = dict(ANYBODY, groups=[4711])
        workers = {"member": member, "boxed": boxed, "unused": ANYBODY}
        asked = [{"path": str(path), "nginx": name, "digest": False} for name in ("member", "boxed", "member", "unknown", "")]
        asked.append({"path": str(path), "nginx": "", "digest": True})
        (record,) = look_at_paths(asked, workers).values()
    assert {name: (one["opens"], one["error"], one["in_host_view"]) for name, one in record["worker"].items()} == {
        "member": (True, "", True),
        "boxed": (False, "ENOENT", False),
    }
    assert record["sha256"] == hashlib.sha256(b"a").hexdigest()
    assert record["worker"]["boxed"]["mount"] == {"point": f"{root}/home", "source": "tmp", "type": "tmpfs", "bind": False}
    assert record["worker"]["member"]["mount"] == record["mount"]


def test_what_cannot_be_seen_is_not_called_absent(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "a").mkdir()

    def refuse(*_rest: t.Any, **_more: t.Any) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "stat", refuse)
    record = look(root / "a")
    assert (record["exists"], record["kind"], record["size"]) == (None, None, None)


def test_nothing_is_changed(root: Path) -> None:
    (root / "a").mkdir()
    (root / "a" / "a.css").write_text("a")
    (root / "link").symlink_to("a/a.css")
    before = state_of(root)
    for path in (root, root / "a", root / "a" / "a.css", root / "link", root / "none"):
        look(path, True, nginx=ANYBODY)
    assert state_of(root) == before


def test_a_file_that_is_replaced_meanwhile(root: Path) -> None:
    """As a deploy does it: whatever is seen, it is told without a traceback."""
    child = os.fork()
    if child == 0:
        try:
            while os.getppid() != 1:
                (root / "new").mkdir()
                (root / "new" / "a.css").write_text("a")
                (root / "new").rename(root / "now")
                (root / "now" / "a.css").unlink()
                (root / "now").rmdir()
        finally:
            os._exit(0)
    try:
        seen = set()
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            record = look(root / "now" / "a.css", True, nginx=ANYBODY)
            seen.add((record["exists"], record["worker"]["nginx"]["error"]))
        assert {error for _exists, error in seen} <= {"", "ENOENT"}
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
