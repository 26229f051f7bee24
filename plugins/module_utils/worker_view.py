# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nginx's worker may do: open paths, read a static tree, write its temporary files. The kernel is asked, as that worker."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ansible_collections.webops.django.plugins.module_utils import worker_questions, worker_syscalls, worker_tree
from ansible_collections.webops.django.plugins.module_utils.worker_process import Answers, Identity, Place, ask, close

UNKNOWN_OPENING: dict[str, t.Any] = {"opens": None, "error": "", "refused_at": None, "refused_what": None}
MOST_EXAMPLES = 50

Worker = t.Mapping[str, t.Any]


@dataclasses.dataclass(frozen=True)
class WorkerView:
    """How a worker is put on: who it is and where it lives.

    :param identity: None where it cannot be taken over.
    :param place: None where it lives as this process does, or where that is not known.
    :param trouble: why the worker cannot be asked, or empty.
    :param note: what the answers leave out, or empty.
    """

    identity: Identity | None
    place: Place | None
    trouble: str
    note: str

    def ask(self, work: t.Callable[[], t.Iterable[t.Any]]) -> Answers:
        """Let the worker answer."""
        return Answers([], self.trouble) if self.trouble or not self.identity else ask(work, self.place, self.identity)

    def ask_on_host(self, work: t.Callable[[], t.Iterable[t.Any]]) -> Answers:
        """Let the same user answer, who lives where this process does."""
        if not self.identity:
            return Answers([], self.trouble)
        # What a user namespace gives holds in it alone.
        elsewhere = self.place is not None and self.place.users >= 0
        return ask(work, None, dataclasses.replace(self.identity, capabilities=0) if elsewhere else self.identity)


def view_of(worker: Worker) -> WorkerView:
    """Find out how to put on a worker.

    :param worker: ``uid``, ``gid``, ``groups``, ``pid`` (None: it does not run) and, where it is known, ``apparmor``.
    """
    try:
        uid, gid, groups = int(worker["uid"]), int(worker["gid"]), tuple(int(group) for group in worker.get("groups") or ())
    except (KeyError, TypeError, ValueError):
        return WorkerView(None, None, "it is not known as which user nginx's worker runs", "")
    pid = worker.get("pid")
    status = _status(pid) if pid else {}
    trouble = ""
    if pid and status.get("Uid", "").split()[1:2] != [str(uid)]:
        trouble = f"nginx's worker {pid} has ended"
        status, pid = {}, None
    identity = Identity(uid, gid, groups, int(status["CapEff"], 16) if "CapEff" in status else _usual_capabilities(uid))
    if os.geteuid() != 0 and (os.geteuid() != uid or not _has_the_groups_of(identity)):
        return WorkerView(None, None, "only root can ask the kernel as nginx's worker; run the task with become: true", "")
    place = None
    if pid:
        try:
            place = place_of(int(pid), bool(identity.capabilities & worker_syscalls.capabilities()[1]))
        except OSError as error:
            trouble = f"the root folder and mount namespace of nginx's worker {pid} cannot be seen ({error.strerror})"
    return WorkerView(identity, place, trouble, _confinement(str(worker.get("apparmor") or "")))


def _usual_capabilities(uid: int) -> int:
    """What a worker has that does not run: nginx drops root's with the user, and adds none."""
    return worker_syscalls.capabilities()[1] if uid == 0 else 0


def _has_the_groups_of(identity: Identity) -> bool:
    return os.getegid() == identity.gid and set(os.getgroups()) - {identity.gid} == set(identity.groups) - {identity.gid}


def _confinement(profile: str) -> str:
    name, _space, mode = profile.rpartition(" ")
    return f"The worker's AppArmor profile {name} was not entered: it may refuse more than is told here." if mode == "(enforce)" else ""


def _status(pid: int) -> dict[str, str]:
    """Return the fields of /proc/<pid>/status; none where the process is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            return dict(map(str.strip, line.split(":", 1)) for line in file if ":" in line)  # type: ignore[misc]
    except OSError:
        return {}


def place_of(pid: int, capable: bool = False) -> Place | None:
    """Return where a process lives, or None where it lives as this one does.

    :param capable: its capabilities matter, and so does the user namespace that they hold in.
    :raises OSError: that cannot be seen.
    """
    try:
        return _place(pid, pid, capable)
    except PermissionError:
        # A worker that changed its user is shown to few (proc(5), PR_SET_DUMPABLE); its master lives where it does.
        return _place(int(_status(pid).get("PPid", pid)), pid, capable)


def _place(pid: int, worker: int, capable: bool) -> Place | None:
    mounts = _differing(pid, "mnt")
    users = _differing(worker, "user") if capable else ""
    if not mounts and not users and os.readlink(f"/proc/{pid}/root") == "/":
        return None
    opened: list[int] = []
    try:
        for path, flags in ((f"/proc/{pid}/root", os.O_PATH | os.O_DIRECTORY), (mounts, os.O_RDONLY), (users, os.O_RDONLY)):
            opened.append(os.open(path, flags | os.O_CLOEXEC) if path else -1)
        root, ours = os.fstat(opened[0]), os.stat("/")
    except OSError:
        close(opened)
        raise
    return Place(opened[0], opened[1], opened[2], (root.st_dev, root.st_ino) != (ours.st_dev, ours.st_ino))


def _differing(pid: int, kind: str) -> str:
    """Return the path of a process's namespace, empty where this process is in the same."""
    path, ours = f"/proc/{pid}/ns/{kind}", f"/proc/self/ns/{kind}"
    try:
        there = os.stat(path)
    except FileNotFoundError:
        if os.path.exists(f"/proc/{pid}"):
            # A kernel without such namespaces.
            return ""
        raise
    return path if there.st_ino != os.stat(ours).st_ino else ""


