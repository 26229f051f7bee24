# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel says to a worker, against what it says to a plain shell of the same user; and what refuses first."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import worker_questions
from ansible_collections.webops.django.plugins.module_utils.path_chain import Chains
from ansible_collections.webops.django.plugins.module_utils.worker_view import may_write, open_paths
from ansible_collections.webops.django.tests.unit.support.other_worlds import ANYBODY, as_user, living, open_folder, set_acl, state_of
from hypothesis import given, settings
from hypothesis import strategies as st

OPENED = (True, "", None, None)


@pytest.fixture
def root() -> t.Iterator[Path]:
    """A folder that everybody may enter."""
    with open_folder() as folder:
        yield folder


def make(path: Path, mode: int = 0o644, owner: int = 0, group: int = 0) -> Path:
    """Make a file with folders of mode 0755 above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    os.chown(path, owner, group)
    path.chmod(mode)
    return path


def asked(path: Path | str, worker: t.Mapping[str, t.Any] | None = None) -> tuple[t.Any, ...]:
    """Opens, error, refused at, refused what."""
    answer = open_paths([str(path)], worker or ANYBODY)[0]
    assert answer["note"] == ""
    return answer["opens"], answer["error"], answer["refused_at"], answer["refused_what"]


@pytest.mark.parametrize(
    ("mode", "owner", "group", "opens"),
    [
        (0o644, 0, 0, True),
        (0o640, 0, 0, False),
        (0o640, 0, 23457, True),
        (0o640, 0, 23458, True),
        (0o400, 23456, 0, True),
        # The first class that fits decides: an owner whom the mode shuts out is not rescued by the others.
        (0o044, 23456, 0, False),
        (0o604, 0, 23458, False),
    ],
)
def test_a_file(root: Path, mode: int, owner: int, group: int, opens: bool) -> None:
    path = make(root / "a.css", mode, owner, group)
    assert asked(path) == (OPENED if opens else (False, "EACCES", str(path), "read"))


@pytest.mark.parametrize(("mode", "group", "opens"), [(0o755, 0, True), (0o711, 0, True), (0o750, 0, False), (0o744, 0, False), (0o710, 23458, True)])
def test_a_folder_on_the_way(root: Path, mode: int, group: int, opens: bool) -> None:
    path = make(root / "one" / "two" / "a.css")
    os.chown(root / "one", 0, group)
    (root / "one").chmod(mode)
    assert asked(path) == (OPENED if opens else (False, "EACCES", str(root / "one"), "search"))
    assert asked(root / "one") == (OPENED if opens else (False, "EACCES", str(root / "one"), "search"))


def test_the_first_of_several_is_named_and_then_the_next(root: Path) -> None:
    path = make(root / "one" / "two" / "a.css", 0o600)
    (root / "one" / "two").chmod(0o700)
    (root / "one").chmod(0o700)
    seen = []
    for _attempt in range(3):
        refused = asked(path)[2]
        seen.append(refused)
        os.chmod(refused, 0o755)
    assert seen == [str(root / "one"), str(root / "one" / "two"), str(path)]
    assert asked(path) == OPENED


def test_an_acl_opens_and_shuts(root: Path) -> None:
    path = make(root / "one" / "a.css", 0o600)
    set_acl(path, ("u", 23456, 4))
    assert asked(path) == OPENED
    (root / "one").chmod(0o755)
    set_acl(root / "one", ("g", 23458, 0))
    # The group has an entry without x, and others' x does not count for its members.
    assert asked(path) == (False, "EACCES", str(root / "one"), "search")


def test_links_are_followed_and_the_folders_of_their_targets_count(root: Path) -> None:
    make(root / "home" / "shop" / "static" / "a.css")
    (root / "home" / "shop").chmod(0o700)
    (root / "var").mkdir()
    (root / "var" / "static").symlink_to(root / "home" / "shop" / "static")
    (root / "relative").symlink_to("var/../var/static/")
    for path in (root / "var" / "static" / "a.css", root / "relative" / "a.css"):
        assert asked(path) == (False, "EACCES", str(root / "home" / "shop"), "search")
    (root / "home" / "shop").chmod(0o711)
    assert asked(root / "relative" / "a.css") == OPENED


def test_what_is_not_there(root: Path) -> None:
    make(root / "one" / "a.css")
    (root / "dangling").symlink_to("none/b.css")
    (root / "loop").symlink_to("loop")
    (root / "to").symlink_to("from")
    (root / "from").symlink_to("to")
    assert asked(root / "one" / "two" / "three") == (False, "ENOENT", str(root / "one" / "two"), None)
    assert asked(root / "dangling") == (False, "ENOENT", str(root / "none"), None)
    assert asked(root / "one" / "a.css" / "b") == (False, "ENOTDIR", str(root / "one" / "a.css"), None)
    assert asked(f"{root}/one/a.css/")[:2] == (False, "ENOTDIR")
    assert asked(root / "loop") == (False, "ELOOP", str(root / "loop"), None)
    assert asked(root / "to" / "x")[:2] == (False, "ELOOP")
    assert asked(root / ("x" * 300)) == (False, "ENAMETOOLONG", str(root / ("x" * 300)), None)
    assert asked(f"{root}/a\0b") == (False, "EINVAL", None, None)
    assert asked("") == (False, "ENOENT", None, None)


def test_more_links_than_the_kernel_follows(root: Path) -> None:
    make(root / "link0")
    for number in range(41):
        (root / f"link{number + 1}").symlink_to(f"link{number}")
    assert asked(root / "link40") == OPENED
    opens, error, at, what = asked(root / "link41")
    assert (opens, error, what) == (False, "ELOOP", None)
    assert at.startswith(str(root / "link"))


def test_odd_names(root: Path) -> None:
    name = os.fsdecode(b"\xff\xfe \n\xe2\x82\xac'\"")
    path = make(root / name / "a.css")
    assert asked(path) == OPENED
    (root / name).chmod(0o700)
    assert asked(path) == (False, "EACCES", str(root / name), "search")


def test_a_pipe_is_not_opened_and_its_writer_not_woken(root: Path) -> None:
    os.mkfifo(root / "pipe")
    (root / "pipe").chmod(0o644)
    writer = subprocess.Popen(["sh", "-c", 'echo ready; echo x > "$0"', str(root / "pipe")], stdout=subprocess.PIPE)
    try:
        assert writer.stdout
        assert writer.stdout.readline()
        assert asked(root / "pipe") == OPENED
        assert writer.poll() is None
        (root / "pipe").chmod(0o600)
        assert asked(root / "pipe") == (False, "EACCES", str(root / "pipe"), "read")
    finally:
        writer.kill()
        writer.communicate()


def test_a_socket_must_be_writable(root: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "app.sock"))
        (root / "app.sock").chmod(0o644)
        assert asked(root / "app.sock") == (False, "EACCES", str(root / "app.sock"), "write")
        (root / "app.sock").chmod(0o666)
        assert asked(root / "app.sock") == OPENED


def test_a_link_that_is_not_followed(root: Path) -> None:
    """A mount with nosymfollow; fs.protected_symlinks, which a test must not change, refuses at the same place."""
    make(root / "mount" / "a.css")
    script = f"mount -t tmpfs -o nosymfollow,mode=755 none {root}/mount; echo x > {root}/mount/a.css; ln -s a.css {root}/mount/link"
    with living(ANYBODY, script) as worker:
        assert asked(root / "mount" / "a.css", worker) == OPENED
        assert asked(root / "mount" / "link", worker) == (False, "ELOOP", str(root / "mount" / "link"), "follow")


def test_a_path_that_vanishes_while_it_is_asked_about(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(root / "one" / "a.css", 0o600)
    real = os.lstat

    def remove(step: t.Any) -> os.stat_result:
        if os.fsencode(step).endswith(b"/one") and path.exists():
            path.unlink()
        return real(step)

    def refuse(*_rest: object) -> int:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(os, "lstat", remove)
    monkeypatch.setattr(os, "open", refuse)
    assert worker_questions.opening(str(path)) == {"opens": False, "error": "EACCES", "refused_at": str(path), "refused_what": None}


@pytest.mark.parametrize(
    ("mode", "owner", "error"),
    [(0o755, 0, "EACCES"), (0o300, 23456, ""), (0o700, 23456, ""), (0o222, 0, "EACCES"), (0o733, 0, ""), (0o500, 23456, "EACCES")],
)
def test_writing_into_a_folder(root: Path, mode: int, owner: int, error: str) -> None:
    folder = root / "proxy"
    folder.mkdir()
    os.chown(folder, owner, 0)
    folder.chmod(mode)
    before = state_of(root)
    answer = may_write([str(folder)], ANYBODY)[str(folder)]
    assert state_of(root) == before
    touched = subprocess.run([*as_user(ANYBODY), "touch", str(folder / "new")], capture_output=True, check=False).returncode == 0
    assert answer["writes"] is (error == "") is touched
    assert (answer["error"], answer["refused_at"], answer["refused_what"]) == (error, *((str(folder), "write") if error else (None, None)))


def test_folders_that_nginx_made_below_count(root: Path) -> None:
    """After a change of nginx's user, the master gives the new one the temp folder itself, but not what lies in it."""
    folder, inner = root / "proxy", root / "proxy" / "2" / "00"
    inner.mkdir(parents=True)
    (folder / "somebody-else-s").mkdir()
    for path in (folder, inner.parent, inner):
        os.chown(path, 23456, 0)
    assert may_write([str(folder)], ANYBODY)[str(folder)]["writes"] is True
    os.chown(inner, 33, 33)
    answer = may_write([str(folder)], ANYBODY)[str(folder)]
    assert (answer["writes"], answer["error"], answer["refused_at"]) == (False, "EACCES", str(inner))


