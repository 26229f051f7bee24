# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files beside a tree are taken for the proof that a client cannot reach them."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.webops.django.plugins.module_utils.served_neighbours import MAX_NEIGHBOURS, Neighbour, neighbours


def write(root: Path, **files: str) -> None:
    for name, content in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def found(tree: Path, given: Path | None = None, *served: bytes) -> list[tuple[bytes, int, bool]]:
    return [(one.path, one.climb, one.source) for one in neighbours(str(tree.resolve()), str(given or tree), served)]


LONG = "x" * 100


def test_sources_come_first(tmp_path: Path) -> None:
    project = tmp_path / "srv" / "shop"
    write(project, static__a_dot_css="", a_dot_txt=LONG, shop__settings_dot_py=LONG, manage_dot_py=LONG, short_dot_py="x")
    write(project.parent, notes_dot_txt=LONG)
    assert found(project / "static") == [(b"manage.py", 1, True), (b"shop/settings.py", 1, True), (b"notes.txt", 2, False)]


def test_what_lies_in_the_tree_is_no_neighbour(tmp_path: Path) -> None:
    """Beside a release's tree lies the one before it, with the same files."""
    write(tmp_path, trees__new__a_dot_css=LONG, trees__old__a_dot_css=LONG, trees__old__b_dot_css="y" * 100)
    (tmp_path / "trees" / "link.css").symlink_to("new/a.css")
    (tmp_path / "trees" / "linked").symlink_to("new")
    assert found(tmp_path / "trees" / "new", None, b"a.css")[:1] == [(b"old/b.css", 1, False)]


def test_both_ways_up_from_a_link(tmp_path: Path) -> None:
    write(tmp_path, real__static__a_dot_css="", real__x_dot_py=LONG, site__y_dot_py=LONG)
    (tmp_path / "site" / "static").symlink_to(tmp_path / "real" / "static")
    paths = [path for path, _climb, _source in found(tmp_path / "real" / "static", tmp_path / "site" / "static")]
    assert paths[0] == b"x.py"
    assert b"y.py" in paths or b"site/y.py" in paths
    assert len(paths) <= MAX_NEIGHBOURS


def test_content_and_place(tmp_path: Path) -> None:
    write(tmp_path, site__static__a_dot_css="", site___dot_env="SECRET_KEY=0123456789\n")
    one = neighbours(str(tmp_path / "site" / "static"), str(tmp_path / "site" / "static"), [])[0]
    assert one == Neighbour(b".env", 1, str(tmp_path / "site" / ".env").encode(), b"SECRET_KEY=0123456789\n", True)


def test_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "a" / "b" / "static").mkdir(parents=True)
    assert found(tmp_path / "a" / "b" / "static") == []
    assert neighbours("/", "/", []) == []