def open_paths(paths: t.Sequence[str], worker: Worker) -> list[dict[str, t.Any]]:
    """Ask for each path whether the worker can open it, and whether the same user could where no namespace hides it.

    :returns: the parts of the PATH records that are about this worker.
    """
    view = view_of(worker)
    try:
        there = view.ask(lambda: worker_questions.openings(paths))
        here = view.ask_on_host(lambda: worker_questions.openings(paths)) if view.place or view.trouble else there
        own_root = bool(view.place and view.place.own_root)
    finally:
        if view.place:
            view.place.close()
    seen = there.told + [UNKNOWN_OPENING] * (len(paths) - len(there.told))
    on_host = here.told + [UNKNOWN_OPENING] * (len(paths) - len(here.told))
    return [
        dict(
            one,
            in_host_view=other["opens"],
            host_error=other["error"],
            own_root=own_root,
            note=view.note if one["opens"] is not None else there.trouble,
        )
        for one, other in zip(seen, on_host)
    ]


def look_at_tree(path: str, worker: Worker | None, encodings: t.Sequence[str] = ()) -> dict[str, t.Any]:
    """Look at all files of a static tree: whether the worker can open them, and whether their compressed siblings are theirs.

    :param worker: None: nobody is asked.
    :param encodings: of ``gzip`` and ``br``, those whose siblings nginx may send.
    :returns: a TREE record.
    """
    view = view_of(worker) if worker else WorkerView(None, None, "no worker of nginx is known", "")
    try:
        tree = worker_tree.read(path, encodings, view.place if view.place and view.place.own_root else None)
        opened = view.ask(lambda: worker_questions.openings(tree.files))
    finally:
        if view.place:
            view.place.close()
    closed = [dict(answer, path=file) for file, answer in zip(tree.files, opened.told) if not answer["opens"]]
    refusing: dict[tuple[t.Any, t.Any], int] = {}
    for one in closed:
        refusing[one["refused_at"], one["refused_what"]] = refusing.get((one["refused_at"], one["refused_what"]), 0) + 1
    by_count = sorted(refusing.items(), key=lambda item: (-item[1], str(item[0])))
    notes = [*tree.notes, *([f"Whether the worker can open the files is not known: {opened.trouble}."] if opened.trouble else []), view.note]
    return {
        "path": path,
        "files": len(tree.files),
        "closed": [{key: one[key] for key in ("path", "error", "refused_at", "refused_what")} for one in closed[:MOST_EXAMPLES]],
        "closed_count": len(closed) if not opened.trouble else None,
        "refusing": [{"path": at, "what": what, "count": count} for (at, what), count in by_count[:MOST_EXAMPLES]],
        "stale_siblings": tree.stale[:MOST_EXAMPLES],
        "stale_count": len(tree.stale),
        "siblings": tree.siblings,
        "broken_links": tree.broken[:MOST_EXAMPLES],
        "broken_count": len(tree.broken),
        "notes": [note for note in notes if note],
    }


def may_write(folders: t.Sequence[str], worker: Worker) -> dict[str, dict[str, t.Any]]:
    """Ask whether the worker could make files in folders such as nginx's proxy_temp_path, and in the folders below that nginx made in them.

    :returns: for each folder ``writes`` (None: not known), ``error``, ``refused_at``, ``refused_what`` and ``note``.
    """
    view = view_of(worker)
    try:
        below = ask(lambda: worker_tree.folders_below(folders), view.place, None)
        asked = list(zip(folders, below.told + [[]] * (len(folders) - len(below.told))))
        answers = view.ask(lambda: worker_questions.writings(asked))
    finally:
        if view.place:
            view.place.close()
    unknown = {"writes": None, "error": "", "refused_at": None, "refused_what": None}
    told = answers.told + [unknown] * (len(folders) - len(answers.told))
    return {folder: dict(one, note=view.note if one["writes"] is not None else answers.trouble) for folder, one in zip(folders, told)}
