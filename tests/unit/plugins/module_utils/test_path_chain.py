# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to a path, with its links."""

from __future__ import annotations

import os
import pwd
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.path_chain import Chains, has_acl
from ansible_collections.webops.django.tests.unit.support.other_worlds import open_folder, set_acl
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture
def root() -> t.Iterator[Path]:
    """A folder that everybody may enter."""
    with open_folder() as folder:
        yield folder


def below(root: Path, chains: Chains, path: Path | str) -> list[str]:
    """The components below a folder, relative, and links with their targets."""
    shown = []
    for component in chains.chain(str(path)).components:
        if component["path"].startswith(f"{root}/"):
            name = os.path.relpath(component["path"], root)
            shown.append(f"{name} -> {component['link']}" if component["link"] else name)
    return shown


def test_each_component_with_its_rights(root: Path) -> None:
    (root / "a").mkdir(0o750)
    os.chown(root / "a", 23456, 23457)
    os.chmod(root / "a", 0o2750)
    components = Chains().chain(str(root / "a")).components
    assert [component["path"] for component in components] == ["/", *map(str, [*root.parents][-2::-1]), str(root), str(root / "a")]
    assert components[-1] == {
        "path": str(root / "a"),
        "mode": "2750",
        "owner": "23456",
        "group": "23457",
        "uid": 23456,
        "gid": 23457,
        "link": None,
        "acl": False,
    }
    assert components[0]["owner"] == pwd.getpwuid(os.stat("/").st_uid).pw_name


def test_links_and_the_folders_of_their_targets(root: Path) -> None:
    (root / "home" / "shop" / "static").mkdir(parents=True)
    (root / "home" / "shop" / "static" / "a.css").touch()
    (root / "var").mkdir()
    (root / "var" / "www").symlink_to("../home/shop")
    (root / "abs").symlink_to(root / "var" / "www" / "static")
    chains = Chains()
    chain = chains.chain(str(root / "abs" / "a.css"))
    assert (chain.realpath, chain.links) == (str(root / "home" / "shop" / "static" / "a.css"), 2)
    assert below(root, chains, root / "abs" / "a.css") == [
        f"abs -> {root}/var/www/static",
        "var",
        "var/www -> ../home/shop",
        "home",
        "home/shop",
        "home/shop/static",
        "home/shop/static/a.css",
    ]
    assert below(root, chains, f"{root}/var/../var/www/./static/") == ["var", "var/www -> ../home/shop", "home", "home/shop", "home/shop/static"]


def test_where_it_ends_before(root: Path) -> None:
    (root / "a").symlink_to("none/b")
    (root / "loop").symlink_to("pool")
    (root / "pool").symlink_to("loop")
    (root / "file").touch()
    chains = Chains()
    assert below(root, chains, root / "a" / "c") == ["a -> none/b", "none"]
    assert chains.chain(str(root / "a" / "c")).components[-1]["mode"] is None
    assert below(root, chains, root / "loop" / "x") == ["loop -> pool", "pool -> loop"]
    assert below(root, chains, root / "file" / "x" / "y") == ["file", "file/x"]
    assert [chains.chain(str(root / name)).realpath for name in ("a", "a/c", "loop", "file/x")] == [None] * 4
    assert chains.chain("/a\0b").realpath is None


def test_an_acl_is_told(root: Path) -> None:
    (root / "a").mkdir()
    (root / "a" / "b").touch()
    set_acl(root / "a", ("u", 23456, 5))
    acls = [component["acl"] for component in Chains().chain(str(root / "a" / "b")).components][-3:]
    assert acls == [False, True, False]
    assert has_acl("/proc/self/none") is False


def test_a_long_path_and_odd_bytes(root: Path) -> None:
    name = os.fsdecode(b"\xff\n")
    (root / name).mkdir()
    chains = Chains()
    assert chains.chain(str(root / name)).realpath == str(root / name)
    assert chains.chain(str(root) + f"/{name}/.." * 1000).realpath == str(root)
    assert chains.chain(str(root) + "/x" * 5000).realpath is None


NAMES = st.sampled_from(["a", "b", "c"])
WAYS = st.lists(st.sampled_from(["a", "b", "c", "..", "."]), min_size=1, max_size=4).map("/".join)


@settings(max_examples=200, deadline=None)
@given(links=st.dictionaries(WAYS, WAYS, max_size=6), asked=st.lists(WAYS, min_size=1, max_size=4))
def test_it_leads_where_the_kernel_says(links: dict[str, str], asked: list[str]) -> None:
    with open_folder() as root:
        for name in ("a/b/c", "b/a", "c"):
            (root / name).mkdir(parents=True)
        for name, target in links.items():
            path = os.path.normpath(os.path.join(root, name))
            if os.path.isdir(os.path.dirname(path)) and path.startswith(f"{root}/") and not os.path.lexists(path):
                os.symlink(target, path)
        chains = Chains()
        for way in asked:
            path = f"{root}/{way}"
            if os.path.exists(path):
                assert chains.chain(path).realpath == os.path.realpath(path)
            else:
                assert chains.chain(path).realpath is None
