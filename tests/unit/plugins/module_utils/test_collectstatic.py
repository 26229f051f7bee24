# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the parts of a collect work together; more with the module."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import collectstatic, static_tree_publish
from ansible_collections.webops.django.plugins.module_utils.static_tree import Rights
from ansible_collections.webops.django.tests.unit.support.django_projects import MANIFEST_STORAGE, make_project, project_at, write

RIGHTS = Rights(os.geteuid(), os.getegid(), 0o644, 0o755)
LONG = "body { color: red }\n" * 200


class Killed(BaseException):
    """Stands for a kill: nothing that the run would do afterwards is done."""


def test_a_run_killed_while_it_publishes_forgets_neither_old_names_nor_its_siblings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of the old manifest keep their files, and an encoding that is switched off is cleaned up, by the run after that."""
    project = make_project(tmp_path / "project", MANIFEST_STORAGE, {"app/a.css": LONG})
    order = collectstatic.Order(None, RIGHTS, clear=True, keep_manifests=2, encodings=("gzip",))
    collectstatic.collect(project_at(project), order, False)
    (old,) = (project / "collected/app").glob("a.*.css")
    write(project / "app/static/app/a.css", LONG.replace("red", "blue"))
    place = static_tree_publish._place

    def killed(source: str, target: str, rights: Rights) -> None:
        # The siblings come last: the new manifest is there, and nothing but the state knows of the old one.
        if source.endswith(".gz"):
            raise Killed
        place(source, target, rights)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(static_tree_publish, "_place", killed)
        collectstatic.collect(project_at(project), order, False)
    done = collectstatic.collect(project_at(project), collectstatic.Order(None, RIGHTS, clear=True, keep_manifests=2), False)
    assert old.exists()
    assert done["kept_count"] == 1
    assert not list((project / "collected").rglob("*.gz"))
    assert (project / "collected/app/a.css").read_text() == LONG.replace("red", "blue")


def test_an_encoding_switched_off_goes_without_clear_and_somebodys_own_stays(tmp_path: Path) -> None:
    """Unless it is wrong: then nginx would send old bytes."""
    project = make_project(tmp_path / "project", files={"app/a.css": LONG, "app/b.css": LONG, "app/c.txt": "short"})
    first = collectstatic.collect(project_at(project), collectstatic.Order(None, RIGHTS, encodings=("gzip",)), False)
    assert first["precompressed"] == {"gzip": 2}
    tree = project / "collected/app"
    write(project / "collected/foreign/x.css.gz", "not ours, and no file beside it")
    (tree / "c.txt.gz").write_bytes((tree / "a.css.gz").read_bytes())
    done = collectstatic.collect(project_at(project), collectstatic.Order(None, RIGHTS), False)
    assert done["removed"] == ["app/a.css.gz", "app/b.css.gz", "app/c.txt.gz"]
    assert (project / "collected/foreign/x.css.gz").exists()


def test_manifests_are_kept_by_number(tmp_path: Path) -> None:
    """Each collect with other names is one more; a file goes when no kept manifest names it any longer, with its siblings."""
    project = make_project(tmp_path / "project", MANIFEST_STORAGE, {"app/a.css": LONG, "app/b.css": "always the same"})
    order = collectstatic.Order(None, RIGHTS, clear=True, keep_manifests=2, encodings=("gzip",))
    present = []
    for number in range(5):
        write(project / "app/static/app/a.css", LONG + str(number))
        collectstatic.collect(project_at(project), order, False)
        present.append(sorted(path.name for path in (project / "collected/app").glob("a.*.css")))
        assert not collectstatic.collect(project_at(project), order, True)["changed"]
    assert [len(names) for names in present] == [1, 2, 3, 3, 3]
    assert len(list((project / "collected/app").glob("a.*.css.gz"))) == 3
    # The oldest is gone, the others are those of before.
    assert set(present[3]) - set(present[2]) != set()
    assert len(set(present[4]) & set(present[2])) == 1
    assert len(list((project / "collected/app").glob("b.*.css"))) == 1
    done = collectstatic.collect(project_at(project), collectstatic.Order(None, RIGHTS, clear=True, encodings=("gzip",)), False)
    assert done["removed_count"] == 4


def test_hosts_with_another_history_have_the_same_digest(tmp_path: Path) -> None:
    """Neither kept files nor siblings count."""
    project = make_project(tmp_path / "project", MANIFEST_STORAGE, {"app/a.css": "old"})
    order = collectstatic.Order(str(tmp_path / "one"), RIGHTS, clear=True, keep_manifests=2)
    collectstatic.collect(project_at(project), order, False)
    write(project / "app/static/app/a.css", LONG)
    one = collectstatic.collect(project_at(project), order, False)
    two = collectstatic.collect(project_at(project), collectstatic.Order(str(tmp_path / "two"), RIGHTS, encodings=("gzip",)), False)
    assert (one["kept_count"], two["kept_count"]) == (1, 0)
    assert one["digest"] == two["digest"]
