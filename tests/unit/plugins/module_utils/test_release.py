# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases: made whole or not at all, switched by rename."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import release
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.release import Layout, Recipe, complete, fingerprint, host_key, make, switch

MARK = "0123456789ab" + "c" * 52
ID = MARK[:12]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    (tmp_path / "base").mkdir()
    (tmp_path / "project/app").mkdir(parents=True)
    (tmp_path / "project/manage.py").write_text("run")
    return Layout(str(tmp_path / "base"))


def recipe(layout: Layout, **values: t.Any) -> Recipe:
    standard = Recipe(str(Path(layout.base).parent / "project"), [], {"environment": "A=1\n", "deep/x.py": "x = 1\n"}, os.getuid(), os.getgid())
    return standard._replace(**values)


def contents(folder: str) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*"))


def test_make(layout: Layout) -> None:
    make(layout, MARK, recipe(layout))
    path = Path(layout.release(ID))
    assert contents(layout.releases) == sorted(
        f"{ID}{rest}"
        for rest in ["", "/.fingerprint", "/etc", "/etc/deep", "/etc/deep/x.py", "/etc/environment", "/source", "/source/app", "/source/manage.py"]
    )
    assert {name: (path / name).stat().st_mode & 0o7777 for name in (".", "source", "etc", "etc/deep", "etc/environment", "etc/deep/x.py")} == {
        ".": 0o755,
        "source": 0o750,
        "etc": 0o750,
        "etc/deep": 0o750,
        "etc/environment": 0o440,
        "etc/deep/x.py": 0o440,
    }
    assert not layout.is_complete(ID)


def test_an_unfinished_release_is_made_anew(layout: Layout) -> None:
    make(layout, MARK, recipe(layout))
    (Path(layout.release(ID)) / "venv").mkdir()
    os.symlink(str(Path(layout.base).parent / "project"), Path(layout.release(ID)) / "out")
    make(layout, MARK, recipe(layout))
    assert sorted(os.listdir(layout.release(ID))) == [".fingerprint", "etc", "source"]
    assert (Path(layout.base).parent / "project/manage.py").exists()


def test_what_a_killed_run_left_is_removed(layout: Layout) -> None:
    (Path(layout.releases) / f".{ID}.killed/source").mkdir(parents=True)
    (Path(layout.releases) / ".ffffffffffff.other").mkdir()
    make(layout, MARK, recipe(layout))
    assert sorted(os.listdir(layout.releases)) == [".ffffffffffff.other", ID]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"source": "/nonexistent"}, "does not exist"),
        ({"etc": {"../x": ""}}, "no path below etc"),
        ({"etc": {"/x": ""}}, "no path below etc"),
        ({"etc": {"a//x": ""}}, "no path below etc"),
        ({"etc": {"": ""}}, "no path below etc"),
        ({"exclude": ["*"]}, "nothing to release"),
    ],
)
def test_a_release_that_cannot_be_made_leaves_the_unfinished_one(layout: Layout, values: dict[str, t.Any], words: str) -> None:
    make(layout, MARK, recipe(layout))
    before = contents(layout.base)
    with pytest.raises(ExplainedError, match=words):
        make(layout, MARK, recipe(layout, **values))
    assert contents(layout.base) == before


def test_a_killed_run_shows_no_release(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: t.Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(release, "_write_etc", killed)
    with pytest.raises(KeyboardInterrupt):
        make(layout, MARK, recipe(layout))
    assert os.listdir(layout.releases) == []


def test_a_missing_base(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path / "none"))
    with pytest.raises(ExplainedError, match="base folder .* does not exist"):
        make(layout, MARK, Recipe(str(tmp_path), [], {}, -1, -1))


def test_a_source_that_holds_the_base(layout: Layout) -> None:
    with pytest.raises(ExplainedError, match="holds the base folder"):
        make(layout, MARK, recipe(layout, source=str(Path(layout.base).parent)))


def test_the_current_release_is_never_made_anew(layout: Layout) -> None:
    make(layout, MARK, recipe(layout))
    os.symlink(f"releases/{ID}", layout.link("current"))
    with pytest.raises(ExplainedError, match="which is not complete"):
        make(layout, MARK, recipe(layout))
    assert os.path.exists(os.path.join(layout.release(ID), "source/manage.py"))


