# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module django_source, run as Ansible runs it."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.webops.django.plugins.modules import django_source


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> t.Callable[..., dict[str, t.Any]]:
    def call(check_mode: bool = False, **params: t.Any) -> dict[str, t.Any]:
        with patch_module_args({**params, "_ansible_check_mode": check_mode}), pytest.raises(SystemExit):
            django_source.main()
        return t.cast("dict[str, t.Any]", json.loads(capsys.readouterr().out))

    return call


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    (root / ".git/HEAD").write_text("x")
    (root / "manage.py").write_text("run")
    (root / os.fsdecode(b"caf\xe9.css")).write_text("body")
    return root


def test_a_folder(run: t.Callable[..., dict[str, t.Any]], project: Path) -> None:
    result = run(path=str(project))
    assert (result["changed"], result["kind"], result["files"], result["bytes"], result["archive"]) == (False, "folder", 2, 7, "")
    (project / ".git/HEAD").write_text("y")
    assert run(path=str(project))["digest"] == result["digest"]
    assert run(path=str(project), exclude=[])["digest"] != result["digest"]


def test_check_do_again_check_again(run: t.Callable[..., dict[str, t.Any]], project: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.tar.gz"
    wanted = {"path": str(project), "archive": str(archive)}
    results = [run(check_mode=True, **wanted)]
    assert sorted(os.listdir(tmp_path)) == ["project"]
    results += [run(**wanted), run(**wanted), run(check_mode=True, **wanted)]
    assert [result["changed"] for result in results] == [True, True, False, False]
    assert len({result["digest"] for result in results}) == 1
    assert archive.stat().st_mode & 0o7777 == 0o600
    assert sorted(os.listdir(tmp_path)) == ["a.tar.gz", "project"]
    with tarfile.open(archive) as opened:
        assert "source/manage.py" in opened.getnames()
    archive.chmod(0o644)
    assert run(**wanted)["changed"] is True
    assert archive.stat().st_mode & 0o7777 == 0o600


def test_an_archive(run: t.Callable[..., dict[str, t.Any]], tmp_path: Path) -> None:
    path = tmp_path / "shop 1.0.TGZ"
    path.write_bytes(b"bytes")
    result = run(path=str(path))
    assert (result["kind"], result["digest"], result["archive"]) == ("archive", hashlib.sha256(b"bytes").hexdigest(), str(path))


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"path": "{tmp}/none"}, "none does not exist"),
        ({"path": "{tmp}/dangling"}, "neither a folder nor a file"),
        ({"path": "{tmp}/notes.txt"}, "neither a folder nor an archive"),
        ({"path": "{tmp}/empty.zip"}, "empty.zip is empty"),
        ({"path": "{tmp}/project", "exclude": ["*"]}, "holds no file"),
        ({"path": "{tmp}/project", "archive": "{tmp}/none/a.tar.gz"}, "its folder does not exist"),
        ({"path": "{tmp}/project", "archive": "{tmp}/project/a.tar.gz"}, "would lie within the source"),
        ({"path": "{tmp}/project", "archive": "{tmp}/folder"}, "cannot be written"),
    ],
)
def test_bad_input(run: t.Callable[..., dict[str, t.Any]], project: Path, tmp_path: Path, params: dict[str, t.Any], words: str) -> None:
    os.symlink("nowhere", tmp_path / "dangling")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "empty.zip").write_text("")
    (tmp_path / "folder/x").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    result = run(**{name: value.format(tmp=tmp_path) if isinstance(value, str) else value for name, value in params.items()})
    assert result["failed"] is True
    assert words in result["msg"]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_name_that_is_no_text_can_be_told(run: t.Callable[..., dict[str, t.Any]], project: Path) -> None:
    os.symlink("/etc/passwd", os.path.join(os.fsencode(project), b"\xff"))
    assert "The link \\xff -> /etc/passwd is absolute" in run(path=str(project))["msg"]


def test_an_excluded_archive_within_the_source(run: t.Callable[..., dict[str, t.Any]], project: Path) -> None:
    wanted = {"path": str(project), "archive": str(project / "a.tar.gz"), "exclude": ["*.tar.gz", ".webops-source-*"]}
    assert [run(**wanted)["changed"] for _run in range(2)] == [True, False]
