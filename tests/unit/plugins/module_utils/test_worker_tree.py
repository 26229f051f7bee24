# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Static trees as they lie on disk: files, links that lead nowhere, and siblings that hold something else."""

from __future__ import annotations

import gzip
import os
import random
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import brotli_codec, worker_tree
from ansible_collections.webops.django.plugins.module_utils.served_tree import read_tree
from ansible_collections.webops.django.plugins.module_utils.worker_tree import folders_below, is_stale, read
from ansible_collections.webops.django.plugins.module_utils.worker_view import look_at_tree
from ansible_collections.webops.django.tests.unit.support.other_worlds import ANYBODY, open_folder, state_of

CSS = b"a { margin: 0 }\n" * 100


def brotli(content: bytes) -> bytes:
    """The content as brotli."""
    return b"".join(brotli_codec.compressed([content], 5))


@pytest.fixture
def root() -> t.Iterator[Path]:
    """A folder that everybody may enter."""
    with open_folder() as folder:
        yield folder


def fill(root: Path, files: t.Mapping[str, bytes]) -> Path:
    """Write files."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def test_the_files_are_those_that_a_client_may_ask_for(root: Path) -> None:
    """The same that django_static_served asks for, but for links that lead nowhere, which are told apart."""
    names = ["a.css", "a.css.gz", "a.css.br", "only.gz", "x/b.js", "x/.hidden", ".git/config", "staticfiles.json", "x/staticfiles.json", "é/ö.css"]
    fill(root, dict.fromkeys(names, b"x"))
    os.mkfifo(root / "pipe")
    (root / "other").symlink_to("x")
    (root / "link.css").symlink_to("a.css")
    tree = read(str(root), [], None)
    assert tree.files == [os.path.join(str(root), os.fsdecode(name)) for name in read_tree(str(root)).served]
    assert str(root / "other" / "b.js") in tree.files
    assert (tree.broken, tree.stale, tree.notes) == ([], [], [])
    # Links that lead back up add nothing.
    (root / "up").symlink_to(".")
    (root / "x" / "top").symlink_to("..")
    assert read(str(root), [], None) == tree


def test_links_that_lead_nowhere(root: Path) -> None:
    fill(root, {"a.css": CSS})
    for name, target in {"gone.css": "none.css", "loop.css": "loop.css", "under.css": "a.css/x", "folder": "/nowhere"}.items():
        (root / name).symlink_to(target)
    tree = look_at_tree(str(root), ANYBODY)
    assert (tree["files"], tree["broken_count"]) == (1, 4)
    assert {(Path(one["path"]).name, one["target"], one["error"]) for one in tree["broken_links"]} == {
        ("gone.css", "none.css", "ENOENT"),
        ("loop.css", "loop.css", "ELOOP"),
        ("under.css", "a.css/x", "ENOTDIR"),
        ("folder", "/nowhere", "ENOENT"),
    }


# Numbers: what gzip writes holds the time, and tests that run in several processes must have the same names in all.
@pytest.mark.parametrize(
    ("sibling", "stale"),
    [
        (gzip.compress(CSS), False),
        (gzip.compress(CSS, 1), False),
        (gzip.compress(CSS[:500]) + gzip.compress(CSS[500:]), False),
        (gzip.compress(CSS[:-1]), True),
        (gzip.compress(CSS + b"x"), True),
        (gzip.compress(CSS.replace(b"0", b"1")), True),
        (gzip.compress(CSS)[:-9], True),
        (gzip.compress(b""), True),
        (CSS, True),
        (b"", True),
    ],
    ids=map(str, range(10)),
)
def test_a_gzip_sibling(root: Path, sibling: bytes, stale: bool) -> None:
    """Times are no proof; here the sibling is the newer one."""
    fill(root, {"x/a.css": CSS, "x/a.css.gz": sibling, "b.css": CSS, "c.css.gz": b"of no file"})
    tree = look_at_tree(str(root), ANYBODY, ["gzip"])
    assert tree["stale_siblings"] == ([{"path": f"{root}/x/a.css", "encoding": "gzip"}] if stale else [])
    assert (tree["stale_count"], tree["siblings"], tree["notes"]) == (int(stale), 1, [])


@pytest.mark.parametrize(("content", "stale"), [(CSS, False), (CSS[:-1], True), (CSS + b"x", True), (b"", True)])
def test_a_brotli_sibling(root: Path, content: bytes, stale: bool) -> None:
    fill(root, {"a.css": CSS, "a.css.br": brotli(content), "a.css.gz": b"not asked about"})
    tree = look_at_tree(str(root), ANYBODY, ["br"])
    assert tree["stale_siblings"] == ([{"path": f"{root}/a.css", "encoding": "br"}] if stale else [])


@pytest.mark.parametrize("end", [b"", b"x"])
@pytest.mark.parametrize("size", [worker_tree.SMALL - 1, worker_tree.SMALL, worker_tree.SMALL + 1, 5 * worker_tree.SMALL])
def test_small_and_large_files(root: Path, size: int, end: bytes) -> None:
    content = random.Random(size).randbytes(size // 2) + b"a" * (size - size // 2)
    fill(
        root,
        {
            "a.js": content,
            "a.js.gz": gzip.compress(content + end),
            "b.js": content,
            "b.js.gz": gzip.compress(content) + end,
            "a.js.br": brotli(content + end),
        },
    )
    stale = {(Path(one["path"]).name, one["encoding"]) for one in look_at_tree(str(root), ANYBODY, ["gzip", "br"])["stale_siblings"]}
    assert stale == ({("a.js", "gzip"), ("a.js", "br"), ("b.js", "gzip")} if end else set())


def test_an_empty_file_has_a_right_sibling_too(root: Path) -> None:
    fill(root, {"a.css": b"", "a.css.gz": gzip.compress(b""), "a.css.br": brotli(b"")})
    assert look_at_tree(str(root), ANYBODY, ["gzip", "br"])["stale_siblings"] == []


def test_both_encodings_of_one_file(root: Path) -> None:
    fill(root, {"a.css": CSS, "a.css.gz": b"x", "a.css.br": b"x"})
    tree = look_at_tree(str(root), ANYBODY, ["gzip", "br"])
    assert [one["encoding"] for one in tree["stale_siblings"]] == ["gzip", "br"]
    assert look_at_tree(str(root), ANYBODY, [])["siblings"] == 0


def test_without_brotli_it_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(root, {"a.css": CSS, "a.css.br": b"x"})
    monkeypatch.setattr(brotli_codec, "can_decode", lambda: False)
    tree = look_at_tree(str(root), ANYBODY, ["br", "gzip"])
    assert (tree["stale_count"], tree["notes"]) == (0, ["Siblings that end in .br were not compared: there is no brotli on this host."])


def test_work_is_bounded_and_what_was_left_out_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(root, {f"{number}.css{suffix}": CSS for number in range(5) for suffix in ("", ".gz")})
    monkeypatch.setattr(worker_tree, "MOST_BYTES", len(CSS) - 1)
    assert look_at_tree(str(root), ANYBODY, ["gzip"])["notes"] == [
        "5 of 5 compressed siblings were not compared: they are large, many, or cannot be read."
    ]
    monkeypatch.undo()
    monkeypatch.setattr(worker_tree, "SECONDS", 0)
    assert look_at_tree(str(root), ANYBODY, ["gzip"])["notes"][0].startswith("5 of 5 ")
    monkeypatch.setattr(worker_tree, "MOST_FILES", 3)
    assert "holds more than 3 files" in look_at_tree(str(root), ANYBODY)["notes"][0]


def test_links_that_multiply_folders_end(root: Path) -> None:
    for number in range(12):
        (root / f"{number}").mkdir()
        for other in range(12):
            (root / f"{number}" / f"to{other}").symlink_to(f"../{other}")
    fill(root, {"3/a.css": CSS})
    assert 1 <= look_at_tree(str(root), ANYBODY)["files"] <= 8


def test_a_sibling_that_is_a_pipe_or_gone(root: Path) -> None:
    fill(root, {"a.css": CSS})
    os.mkfifo(root / "a.css.gz")
    assert is_stale(bytes(root / "a.css"), bytes(root / "a.css.gz"), "gzip") is None
    assert is_stale(bytes(root / "a.css"), bytes(root / "none.gz"), "gzip") is None


def test_a_tree_that_is_not_there(root: Path) -> None:
    tree = look_at_tree(str(root / "none"), ANYBODY, ["gzip"])
    assert (tree["files"], tree["closed_count"], tree["notes"]) == (0, 0, [f"{root}/none could not be read (ENOENT)."])
    assert look_at_tree("a\0b", ANYBODY)["files"] == 0


def test_what_refuses_most_is_named_first(root: Path) -> None:
    fill(root, {f"{folder}/{number}.css": CSS for folder, count in {"a": 3, "b": 70, "c": 2}.items() for number in range(count)})
    (root / "a").chmod(0o700)
    (root / "b").chmod(0o700)
    (root / "c" / "1.css").chmod(0o600)
    before = state_of(root)
    tree = look_at_tree(str(root), ANYBODY)
    assert state_of(root) == before
    assert (tree["files"], tree["closed_count"], len(tree["closed"])) == (75, 74, 50)
    assert tree["refusing"] == [
        {"path": f"{root}/b", "what": "search", "count": 70},
        {"path": f"{root}/a", "what": "search", "count": 3},
        {"path": f"{root}/c/1.css", "what": "read", "count": 1},
    ]
    assert tree["closed"][0] == {"path": f"{root}/a/0.css", "error": "EACCES", "refused_at": f"{root}/a", "refused_what": "search"}


def test_without_a_worker_the_tree_is_still_read(root: Path) -> None:
    tree = look_at_tree(str(fill(root, {"a.css": CSS})), None)
    assert (tree["files"], tree["closed"], tree["closed_count"]) == (1, [], None)
    assert tree["notes"] == ["Whether the worker can open the files is not known: no worker of nginx is known."]


def test_what_vanishes_meanwhile(root: Path) -> None:
    """A deploy that replaces the tree while it is read."""
    pick = random.Random(1)
    child = os.fork()
    if child == 0:
        try:
            while os.getppid() != 1:
                name = root / f"{pick.randrange(20)}" / "a.css"
                fill(root, {f"{name}": CSS, f"{name}.gz": gzip.compress(CSS)})
                name.unlink()
                for other in name.parent.iterdir():
                    other.unlink()
                name.parent.rmdir()
        finally:
            os._exit(0)
    try:
        for _attempt in range(20):
            tree = look_at_tree(str(root), ANYBODY, ["gzip"])
            assert {one["error"] for one in tree["closed"]} <= {"ENOENT"}
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def test_folders_below_are_those_that_nginx_makes(root: Path) -> None:
    for name in ("1/00", "2/00/000/0000", "body", "3/shop", "a/bc"):
        (root / name).mkdir(parents=True)
    (root / "4").symlink_to("/")
    fill(root, {"5": b"x"})
    (found, none) = folders_below([str(root), str(root / "none")])
    assert {os.path.relpath(path, root) for path in found} == {"1", "1/00", "2", "2/00", "2/00/000", "3", "a", "a/bc"}
    assert none == []