def test_writing_where_it_cannot_be(root: Path) -> None:
    (root / "closed" / "proxy").mkdir(parents=True)
    (root / "closed" / "proxy").chmod(0o777)
    (root / "closed").chmod(0o700)
    make(root / "file")
    asked_for = [str(root / "closed" / "proxy"), str(root / "none"), str(root / "file"), "a\0b"]
    answers = may_write(asked_for, ANYBODY)
    told = [(answers[path]["writes"], answers[path]["error"], answers[path]["refused_at"], answers[path]["refused_what"]) for path in asked_for]
    assert told == [
        (False, "EACCES", str(root / "closed"), "search"),
        (False, "ENOENT", str(root / "none"), None),
        (False, "ENOTDIR", str(root / "file"), None),
        (False, "EINVAL", None, None),
    ]


@pytest.mark.parametrize(
    ("mount", "error"), [("-o ro", "EROFS"), ("-o size=4k,mode=777", "ENOSPC"), ("-o mode=777,nr_inodes=1", "ENOSPC"), ("-o mode=777", "")]
)
def test_a_read_only_or_full_file_system(root: Path, mount: str, error: str) -> None:
    """Seen by the worker alone: it lives in a mount namespace of its own."""
    script = f"mount -t tmpfs {mount} none {root}; [ '{error}' = '' ] || echo x > {root}/x || true"
    with living(ANYBODY, f"{{ {script}; }} 2> /dev/null") as worker:
        answer = may_write([str(root)], worker)[str(root)]
    assert (answer["writes"], answer["error"]) == (error == "", error)


