# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``file``: nginx maps a folder that only another container has."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages import file_container
from ansible_collections.webops.django.tests.unit.support.evidence_documents import (
    OPENS,
    SITE,
    application,
    codes,
    configuration,
    known,
    nginx,
    refused,
    site_of,
)

FOLDER = "/usr/src/app/static"
ALIAS = f"location /static/ {{ alias {FOLDER}/; }} location / {{ proxy_pass http://127.0.0.1:8000; }}"
BINDS = [{"address": "127.0.0.1", "port": 8000}]


def site_with(locations: str = ALIAS, said: dict[str, t.Any] | None = None, exists: bool = False, proc: bool = False, **app: t.Any) -> t.Any:
    """An application in a container of this host, whose port nginx passes requests to."""
    facts = {"in_container": True, "binds": BINDS, "cwd": "/usr/src/app", "static": None, "sample": [], "project_path": "", **app}
    paths = {FOLDER: known(FOLDER, [], said or refused("/usr/src", None, "ENOENT"), exists=exists)}
    if proc:
        paths[f"/proc/200/root{FOLDER}"] = known(f"/proc/200/root{FOLDER}", [], OPENS)
    return site_of(nginx(configuration(locations)), dict(application(), **facts), paths=paths)


def test_a_folder_of_the_applications_container_is_named() -> None:
    """nginx runs outside of it."""
    found = file_container.findings(site_with())
    assert codes(found) == ["container_path_mismatch"]
    assert found[0]["evidence"]["at"] == f"{SITE}:3"
    assert found[0]["evidence"]["folder"] == f"{FOLDER}/"
    assert "-v /srv/shop/static:/usr/src/app/static" in found[0]["fix"]
    assert f"at {SITE}:3 write: alias /srv/shop/static/;" in found[0]["fix"]


def test_root_is_judged_as_alias_is() -> None:
    """With the whole URI behind it."""
    locations = ALIAS.replace(f"alias {FOLDER}/", "root /usr/src/app")
    found = file_container.findings(site_with(locations))
    assert codes(found) == ["container_path_mismatch"]
    assert "write: root /srv/shop;" in found[0]["fix"]


def test_the_containers_own_root_folder_is_the_best_proof() -> None:
    """Wherever the application runs in it."""
    assert file_container.findings(site_with(cwd="/home/app")) == []
    found = file_container.findings(site_with(cwd="/home/app", proc=True))
    assert codes(found) == ["container_path_mismatch"]
    assert "/proc/200/root" in found[0]["evidence"]["why"]


@pytest.mark.parametrize(
    "facts",
    [
        {"in_container": False},
        {"said": OPENS, "exists": True},
        {"said": refused("/usr/src"), "exists": True},
        {"cwd": "/usr/src/application"},
        {"cwd": "/"},
        {"locations": "location / { proxy_pass http://127.0.0.1:8000; }"},
        {"locations": "location ~ \\.css$ { root /usr/src/app; } location / { proxy_pass http://127.0.0.1:8000; }"},
    ],
)
def test_each_part_of_the_proof_is_needed(facts: dict[str, t.Any]) -> None:
    """No container, a folder that is there, a closed one, another folder, or none that is mapped."""
    assert file_container.findings(site_with(**facts)) == []
