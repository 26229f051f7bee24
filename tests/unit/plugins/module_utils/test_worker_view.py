# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker in its own world: namespaces, containers, capabilities, and a real nginx whose answers are the same."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shlex
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import worker_syscalls, worker_view
from ansible_collections.webops.django.plugins.module_utils.worker_view import look_at_tree, may_write, open_paths, view_of
from ansible_collections.webops.django.tests.unit.support import nginx_server
from ansible_collections.webops.django.tests.unit.support.nginx_server import NginxServer
from ansible_collections.webops.django.tests.unit.support.other_worlds import ANYBODY, as_user, living, open_folder, state_of


@pytest.fixture
def root() -> t.Iterator[Path]:
    """A folder that everybody may enter, with a file in folders."""
    with open_folder() as folder:
        (folder / "home" / "shop").mkdir(parents=True)
        (folder / "home" / "shop" / "a.css").write_text("a")
        yield folder


def told(path: Path, worker: t.Mapping[str, t.Any]) -> tuple[t.Any, ...]:
    """Opens, error, refused at, in the host's view, error there, own root."""
    answer = open_paths([str(path)], worker)[0]
    assert answer["note"] == ""
    return tuple(answer[key] for key in ("opens", "error", "refused_at", "in_host_view", "host_error", "own_root"))


def test_a_worker_that_lives_where_we_do(root: Path) -> None:
    with living(ANYBODY, wrapper=()) as worker:
        assert view_of(worker).place is None
        assert told(root / "home" / "shop" / "a.css", worker) == (True, "", None, True, "", False)


@pytest.mark.parametrize(
    ("script", "error", "refused"),
    [
        ("mount -t tmpfs -o mode=000 none {home}", "EACCES", "{home}"),  # ProtectHome=yes, InaccessiblePaths=
        ("mount -t tmpfs -o ro,mode=755 none {home}", "ENOENT", "{home}/shop"),  # ProtectHome=tmpfs, TemporaryFileSystem=, PrivateTmp=
        ("mount --bind /dev/null {home}/shop/a.css", "", None),
    ],
)
def test_a_sandbox_is_told_apart_from_modes(root: Path, script: str, error: str, refused: str | None) -> None:
    home, path = str(root / "home"), root / "home" / "shop" / "a.css"
    with living(ANYBODY, script.format(home=home)) as worker:
        assert told(path, worker) == (not error, error, refused and refused.format(home=home), True, "", False)
        # Where the modes refuse as well, the sandbox is not the only fault.
        path.chmod(0o600)
        assert told(path, worker)[3:5] == (False, "EACCES")


def test_a_sandbox_does_not_hide_a_tree_s_files_from_the_count(root: Path) -> None:
    with living(ANYBODY, f"mount -t tmpfs none {root}/home") as worker:
        tree = look_at_tree(str(root / "home"), worker)
    assert (tree["files"], tree["closed_count"]) == (1, 1)
    assert tree["closed"] == [
        {"path": f"{root}/home/shop/a.css", "error": "ENOENT", "refused_at": f"{root}/home/shop", "refused_what": None},
    ]


def test_a_worker_in_a_chroot_or_container_sees_its_own_files(root: Path) -> None:
    """The path stands in its configuration, so that it counts from its root folder; links too."""
    script = f"mount --rbind / {root}/home && mkdir -p {root}/x && mount -t tmpfs -o mode=755 none {root}/x && cd {root}/x"
    script += " && mkdir -p bin lib lib64 usr srv/static proc && for d in bin lib lib64 usr; do mount --rbind /$d $d; done"
    script += " && echo x > srv/static/a.css && ln -s /srv/static static && mkdir -m 700 srv/closed && echo y > srv/closed/b.css"
    with living(ANYBODY, f'{script}; exec chroot . "$@"') as worker:
        assert told(Path("/static/a.css"), worker) == (True, "", None, False, "ENOENT", True)
        assert told(Path("/srv/closed/b.css"), worker) == (False, "EACCES", "/srv/closed", False, "ENOENT", True)
        tree = look_at_tree("/srv", worker)
        assert (tree["files"], [one["path"] for one in tree["closed"]]) == (2, ["/srv/closed/b.css"])
        assert may_write(["/srv/static", "/static"], worker)["/static"]["refused_at"] == "/srv/static"