IDS = [0, 1000, 2000]
MODES = [0o755, 0o750, 0o711, 0o700, 0o705, 0o075, 0o644, 0o640, 0o604, 0o000]
FOLDERS = ["d", "d/e", "d/e/f", "g"]
FILES = ["a", "d/a", "d/e/a", "d/e/f/a", "g/a"]
TARGETS = ["d", "d/e/f", "../g/a", "l", "../d/l", "a", "e", "ABSOLUTE/d/e", "ABSOLUTE/g/l", "none", "..", "."]
NODES = st.tuples(
    st.sampled_from(MODES), st.sampled_from(IDS), st.sampled_from(IDS), st.none() | st.sampled_from([("u", 1000, 5), ("g", 2000, 7), ("u", 2000, 0)])
)
PATHS = [
    *FILES,
    *FOLDERS,
    "l",
    "d/l",
    "d/e/l",
    "g/l",
    "l/a",
    "d/l/a",
    "d/e/l/a",
    "g/l/a",
    "d/l/e/a",
    "l/l/a",
    "d/../g/a",
    "l/../a",
    "d/e/../../g/l/.",
    "none/a",
    "a/b",
]
WORKERS = st.builds(
    lambda uid, gid, groups: {"uid": uid, "gid": gid, "groups": groups, "pid": None},
    st.sampled_from([1000, 2000, 3000]),
    st.sampled_from(IDS),
    st.lists(st.sampled_from(IDS), unique=True),
)
SHELL = 'for path; do if [ -d "$path" ]; then (cd "$path") && echo 1 || echo 0; else cat "$path" > /dev/null && echo 1 || echo 0; fi; done'


