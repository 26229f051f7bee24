# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked about a collected file, request by request, and what the answers prove."""

from __future__ import annotations

import functools
import os
import typing as t

from ansible_collections.webops.django.plugins.module_utils.content_types import COMPRESSIBLE, expected_for_name, extension
from ansible_collections.webops.django.plugins.module_utils.http_client import Answer, Client, TransportError, request_bytes
from ansible_collections.webops.django.plugins.module_utils.served_files_answers import (
    conditional_faults,
    content_faults,
    is_nginx_answer,
    range_faults,
    validator,
)
from ansible_collections.webops.django.plugins.module_utils.served_files_caching import (
    SHORT_LIVED,
    cache_directives,
    check_missing,
    lifetime,
)
from ansible_collections.webops.django.plugins.module_utils.served_files_disk import DiskFile, why_unreadable
from ansible_collections.webops.django.plugins.module_utils.served_files_model import Expectations, FileResult, Tree
from ansible_collections.webops.django.plugins.module_utils.served_report import Failure, describe_answer
from ansible_collections.webops.django.plugins.module_utils.served_tree import is_named_by_content

__all__ = [
    "SHORT_LIVED",
    "Expectations",
    "FileCheck",
    "FileResult",
    "Questions",
    "Tree",
    "cache_directives",
    "check_file",
    "check_missing",
    "lifetime",
]

IDENTITY, RANGE, CONDITIONAL = "identity", "range", "conditional"
"""Kinds of questions beside the encodings, which are called by their names."""
Question = t.Tuple[str, bytes]
"""A kind, and the request as it is sent."""


PLAIN_ENOUGH = 20
"""Files of an extension that came plain one after the other, before others are no longer asked for in that encoding."""
_SIBLINGS = {"gzip": b".gz", "br": b".br"}
_NOTHING: list[int] = []

# 100,000 good files share a handful of results.
_good_result = functools.lru_cache(maxsize=None)(FileResult)


class Questions:
    """The requests about any file of a tree, but for its name: made once."""

    def __init__(self, tree: Tree, expect: Expectations) -> None:
        self.tree = tree
        self.expect = expect
        self.origin = tree.url.origin
        self._tails = {kind: self._tail(kind, {}) for kind in (IDENTITY, *expect.encodings)}
        self._tails[RANGE] = self._tail(IDENTITY, {"Range": "bytes=0-1"})
        self._beginning_of_tail = self._tails[IDENTITY][: -len(b"\r\n")]

        self._plain: dict[tuple[str, str], list[int]] = {}

    def encodings_for(self, path: bytes, size: int) -> list[str]:
        """Return the encodings to ask a file for.

        Where a server has sent so many files of an extension plain, it does not know an encoding for it. Then only a file that has a sibling
        for it, or is larger than those, is asked for in it.
        """
        kind = extension(os.fsdecode(path))
        if kind not in COMPRESSIBLE:
            return []
        asked = []
        for encoding in self.expect.encodings:
            sizes = self._plain.get((kind, encoding), _NOTHING)
            if len(sizes) < PLAIN_ENOUGH or size > sizes[-1] or os.path.lexists(self.tree.file(path) + _SIBLINGS.get(encoding, b"")):
                asked.append(encoding)
        return asked

    def note_plain(self, path: bytes, encoding: str, size: int) -> None:
        """Remember that a file came plain although it was asked for in an encoding. The sizes that are kept: the largest one is the last."""
        sizes = self._plain.setdefault((extension(os.fsdecode(path)), encoding), [])
        sizes.append(max(size, sizes[-1] if sizes else 0))
        del sizes[:-PLAIN_ENOUGH]

    def note_encoded(self, path: bytes, encoding: str) -> None:
        """Remember that a file came encoded: the others of its extension are asked for so, too."""
        self._plain.pop((extension(os.fsdecode(path)), encoding), None)

    def ask(self, kind: str, target: bytes) -> Question:
        """Return a question."""
        return kind, b"GET " + target + self._tails[kind]

    def ask_whether_changed(self, target: bytes, header: tuple[str, str]) -> Question:
        """Return the question of a client that has a file already.

        :param header: a validator, in the request header that goes with it.
        """
        # What came in a header may be sent in one: the reader of answers lets nothing else through.
        return CONDITIONAL, b"GET %b%b%b: %b\r\n\r\n" % (target, self._beginning_of_tail, header[0].encode(), header[1].encode("latin-1"))

    def _tail(self, encoding: str, headers: t.Mapping[str, str]) -> bytes:
        return request_bytes(self.origin, "/", encoding, headers)[len("GET /") :]


