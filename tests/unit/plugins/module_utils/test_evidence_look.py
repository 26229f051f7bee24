# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at what the controller asks for, all at once."""

from __future__ import annotations

import os
import pathlib
import typing as t

from ansible_collections.webops.django.plugins.module_utils.evidence_look import look
from ansible_collections.webops.django.tests.unit.support.raw_server import RawServer, http_answer


def test_each_part_is_looked_at(tmp_path: pathlib.Path) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "static/a.css").write_text("a")
    (tmp_path / "error.log").write_text("2026/01/01 00:00:00 [error] limiting requests, excess: 1.0\n")
    worker = {"uid": os.geteuid(), "gid": os.getegid(), "groups": [], "pid": None}
    with RawServer(lambda sock, _target: sock.sendall(http_answer(b"a"))) as server:
        connect = {"address": "127.0.0.1", "port": server.port, "tls": False}
        base = f"http://shop.example.com:{server.port}/"
        ask: dict[str, t.Any] = {
            "id": "1",
            "site": "shop",
            "kind": "file",
            "url": f"{base}static/a.css",
            "host": "",
            "connect": connect,
            "expected": None,
            "encodings": [],
        }
        seen = look(
            {
                "workers": {"nginx": worker},
                "paths": [{"path": str(tmp_path / "static/a.css"), "nginx": "nginx", "digest": False}],
                "trees": [{"path": str(tmp_path / "static"), "nginx": "nginx", "encodings": []}],
                "writable": {"nginx": [str(tmp_path)], "gone": ["/"]},
                "asks": [dict(ask, pace=0, origin=None)],
                "pages": [{"site": "shop", "urls": [base], "base": base, "connect": connect, "limit": 10}],
                "logs": {"paths": [str(tmp_path / "error.log")], "words": ["limiting requests"]},
                "seconds": 10,
            }
        )
    assert seen["paths"][str(tmp_path / "static/a.css")]["worker"]["nginx"]["opens"] is True
    assert seen["trees"][str(tmp_path / "static")]["files"] == 1
    assert list(seen["writable"]) == ["nginx"]
    assert (seen["answers"][0]["status"], seen["pages"][0]["status"]) == (200, 200)
    assert len(seen["logs"]) == 1
