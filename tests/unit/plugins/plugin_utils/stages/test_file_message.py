# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a path that is not the collected file's."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages.file_message import Wrong, drops_the_rest, mapped_folder, message
from ansible_collections.webops.django.tests.unit.support.evidence_documents import NAMES, answer, configuration, nginx, site_of

PROXY = "location / { proxy_pass http://unix:/run/shop.sock; }"


def target_of(location: str) -> t.Any:
    site = site_of(nginx(configuration(f"{location} {PROXY}")), answers=[answer(name, 404) for name in NAMES])
    return site, site.targets[0]


@pytest.mark.parametrize(
    ("path", "folder"),
    [(f"/srv/old/{NAMES[0]}", "/srv/old"), (f"/{NAMES[0]}", "/"), (f"/srv/old{NAMES[0]}", "/srv/oldadmin/css"), ("/srv/index.html", "/srv")],
)
def test_the_folder_that_stands_for_static_root(path: str, folder: str) -> None:
    assert mapped_folder(target_of("")[1], path) == folder


@pytest.mark.parametrize(
    ("location", "lost"),
    [
        ("location ~ ^/static/ { alias /srv/static/; }", True),
        ("location ~ ^/static/(.*)$ { alias /srv/static/$1; }", False),
        (r"location ~ ^/static/(.*)\.css$ { alias /srv/static/$1; }", True),
        ("location /static/ { alias /srv/static/; }", False),
        ("location ~ ^/static/ { root /srv; }", False),
    ],
)
def test_an_alias_behind_a_pattern_must_hold_what_was_matched(location: str, lost: bool) -> None:
    target = target_of(location)[1]
    assert drops_the_rest(target.route, target) is lost


@pytest.mark.parametrize(
    ("cause", "location", "said"),
    [
        ("alias_missing_trailing_slash", "location /static/ { alias /srv/x; }", "has no slash at its end, and location /static/ has one"),
        ("alias_missing_trailing_slash", "location ~ ^/static/(.*)$ { alias /srv/x$1; }", "has no slash between its folder and what location ~"),
        ("alias_root_confusion", "location /static/ { root /srv/x; }", "root puts the whole URI behind its folder; alias was meant."),
        ("alias_root_confusion", "location /static/ { alias /srv/x/; }", "root was meant."),
        ("path_typo", "location /static/ { alias /srv/x/; }", "makes nginx look into /srv/x, which does not exist; STATIC_ROOT is /srv/shop/static."),
        (
            "path_typo",
            "location /static/ { expires 1d; }",
            "shop:3 has neither root nor alias, which makes",
        ),
        ("static_root_mismatch", "location /static/ { alias /srv/x/; }", "but Django collects into STATIC_ROOT /srv/shop/static."),
        ("nginx_serves_source_dir", "location /static/ { alias /srv/x/; }", "a folder of sources"),
        ("try_files_swallows", "location /static/ { alias /srv/x/; try_files /a =404; }", "it tries /a, =404."),
    ],
)
def test_each_cause_is_told_by_what_is_written(cause: str, location: str, said: str) -> None:
    site, target = target_of(location)
    assert said in message(site, [Wrong(cause, target, f"/srv/x/{NAMES[0]}", "")])
