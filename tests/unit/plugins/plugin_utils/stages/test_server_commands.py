# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that end a repair."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command, restart
from ansible_collections.webops.django.tests.unit.support.fake_host import application, nginx_record


@pytest.mark.parametrize(
    ("arguments", "test"),
    [
        ([], "/usr/sbin/nginx -t"),
        (["-g", "daemon on; master_process on;"], "/usr/sbin/nginx -t"),
        (["-c", "/srv/n.conf", "-g", "daemon off;"], "/usr/sbin/nginx -c /srv/n.conf -t"),
        (["-p", "/srv/a b", "-g", "user deploy; daemon off;"], "/usr/sbin/nginx -p '/srv/a b' -g 'user deploy; daemon off;' -t"),
    ],
)
def test_only_arguments_that_tell_which_configuration_it_is_are_told(arguments: list[str], test: str) -> None:
    assert command(nginx_record(arguments=arguments), "reload") == f"sudo {test} && sudo systemctl reload nginx.service"


def test_an_nginx_without_a_unit() -> None:
    nginx = nginx_record(unit="", arguments=["-c", "/srv/n.conf"])
    assert command(nginx, "reload") == "sudo /usr/sbin/nginx -c /srv/n.conf -t && sudo /usr/sbin/nginx -c /srv/n.conf -s reload"
    assert command(nginx, "start").endswith("&& sudo /usr/sbin/nginx -c /srv/n.conf")


def test_the_packages_nginx_is_started_by_its_unit() -> None:
    """Which unit it has is not known while it does not run."""
    assert command(nginx_record(unit=""), "start") == "sudo /usr/sbin/nginx -t && sudo systemctl start nginx.service"


def test_an_application_is_restarted_by_its_unit() -> None:
    assert restart(application()) == "sudo systemctl restart shop.service"
    assert restart(application(unit="")) == "restart gunicorn (process 20)"
    assert restart(application(unit="", master_pid=None)) == "restart gunicorn"