CHROOTED = """
import os, sys, time
os.chroot(sys.argv[1])
os.setgroups([23458])
os.setresgid(23457, 23457, 23457)
os.setresuid(23456, 23456, 23456)
print("ready", flush=True)
time.sleep(600)
"""


@contextlib.contextmanager
def running(*command: str) -> t.Iterator[dict[str, t.Any]]:
    """A process that becomes ANYBODY by itself and then prints a line; yield it as a worker."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        try:
            line = process.stdout.readline()
            assert line.endswith(b"ready\n")
            yield dict(ANYBODY, pid=process.pid, said=line)
        finally:
            process.kill()


def test_a_chroot_in_our_namespace(root: Path) -> None:
    with running(sys.executable, "-c", CHROOTED, str(root)) as worker:
        assert told(Path("/home/shop/a.css"), worker) == (True, "", None, False, "ENOENT", True)
        assert told(root / "home" / "shop" / "a.css", worker)[:4] == (False, "ENOENT", "/tmp", True)


def test_a_namespace_that_may_not_be_joined_is_seen_through_its_root_folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers often lack CAP_SYS_ADMIN, and have CAP_SYS_CHROOT."""

    def refuse(_descriptor: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    with living(ANYBODY, f"mount -t tmpfs none {root}/home") as worker:
        monkeypatch.setattr(worker_syscalls, "enter_namespace", refuse)
        assert told(root / "home" / "shop" / "a.css", worker)[:4] == (False, "ENOENT", f"{root}/home/shop", True)


def test_a_worker_s_view_is_found_through_its_master(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that changed its user is hidden from a root without CAP_SYS_PTRACE (ptrace(2)), its master is not."""
    real = worker_view._differing
    hidden: set[int] = set()

    def hide(pid: int, kind: str) -> str:
        if pid in hidden:
            raise PermissionError(13, "Permission denied")
        return real(pid, kind)

    monkeypatch.setattr(worker_view, "_differing", hide)
    script = f"mount -t tmpfs none {root}/home; {shlex.join(as_user(ANYBODY))} sleep 600 > /dev/null & echo $! ready; exec sleep 600"
    with running("unshare", "--mount", "sh", "-c", script) as master:
        worker: dict[str, t.Any] = dict(ANYBODY, pid=int(master["said"].split()[0]))
        try:
            while view_of(worker).trouble:
                # Until it is the worker's user.
                time.sleep(0.01)
            hidden.add(worker["pid"])
            assert told(root / "home" / "shop" / "a.css", worker)[:4] == (False, "ENOENT", f"{root}/home/shop", True)
            hidden.add(master["pid"])
            answer = open_paths([str(root / "home" / "shop" / "a.css")], worker)[0]
        finally:
            os.kill(worker["pid"], 9)
    assert (answer["opens"], answer["in_host_view"]) == (None, True)
    assert "cannot be seen (Permission denied)" in answer["note"]


@pytest.mark.parametrize("more", [["--mount"], []])
def test_root_of_a_user_namespace_may_what_it_may_there(root: Path, more: list[str]) -> None:
    """A rootless container's worker that runs as root there: its capabilities hold for the users that are mapped."""
    ours, mapped = root / "home" / "ours", root / "home" / "mapped"
    for path, owner in ((ours, 0), (mapped, 23456)):
        path.write_text("x")
        os.chown(path, owner, owner and 23457)
        path.chmod(0)
    script = f"for path in {mapped} {ours}; do cat $path > /dev/null 2>&1 && echo yes || echo no; done | tr '\\n' ' '; echo ready; exec sleep 600"
    user = as_user(dict(ANYBODY, groups=[]))
    with running(*user, "unshare", "--user", "--map-root-user", *more, "sh", "-c", script) as worker:
        assert worker["said"] == b"yes no ready\n"
        worker["groups"] = []
        assert told(mapped, worker) == (True, "", None, False, "EACCES", False)
        assert told(ours, worker) == (False, "EACCES", str(ours), False, "EACCES", False)


def test_a_capability_of_the_worker_counts(root: Path) -> None:
    path = root / "home" / "shop" / "a.css"
    path.chmod(0)
    capable = ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
    with running(*as_user(ANYBODY), *capable, "sh", "-c", "echo ready; exec sleep 600") as worker:
        assert told(path, worker)[0] is True
        assert told(path, ANYBODY)[0] is False


def test_root_opens_all_and_root_without_capabilities_does_not(root: Path) -> None:
    path = root / "home" / "shop" / "a.css"
    os.chown(path, 4711, 4711)
    path.chmod(0o600)
    rooted: dict[str, t.Any] = {"uid": 0, "gid": 0, "groups": [], "pid": None}
    assert told(path, rooted)[0] is True
    bound = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    with running(*bound, "sh", "-c", "echo ready; exec sleep 600") as worker:
        assert told(path, dict(rooted, pid=worker["pid"]))[:3] == (False, "EACCES", str(path))


def test_a_worker_that_has_ended_is_unknown_and_its_user_is_not(root: Path) -> None:
    with living(ANYBODY) as worker:
        pass
    answer = open_paths([str(root / "home" / "shop" / "a.css")], worker)[0]
    assert (answer["opens"], answer["error"], answer["in_host_view"]) == (None, "", True)
    assert answer["note"] == f"nginx's worker {worker['pid']} has ended"


def test_another_process_with_the_worker_s_number_is_not_the_worker(root: Path) -> None:
    answer = open_paths([str(root)], dict(ANYBODY, pid=os.getpid()))[0]
    assert (answer["opens"], answer["note"]) == (None, f"nginx's worker {os.getpid()} has ended")


@pytest.mark.parametrize("worker", [{}, {"uid": None, "gid": None}, {"uid": "x", "gid": 1, "groups": []}])
def test_a_worker_of_whom_nothing_is_known(root: Path, worker: dict[str, t.Any]) -> None:
    answer = open_paths([str(root)], worker)[0]
    assert (answer["opens"], answer["in_host_view"], answer["note"]) == (None, None, "it is not known as which user nginx's worker runs")
    assert may_write([str(root)], worker)[str(root)]["writes"] is None


AS_SOMEBODY = """
import json, os, sys
from ansible_collections.webops.django.plugins.module_utils import worker_syscalls, worker_view
os.setgroups([23458]); os.setresgid(23457, 23457, 23457); os.setresuid(*[int(sys.argv[2])] * 3)
worker = {"uid": 23456, "gid": 23457, "groups": [23458], "pid": None}
folder = sys.argv[1]
print(json.dumps([worker_view.open_paths([folder + "/home/shop/a.css"], worker)[0], worker_view.may_write([folder], worker)[folder],
    worker_view.look_at_tree(folder, worker)]))
"""


def without_root(root: Path, uid: int) -> list[t.Any]:
    """What is told to a module that does not run as root."""
    command = [sys.executable, "-c", AS_SOMEBODY, str(root), str(uid)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)))
    assert done.returncode == 0, done.stderr
    return t.cast("list[t.Any]", json.loads(done.stdout))


