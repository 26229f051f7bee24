# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not be served below the URL of the static files: files outside of the tree, dot files, sources, listings.

An answer is a leak by its content only. An application may answer any URL with 200 and a page of its own, and that is no leak.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import posixpath
import typing as t
import urllib.parse

from ansible_collections.webops.django.plugins.module_utils.served_leaks import START, is_listing, what_leaked
from ansible_collections.webops.django.plugins.module_utils.served_neighbours import Neighbour, neighbours
from ansible_collections.webops.django.plugins.module_utils.served_probe_targets import absolute_paths, generic, inside, passwd, traversals
from ansible_collections.webops.django.plugins.module_utils.web_urls import Url, path_to_url, printable

MAX_FOLDERS = 30

Judge = t.Callable[[bytes], str]


@dataclasses.dataclass(frozen=True)
class Probe:
    """A URL that must not bring something.

    :param target: sent as it is.
    :param subject: what must not come; several probes for one are reported as one failure.
    :param judge: gets the beginning of a body that came with 200, and says what leaked, or nothing.
    :param elsewhere: the URL path at which the same content may be published on purpose; empty: none may.
    """

    target: str
    subject: str
    judge: Judge
    elsewhere: str = ""


class Known(t.NamedTuple):
    """What is known about the tree on this host.

    :param root: the folder, without links.
    :param given: its path as the user gave it.
    :param served: relative paths of the files that must be served.
    :param withheld: relative paths of the files that must not be.
    """

    root: str
    given: str
    served: t.Sequence[bytes]
    withheld: t.Sequence[bytes]


def plan(url: Url, known: Known | None, folders: t.Sequence[str] = ()) -> list[Probe]:
    """Choose what to ask for.

    :param url: the URL of the static files.
    :param folders: percent-encoded paths of folders below it, seen on pages; for where the tree is not known.
    """
    prefix = url.path
    probes: list[Probe] = []
    beside: list[Neighbour] = []
    if known:
        probes += _withheld_probes(prefix, known)
        probes += [_known_listing(prefix, known, folder) for folder in _folders(known.served)]
        beside = neighbours(known.root, known.given, known.served)
        for neighbour in beside:
            probes += _neighbour_probes(prefix, neighbour, known)
    else:
        wanted = dict.fromkeys((prefix, *(folder for folder in folders if folder.startswith(prefix))))
        probes += [Probe(folder, f"a listing of {folder}", _judge_listing) for folder in list(wanted)[:MAX_FOLDERS]]
    probes += [_telling(target, name) for target, name in (*inside(prefix), *(passwd(prefix) if beside else generic(prefix)))]
    unique: dict[str, Probe] = {}
    for probe in probes:
        # The first one with a target knows most about it.
        unique.setdefault(probe.target, probe)
    return list(unique.values())


def _telling(target: str, name: bytes) -> Probe:
    what = os.fsdecode(name)
    return Probe(target, what, functools.partial(_judge_telling, name))


def _judge_telling(name: bytes, body: bytes) -> str:
    return what_leaked(name, body)


def _judge_listing(body: bytes) -> str:
    return "a listing of the folder" if is_listing(body) else ""


def _judge_content(content: bytes, what: str, body: bytes) -> str:
    same = body == content if len(content) < START else body.startswith(content)
    return what if same else ""


def _withheld_probes(prefix: str, known: Known) -> t.Iterator[Probe]:
    for path in known.withheld:
        content = _start_of(os.path.join(os.fsencode(known.root), path))
        if content:
            subject = f"{what_leaked(path, content) or 'a dot file'} ({printable(os.fsdecode(path))} of the tree)"
            yield Probe(prefix + path_to_url(path), subject, functools.partial(_judge_content, content, "its content"))


def _neighbour_probes(prefix: str, neighbour: Neighbour, known: Known) -> t.Iterator[Probe]:
    what = f"the content of {printable(os.fsdecode(neighbour.file))}"
    judge = functools.partial(_judge_content, neighbour.content, what)
    folder = next((path_to_url(path.partition(b"/")[0]) for path in known.served if b"/" in path), None)
    targets = traversals(prefix, neighbour.path, neighbour.climb, *([folder] if folder else []))
    targets += absolute_paths(prefix, neighbour.file)
    if neighbour.source and neighbour.climb == 1:
        # Where the folder itself is served in the tree's place, there is nothing to climb.
        targets.insert(0, prefix + path_to_url(neighbour.path))
    for target in targets:
        yield Probe(target, "a file from outside of the static tree", judge, "" if neighbour.source else _outside(prefix, target))


def _outside(prefix: str, target: str) -> str:
    """Return the path that a target stands for where a server resolves its dot segments before it looks for a file.

    ``/static/../robots.txt`` is ``/robots.txt``, and a site may well publish that. Empty where it stays below the prefix.
    """
    decoded = urllib.parse.unquote(urllib.parse.unquote(target, errors="surrogateescape"), errors="surrogateescape")
    path = posixpath.normpath("/" + decoded.replace("\\", "/").lstrip("/"))
    static = urllib.parse.unquote(prefix, errors="surrogateescape")
    return "" if path.startswith((static, static[:-1] + "..")) else path_to_url(os.fsencode(path))


def _folders(served: t.Sequence[bytes]) -> list[bytes]:
    """Return the folder itself and those in it, the ones that lie near first."""
    folders = {b""}
    for path in served:
        folder = path.rpartition(b"/")[0]
        while folder not in folders:
            folders.add(folder)
            folder = folder.rpartition(b"/")[0]
    return sorted(folders, key=lambda folder: (folder.count(b"/") + bool(folder), folder))[:MAX_FOLDERS]


def _known_listing(prefix: str, known: Known, folder: bytes) -> Probe:
    where = os.path.join(os.fsencode(known.root), folder)
    try:
        names = sorted(name for name in os.listdir(where) if not name.startswith(b"."))[:MAX_FOLDERS]
    except OSError:
        names = []
    target = prefix + (path_to_url(folder) + "/" if folder else "")
    return Probe(target, f"a listing of {target}", functools.partial(_judge_known_listing, where, names))


def _judge_known_listing(folder: bytes, names: t.Sequence[bytes], body: bytes) -> str:
    if not is_listing(body, names):
        return ""
    # An index.html that was collected may look like a listing, or be one.
    return "" if any(body[:START] == _start_of(os.path.join(folder, name)) for name in (b"index.html", b"index.htm")) else "a listing of the folder"


def _start_of(file: bytes) -> bytes:
    try:
        with open(file, "rb") as opened:
            return opened.read(START)
    except OSError:
        return b""
