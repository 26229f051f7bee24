# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of error logs, written by a real nginx or by hand, and what must not be in them."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import log_lines as module
from ansible_collections.webops.django.plugins.module_utils.log_lines import log_lines, without_secrets
from ansible_collections.webops.django.tests.unit.support.nginx_server import NginxServer
from ansible_collections.webops.django.tests.unit.support.other_worlds import open_folder, state_of


def line(second: int, text: str) -> str:
    """A line of an error log."""
    return f"2026/01/02 03:{second // 60:02}:{second % 60:02} [error] 7#7: *1 {text}\n"


def test_what_a_real_nginx_writes() -> None:
    with open_folder() as folder:
        (folder / "tree").mkdir()
        server = NginxServer(folder)
        server.config.write_text(server.config.read_text().replace("user root;", "user nobody nogroup;"))
        server.site(
            "shop",
            f'limit_req_zone $server_name zone=z:64k rate=1r/m; server {{ listen PORT; server_name shop.example; root "{folder}/tree";\n'
            "location /slow/ { limit_req zone=z; } location /app/ { proxy_pass http://127.0.0.1:1; } }\n",
        )
        (folder / "tree" / "closed.css").write_text("x")
        (folder / "tree" / "closed.css").chmod(0o600)
        with server:
            for path in ("/closed.css?token=hush1", "/none.css", "/slow/a", "/slow/b?password=hush2", "/app/?key=hush3"):
                server.get(path, Referer="http://me:hush4@shop.example/?session=hush5", Cookie="sessionid=hush6")
        log = str(folder / "error.log")
        before = state_of(folder)
        found = log_lines([log], ["limiting requests", "(13: Permission denied)", "upstream"])
        assert state_of(folder) == before
        assert [next(word for word in ("(13:", "limiting", "upstream") if word in text) for text in found] == ["(13:", "limiting", "upstream"]
        assert str(folder / "tree" / "closed.css") in found[0]
        assert log_lines([log], [f"{folder}/tree/none.css"])[0].count("(2: No such file or directory)") == 1
        everything = "\n".join(log_lines([log]))
        assert "hush" not in everything
        assert "/closed.css?…" in everything


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('request: "GET /a?b=c HTTP/1.1", host: "x"', 'request: "GET /a?… HTTP/1.1", host: "x"'),
        ("GET /a?b=c,d", "GET /a?…,d"),
        ('upstream: "http://user:word@10.0.0.1:80/a?x"', 'upstream: "http://…@10.0.0.1:80/a?…"'),
        ('Cookie: "a=b; c=d", host', "Cookie: …, host"),
        ("authorization: Basic abc, host", "authorization: …, host"),
        ('"password": "hush", x', '"password": …, x'),
        ("csrftoken=hush, x", "csrftoken=…, x"),
        ("sessionid=hush", "sessionid=…"),
        ('open() "/srv/password/a.css" failed', 'open() "/srv/password/a.css" failed'),
        ('limiting requests, excess: 5.0 by zone "one", client: 127.0.0.1', 'limiting requests, excess: 5.0 by zone "one", client: 127.0.0.1'),
    ],
)
def test_secrets(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of logs."""
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


def test_several_logs_are_merged_by_time_with_those_that_were_rotated(folder: Path) -> None:
    (folder / "error.log").write_text(line(50, "e"))
    (folder / "error.log.1").write_text(line(10, "a") + "goes on\n" + line(30, "c"))
    (folder / "shop-error.log").write_text(line(20, "b") + line(40, "d"))
    (folder / "access.log").write_text(line(41, "access"))
    (folder / "error.log.2.gz").write_bytes(b"\x1f\x8b")
    wanted = ["a", "goes on", "b", "c", "d", "e"]
    assert [text.split()[-1] if text != "goes on" else text for text in log_lines([str(folder)])] == wanted
    assert len(log_lines([str(folder), str(folder / "error.log")])) == 6
    assert len(log_lines([str(folder / "error.log")])) == 4
    assert [text[-1] for text in log_lines([str(folder)], since="2026/01/02 03:00:30")] == ["c", "d", "e"]


def test_one_complaint_does_not_hide_the_others(folder: Path) -> None:
    (folder / "error.log").write_text(line(1, "rare upstream") + "".join(line(2 + number, "limiting requests") for number in range(600)))
    found = log_lines([str(folder / "error.log")], ["limiting", "upstream", "none"])
    assert len(found) == 21
    assert found[0].endswith("rare upstream")
    assert found[-1].startswith("2026/01/02 03:10:01")
    assert len(log_lines([str(folder / "error.log")])) == module.MOST_LINES


def test_only_the_end_of_a_large_log_is_read(folder: Path) -> None:
    log = folder / "error.log"
    log.write_text("".join(line(number, "x" * 100) for number in range(2000)))
    assert log.stat().st_size > 256 << 8
    found = log_lines([str(log)], tail=1000)
    assert 0 < len(found) < 8
    assert all(text.startswith("2026") for text in found)
    log.write_text("y" * 100_000)
    assert [len(text) for text in log_lines([str(log)])] == [module.MOST_CHARACTERS]
    assert log_lines([str(log)], tail=1000) == []


def test_what_is_no_log_on_disk(folder: Path) -> None:
    os.mkfifo(folder / "pipe-error.log")
    (folder / "empty").mkdir()
    (folder / "loop-error.log").symlink_to("loop-error.log")
    arguments = ["stderr", "syslog:server=unix:/dev/log", "memory:32m", "/dev/null", "/dev/stderr", "", "relative.log", "/a\0b", "/none/error.log"]
    arguments += [str(folder / "pipe-error.log"), str(folder / "empty"), str(folder)]
    assert log_lines(arguments) == []


def test_odd_bytes(folder: Path) -> None:
    (folder / "error.log").write_bytes(b"2026/01/02 03:04:05 \xff\x00\xe2\x82\xac /static/\xc3\xb6.css\n\n")
    found: list[t.Any] = log_lines([str(folder / "error.log")], ["ö.css"])
    assert found == ["2026/01/02 03:04:05 \\xff\0€ /static/ö.css"]
