# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""app_server_files: configuration files of Gunicorn and uWSGI, none of which is executed."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.app_server_files import assigned_variables, gunicorn_options, uwsgi_options
from hypothesis import given, settings
from hypothesis import strategies as st

GUNICORN = """
import multiprocessing, os
bind = "unix:/run/shop.sock"
workers = multiprocessing.cpu_count() * 2
raw_env = ["DJANGO_SETTINGS_MODULE=shop.prod", "A=b"]
wsgi_app: str = "shop.wsgi:application"
chdir = os.environ["HOME"]
errorlog = None
os.environ.setdefault("DJANGO_CONFIGURATION", "Prod")
os.environ["TZ"] = "UTC"
def on_starting(server): bind = "no"
"""


def test_gunicorn() -> None:
    """Constants are taken; what is computed stays unknown."""
    options, environment = gunicorn_options(GUNICORN)
    assert options["bind"] == ["unix:/run/shop.sock"] and options["wsgi_app"] == ["shop.wsgi:application"]
    assert options["raw_env"] == ["DJANGO_SETTINGS_MODULE=shop.prod", "A=b"]
    assert "workers" not in options and "chdir" not in options
    assert environment == {"DJANGO_CONFIGURATION": "Prod", "TZ": "UTC"}


@pytest.mark.parametrize("text", ["raise SystemExit", "bind = ", "\0", "x = " + "(" * 500, "bind = " + "-" * 100_000 + "1", "# coding: none\nx = 1"])
def test_what_is_no_python_or_too_deep(text: str) -> None:
    gunicorn_options(text)


def test_nothing_is_executed(tmp_path: Path) -> None:
    gunicorn_options(f"bind = open('{tmp_path}/made', 'w')\nimport os\nos.mkdir('{tmp_path}/made')")
    assert os.listdir(tmp_path) == []


def test_variables_that_code_sets() -> None:
    text = "os.environ.setdefault('A', '1')\nenviron['B'] = '2'\nos.putenv('C', '3')\nx.setdefault('D', '4')\ny['E'] = '5'\n"
    assert assigned_variables(text) == {"A": "1", "B": "2", "C": "3"}
    assert assigned_variables(text, forced=False) == {"A": "1"}
    assert assigned_variables(text, defaults=False) == {"B": "2", "C": "3"}
    assert assigned_variables("def f():\n  os.environ.setdefault('A', 'x' if y else 'z')\n  os.environ.setdefault(*a, **b)") == {}


INI = """; comment
[other]
module = no.wsgi
[uwsgi]
project = shop
base = /srv/%(project)
chdir = %(base)/src
module = %(project).wsgi:application
env = DJANGO_SETTINGS_MODULE=%(project).settings.$(STAGE)
env = A=b=c
socket=%d%n.sock
# stats = x
ini = more.ini
"""


def options_of(files: dict[str, str], path: str, environment: t.Mapping[str, str] | None = None) -> dict[str, list[str]]:
    """Read a configuration out of a table of files."""
    return uwsgi_options(path, files.get, environment or {})


def test_uwsgi_ini() -> None:
    files = {"/etc/uwsgi/shop.ini": INI, "/etc/uwsgi/more.ini": "[uwsgi]\nhome = %dvenv\n"}
    options = options_of(files, "/etc/uwsgi/shop.ini", {"STAGE": "prod"})
    assert options["chdir"] == ["/srv/shop/src"] and options["module"] == ["shop.wsgi:application"]
    assert options["env"] == ["DJANGO_SETTINGS_MODULE=shop.settings.prod", "A=b=c"]
    assert options["socket"] == ["/etc/uwsgi/shop.sock"] and options["home"] == ["/etc/uwsgi/venv"]
    assert "stats" not in options


def test_a_section_of_an_ini_file() -> None:
    assert options_of({"/x.ini": INI}, "/x.ini:other") == {"module": ["no.wsgi"]}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("/x.yaml", "# c\nuwsgi:\n  module: shop.wsgi\n  env:\n    - A=b\n    - 'C=d'\nother:\n  module: no\n"),
        ("/x.yml", 'uwsgi:\n  - module: shop.wsgi\n  - env: A=b\n  - env: "C=d"\n'),
        ("/x.xml", "<uwsgi><module>shop.wsgi</module><env>A=b</env><env>C=d</env></uwsgi>"),
        ("/x.json", '{"uwsgi": {"module": "shop.wsgi", "env": ["A=b", "C=d"]}}'),
    ],
)
def test_other_formats(name: str, text: str) -> None:
    assert options_of({name: text}, name) == {"module": ["shop.wsgi"], "env": ["A=b", "C=d"]}


def test_circles_and_missing_files_end() -> None:
    assert options_of({"/a.ini": "[uwsgi]\nini = a.ini\nmaster = 1\n"}, "/a.ini")["master"]
    assert options_of({}, "/a.ini") == {}


@settings(deadline=None)
@given(st.text(max_size=200), st.sampled_from(["ini", "yaml", "xml", "json"]))
def test_no_text_raises(text: str, ending: str) -> None:
    options_of({f"/x.{ending}": text, "/y.ini": "[uwsgi]\n" + text}, f"/x.{ending}")
    options_of({"/y.ini": "[uwsgi]\n" + text}, "/y.ini")
    gunicorn_options(text)
