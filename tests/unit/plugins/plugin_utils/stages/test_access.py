# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``access``: folders and files."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages import access
from ansible_collections.webops.django.tests.unit.support.evidence_documents import (
    LOCATIONS,
    NAMES,
    ROOT,
    STATIC,
    answer,
    application,
    codes,
    configuration,
    entry,
    known,
    nginx,
    paths_of,
    refused,
    sample,
    site_of,
    static,
)

DENIED = [answer(name, 403) for name in NAMES]
HOME = "/home/deploy"
AT_HOME = f"{HOME}/app/static"


def at_home(chain: list[dict[str, t.Any]], said: dict[str, t.Any], **more: t.Any) -> t.Any:
    """A site whose files lie in a home folder."""
    names = [sample(name, collected=f"{AT_HOME}/{name}") for name in NAMES]
    shop = application(static(static_root=AT_HOME, storage_location=AT_HOME), names)
    files = configuration(LOCATIONS.replace(ROOT, AT_HOME))
    return site_of(nginx(files), shop, DENIED, paths=paths_of(NAMES, chain, said, AT_HOME), **more)


def test_a_healthy_site_has_no_finding() -> None:
    """Also where modes are as tight as can be."""
    assert access.findings(site_of()) == []
    tight = [entry(ROOT, "0750", "deploy", "www-data")]
    assert access.findings(site_of(paths=paths_of(NAMES, tight))) == []


def test_a_closed_home_is_the_one_folder_that_is_named() -> None:
    """Case 001: the files' own modes are in order, and not named."""
    found = access.findings(at_home([entry(HOME, "0750", "deploy")], refused(HOME)))
    assert codes(found) == ["dir_not_traversable"]
    assert found[0]["evidence"]["folder"] == HOME
    assert found[0]["evidence"]["mode"] == "0750"
    assert f"sudo chmod o+x {HOME}\n" in found[0]["fix"]
    assert f"setfacl -m u:www-data:x {HOME}" in found[0]["fix"]
    assert len(found[0]["urls"]) == len(NAMES)


def test_a_second_closed_folder_behind_the_first_is_opened_with_it() -> None:
    """The kernel stops at the first; the modes of the second say that it would be next."""
    found = access.findings(at_home([entry(HOME, "0750", "deploy"), entry(f"{HOME}/app", "0700", "deploy")], refused(HOME)))
    assert codes(found) == ["dir_not_traversable"]
    assert f"chmod o+x {HOME} {HOME}/app\n" in found[0]["fix"]


def test_a_file_that_is_closed_behind_a_closed_home_is_the_second_fault() -> None:
    """It would show once the folder is open."""
    closed = f"{AT_HOME}/{NAMES[0]}"
    site = at_home([entry(HOME, "0750", "deploy"), entry(closed, "0600", "deploy")], refused(HOME))
    assert codes(access.findings(site)) == ["dir_not_traversable", "file_not_readable"]


def test_a_closed_folder_below_a_link_is_named_where_it_lies() -> None:
    """nginx's path leads through a link; its target's folder refuses."""
    real = "/data/shop/static"
    chain = [entry("/srv/shop", "0777", link="/data/shop"), entry("/data/shop", "0700", "deploy")]
    paths = {f"{ROOT}/{name}": known(f"{ROOT}/{name}", chain, refused("/data/shop"), realpath=f"{real}/{name}") for name in NAMES}
    found = access.findings(site_of(answers=DENIED, paths=paths))
    assert codes(found) == ["dir_not_traversable"]
    assert found[0]["evidence"]["folder"] == "/data/shop"


def test_a_closed_static_root_is_named_though_files_are_open() -> None:
    """Case 055: the folder is root's, 0750, and the files are 0644."""
    found = access.findings(site_of(answers=DENIED, paths=paths_of(NAMES, [entry(ROOT, "0750")], refused(ROOT))))
    assert codes(found) == ["dir_not_traversable"]
    assert found[0]["fix"] == f"sudo chmod o+x {ROOT}"


def test_a_tree_whose_folders_and_files_are_closed_is_one_cause() -> None:
    """One command opens both."""
    chain = [entry(ROOT, "0700", "deploy"), *(entry(f"{ROOT}/{name}", "0600", "deploy") for name in NAMES)]
    paths = {
        f"{ROOT}/{name}": known(f"{ROOT}/{name}", [item for item in chain if item["path"] in (ROOT, f"{ROOT}/{name}")], refused(ROOT))
        for name in NAMES
    }
    found = access.findings(site_of(answers=DENIED, paths=paths))
    assert codes(found) == ["dir_not_traversable"]
    assert found[0]["fix"] == f"sudo chmod -R o+rX {ROOT}"


