# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``collected``: mounts, by which application and web server see different files under one path."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages import collected_mounts
from ansible_collections.webops.django.tests.unit.support.evidence_documents import (
    NAMES,
    OPENS,
    ROOT,
    answer,
    application,
    codes,
    known,
    nginx,
    refused,
    site_of,
    static,
)

GONE = [answer(name, 404) for name in NAMES]
DISK = {"point": "/", "source": "/dev/sda1", "type": "ext4", "bind": False, "root": "/"}
VOLUME = {"point": ROOT, "source": "/dev/sda1", "type": "ext4", "bind": True, "root": "/var/lib/docker/volumes/static/_data"}
OTHER = {**VOLUME, "root": "/var/lib/docker/volumes/other/_data"}


def tree(missing: int = 0, different: int = 0, is_empty: bool = False) -> dict[str, t.Any]:
    """What lies in STATIC_ROOT."""
    return {"missing": {"count": missing, "examples": []}, "different": {"count": different, "examples": []}, "is_empty": is_empty}


def site_with(
    said: dict[str, t.Any],
    mount: dict[str, t.Any] | None = None,
    lies: dict[str, t.Any] | None = None,
    container: str = "",
    answers: t.Sequence[dict[str, t.Any]] = tuple(GONE),
    **facts: t.Any,
) -> t.Any:
    """A site whose STATIC_ROOT was looked at."""
    facts = {"kind": "directory", "real_kind": "directory", **facts}
    paths = {ROOT: known(ROOT, [], said, mount=mount or DISK, **facts)}
    return site_of(nginx(), application(static(tree=lies or tree())), answers, host={"container": container}, paths=paths)


def test_one_file_system_for_both_is_no_finding() -> None:
    """Also where nginx has a mount namespace of its own."""
    assert collected_mounts.findings(site_with({**OPENS, "mount": DISK})) == []
    assert collected_mounts.findings(site_with({**OPENS, "own_root": True, "mount": VOLUME}, VOLUME)) == []
    assert collected_mounts.findings(site_of(answers=GONE)) == []


@pytest.mark.parametrize(
    ("said", "mount", "word"),
    [
        (refused("/srv/shop", None, "ENOENT", own_root=True, mount=None), DISK, "has no such folder"),
        ({**OPENS, "own_root": True, "mount": OTHER}, VOLUME, "sees another one there"),
        ({**OPENS, "own_root": True, "mount": VOLUME}, DISK, "sees another one there"),
    ],
)
def test_a_container_that_does_not_share_the_folder(said: dict[str, t.Any], mount: dict[str, t.Any], word: str) -> None:
    """Case 027: nginx's container has no such path, or another volume at it."""
    found = collected_mounts.findings(site_with(said, mount))
    assert codes(found) == ["volume_not_shared"]
    assert word in found[0]["message"]
    assert f'"static:{ROOT}:ro"' in found[0]["fix"]
    assert len(found[0]["urls"]) == len(NAMES)


@pytest.mark.parametrize("said", [refused("/srv/shop", None, "ENOENT", mount=None), refused(ROOT, own_root=True, mount=DISK)])
def test_another_reason_is_left_to_another_stage(said: dict[str, t.Any]) -> None:
    """A sandbox is no container; and a closed folder is no other volume."""
    assert collected_mounts.findings(site_with(said)) == []


def test_a_container_whose_files_are_served_shares_them_somehow() -> None:
    """Two names of one network file system look like two mounts."""
    assert collected_mounts.findings(site_with({**OPENS, "own_root": True, "mount": OTHER}, VOLUME, answers=())) == []


def test_a_mount_that_covers_collected_files() -> None:
    """Case 025: the image holds them, and the source is mounted over them."""
    mount = {**VOLUME, "point": "/srv/shop", "hides": 140}
    for site in (site_with(OPENS, mount, tree(4, is_empty=True), "docker"), site_with(OPENS, mount, container="docker", exists=False)):
        found = collected_mounts.findings(site)
        assert codes(found) == ["volume_masks_files"]
        assert found[0]["evidence"]["hidden"] == 140
        assert "python manage.py collectstatic" in found[0]["fix"]


@pytest.mark.parametrize("mount", [{**VOLUME, "hides": 0}, {**VOLUME, "hides": None}, VOLUME, {**DISK, "hides": 7}])
def test_an_empty_folder_alone_does_not_prove_that_a_mount_hides_something(mount: dict[str, t.Any]) -> None:
    """Perhaps nobody has collected."""
    assert collected_mounts.findings(site_with(OPENS, mount, tree(4, is_empty=True), "docker")) == []


def test_a_volume_that_keeps_an_earlier_versions_files() -> None:
    """The sources come with the image, STATIC_ROOT does not."""
    found = collected_mounts.findings(site_with(OPENS, VOLUME, tree(1, 2), "docker"))
    assert codes(found) == ["volume_stale"]
    assert found[0]["evidence"]["lacking"] == 3
    assert "every start of the container" in found[0]["fix"]


@pytest.mark.parametrize(
    ("mount", "lies", "container"),
    [
        (VOLUME, tree(1), ""),
        (DISK, tree(1), "docker"),
        ({**VOLUME, "point": "/srv"}, tree(1), "docker"),
        (VOLUME, tree(), "docker"),
        (VOLUME, tree(4, is_empty=True), "docker"),
    ],
)
def test_a_stale_tree_alone_is_not_the_volumes_fault(mount: dict[str, t.Any], lies: dict[str, t.Any], container: str) -> None:
    """No container, no volume of its own, sources on the same mount, nothing stale, or nothing there at all."""
    assert collected_mounts.findings(site_with(OPENS, mount, lies, container)) == []
