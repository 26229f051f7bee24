# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of a tree must be served, the sample, and which names are proven."""

from __future__ import annotations

import hashlib
import json
import os
import pathlib
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.served_tree import hashed_names, is_named_by_content, read_tree, sample
from hypothesis import given
from hypothesis import strategies as st


def list_files(root: str) -> list[bytes]:
    return read_tree(root).served


def write(root: pathlib.Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name, encoding="utf-8")


def test_lists_what_a_client_must_get(tmp_path: pathlib.Path) -> None:
    write(tmp_path, "a.css", "a.css.gz", "a.css.br", "alone.gz", "sub/größe x.svg", ".hidden", ".git/x", "staticfiles.json", "sub/staticfiles.json")
    (tmp_path / "dangling.css").symlink_to("nowhere")
    (tmp_path / "linked").symlink_to(tmp_path / "sub")
    os.mkfifo(tmp_path / "pipe")
    assert [os.fsdecode(path) for path in list_files(str(tmp_path))] == [
        "a.css",
        "alone.gz",
        "dangling.css",
        "linked/größe x.svg",
        "linked/staticfiles.json",
        "sub/größe x.svg",
        "sub/staticfiles.json",
    ]


def test_a_loop_of_links_ends(tmp_path: pathlib.Path) -> None:
    write(tmp_path, "a/x.css", "b/y.css")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "b").symlink_to(tmp_path / "b")
    (tmp_path / "b" / "a").symlink_to(tmp_path / "a")
    (tmp_path / "self").symlink_to("self")
    listed = list_files(str(tmp_path))
    assert {b"a/x.css", b"b/y.css", b"a/b/y.css", b"b/a/x.css", b"self"} <= set(listed)


def test_names_that_are_no_text(tmp_path: pathlib.Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.css")).write_text("x")
    assert list_files(str(tmp_path)) == [b"\xff.css"]


def test_a_folder_that_is_gone(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ExplainedError, match="went away while the tree was read"):
        list_files(str(tmp_path / "gone"))


PATHS = [f"{app}/{kind}/{number}.{kind}".encode() for app in ("admin", "shop", "blog") for kind in ("css", "js", "svg") for number in range(50)] + [
    b"robots.txt",
    b"shop/one.wasm",
]


def test_a_sample_covers_every_app_extension_and_folder() -> None:
    chosen = sample(PATHS, 20)
    assert len(chosen) == 20
    assert {path.partition(b"/")[0] for path in chosen if b"/" in path} == {b"admin", b"shop", b"blog"}
    assert {path.rpartition(b".")[2] for path in chosen} == {b"css", b"js", b"svg", b"txt", b"wasm"}
    assert {os.path.dirname(path) for path in chosen} == {os.path.dirname(path) for path in PATHS}


def test_a_small_sample_covers_the_apps_first() -> None:
    assert {path.partition(b"/")[0] for path in sample(PATHS, 4)} == {b"admin", b"shop", b"blog", b"robots.txt"}


@given(st.sets(st.binary(min_size=1, max_size=6)), st.integers(min_value=0, max_value=30))
def test_a_sample_is_the_same_whatever_the_order(paths: set[bytes], size: int) -> None:
    chosen = sample(sorted(paths), size)
    assert chosen == sorted(sample(sorted(paths, reverse=True), size))
    assert set(chosen) <= paths
    assert len(chosen) == (min(size, len(paths)) if size else len(paths))


def test_hidden_files_are_told_apart(tmp_path: pathlib.Path) -> None:
    write(tmp_path, "a.css", ".env", "sub/.hidden", ".git/config", ".git/objects/x", ".well-known/security.txt", "sub/.well-known/x")
    (tmp_path / ".dangling").symlink_to("nowhere")
    assert read_tree(str(tmp_path)) == ([b"a.css"], [b".env", b".git/config", b"sub/.hidden"])


def test_folders_that_links_multiply_are_read_a_few_times_only(tmp_path: pathlib.Path) -> None:
    """Ten folders that lead to each other: without a bound, ten million paths."""
    for one in range(10):
        write(tmp_path, f"{one}/x.css")
        for other in range(10):
            (tmp_path / str(one) / f"to{other}").symlink_to(tmp_path / str(other))
    listed = list_files(str(tmp_path))
    assert {f"{one}/x.css".encode() for one in range(10)} <= set(listed)
    assert len(listed) <= 80


def test_a_folder_that_cannot_be_read(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests may run as root, who may read everything; so the refusal is the kernel's words, said here."""
    write(tmp_path, "sub/a.css")
    real = os.scandir

    def refuse(folder: bytes) -> t.Any:
        if folder.endswith(b"/sub"):
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(ExplainedError, match=r"/sub cannot be read \(Permission denied\); run the task with become: true"):
        read_tree(str(tmp_path))


@pytest.mark.parametrize("hashed", ["../x.css", "a/../../x.css", "/etc/x.css"])
def test_a_manifest_that_leaves_the_tree(tmp_path: pathlib.Path, hashed: str) -> None:
    manifest = tmp_path / "staticfiles.json"
    manifest.write_text(json.dumps({"paths": {"x.css": hashed}}))
    with pytest.raises(ExplainedError, match="outside of the static tree; collect again"):
        hashed_names(str(manifest))


def test_names_of_a_manifest(tmp_path: pathlib.Path) -> None:
    manifest = tmp_path / "staticfiles.json"
    manifest.write_text(
        json.dumps({"paths": {"a.css": "a.0123456789ab.css", "ä.css": "ä.ba9876543210.css", "same.css": "same.css"}}), encoding="utf-8"
    )
    assert hashed_names(str(manifest)) == {b"a.0123456789ab.css", "ä.ba9876543210.css".encode()}
    assert hashed_names("") == set()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"paths": 1}', b'{"paths": {"a": 1}}', b"\xff\xfe", b"[" * 100000, b"null"])
def test_no_manifest(tmp_path: pathlib.Path, content: bytes) -> None:
    manifest = tmp_path / "staticfiles.json"
    manifest.write_bytes(content)
    with pytest.raises(ExplainedError, match="not a manifest"):
        hashed_names(str(manifest))


def test_a_manifest_that_is_not_there(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ExplainedError, match="cannot be read"):
        hashed_names(str(tmp_path / "gone.json"))


@pytest.mark.parametrize(
    ("pattern", "named"),
    [
        ("a.{}.css", True),
        ("sub/a.min.{}.css", True),
        ("LICENSE.{}", True),
        ("a.0123456789ab.css", False),
        ("a.css", False),
        ("{}/a.css", False),
        ("gone.{}.css", False),
    ],
)
def test_named_by_content(tmp_path: pathlib.Path, pattern: str, named: bool) -> None:
    name = pattern.format(hashlib.md5(b"content").hexdigest()[:12])
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    if "gone" not in pattern:
        (tmp_path / name).write_bytes(b"content")
    assert is_named_by_content(str(tmp_path), name.encode()) is named
