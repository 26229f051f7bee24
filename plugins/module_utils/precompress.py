# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Precompressed siblings for a staging tree: ``a.css.gz`` and ``a.css.br`` beside ``a.css``, as nginx's gzip_static and brotli_static send them.

A sibling's bytes depend on the content and on the version of the compressing library alone. Two hosts with different ones (zlib and zlib-ng)
hold different siblings of the same files, so that siblings do not belong into a digest by which hosts are compared.
"""

from __future__ import annotations

import collections
import dataclasses
import os
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.webops.django.plugins.module_utils import precompress_sibling as sibling
from ansible_collections.webops.django.plugins.module_utils.brotli_codec import BrotliError
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.precompress_encodings import (
    ENCODINGS,
    Encoding,
    checkable,
    encodings_for,
    is_compressible,
    is_large_enough,
    largest_worth_it,
)
from ansible_collections.webops.django.plugins.module_utils.precompress_sibling import Source
from ansible_collections.webops.django.plugins.module_utils.static_tree import Rights, file_digest

T = t.TypeVar("T")


@dataclasses.dataclass
class Result:
    """What lies beside the files of a tree now.

    :ivar counts: right siblings by the encoding's name.
    :ivar names: their names relative to the tree, sorted.
    :ivar saved: bytes by which they are smaller than their files, by the encoding's name.
    :ivar made: how many were compressed, or share what was compressed for the same content.
    :ivar taken: how many came from a published tree, or share what did.
    :ivar kept: how many the project had brought along.
    """

    counts: dict[str, int]
    names: list[str]
    saved: dict[str, int]
    made: int = 0
    taken: int = 0
    kept: int = 0


def precompress(
    tree: str,
    names: t.Iterable[str],
    encodings: t.Sequence[str],
    live: str,
    rights: Rights,
    others: t.Sequence[str] = (),
    workers: int = 0,
    links: bool = True,
) -> Result:
    """Give the files of a staging tree their siblings.

    A sibling that came along stays if it decompresses to its file's content; otherwise it is replaced, worth it or not: a name that was
    collected stays there, and nginx would send it in the file's place. One that a published tree has is taken over if it is right.
    What remains is compressed, the same content once. A sibling's time of modification is its file's, as nginx's documentation recommends.

    :param tree: a folder of ours, in which nobody else writes.
    :param names: relative paths of its files, siblings that came along among them.
    :param encodings: ``gzip``, ``brotli``.
    :param live: the tree that is published over; it may be missing.
    :param rights: that the tree has.
    :param others: further published trees.
    :param workers: threads; 0: as many as there are processors.
    :param links: whether siblings of published trees may be taken over as hard links, which changes their ctime. In check mode they may not.
    :raises ExplainedError: the host cannot make an encoding, a file changed or vanished meanwhile, or the disk is full.
    """
    present = set(names)
    work = _Work(tree, present, encodings_for(encodings), live, rights, others, links)
    try:
        groups = _groups(filter(None, (work.look_at(name) for name in sorted(present))), workers)
        _in_threads(work.add_siblings, groups, workers)
    except FileNotFoundError as error:
        raise ExplainedError(f"{error.filename} vanished while it was compressed; collect again.") from error
    except BrotliError as error:
        raise ExplainedError(f"Precompressed files cannot be made in {tree}: {error}.") from error
    except OSError as error:
        raise ExplainedError(f"Precompressed files cannot be made in {tree}: {error.filename or ''} {error.strerror or error}.") from error
    return work.result()


class _Work:
    """What threads share: they only read it, and append to its list."""

    def __init__(self, tree: str, present: set[str], chosen: list[Encoding], live: str, rights: Rights, others: t.Sequence[str], links: bool) -> None:
        self.tree, self.present, self.live, self.rights = tree, present, live, rights
        self.chosen, self.checkable = chosen, checkable()
        self.trees, self.links = list(dict.fromkeys([live, *others])), links
        self.done: list[tuple[Encoding, Source, str]] = []

    def look_at(self, name: str) -> Source | None:
        """Return a file that may get siblings, or has some that are to be checked. A sibling gets none itself."""
        if any(name.endswith(encoding.suffix) and name[: -len(encoding.suffix)] in self.present for encoding in ENCODINGS.values()):
            return None
        brought = any(name + encoding.suffix in self.present for encoding in self.checkable)
        if not brought and not (self.chosen and is_compressible(name)):
            return None
        source = sibling.source_at(self.tree, name)
        return source if source and (brought or is_large_enough(source.size)) else None

    def add_siblings(self, group: list[Source]) -> None:
        """Give the sources of a group, which have the same content, their siblings."""
        for source in group:
            source.time = sibling.published_time(source, self.live)
        for encoding in dict.fromkeys([*self.checkable, *self.chosen]):
            self._add_encoding(encoding, group)
        for source in group:
            if sibling.has_changed(source):
                raise ExplainedError(f"{source.path} changed while it was compressed; collect again.")

    def _add_encoding(self, encoding: Encoding, group: list[Source]) -> None:
        largest = largest_worth_it(group[0].size)
        origin, worth_it, how = "", True, ""
        for source in group:
            path = source.path + encoding.suffix
            brought = source.name + encoding.suffix in self.present
            if brought and encoding in self.checkable and sibling.is_right(source, path, encoding):
                sibling.set_time(source, path, self.rights)
                self.done.append((encoding, source, "kept"))
            elif brought or (worth_it and self._is_wanted(encoding, source) and sibling.has_place(path)):
                if origin:
                    sibling.share(source, path, origin, self.rights)
                else:
                    how = self._make(encoding, source, path, None if brought else largest)
                if how:
                    self.done.append((encoding, source, how))
                worth_it = bool(how) and os.lstat(path).st_size <= largest
                origin = path if worth_it else ""

    def _is_wanted(self, encoding: Encoding, source: Source) -> bool:
        return encoding in self.chosen and is_compressible(source.name) and is_large_enough(source.size)

    def _make(self, encoding: Encoding, source: Source, path: str, limit: int | None) -> str:
        """Return how a sibling was made, or nothing where it was not worth it."""
        if self._take_over(encoding, source, path):
            return "taken"
        return "made" if sibling.write(source, path, encoding, self.rights, limit) else ""

    def _take_over(self, encoding: Encoding, source: Source, path: str) -> bool:
        others = (os.path.join(tree, source.name + encoding.suffix) for tree in self.trees)
        return encoding in self.checkable and any(sibling.take_over(source, path, other, encoding, self.rights, self.links) for other in others)

    def result(self) -> Result:
        """Count what was done."""
        names = [encoding.name for encoding in self.chosen]
        result = Result(dict.fromkeys(names, 0), [], dict.fromkeys(names, 0))
        ways: collections.Counter[str] = collections.Counter()
        for encoding, source, how in self.done:
            ways[how] += 1
            size = os.lstat(source.path + encoding.suffix).st_size
            result.counts[encoding.name] = result.counts.get(encoding.name, 0) + 1
            result.saved[encoding.name] = result.saved.get(encoding.name, 0) + source.size - size
            result.names.append(source.name + encoding.suffix)
        result.names.sort()
        result.made, result.taken, result.kept = ways["made"], ways["taken"], ways["kept"]
        return result


def _groups(sources: t.Iterable[Source], workers: int) -> list[list[Source]]:
    """Put sources with the same content together, large ones first, so that no thread is left with the longest work at the end."""
    by_size: dict[int, list[Source]] = {}
    for source in sources:
        by_size.setdefault(source.size, []).append(source)
    digests: dict[str, str] = {}

    def digest(source: Source) -> None:
        digests[source.path] = file_digest(source.path)

    # A size that only one file has is told from the others without reading.
    _in_threads(digest, [source for same in by_size.values() if len(same) > 1 for source in same], workers)
    by_content: dict[tuple[int, str], list[Source]] = {}
    for size in sorted(by_size, reverse=True):
        for source in by_size[size]:
            by_content.setdefault((size, digests.get(source.path, "")), []).append(source)
    return list(by_content.values())


def _in_threads(work: t.Callable[[T], None], items: t.Iterable[T], workers: int) -> None:
    """Do the work for all items; after the first error, only what has begun is ended.

    :raises Exception: the first error.
    """
    waiting, lock = iter(items), threading.Lock()
    errors: list[BaseException] = []

    def run(_number: int) -> None:
        while not errors:
            with lock:
                item = next(waiting, None)
            if item is None:
                return
            try:
                work(item)
            except Exception as error:  # noqa: BLE001 - it is raised again, in the thread that waits
                errors.append(error)

    count = workers or processors()
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(run, range(count)))
    if errors:
        raise errors[0]


def processors() -> int:
    """Return how many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