def test_one_folder_of_the_tree_explains_its_own_files_only() -> None:
    """The others are served."""
    name = "admin/css/base.css"
    paths = paths_of([name], [entry(f"{ROOT}/admin", "0700", "deploy")], refused(f"{ROOT}/admin"))
    found = access.findings(site_of(answers=[answer(name, 403)], paths=paths))
    assert codes(found) == ["dir_not_traversable"]
    assert found[0]["urls"] == [STATIC + name]


def test_a_closed_file_is_named_by_itself() -> None:
    """Every folder lets the worker through."""
    name = "shop/site.css"
    path = f"{ROOT}/{name}"
    paths = {path: known(path, [entry(path, "0600", "deploy")], refused(path, "read"))}
    found = access.findings(site_of(answers=[answer(name, 403)], paths=paths))
    assert codes(found) == ["file_not_readable"]
    assert found[0]["evidence"]["file"] == path
    assert found[0]["fix"] == f"sudo chmod o+r {path}"


def test_an_acl_that_refuses_is_named_as_well() -> None:
    """The mode alone would let everybody read."""
    path = f"{ROOT}/shop/site.css"
    paths = {path: known(path, [entry(path, "0644", "deploy", acl=True)], refused(path, "read"))}
    found = access.findings(site_of(answers=[answer("shop/site.css", 403)], paths=paths))
    assert codes(found) == ["file_not_readable"]
    assert "with an ACL" in found[0]["message"]


def test_a_file_that_the_sample_left_out_is_found_in_the_tree() -> None:
    """One closed file of 10,000; the manifest is nobody's business."""
    path = f"{ROOT}/shop/rare.css"
    closed = [{"path": item, "error": "EACCES", "refused_at": item} for item in (path, f"{ROOT}/staticfiles.json")]
    paths = {path: known(path, [entry(path, "0600", "deploy")], refused(path, "read"))}
    shop = application(files_total=10000)
    found = access.findings(site_of(app=shop, paths=paths, trees={ROOT: {"path": ROOT, "files": 10000, "closed": closed, "closed_count": 2}}))
    assert codes(found) == ["file_not_readable"]
    assert found[0]["urls"] == [f"{STATIC}shop/rare.css"]


@pytest.mark.parametrize(("total", "files"), [(len(NAMES), 5), (10000, 10001), (10000, 0)])
def test_a_file_that_is_left_over_may_be_closed(total: int, files: int) -> None:
    """No page of today asks for it: the whole project is in the sample, or the tree holds more than the project."""
    path = f"{ROOT}/shop/removed-long-ago.css"
    closed = [{"path": path, "error": "EACCES", "refused_at": path}]
    paths = {path: known(path, [entry(path, "0600")], refused(path, "read"))}
    trees = {ROOT: {"path": ROOT, "files": files, "closed": closed, "closed_count": 1}}
    assert access.findings(site_of(app=application(files_total=total), paths=paths, trees=trees)) == []


@pytest.mark.parametrize(
    ("setting", "key", "mode"), [("folder_mode", "file_upload_directory_permissions", 0o700), ("file_mode", "file_upload_permissions", 0o600)]
)
def test_modes_that_a_setting_gives_are_not_named_beside_it(setting: str, key: str, mode: int) -> None:
    """The stage settings has named it."""
    details = {**static()["storage_details"], setting: mode}
    shop = application(static(storage_details=details, **{key: mode}))
    if setting == "folder_mode":
        paths = paths_of(NAMES, [entry(ROOT, "0700", "deploy")], refused(ROOT))
    else:
        paths = {
            f"{ROOT}/{name}": known(f"{ROOT}/{name}", [entry(f"{ROOT}/{name}", "0600", "deploy")], refused(f"{ROOT}/{name}", "read"))
            for name in NAMES
        }
    assert access.findings(site_of(app=shop, answers=DENIED, paths=paths)) == []


def test_a_closed_home_is_named_beside_a_setting() -> None:
    """It lies outside of the tree that the setting makes."""
    shop = application(static(storage_details={**static()["storage_details"], "folder_mode": 0o700}, file_upload_directory_permissions=0o700))
    paths = paths_of(NAMES, [entry("/srv/shop", "0700", "deploy"), entry(ROOT, "0700", "deploy")], refused("/srv/shop"))
    found = access.findings(site_of(app=shop, answers=DENIED, paths=paths))
    assert codes(found) == ["dir_not_traversable"]
    assert [item["path"] for item in found[0]["evidence"]["folders"]] == ["/srv/shop"]


