# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a unit says, as systemctl prints it. That real systemd prints it so is shown in Molecule."""

from __future__ import annotations

import os
import stat
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.unit_environment import Service, interpreter_of, read_service, words
from hypothesis import given
from hypothesis import strategies as st


def shell_maybe_quote(word: str) -> str:
    """Quote as systemd does (src/basic/escape.c): control characters as C escapes, the shell's own with a backslash."""
    plain = word and not any(ord(letter) < 32 or letter in " \t\"\\`$*?['()<>|&;!~#" or ord(letter) == 127 for letter in word)
    if plain:
        return word
    escaped = ""
    for letter in word:
        if ord(letter) < 32 or ord(letter) == 127:
            escaped += {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v"}.get(letter, f"\\{ord(letter):03o}")
        else:
            escaped += f"\\{letter}" if letter in '"\\`$' else letter
    return f'"{escaped}"'


class Systemctl:
    """Answers as systemctl does."""

    def __init__(self, *lines: str, manager: str = "LANG=de_DE.UTF-8\nPATH=/usr/bin\n", status: int = 0) -> None:
        self.lines = ("LoadState=loaded", *lines)
        self.manager = manager
        self.status = status

    def __call__(self, command: list[str]) -> tuple[int, str, str]:
        """Run a command."""
        if command[1] == "show-environment":
            return 0, self.manager, ""
        assert command[-2:] == ["--", "shop.service"]
        return self.status, "\n".join(self.lines) + "\n", "no bus\n" if self.status else ""


def service(*lines: str, **manager: t.Any) -> Service:
    """Read the service that systemctl tells of."""
    return read_service("shop", Systemctl(*lines, **manager), "/nonexistent")


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_words_are_read_as_systemd_writes_them(entries: list[str]) -> None:
    """Whatever the values are."""
    assert words(" ".join(shell_maybe_quote(entry) for entry in entries)) == entries


REAL = r"""
ExecStart={ path=/usr/bin/python3 ; argv[]=/usr/bin/python3 -m http server ; ignore_errors=no ; start_time=[n/a] ; pid=0 }
Environment="TEXT=a \"b\" \$c \`d\` \\ e" PLAIN=1 GONE=1 "NL=x\ny\tz" EMPTY= HASH=#1 UNI=größe SPEC=shop.service PCT=100% DROPIN=yes
EnvironmentFiles=/nowhere/missing.env (ignore_errors=yes)
PassEnvironment=
UnsetEnvironment=GONE
UMask=0027
WorkingDirectory=!/srv/my shop
RootDirectory=
RootImage=
User=nobody
Group=
SupplementaryGroups=www-data tty
LoadState=loaded
"""
"""What systemd 252 and 257 printed for a unit with a drop-in; the process that they started had exactly the variables below."""


def test_what_real_systemd_printed() -> None:
    """Debian 12 and 13."""
    told = read_service("shop", lambda command: (0, "SET=$'it\\'s $x y'\n" if command[1] == "show-environment" else REAL, ""))
    assert told.environment == {
        "SET": "it's $x y",
        "TEXT": 'a "b" $c `d` \\ e',
        "PLAIN": "1",
        "NL": "x\ny\tz",
        "EMPTY": "",
        "HASH": "#1",
        "UNI": "größe",
        "SPEC": "shop.service",
        "PCT": "100%",
        "DROPIN": "yes",
    }
    assert (told.user, told.folder, told.umask, told.groups) == ("nobody", "/srv/my shop", 0o027, ("www-data", "tty"))


def test_bytes_that_are_no_text_come_back(tmp_path: Path) -> None:
    """systemd writes them as octal numbers."""
    assert words('"A=\\377 b"') == ["A=\udcff b"]


def test_environment_is_put_together_in_systemds_order(tmp_path: Path) -> None:
    """The manager's own, what it passes, Environment, files in their order, and what is unset at last."""
    (tmp_path / "a.env").write_text("FROM=a\nBOTH=a\nSECRET='x y'\n")
    (tmp_path / "10.env").write_text("BOTH=10\n")
    (tmp_path / "20.env").write_text("BOTH=20\n")
    (tmp_path / "environ").write_bytes(b"PASSED=yes\0NOT=no\0")
    systemctl = Systemctl(
        'Environment=FROM=unit "TEXT=a \\"b\\" \\$c" LANG=C.UTF-8 GONE=1 KEPT=1',
        f"EnvironmentFiles={tmp_path}/a.env (ignore_errors=no)",
        f"EnvironmentFiles={tmp_path}/missing.env (ignore_errors=yes)",
        f"EnvironmentFiles={tmp_path}/[0-9]*.env (ignore_errors=no)",
        "PassEnvironment=PASSED ABSENT",
        "UnsetEnvironment=GONE KEPT=2",
        manager="LANG=de_DE.UTF-8\nGREETING=$'a\\'b c'\n",
    )
    assert read_service("shop.service", systemctl, str(tmp_path / "environ")).environment == {
        "LANG": "C.UTF-8",
        "GREETING": "a'b c",
        "PASSED": "yes",
        "FROM": "a",
        "TEXT": 'a "b" $c',
        "BOTH": "20",
        "SECRET": "x y",
        "KEPT": "1",
    }


@pytest.mark.parametrize("pattern", ["missing.env", "*.env"])
def test_a_file_that_must_be_there_is_missing(tmp_path: Path, pattern: str) -> None:
    """systemd would not start the service either."""
    with pytest.raises(ExplainedError, match="systemd would not start it either"):
        service(f"EnvironmentFiles={tmp_path}/{pattern} (ignore_errors=no)")


def test_user_groups_folder_and_umask() -> None:
    """The primary group may be another than the user's own, and further ones come besides."""
    told = service("User=nobody", "Group=daemon", "SupplementaryGroups=www-data tty", "WorkingDirectory=!/srv/my shop", "UMask=0077")
    account = told.account()
    assert (told.folder, told.umask, account.name, account.gid) == ("/srv/my shop", 0o077, "nobody", 1)
    assert {5, 33} <= set(account.groups)


def test_a_unit_without_a_user_runs_as_root_and_a_home_is_a_folder() -> None:
    """As systemd has it."""
    told = service("WorkingDirectory=~")
    assert (told.account().uid, told.folder, told.umask) == (0, "/root", 0o022)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["LoadState=not-found"], "there is none of this name"),
        (["LoadState=masked"], "it is masked"),
        (["LoadState=error"], "it is error"),
        (["LoadState=loaded", "RootDirectory=/jail"], "its paths are not this host's"),
    ],
)
def test_a_unit_that_cannot_be_followed_is_refused(lines: list[str], message: str) -> None:
    """With what to give instead."""
    systemctl = Systemctl()
    systemctl.lines = tuple(lines)
    with pytest.raises(ExplainedError, match=message):
        read_service("shop.service", systemctl)


