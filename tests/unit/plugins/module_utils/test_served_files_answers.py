# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single answers held against a file; the rest is tested where files are asked for."""

from __future__ import annotations

import contextlib
import os
import pathlib
import socket
import time
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.content_types import expected_for_name
from ansible_collections.webops.django.plugins.module_utils.http_answer import Answer, read_answer
from ansible_collections.webops.django.plugins.module_utils.http_reader import Reader
from ansible_collections.webops.django.plugins.module_utils.served_files_answers import content_faults, is_nginx_answer, range_faults, validator
from ansible_collections.webops.django.plugins.module_utils.served_files_disk import DiskFile
from ansible_collections.webops.django.tests.unit.support.raw_server import http_answer

Receive = t.Callable[[bytes], Answer]


@pytest.fixture(name="received")
def received_fixture() -> t.Iterator[Receive]:
    with contextlib.ExitStack() as stack:

        def receive(data: bytes) -> Answer:
            ours, theirs = map(stack.enter_context, socket.socketpair())
            theirs.sendall(data)
            return read_answer(Reader(ours, time.monotonic() + 20))

        yield receive


@pytest.fixture(name="disk")
def disk_fixture(tmp_path: pathlib.Path) -> DiskFile:
    (tmp_path / "a.css").write_bytes(b"content")
    os.utime(tmp_path / "a.css", (256, 256))
    return DiskFile(os.fsencode(tmp_path / "a.css"))


@pytest.mark.parametrize(
    ("server", "etag", "proven"),
    [
        ("nginx", '"100-7"', True),
        ("nginx/1.26.0 (Ubuntu)", 'W/"100-7"', True),
        ("nginx", '"100-8"', False),
        ("nginx", "100-7", False),
        ("nginx", "", False),
        ("gunicorn", '"100-7"', False),
        ("", '"100-7"', False),
    ],
)
def test_proof_that_nginx_opened_this_file(disk: DiskFile, received: Receive, server: str, etag: str, proven: bool) -> None:
    answer = received(http_answer(b"content", server=server, etag=etag))
    assert is_nginx_answer(answer, disk) is proven


def test_all_faults_of_an_answer_are_told(disk: DiskFile, received: Receive) -> None:
    answer = received(http_answer(b"contents", content_type="text/plain", x_a="1"))
    faults, encoding = content_faults(answer, disk, "identity", expected_for_name("a.css"), {"x-a": "2", "x-b": "3"})
    assert [got for _expected, got in faults] == ["text/plain", "more than its 7 bytes", "x-a: 1", "no x-b"]
    assert encoding == ""


def test_a_range_in_another_unit_is_none(disk: DiskFile, received: Receive) -> None:
    answer = received(http_answer(b"c", status="206 P", content_range="lines 0-1/7"))
    assert range_faults(answer, disk, True) == ([("206 with Content-Range: bytes 0-1/7", "206 with Content-Range: lines 0-1/7")], False)


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        ({"etag": '"a"', "last_modified": "then"}, ("If-None-Match", '"a"')),
        ({"last_modified": "then"}, ("If-Modified-Since", "then")),
        ({"etag": "a" * 1025, "last_modified": "then"}, ("If-Modified-Since", "then")),
        ({}, None),
    ],
)
def test_what_a_client_asks_with(received: Receive, headers: dict[str, str], sent: t.Any) -> None:
    answer = received(http_answer(b"x", **headers))
    assert validator(answer) == sent
