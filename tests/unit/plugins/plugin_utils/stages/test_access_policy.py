# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``access``: sandboxes, SELinux, AppArmor."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages import access
from ansible_collections.webops.django.tests.unit.support.evidence_documents import (
    LOCATIONS,
    NAMES,
    OPENS,
    ROOT,
    answer,
    application,
    codes,
    configuration,
    entry,
    nginx,
    paths_of,
    refused,
    sample,
    site_of,
    static,
)

DENIED = [answer(name, 403) for name in NAMES]
HOME = "/home/deploy/static"
HTTPD = "system_u:system_r:httpd_t:s0"


def own_view(**more: t.Any) -> dict[str, t.Any]:
    """An nginx whose workers have a mount namespace of their own."""
    web = nginx(configuration(LOCATIONS.replace(ROOT, HOME)))
    web["workers"][0]["own_view"] = True
    return {**web, **more}


def at_home(said: dict[str, t.Any], chain: t.Sequence[dict[str, t.Any]] = ()) -> t.Any:
    """A site below /home."""
    shop = application(static(static_root=HOME, storage_location=HOME), [sample(name, collected=f"{HOME}/{name}") for name in NAMES])
    return site_of(own_view(), shop, DENIED, paths=paths_of(NAMES, chain, said, HOME))


@pytest.mark.parametrize(
    "said",
    [
        refused("/home", in_host_view=True),
        refused("/home/deploy", None, "ENOENT", in_host_view=True),
        refused("/home", in_host_view=False, host_error="ENOENT"),
    ],
)
def test_a_path_that_only_the_workers_view_lacks_is_hidden_by_its_unit(said: dict[str, t.Any]) -> None:
    """ProtectHome, with an inaccessible folder or an empty one; also where the file is not collected yet."""
    found = access.findings(at_home(said))
    assert codes(found) == ["systemd_sandbox"]
    assert "ProtectHome=read-only" in found[0]["fix"]
    assert "/etc/systemd/system/nginx.service.d/" in found[0]["fix"]


def test_a_closed_home_behind_a_sandbox_is_the_second_fault() -> None:
    """It is told by its mode, for the kernel's answer is the sandbox's."""
    found = access.findings(at_home(refused("/home", in_host_view=False, host_error="EACCES"), [entry("/home/deploy", "0750", "deploy")]))
    assert codes(found) == ["systemd_sandbox", "dir_not_traversable"]
    assert found[1]["evidence"]["folder"] == "/home/deploy"
    assert "its modes let" not in found[0]["message"]


def test_a_container_is_no_sandbox() -> None:
    """Its root folder is another one: what it lacks is no unit's doing."""
    assert access.findings(at_home(refused("/home/deploy", None, "ENOENT", in_host_view=True, own_root=True))) == []


def test_a_mode_that_refuses_in_both_views_is_no_sandbox() -> None:
    """The worker has a view of its own, for another reason."""
    found = access.findings(at_home(refused("/home/deploy", in_host_view=False), [entry("/home/deploy", "0750", "deploy")]))
    assert codes(found) == ["dir_not_traversable"]


def labelled(label: str, worker: str = HTTPD, mode: str = "enforcing", answers: t.Sequence[dict[str, t.Any]] = tuple(DENIED), **web: t.Any) -> t.Any:
    """A site whose files have a label."""
    server = nginx(**web)
    server["workers"][0]["selinux"] = worker
    return site_of(server, answers=answers, host={"selinux": mode}, paths=paths_of(NAMES, [], OPENS, selinux=label))


@pytest.mark.parametrize("label", ["unconfined_u:object_r:var_t:s0", "unconfined_u:object_r:user_home_t:s0", "system_u:object_r:default_t:s0"])
def test_a_label_that_nginx_may_not_read_is_named(label: str) -> None:
    """Case 059: modes are in order, and SELinux refuses."""
    found = access.findings(labelled(label))
    assert codes(found) == ["selinux"]
    assert f"semanage fcontext -a -t httpd_sys_content_t '{ROOT}(/.*)?' && sudo restorecon -Rv {ROOT}" in found[0]["fix"]
    assert ("httpd_read_user_content" in found[0]["fix"]) == ("user_home_t" in label)


