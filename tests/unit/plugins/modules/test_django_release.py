# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module django_release, run as Ansible runs it."""

from __future__ import annotations

import grp
import json
import os
import pwd
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.webops.django.plugins.modules import django_release

Run = t.Callable[..., "dict[str, t.Any]"]
ME = {"owner": pwd.getpwuid(os.getuid()).pw_name, "group": grp.getgrgid(os.getgid()).gr_name}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    (tmp_path / "base").mkdir()
    (tmp_path / "project").mkdir()
    (tmp_path / "project/manage.py").write_text("run")

    def call(check_mode: bool = False, **params: t.Any) -> dict[str, t.Any]:
        params = {"base": str(tmp_path / "base"), **params}
        with patch_module_args({**params, "_ansible_check_mode": check_mode, "_ansible_diff": True}), pytest.raises(SystemExit):
            django_release.main()
        return t.cast("dict[str, t.Any]", json.loads(capsys.readouterr().out))

    return call


@pytest.fixture
def wanted(tmp_path: Path) -> dict[str, t.Any]:
    return {
        "key_file": str(tmp_path / "key"),
        "ingredients": {"source": "abc", "secret": "base", "digit": "1", "letter": "e"},
        "source": str(tmp_path / "project"),
        "environment": {"SECRET_KEY": "project", "ONE": "1"},
        "files": {"webops_settings.py": "DEBUG = False\n"},
        **ME,
    }


def changed(results: list[dict[str, t.Any]]) -> list[bool]:
    return [result["changed"] for result in results]


def test_the_life_of_a_release(run: Run, wanted: dict[str, t.Any], tmp_path: Path) -> None:
    query = {name: wanted[name] for name in ("key_file", "ingredients")}
    asked = run(**query)
    assert (asked["changed"], asked["complete"], asked["current"], asked["previous"]) == (True, False, False, "")
    assert run(**query)["changed"] is False
    results = [run(check_mode=True, **wanted)]
    assert os.listdir(tmp_path / "base") == []
    results += [run(**wanted)]
    assert changed(results) == [True, True]
    release = results[1]["id"]
    assert {result["id"] for result in results} == {release, asked["id"]}
    assert results[1]["path"] == str(tmp_path / "base/releases" / release)
    assert (tmp_path / "base/releases" / release / "etc/environment").read_text() == 'ONE="1"\nSECRET_KEY="project"\n'

    done = {"id": release, "state": "complete", "metadata": {"version": "1"}}
    results = [run(check_mode=True, **done), run(**done), run(**done), run(check_mode=True, **done)]
    assert changed(results) == [True, True, False, False]
    results = [run(**wanted), run(check_mode=True, **wanted), run(**query)]
    assert changed(results) == [False, False, False]
    assert all(result["complete"] for result in results)

    point = {"id": release, "state": "current"}
    results = [run(check_mode=True, **point), run(**point), run(**point), run(check_mode=True, **point)]
    assert changed(results) == [True, True, False, False]
    assert results[1]["diff"]["after"] == f"{release}\n"
    assert run(**query)["current"] is True

    (tmp_path / "base/releases/000000000000").mkdir()
    old = {"state": "pruned", "keep": 1}
    results = [run(check_mode=True, **old), run(**old), run(**old), run(check_mode=True, **old)]
    assert changed(results) == [True, True, False, False]
    assert results[1]["removed"] == ["000000000000"]


def test_other_ingredients_make_another_release(run: Run, wanted: dict[str, t.Any]) -> None:
    first = run(**wanted)["id"]
    assert run(**{**wanted, "ingredients": {"source": "abd"}})["id"] != first


def test_no_secret_is_reported_and_nothing_is_garbled(run: Run, wanted: dict[str, t.Any]) -> None:
    secret = "correct horse battery staple"
    wanted["environment"]["PASSWORD"] = secret
    wanted["files"]["local.py"] = f"PASSWORD = '{secret}'"
    wanted["ingredients"]["password"] = secret
    result = run(**wanted)
    assert secret not in json.dumps(result)
    assert "*" not in json.dumps({name: value for name, value in result.items() if name != "invocation"})


def test_check_mode_on_an_empty_host(run: Run, wanted: dict[str, t.Any], tmp_path: Path) -> None:
    os.rmdir(tmp_path / "base")
    results = [run(check_mode=True, **{**wanted, "owner": "nobody-here", "group": "nobody-here", "source": str(tmp_path / "none")})]
    release = results[0]["id"]
    results += [run(check_mode=True, id=release, state=state) for state in ("complete", "current")]
    assert changed(results) == [True, True, True]
    assert run(check_mode=True, state="pruned")["changed"] is False
    assert sorted(os.listdir(tmp_path)) == ["project"]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"ingredients": None}, "needs `ingredients`"),
        ({"key_file": None}, "needs `ingredients` and `key_file`"),
        ({"group": "nobody-here"}, "no group nobody-here"),
        ({"files": {"environment": ""}}, "use one of the two"),
        ({"files": {"x": 1}}, "is no text"),
        ({"files": {"../x": ""}}, "no path below etc"),
        ({"environment": {"A-B": ""}}, "'A-B' is no name"),
        ({"environment": {"A": True}}, "A is a truth value"),
        ({"source": "/nonexistent"}, "does not exist"),
        ({"state": "complete"}, "needs `id`"),
        ({"state": "complete", "id": "../../etc"}, "12 hex digits"),
        ({"state": "complete", "id": "0" * 12}, "no release 000000000000"),
        ({"state": "current", "id": "0" * 12}, "is not complete"),
        ({"state": "pruned", "keep": 0}, "at least 1"),
    ],
)
def test_bad_input(run: Run, wanted: dict[str, t.Any], tmp_path: Path, params: dict[str, t.Any], words: str) -> None:
    result = run(**{**wanted, **params})
    assert result["failed"] is True
    assert words in result["msg"]
    assert [path for path in (tmp_path / "base").rglob("*") if path.name != "releases"] == []


def test_a_missing_base(run: Run, wanted: dict[str, t.Any], tmp_path: Path) -> None:
    os.rmdir(tmp_path / "base")
    for params in (wanted, {"state": "current", "id": "0" * 12}):
        assert "does not exist" in run(**params)["msg"]