def test_a_base_that_cannot_be_written_is_explained(layout: Layout) -> None:
    Path(layout.releases).write_text("a file")
    with pytest.raises(ExplainedError, match="cannot be made"):
        make(layout, MARK, recipe(layout))


def test_complete(layout: Layout) -> None:
    make(layout, MARK, recipe(layout))
    assert complete(layout, ID, {"version": "1"}, check_mode=True) is True
    assert not layout.is_complete(ID)
    assert complete(layout, ID, {"version": "1"}) is True
    assert complete(layout, ID, {"version": "2"}) is False
    record = json.loads(Path(layout.record(ID)).read_text())
    assert (record["id"], record["fingerprint"], record["metadata"]) == (ID, MARK, {"version": "1"})
    assert Path(layout.record(ID)).stat().st_mode & 0o7777 == 0o644


def test_complete_refuses_what_was_never_made(layout: Layout) -> None:
    with pytest.raises(ExplainedError, match=f"no release {ID}"):
        complete(layout, ID, {})
    assert complete(layout, ID, {}, check_mode=True) is True


def ready(layout: Layout, mark: str) -> str:
    make(layout, mark, recipe(layout))
    complete(layout, mark[:12], {})
    return mark[:12]


def test_switch_keeps_the_previous_one(layout: Layout) -> None:
    first, second = ready(layout, MARK), ready(layout, "f" * 64)
    assert switch(layout, first) is True
    assert not os.path.lexists(layout.link("previous"))
    assert switch(layout, second, check_mode=True) is True
    assert layout.linked("current") == first
    assert switch(layout, second) is True
    assert switch(layout, second) is False
    assert (layout.linked("current"), layout.linked("previous")) == (second, first)
    assert os.readlink(layout.link("current")) == f"releases/{second}"
    assert layout.describe(first)["previous"] == second


def test_switch_refuses_an_unfinished_release(layout: Layout) -> None:
    first = ready(layout, MARK)
    switch(layout, first)
    make(layout, "f" * 64, recipe(layout))
    for check_mode in (True, False):
        with pytest.raises(ExplainedError, match="is not complete"):
            switch(layout, "f" * 12, check_mode)
    assert layout.linked("current") == first


@pytest.mark.parametrize("name", ["current", "previous"])
def test_switch_refuses_a_real_folder(layout: Layout, name: str) -> None:
    ready(layout, MARK)
    os.mkdir(layout.link(name))
    with pytest.raises(ExplainedError, match=f"{name} exists and is no symbolic link"):
        switch(layout, ID)


def test_fingerprint_is_keyed_and_does_not_depend_on_order() -> None:
    key = b"k" * 32
    assert fingerprint(key, {"a": 1, "b": ["ü"]}) == fingerprint(key, {"b": ["ü"], "a": 1})
    assert fingerprint(key, {"a": 1}) != fingerprint(b"l" * 32, {"a": 1})
    assert fingerprint(key, {"a": 1}) != fingerprint(key, {"a": "1"})


def test_host_key(tmp_path: Path) -> None:
    path = tmp_path / "etc/key"
    assert host_key(str(path), check_mode=True)[1] is True
    assert not path.parent.exists()
    key, made = host_key(str(path), check_mode=False)
    assert (len(key), made) == (32, True)
    assert path.stat().st_mode & 0o7777 == 0o400
    assert host_key(str(path), check_mode=False) == (key, False)


@pytest.mark.parametrize("content", [b"", b"short"])
def test_a_damaged_host_key_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(ExplainedError, match="does not hold 32 bytes"):
        host_key(str(tmp_path / "key"), check_mode=False)


def test_a_host_key_that_cannot_be_read_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ExplainedError, match="cannot be read: Is a directory"):
        host_key(str(tmp_path), check_mode=False)


def test_the_umask_does_not_close_the_folders_above(layout: Layout, tmp_path: Path) -> None:
    """The service's user must get through ``releases`` to its release, whatever umask root has."""
    old = os.umask(0o077)
    try:
        make(layout, MARK, recipe(layout))
        host_key(str(tmp_path / "etc/webops/key"), check_mode=False)
    finally:
        os.umask(old)
    for folder in (layout.releases, str(tmp_path / "etc"), str(tmp_path / "etc/webops")):
        assert os.stat(folder).st_mode & 0o777 == 0o755, folder
