# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``access``: owners that do not fit."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages import access
from ansible_collections.webops.django.tests.unit.support.evidence_documents import (
    NAMES,
    ROOT,
    answer,
    codes,
    configuration,
    entry,
    known,
    nginx,
    paths_of,
    refused,
    site_of,
)

DENIED = [answer(name, 404) for name in NAMES]


def found_for(
    chain: list[dict[str, t.Any]], at: str, user: str = "www-data", top: str = "user www-data;", groups: tuple[int, ...] = ()
) -> list[dict[str, t.Any]]:
    """What is found where a component refuses all files."""
    web = nginx(configuration(top=top), user, groups)
    return access.findings(site_of(web, answers=DENIED, paths=paths_of(NAMES, chain, refused(at))))


def test_files_of_the_web_server_and_a_worker_that_is_nobody() -> None:
    """Case 060: nginx has no user directive, or the wrong one."""
    chain = [entry("/srv/shop", "0700", "www-data")]
    found = found_for(chain, "/srv/shop", "nobody", "user nobody nogroup;")
    assert codes(found) == ["wrong_owner"]
    assert found[0]["evidence"]["user_directive"] == "user nobody nogroup"
    assert "In /etc/nginx/nginx.conf:1 write: user www-data;" in found[0]["fix"]
    found = found_for(chain, "/srv/shop", "nobody", "")
    assert codes(found) == ["wrong_owner"]
    assert "At the top of /etc/nginx/nginx.conf write: user www-data;" in found[0]["fix"]


def test_a_whole_tree_of_the_web_server_is_one_finding() -> None:
    """Its folders and files are closed to nobody in the same way."""
    chain = [entry(ROOT, "0750", "deploy", "www-data"), *(entry(f"{ROOT}/{name}", "0640", "deploy", "www-data") for name in NAMES)]
    paths = {
        f"{ROOT}/{name}": known(f"{ROOT}/{name}", [item for item in chain if item["path"] in (ROOT, f"{ROOT}/{name}")], refused(ROOT))
        for name in NAMES
    }
    found = access.findings(site_of(nginx(configuration(top="user nobody;"), "nobody"), answers=DENIED, paths=paths))
    assert codes(found) == ["wrong_owner"]


def test_two_web_servers_accounts() -> None:
    """nginx.org's package runs as nginx, and the tree is Debian's www-data's: the files are given to the one that runs."""
    found = found_for([entry(ROOT, "0750", "deploy", "www-data")], ROOT, "nginx", "user nginx;")
    assert codes(found) == ["wrong_owner"]
    assert found[0]["fix"] == f"sudo chgrp -R nginx {ROOT} && sudo chmod -R g+rX {ROOT}"


@pytest.mark.parametrize(("group", "mode"), [("root", "0750"), ("deploy", "0750")])
def test_a_folder_made_with_sudo_in_a_tree_of_the_web_servers_group(group: str, mode: str) -> None:
    """Its parent lets the worker in by its group; this one has the same mode and another group."""
    chain = [entry("/srv/shop", "0750", "deploy", "www-data"), entry(ROOT, mode, "root", group)]
    found = found_for(chain, ROOT)
    assert codes(found) == ["wrong_owner"]
    assert f"sudo chown -R :www-data {ROOT}" in found[0]["fix"]
    assert "as deploy, not as root" in found[0]["fix"]


def test_files_made_with_sudo_in_a_folder_of_the_web_server() -> None:
    """They are root's, 0640, where the folder is www-data's."""
    paths = {}
    for name in NAMES:
        path = f"{ROOT}/{name}"
        paths[path] = known(path, [entry(ROOT, "0750", "www-data"), entry(path, "0640", "root")], refused(path, "read"))
    found = access.findings(site_of(answers=DENIED, paths=paths))
    assert codes(found) == ["wrong_owner"]
    assert f"chown -R www-data:www-data {ROOT}" in found[0]["fix"]


def test_a_file_made_with_sudo_beside_those_of_the_web_servers_group() -> None:
    """The folders are open for everybody; the files' group decides."""
    mine, other = (f"{ROOT}/{name}" for name in NAMES[:2])
    paths = {
        mine: known(mine, [entry(mine, "0640", "root")], refused(mine, "read")),
        other: known(other, [entry(other, "0640", "deploy", "www-data")], mode="0640", owner="deploy", group="www-data", uid=1000, gid=33),
    }
    found = access.findings(site_of(answers=[answer(NAMES[0], 403)], paths=paths))
    assert codes(found) == ["wrong_owner"]
    assert f"chown -R :www-data {mine}" in found[0]["fix"]
    assert codes(access.findings(site_of(answers=[answer(NAMES[0], 403)], paths={mine: paths[mine]}))) == ["file_not_readable"]


@pytest.mark.parametrize(
    "chain",
    [
        [entry("/srv/shop", "0750", "deploy")],
        [entry("/srv/shop", "0755", "deploy"), entry(ROOT, "0750", "root")],
        [entry("/srv/shop", "0700", "root")],
        [entry("/srv/shop", "0750", "deploy", "www-data"), entry(ROOT, "0700", "root")],
    ],
)
def test_a_mode_that_would_do_for_nobody_but_its_owner_is_no_matter_of_owners(chain: list[dict[str, t.Any]]) -> None:
    """Cases 001, 051, 053, 055: plain private folders."""
    assert codes(found_for(chain, chain[-1]["path"])) == ["dir_not_traversable"]


def test_a_worker_that_is_in_the_group_gets_in() -> None:
    """Nothing is said where the kernel said nothing."""
    assert access.findings(site_of(nginx(groups=(1000,)), paths=paths_of(NAMES, [entry(ROOT, "0750", "deploy")]))) == []


@pytest.mark.parametrize(("mode", "code"), [("0640", "wrong_owner"), ("0600", "file_not_readable")])
def test_files_of_numbers_that_nobody_has(mode: str, code: str) -> None:
    """Copied from another machine with their owners; where not even the group may read, the mode is at fault."""
    chain = [dict(entry(f"{ROOT}/{NAMES[0]}", mode), owner="1234", group="1234", uid=1234, gid=1234)]
    paths = paths_of(NAMES[:1], chain, refused(f"{ROOT}/{NAMES[0]}", "read"))
    (found,) = access.findings(site_of(answers=[answer(NAMES[0], 403)], paths=paths))
    assert found["code"] == code
    if code == "wrong_owner":
        assert found["fix"] == f"sudo chown -R deploy:www-data {ROOT}/{NAMES[0]}\nand run collectstatic as deploy, not as root"[: len(found["fix"])]