def test_without_root_nothing_is_guessed(root: Path) -> None:
    opened, written, tree = without_root(root, 4711)
    assert (opened["opens"], opened["in_host_view"], written["writes"], tree["closed_count"]) == (None, None, None, None)
    assert "become: true" in opened["note"]
    assert "become: true" in written["note"]
    assert "become: true" in tree["notes"][0]


def test_without_root_but_as_the_worker_s_user(root: Path) -> None:
    (root / "home").chmod(0o700)
    opened, written, tree = without_root(root, 23456)
    assert (opened["opens"], opened["refused_at"], written["writes"]) == (False, str(root / "home"), False)
    assert tree["notes"] == [f"{root}/home could not be read (EACCES)."]


def test_an_apparmor_profile_is_said_not_to_be_entered(root: Path) -> None:
    path = str(root / "home" / "shop" / "a.css")
    for profile, note in (("nginx (enforce)", "The worker's AppArmor profile nginx was not entered"), ("nginx (complain)", ""), ("unconfined", "")):
        worker = dict(ANYBODY, apparmor=profile)
        assert open_paths([path], worker)[0]["note"].startswith(note)
        assert open_paths([path], worker)[0]["opens"] is True
        assert bool(look_at_tree(str(root), worker)["notes"]) is bool(note)


def test_no_descriptor_is_left_open(root: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))
    with living(ANYBODY, f"mount -t tmpfs none {root}/home", ["unshare", "--mount"]) as worker:
        here = set(os.listdir("/proc/self/fd"))
        open_paths([str(root)], worker)
        may_write([str(root)], worker)
        look_at_tree(str(root), worker)
        assert set(os.listdir("/proc/self/fd")) == here
    assert set(os.listdir("/proc/self/fd")) == before


