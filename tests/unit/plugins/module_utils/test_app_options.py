# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""app_options: what stands in a server's files and variables, beside its command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.app_commands import Command, read_command
from ansible_collections.webops.django.plugins.module_utils.app_options import complete, is_emperor
from ansible_collections.webops.django.plugins.module_utils.app_settings_module import View


def completed(folder: Path, line: str, environment: dict[str, str] | None = None) -> tuple[Command, dict[str, str]]:
    """Read a command line and complete it."""
    command = read_command(line.split())
    assert command is not None
    return command, complete(command, View(), str(folder), environment or {})


@pytest.mark.parametrize("option", ["-c conf/g.py", "--config=file:conf/g.py", "-c python:conf.g"])
def test_gunicorns_file(tmp_path: Path, option: str) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "g.py").write_text('wsgi_app = "shop.wsgi"\nchdir = "/srv/file"\nraw_env = ["A=file"]\nbind = ["x:1", "y:2"]\nX = 1\n')
    command, environment = completed(tmp_path, f"python /v/bin/gunicorn {option} -e B=line", {"C": "own"})
    assert (command.application, command.last("chdir"), command.all("bind")) == ("shop.wsgi", "/srv/file", ["x:1", "y:2"])
    assert environment == {"A": "file", "B": "line", "C": "own"}
    command, _environment = completed(tmp_path, f"python /v/bin/gunicorn {option} --chdir /srv/line other.wsgi")
    assert (command.application, command.last("chdir")) == ("other.wsgi", "/srv/line")


def test_gunicorns_usual_file_and_variable(tmp_path: Path) -> None:
    (tmp_path / "gunicorn.conf.py").write_text('import os\nos.environ["X"] = "y"\nbind = "file:1"\n')
    command, environment = completed(tmp_path, "python /v/bin/gunicorn shop.wsgi", {"GUNICORN_CMD_ARGS": "--bind=var:1 -e Z=1"})
    assert command.last("bind") == "var:1" and environment["X"] == "y" and environment["Z"] == "1"
    command, _environment = completed(tmp_path, "python /v/bin/gunicorn shop.wsgi", {"GUNICORN_CMD_ARGS": "--bind='unclosed"})
    assert command.last("bind") == "file:1"


@pytest.mark.parametrize(
    ("line", "application", "file"),
    [
        ("uwsgi --ini x.ini", "shop.wsgi:app", ""),
        ("uwsgi x.ini", "shop.wsgi:app", ""),
        ("uwsgi --module shop.wsgi", "shop.wsgi", ""),
        ("uwsgi --module shop.wsgi:application", "shop.wsgi:application", ""),
        ("uwsgi -w shop.wsgi --callable app", "shop.wsgi:app", ""),
        ("uwsgi --mount /shop=shop.wsgi:application", "shop.wsgi:application", ""),
        ("uwsgi --mount /shop=/srv/wsgi.py", "", "/srv/wsgi.py"),
        ("uwsgi --wsgi-file shop/wsgi.py", "", "shop/wsgi.py"),
    ],
)
def test_uwsgi(tmp_path: Path, line: str, application: str, file: str) -> None:
    (tmp_path / "x.ini").write_text("[uwsgi]\nmodule=shop.wsgi\ncallable=app\nenv=A=b\n")
    command, environment = completed(tmp_path, line)
    assert (command.application, command.last("wsgi-file")) == (application, file)
    assert environment == ({"A": "b"} if "x.ini" in line else {})


def test_an_emperor(tmp_path: Path) -> None:
    (tmp_path / "emperor.ini").write_text("[uwsgi]\nemperor = /etc/uwsgi/vassals\n")
    assert is_emperor(completed(tmp_path, "uwsgi --ini emperor.ini")[0])
    assert is_emperor(completed(tmp_path, "uwsgi --emperor /etc/uwsgi/vassals")[0])
    assert not is_emperor(completed(tmp_path, "uwsgi --module shop.wsgi")[0])


def test_uvicorns_file_of_variables(tmp_path: Path) -> None:
    (tmp_path / "prod.env").write_text("A=file\nB=file\n")
    _command, environment = completed(tmp_path, "python -m uvicorn shop.asgi:app --env-file prod.env", {"B": "own"})
    assert environment == {"A": "file", "B": "own"}