def plant(root: Path, nodes: dict[str, tuple[t.Any, ...]], links: dict[str, str]) -> None:
    """Make a tree; what a node does not name is root's and open."""
    for name in FOLDERS:
        (root / name).mkdir()
    for name in FILES:
        make(root / name)
    for name, target in links.items():
        (root / name).symlink_to(target.replace("ABSOLUTE", str(root)))
    for name, (mode, owner, group, acl) in nodes.items():
        os.chown(root / name, owner, group)
        (root / name).chmod(mode)
        if acl:
            set_acl(root / name, acl)


def shell_says(paths: list[str], worker: t.Mapping[str, t.Any]) -> list[bool]:
    """What a shell of that user can open or enter."""
    done = subprocess.run([*as_user(worker), "sh", "-c", SHELL, "sh", *paths], capture_output=True, text=True, check=True)
    return [line == "1" for line in done.stdout.split()]


@settings(max_examples=60, deadline=None)
@given(
    nodes=st.dictionaries(st.sampled_from([*FOLDERS, *FILES]), NODES, max_size=6),
    links=st.dictionaries(st.sampled_from(["l", "d/l", "d/e/l", "g/l"]), st.sampled_from(TARGETS)),
    worker=WORKERS,
)
def test_any_tree_and_any_user(nodes: dict[str, tuple[t.Any, ...]], links: dict[str, str], worker: dict[str, t.Any]) -> None:
    """A plain shell of that user can open the same; and what is named as refusing does: opened, it moves the refusal further on."""
    with open_folder() as root:
        plant(root, nodes, links)
        paths = [str(root / name) if "." not in name else f"{root}/{name}" for name in PATHS]
        before = state_of(root)
        answers = open_paths(paths, worker)
        assert state_of(root) == before
        assert [answer["opens"] for answer in answers] == shell_says(paths, worker)
        chains = Chains()
        for path, answer in zip(paths, answers):
            if answer["error"] == "EACCES":
                before_it = [component["path"] for component in chains.chain(path).components]
                refused = answer["refused_at"]
                now = os.lstat(refused)
                acl = os.getxattr(refused, ACL) if ACL in os.listxattr(refused) else b""
                if acl:
                    os.removexattr(refused, ACL)
                os.chmod(refused, 0o777)
                after = open_paths([path], worker)[0]
                assert after["opens"] or before_it.index(after["refused_at"]) > before_it.index(refused) or after["error"] != "EACCES"
                os.chmod(refused, now.st_mode & 0o7777)
                if acl:
                    os.setxattr(refused, ACL, acl)
                assert open_paths([path], worker)[0] == answer


ACL = "system.posix_acl_access"