def test_thousands_of_paths_take_one_child(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [str(root / "home" / f"{number}") for number in range(10_000)]
    started = []
    fork = os.fork
    monkeypatch.setattr(os, "fork", lambda: started.append(1) or fork())  # type: ignore[func-returns-value]
    assert len(open_paths(paths, ANYBODY)) == 10_000
    assert started == [1]


def served(folder: Path) -> NginxServer:
    """An nginx whose workers are nobody, and that serves a folder's files."""
    server = NginxServer(folder)
    server.config.write_text(server.config.read_text().replace("user root;", "user nobody nogroup;"))
    server.site("shop", f'server {{ listen PORT; server_name shop.example; location /static/ {{ alias "{folder}/tree/"; }} }}\n')
    return server


def worker_of(server: NginxServer) -> dict[str, t.Any]:
    """A worker as it runs."""
    pid = min(server.workers())
    fields = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    return {
        "pid": pid,
        "uid": int(fields["Uid"].split()[1]),
        "gid": int(fields["Gid"].split()[1]),
        "groups": [int(group) for group in fields["Groups"].split()],
    }


def test_nginx_serves_exactly_what_the_kernel_says_it_opens() -> None:
    """200 for what opens, 403 for what the worker is refused, 404 for what is not there."""
    pick = random.Random(4)
    with open_folder() as folder:
        tree = folder / "tree"
        names = [f"{one}/{two}/{three}.css" for one in "abc" for two in "def" for three in "ghi"]
        for name in names:
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(name)
        for path in sorted(tree.rglob("*")):
            os.chown(path, pick.choice([0, 0, 65534]), pick.choice([0, 65534]))
            path.chmod(pick.choice([0o755, 0o755, 0o644 if path.is_file() else 0o711, 0o750, 0o600 if path.is_file() else 0o700]))
        (tree / "a" / "link.css").symlink_to(tree / names[0])
        (tree / "loop.css").symlink_to("loop.css")
        names += ["a/link.css", "loop.css", "none.css", "a/none/x.css", "a/d/g.css/x.css"]
        with served(folder) as server:
            worker = worker_of(server)
            assert worker["uid"] == 65534
            before = state_of(folder)
            answers = open_paths([str(tree / name) for name in names], worker)
            listed = look_at_tree(str(tree), worker)
            assert state_of(folder) == before
            expected = [200 if one["opens"] else {"EACCES": 403, "ENOENT": 404, "ENOTDIR": 404}.get(one["error"], 500) for one in answers]
            got = [server.get(f"/static/{name}").status for name in names]
        # ELOOP is an error of its own to nginx.
        assert [status if status != 500 else "other" for status in expected] == [
            status if one["error"] != "ELOOP" else "other" for status, one in zip(got, answers)
        ]
        assert {200, 403, 404} <= set(got)
        assert listed["files"] == 28
        assert listed["closed_count"] == sum(one["opens"] is False for one in answers[:28])
        assert [one["path"] for one in listed["broken_links"]] == [str(tree / "loop.css")]


def test_nginx_in_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a systemd unit with ProtectHome= starts it."""
    with open_folder() as folder:
        tree = folder / "tree"
        tree.mkdir()
        (tree / "a.css").write_text("a")
        wrapper = folder / "sandboxed"
        wrapper.write_text(
            f'#!/bin/sh\nexec unshare --mount sh -c \'mount -t tmpfs -o mode=000 none {tree} && exec {nginx_server.NGINX} "$@"\' sh "$@"\n'
        )
        wrapper.chmod(0o755)
        monkeypatch.setattr(nginx_server, "NGINX", str(wrapper))
        with served(folder) as server:
            worker = worker_of(server)
            assert server.get("/static/a.css").status == 403
            assert told(tree / "a.css", worker) == (False, "EACCES", str(tree), True, "", False)


def test_a_worker_that_ends_while_it_is_asked_about(root: Path) -> None:
    """Whatever is gone when it is looked at: an answer, and no traceback."""
    for _attempt in range(20):
        with living(ANYBODY) as worker:
            killer = subprocess.Popen(["sh", "-c", f"kill -9 {worker['pid']}"])
            answer = open_paths([str(root)], worker)[0]
            assert answer["opens"] in (True, None)
            killer.wait()
