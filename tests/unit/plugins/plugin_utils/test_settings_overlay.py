# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a project's settings need besides, as tables; and the module that says so, imported for real."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.settings_overlay import allows, overlay, render
from hypothesis import given
from hypothesis import strategies as st

HOST = "shop.example.com"
READY: dict[str, t.Any] = {
    "settings_module": "shop.settings",
    "settings_file": "/s/shop/settings.py",
    "debug": False,
    "allowed_hosts": [HOST],
    "secret_key": "set",
    "static_root": "/s/static",
    "staticfiles_installed": True,
}


def decide(change: dict[str, t.Any], extra: dict[str, t.Any] | None = None, static_root: str = "", hosts: tuple[str, ...] = (HOST,)) -> t.Any:
    """Decide over a project that is ready but for a change."""
    return overlay({**READY, **change}, "/s", list(hosts), extra or {}, static_root)


@pytest.mark.parametrize(
    ("change", "settings"),
    [
        ({}, {}),
        ({"debug": True}, {"DEBUG": False}),
        ({"allowed_hosts": []}, {"ALLOWED_HOSTS": [HOST]}),
        ({"allowed_hosts": ["*"]}, {}),
        ({"allowed_hosts": [".example.com"]}, {}),
    ],
)
def test_only_development_values_are_replaced(change: dict[str, t.Any], settings: dict[str, t.Any]) -> None:
    """A project that is ready for production is left alone."""
    result = decide(change)
    assert result.settings == settings
    assert result.needed == bool(settings)
    assert not result.errors


@pytest.mark.parametrize(("state", "generate"), [("set", False), ("missing", True), ("insecure", True)])
def test_secret_key(state: str, generate: bool) -> None:
    """A key that startproject made is not taken into production."""
    assert decide({"secret_key": state}).generate_secret_key is generate
    assert not decide({"secret_key": state}, {"SECRET_KEY": "mine"}).generate_secret_key


def test_the_users_settings_win() -> None:
    """Also over what would be set by itself."""
    result = decide({"debug": True}, {"DEBUG": True, "TIME_ZONE": "UTC"})
    assert result.settings == {"DEBUG": True, "TIME_ZONE": "UTC"}


def test_unset_static_root_names_the_setting_and_the_variable() -> None:
    """Both ways to mend it are in the sentence."""
    (error,) = decide({"static_root": ""}).errors
    assert "STATIC_ROOT is not set in shop.settings (/s/shop/settings.py)" in error
    assert "django_app_static_root" in error


def test_static_root_is_supplied() -> None:
    """A relative one starts at manage.py."""
    assert decide({"static_root": ""}, static_root="staticfiles").settings == {"STATIC_ROOT": "/s/staticfiles"}
    assert decide({"static_root": ""}, static_root="/elsewhere/x").settings == {"STATIC_ROOT": "/elsewhere/x"}
    assert decide({"static_root": ""}, {"STATIC_ROOT": "/y"}).errors == []


def test_static_root_that_disagrees_is_an_error_that_shows_both() -> None:
    """One that agrees is nothing to talk about."""
    (error,) = decide({}, static_root="/other").errors
    assert "/other" in error
    assert "/s/static" in error
    assert not decide({}, static_root="static").errors


def test_allowed_hosts_that_refuse_the_site_are_an_error_that_shows_both() -> None:
    """Otherwise every page would answer 400."""
    (error,) = decide({"allowed_hosts": ["other.example.com"]}).errors
    assert "other.example.com" in error
    assert HOST in error


@pytest.mark.parametrize(
    ("allowed", "name", "expected"),
    [
        ("a.example", "a.example", True),
        ("A.example", "a.EXAMPLE", True),
        (".example", "a.example", True),
        (".example", "example", True),
        (".example", "myexample", False),
        ("*", "anything", True),
        ("example", "a.example", False),
        (".example", "*.example", True),
    ],
)
def test_allowed_hosts_are_read_as_django_reads_them(allowed: str, name: str, expected: bool) -> None:
    """See django.http.request.validate_host."""
    assert allows([allowed], name) is expected


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["A", "B_C", "SECRET_KEY"]), VALUES), st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_rendered_is_what_python_reads(settings: dict[str, t.Any], reason: str) -> None:
    """Whatever is in a value or a reason, no line of it becomes code."""
    text = render(settings, dict.fromkeys(settings, reason), "json", "")
    namespace: dict[str, t.Any] = {}
    exec(compile(text, "webops_settings.py", "exec"), namespace)
    assert {name: namespace[name] for name in settings} == settings


def test_the_module_takes_over_the_projects_settings(tmp_path: Path) -> None:
    """And reads a generated key from its file."""
    (tmp_path / "base.py").write_text("DEBUG = True\nKEPT = [1]\n_private = 1\nlower = 2\n")
    (tmp_path / "key").write_text("generated\n")
    (tmp_path / "ours.py").write_text(render({"DEBUG": False}, {"DEBUG": "why"}, "base", str(tmp_path / "key")))
    code = "import json, ours; print(json.dumps([ours.DEBUG, ours.KEPT, ours.SECRET_KEY, hasattr(ours, 'lower')]))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [False, [1], "generated", False]