def test_a_fault_that_an_earlier_stage_names_does_not_hide_a_closed_folder() -> None:
    """Cases 001 and 002 in one: the alias lacks its slash, and the home is closed. The file is looked at where it will be served."""
    names = [sample(name, collected=f"{AT_HOME}/{name}") for name in NAMES]
    shop = application(static(static_root=AT_HOME, storage_location=AT_HOME), names)
    files = configuration(f"location /static/ {{ alias {AT_HOME}; }}")
    site = site_of(nginx(files), shop, DENIED, paths=paths_of(NAMES, [entry(HOME, "0750", "deploy")], refused(HOME), AT_HOME))
    site.take([{"code": "alias_missing_trailing_slash", "urls": [target.url for target in site.targets]}])
    found = access.findings(site)
    assert codes(found) == ["dir_not_traversable"]


def test_what_the_application_serves_the_worker_need_not_open() -> None:
    """WhiteNoise behind a proxy, and a folder that is its user's own."""
    files = configuration("location / { proxy_pass http://unix:/run/shop.sock; }")
    lacking = [answer(NAMES[0], 404, server="app")]
    paths = paths_of(NAMES, [entry("/srv/shop", "0700", "deploy")], refused("/srv/shop"))
    site = site_of(
        nginx(files),
        application(static(whitenoise=True)),
        lacking,
        paths=paths,
        trees={ROOT: {"path": ROOT, "closed": [{"path": f"{ROOT}/{NAMES[1]}"}]}},
    )
    assert access.findings(site) == []
    site.take([{"code": "no_static_location", "urls": [STATIC + NAMES[0]]}])
    assert codes(access.findings(site)) == ["dir_not_traversable"]


def test_what_is_not_there_is_not_closed() -> None:
    """Files that nobody collected are the business of another stage."""
    paths = paths_of(NAMES, [], refused(ROOT, None, "ENOENT"), exists=False, kind=None)
    assert access.findings(site_of(answers=[answer(name, 404) for name in NAMES], paths=paths)) == []


def test_without_facts_nothing_is_said() -> None:
    """Not root, or not looked at."""
    assert access.findings(site_of(answers=DENIED)) == []
    unknown = {"opens": None, "error": None, "refused_at": None, "refused_what": None, "in_host_view": None}
    assert access.findings(site_of(answers=DENIED, paths=paths_of(NAMES, [entry(ROOT, "0700")], unknown))) == []


def test_the_home_of_root_is_not_opened_for_a_web_server() -> None:
    """Files move to where web servers look for them."""
    home = "/root/shop/static"
    shop = application(static(static_root=home, storage_location=home), [sample(name, collected=f"{home}/{name}") for name in NAMES])
    web = nginx(configuration(f"location /static/ {{ alias {home}/; }} location / {{ proxy_pass http://unix:/run/shop.sock; }}"))
    site = site_of(web, shop, [answer(name, 403) for name in NAMES], paths=paths_of(NAMES, [entry("/root", "0700")], refused("/root"), home))
    (found,) = access.findings(site)
    assert found["code"] == "dir_not_traversable"
    assert "chmod" not in found["fix"]
    assert 'write: STATIC_ROOT = "/var/www/shop.example/static"' in found["fix"].replace("/var/www/shop/", "/var/www/shop.example/")
    assert "write: alias /var/www/shop/static/;\n" in found["fix"]


def test_a_file_that_no_closed_folder_explains_is_named_beside_the_folder() -> None:
    folder, inside, beside = f"{ROOT}/admin", f"{ROOT}/{NAMES[0]}", f"{ROOT}/shop/site.css"
    paths = {
        inside: known(inside, [entry(folder, "0700", "deploy"), entry(inside, "0600", "deploy")], refused(folder)),
        beside: known(beside, [entry(beside, "0600", "deploy")], refused(beside, "read")),
    }
    found = access.findings(site_of(answers=[answer(NAMES[0], 403), answer("shop/site.css", 403)], paths=paths))
    assert [(item["code"], item["urls"]) for item in found] == [
        ("dir_not_traversable", [STATIC + NAMES[0]]),
        ("file_not_readable", [STATIC + "shop/site.css"]),
    ]
    assert found[0]["fix"] == f"sudo chmod -R o+rX {ROOT}"
    assert found[1]["fix"] == f"sudo chmod o+r {beside}"


@pytest.mark.parametrize(
    ("component", "fix"),
    [
        (entry("/srv/shop", "0700", "deploy", acl=True), "sudo setfacl -m u:www-data:x /srv/shop"),
        (entry("/srv/shop", "0644", "www-data"), "sudo chmod u+x /srv/shop"),
        (entry("/srv/shop", "0704", "deploy", "www-data"), "sudo chmod g+x /srv/shop"),
    ],
)
def test_a_folder_is_opened_by_what_the_worker_is_judged_by(component: dict[str, t.Any], fix: str) -> None:
    found = access.findings(site_of(answers=[answer(name, 403) for name in NAMES], paths=paths_of(NAMES, [component], refused("/srv/shop"))))
    assert [(item["code"], item["fix"]) for item in found] == [("dir_not_traversable", fix)]