def test_a_socket_is_no_service() -> None:
    """It runs nothing."""
    with pytest.raises(ExplainedError, match="is no service"):
        read_service("shop.socket", lambda command: (0, "LoadState=loaded\n", ""))


def test_systemd_that_does_not_answer_is_told() -> None:
    """As in a container without it."""
    with pytest.raises(ExplainedError, match="does not answer for the unit shop.service: no bus"):
        service(status=1)


def test_a_host_without_systemctl_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The other options do the same."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExplainedError, match="There is no systemctl on this host"):
        read_service("shop")


def script(path: Path, first: str) -> str:
    """Make a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{first}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return f"{{ path={path} ; argv[]={path} conf.wsgi ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }}"


def test_the_interpreter_is_told_where_it_is_certain(tmp_path: Path) -> None:
    """A Python itself, one beside the program in a virtual environment, or the one that a script names."""
    venv = tmp_path / "my venv/bin/gunicorn"
    command = script(venv, "#!/bin/sh")
    assert interpreter_of([command]) == ""
    script(venv.parent / "python", "")
    (tmp_path / "my venv/pyvenv.cfg").write_text("")
    assert interpreter_of([command]) == f"{venv.parent}/python"
    assert interpreter_of([command, command]) == ""
    assert interpreter_of([script(tmp_path / "usr/gunicorn", f"#!{sys.executable}")]) == sys.executable
    assert interpreter_of([script(tmp_path / "usr/python3.11", "")]) == f"{tmp_path}/usr/python3.11"
    assert interpreter_of([script(tmp_path / "usr/start.sh", "#!/bin/sh")]) == ""
    assert interpreter_of([script(tmp_path / "usr/start", "#!/usr/bin/env python3")]) == ""
    assert interpreter_of([]) == ""
    os.unlink(tmp_path / "usr/start")
    assert interpreter_of([f"{{ path={tmp_path}/usr/start ; argv[]=x ; }}"]) == ""