class FileCheck:
    """A file on disk, and what its answers have proven so far.

    :raises OSError: the file cannot be opened.
    """

    __slots__ = (
        "_by_nginx",
        "_conditional",
        "_disk",
        "_encodings",
        "_expected",
        "_path",
        "_questions",
        "_range",
        "_ranges_told",
        "_target",
        "faults",
        "open",
    )

    def __init__(self, questions: Questions, path: bytes) -> None:
        self._questions = questions
        self._path = path
        self._target = questions.tree.target(path).encode()
        self._expected = expected_for_name(os.fsdecode(path))
        self._disk = DiskFile(questions.tree.file(path))
        self.open = 0
        """Questions that are not answered yet."""
        self.faults: list[tuple[str, str]] = []
        """What was expected, and what came."""
        self._by_nginx = self._ranges_told = self._conditional = self._range = False
        self._encodings: tuple[str, ...] = ()

    def first_questions(self) -> list[Question]:
        """Return what can be asked before anything has come."""
        expect, ask = self._questions.expect, self._questions.ask
        kinds = [IDENTITY, *self._questions.encodings_for(self._path, self._disk.size)]
        if expect.ranges and self._disk.size > 1:
            kinds.append(RANGE)
        self.open += len(kinds)
        return [ask(kind, self._target) for kind in kinds]

    def take(self, kind: str, answer: Answer) -> list[Question]:
        """Compare an answer with the file; return what there is to ask now.

        :raises TransportError: the body does not arrive whole.
        """
        try:
            found = self._faults(kind, answer)
        except OSError as error:
            found = [("a file that can be read on this host", error.strerror or str(error))]
        self.open -= 1
        if found:
            if self._disk.changed():
                found = [("a file that stays as it is while it is asked for", "one that changed on disk while it was read")]
            how = _HOW.get(kind, f" (asked for with Accept-Encoding: {kind})")
            self.faults += [(expected + how, got) for expected, got in found]
            return []
        follow_up = self._follow_up(answer) if kind == IDENTITY else []
        self.open += len(follow_up)
        return follow_up

    def result(self) -> FileResult:
        """Return what a file without faults has proven."""
        return _good_result((), self._by_nginx, self._encodings, self._conditional, self._range)

    def close(self) -> None:
        """Close the file."""
        self._disk.close()

    def _faults(self, kind: str, answer: Answer) -> list[tuple[str, str]]:
        if kind == RANGE:
            found, self._range = range_faults(answer, self._disk, self._by_nginx or self._ranges_told)
            return found
        if kind == CONDITIONAL:
            self._conditional = answer.status == 304
            return conditional_faults(answer)
        expected = self._expected
        if answer.status != 200:
            return [(f"200 {expected}".rstrip(), describe_answer(answer))]
        found, encoding = content_faults(answer, self._disk, kind, expected, self._questions.expect.headers)
        caching = answer.header("cache-control")
        if caching and "immutable" in cache_directives(answer) and not self._is_hashed():
            found.append(("no 'immutable' for a name that is not made from the content", f"Cache-Control: {caching}"))
        if encoding and not found:
            self._encodings += (encoding,)
        if encoding:
            self._questions.note_encoded(self._path, encoding)
        elif kind != IDENTITY:
            self._questions.note_plain(self._path, kind, self._disk.size)
        return found

    def _follow_up(self, answer: Answer) -> list[Question]:
        self._by_nginx = is_nginx_answer(answer, self._disk)
        self._ranges_told = "bytes" in answer.header("accept-ranges").lower()
        header = validator(answer)
        return [self._questions.ask_whether_changed(self._target, header)] if header else []

    def _is_hashed(self) -> bool:
        tree = self._questions.tree
        return self._path in tree.hashed or is_named_by_content(tree.root, self._path)


_HOW = {
    IDENTITY: "",
    RANGE: " (asked for with Range: bytes=0-1)",
    CONDITIONAL: " (asked for as by a client that has the file already)",
}


def check_file(client: Client, questions: Questions, path: bytes) -> FileResult:
    """Ask everything about a file, one request after the other, until something is wrong.

    :raises DeadlineError: the time for the whole work is over.
    """
    try:
        check = FileCheck(questions, path)
    except OSError as error:
        return _unreadable(client, questions, path, error)
    try:
        silent = _ask_all(client, questions, check)
    finally:
        check.close()
    if not check.faults:
        return check.result()
    return _bad_result(questions, path, check.faults, silent)


def _ask_all(client: Client, questions: Questions, check: FileCheck) -> bool:
    """Ask; return whether no complete answer came at last."""
    todo = check.first_questions()
    while todo and not check.faults:
        kind, request = todo.pop(0)
        try:
            answer = client.ask(questions.origin, request)
            todo += check.take(kind, answer)
        except TransportError as error:
            how = _HOW.get(kind, f" (asked for with Accept-Encoding: {kind})")
            check.faults.append((f"the file{how}", str(error)))
            return True
        if answer.followed and not check.faults:
            check.faults.append(("nothing behind the end of an answer", "more bytes than its headers announce"))
    return False


def _unreadable(client: Client, questions: Questions, path: bytes, error: OSError) -> FileResult:
    """Tell about a file that cannot be read here: what a client gets tells more, unless it is the file."""
    reason = why_unreadable(questions.tree.file(path), error)
    expected, got = "a file that can be read on this host", reason
    silent = False
    try:
        answer = client.ask(questions.origin, questions.ask(IDENTITY, questions.tree.target(path).encode())[1])
        if answer.status != 200:
            expected = f"200 {expected_for_name(os.fsdecode(path))}".rstrip()
            got = f"{describe_answer(answer)}; it is {reason}" if reason.startswith("a ") else describe_answer(answer)
    except TransportError as fault:
        expected, got, silent = "the file", str(fault), True
    return _bad_result(questions, path, [(expected, got)], silent)


def _bad_result(questions: Questions, path: bytes, faults: t.Iterable[tuple[str, str]], silent: bool) -> FileResult:
    url = f"{questions.origin}{questions.tree.target(path)}"
    return FileResult(tuple(Failure(url, expected, got) for expected, got in faults), silent=silent)