@pytest.mark.parametrize(
    ("label", "worker", "mode"),
    [
        ("system_u:object_r:httpd_sys_content_t:s0", HTTPD, "enforcing"),
        ("system_u:object_r:httpd_shop_content_t:s0", HTTPD, "enforcing"),
        ("system_u:object_r:var_t:s0", HTTPD, "permissive"),
        ("system_u:object_r:var_t:s0", HTTPD, "disabled"),
        ("", HTTPD, "enforcing"),
    ],
)
def test_selinux_is_not_named_where_it_does_not_refuse(label: str, worker: str, mode: str) -> None:
    """Nor where nobody knows a label."""
    assert access.findings(labelled(label, worker, mode)) == []


def test_a_wrong_label_behind_a_closed_folder_is_the_second_fault() -> None:
    """Where nginx is known to be confined."""
    web = nginx()
    web["workers"][0]["selinux"] = HTTPD
    paths = paths_of(NAMES, [entry(ROOT, "0700", "deploy")], refused(ROOT), selinux="unconfined_u:object_r:var_t:s0")
    assert codes(access.findings(site_of(web, answers=DENIED, host={"selinux": "enforcing"}, paths=paths))) == ["dir_not_traversable", "selinux"]


def test_files_that_are_served_prove_their_labels() -> None:
    """Whatever a list of types says."""
    assert access.findings(labelled("system_u:object_r:var_t:s0", answers=())) == []


def confined(profile: str, **look: t.Any) -> t.Any:
    """A site whose nginx has an AppArmor profile."""
    web = nginx()
    web["workers"][0]["apparmor"] = profile
    return site_of(web, answers=DENIED, paths=paths_of(NAMES, [], OPENS), **look)


def test_a_profile_that_refuses_what_the_modes_allow_is_named() -> None:
    """The worker's user may open the file, and nginx answers 403."""
    found = access.findings(confined("/usr/sbin/nginx (enforce)"))
    assert codes(found) == ["apparmor"]
    assert f"{ROOT}/** r," in found[0]["fix"]
    assert "/etc/apparmor.d/local/usr.sbin.nginx" in found[0]["fix"]


@pytest.mark.parametrize(
    ("logs", "expected"),
    [([f'open() "{ROOT}/{NAMES[0]}" failed (13: Permission denied)'], ["apparmor"]), (["(13: Permission denied)"], []), ([], [])],
)
def test_a_404_needs_a_line_of_the_log(logs: list[str], expected: list[str]) -> None:
    """Something else may have answered it."""
    web = nginx()
    web["workers"][0]["apparmor"] = "nginx (enforce)"
    site = site_of(web, answers=[answer(NAMES[0], 404)], paths=paths_of(NAMES, [], OPENS), logs=logs)
    assert codes(access.findings(site)) == expected


@pytest.mark.parametrize("profile", ["", "unconfined", "/usr/sbin/nginx (complain)"])
def test_a_profile_that_does_not_refuse_is_not_named(profile: str) -> None:
    """It only complains, or there is none."""
    assert access.findings(confined(profile)) == []


def test_a_profile_is_not_named_for_what_a_rule_of_nginx_refuses() -> None:
    """An earlier stage has named that."""
    site = confined("/usr/sbin/nginx (enforce)")
    site.take([{"code": "access_rule_denied", "urls": [target.url for target in site.targets]}])
    assert access.findings(site) == []


@pytest.mark.parametrize(("exists", "named"), [(True, ["systemd_sandbox"]), (False, [])])
def test_a_home_that_is_hidden_and_closed_as_well_is_hidden_first(exists: bool, named: list[str]) -> None:
    """ProtectHome=tmpfs: for the worker nothing is there, and where it is, its mode refuses. What is not there at all is not hidden."""
    web = nginx()
    web["workers"][0]["own_view"] = True
    said = refused("/srv", None, "ENOENT", in_host_view=False, host_error="EACCES" if exists else "ENOENT")
    paths = paths_of(NAMES, [entry("/srv/shop", "0750", "deploy")], said, exists=exists)
    found = codes(access.findings(site_of(web, answers=DENIED, paths=paths)))
    assert found == ([*named, "dir_not_traversable"] if exists else named)
