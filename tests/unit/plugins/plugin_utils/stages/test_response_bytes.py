# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``response``: bodies that are not the file's."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages import response
from ansible_collections.webops.django.tests.unit.support.evidence_documents import (
    LOCATIONS,
    NAMES,
    OPENS,
    ROOT,
    SITE,
    STATIC,
    answer,
    application,
    codes,
    configuration,
    known,
    nginx,
    site_of,
)

GZIP = configuration(f"gzip_static on; {LOCATIONS}")
MANY = application(files_total=100)
STALE = {"gzip": {"status": 200, "matches": False, "encoding": "gzip"}}


def tree(*names: str, encoding: str = "gzip") -> dict[str, t.Any]:
    """A tree with stale siblings."""
    return {ROOT: {"path": ROOT, "files": 100, "closed": [], "stale_siblings": [{"path": f"{ROOT}/{name}", "encoding": encoding} for name in names]}}


def test_a_sibling_with_other_bytes_is_named() -> None:
    """Case 110: browsers get the old file, curl the new one."""
    found = response.findings(site_of(nginx(GZIP), answers=[answer("shop/site.css", encoded=STALE)]))
    assert codes(found) == ["stale_precompressed"]
    assert found[0]["evidence"]["sibling"] == f"{ROOT}/shop/site.css.gz"
    assert found[0]["evidence"]["at"] == f"{SITE}:3"
    assert f"sudo rm {ROOT}/shop/site.css.gz" in found[0]["fix"]
    assert f"gzip -9kf {ROOT}/shop/site.css" in found[0]["fix"]
    assert found[0]["urls"] == [f"{STATIC}shop/site.css"]


def test_an_application_that_sends_an_old_sibling_is_told_as_such() -> None:
    """WhiteNoise compares no times either."""
    files = configuration("location / { proxy_pass http://unix:/run/shop.sock; }")
    found = response.findings(site_of(nginx(files), answers=[answer("shop/site.css", encoded=STALE, server="app")]))
    assert codes(found) == ["stale_precompressed"]
    assert found[0]["evidence"]["server"] == "app"
    assert "the server sends it" in found[0]["message"]


def test_siblings_that_nobody_asked_for_are_found_in_the_tree() -> None:
    """And one that was asked for is not told twice."""
    found = response.findings(
        site_of(nginx(GZIP), answers=[answer("shop/site.css", encoded=STALE)], trees=tree("shop/site.css", "shop/rare.css"), app=MANY)
    )
    assert codes(found) == ["stale_precompressed"]
    assert found[0]["urls"] == [f"{STATIC}shop/site.css", f"{STATIC}shop/rare.css"]


def test_siblings_that_nobody_sends_are_no_fault() -> None:
    """gzip_static is off, or only another encoding's is on."""
    assert response.findings(site_of(trees=tree("shop/site.css"))) == []
    assert response.findings(site_of(nginx(GZIP), trees=tree("shop/site.css", encoding="br"))) == []
    off = configuration(f"gzip_static off; {LOCATIONS}")
    assert response.findings(site_of(nginx(off), trees=tree("shop/site.css"))) == []


def test_a_sibling_of_what_is_left_over_is_no_fault() -> None:
    """No page of today asks for the file."""
    assert response.findings(site_of(nginx(GZIP), trees=tree("shop/removed-long-ago.css"))) == []


def test_brotli_is_judged_alike() -> None:
    """Its module does not compare times either."""
    files = configuration(f"brotli_static on; {LOCATIONS}")
    stale = {"br": {"status": 200, "matches": False, "encoding": "br"}}
    found = response.findings(site_of(nginx(files), answers=[answer("shop/site.css", encoded=stale)]))
    assert codes(found) == ["stale_precompressed"]
    assert found[0]["evidence"]["sibling"].endswith(".css.br")


@pytest.mark.parametrize(
    "encoded",
    [{}, {"gzip": {"status": 200, "matches": True}}, {"gzip": {"status": None, "matches": None}}, {"gzip": {"status": 502, "matches": False}}],
)
def test_right_or_unknown_encodings_are_no_finding(encoded: dict[str, t.Any]) -> None:
    """An answer that did not come proves nothing."""
    assert response.findings(site_of(nginx(GZIP), answers=[answer("shop/site.css", encoded=encoded)])) == []


def test_a_wrong_file_is_not_told_once_more_by_its_encodings() -> None:
    """The plain body is wrong as well: the cause lies elsewhere."""
    site = site_of(nginx(GZIP), answers=[answer("shop/site.css", matches=False, encoded=STALE)])
    assert response.findings(site) == []


def test_many_siblings_are_mended_by_one_command() -> None:
    """Nobody pastes a hundred names."""
    names = [f"shop/{number}.css" for number in range(30)]
    found = response.findings(site_of(nginx(GZIP), MANY, trees=tree(*names)))
    assert f"sudo find {ROOT}/shop -type f" in found[0]["fix"]
    assert len(found[0]["urls"]) == 30


def shared(kind: str, sendfile: str = "on", length: int = 1000, matches: bool = False) -> t.Any:
    """A site on a folder of a hypervisor's."""
    path = f"{ROOT}/shop/site.css"
    mount = {"point": "/srv", "source": "shop", "type": kind, "bind": False}
    files = configuration(f"sendfile {sendfile}; {LOCATIONS}")
    got = answer("shop/site.css", matches=matches, length=length)
    return site_of(nginx(files), answers=[got], paths={path: known(path, [], OPENS, mount=mount)})


@pytest.mark.parametrize("kind", ["vboxsf", "9p", "prl_fs", "vmhgfs", "fuse.vmhgfs-fuse"])
def test_old_pages_of_a_hypervisors_folder_are_named(kind: str) -> None:
    """Right size, wrong bytes, with sendfile on."""
    found = response.findings(shared(kind))
    assert codes(found) == ["sendfile_vm_shared_folder"]
    assert "sendfile off;" in found[0]["fix"]
    assert found[0]["evidence"]["type"] == kind


@pytest.mark.parametrize(
    ("kind", "sendfile", "length", "matches"),
    [("ext4", "on", 1000, False), ("vboxsf", "off", 1000, False), ("vboxsf", "on", 990, False), ("vboxsf", "on", 1000, True)],
)
def test_each_part_of_the_proof_is_needed(kind: str, sendfile: str, length: int, matches: bool) -> None:
    """Another file system, no sendfile, another size, or the right bytes."""
    assert response.findings(shared(kind, sendfile, length, matches)) == []


def test_a_healthy_tree_is_no_finding() -> None:
    """With siblings that hold what their files hold."""
    good = {"gzip": {"status": 200, "matches": True, "encoding": "gzip"}}
    assert response.findings(site_of(nginx(GZIP), answers=[answer(name, encoded=good) for name in NAMES], trees=tree())) == []
