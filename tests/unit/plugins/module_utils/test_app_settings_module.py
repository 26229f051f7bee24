# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""app_settings_module: what code says of its settings, without being run."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import app_settings_module as code
from ansible_collections.webops.django.plugins.module_utils.app_settings_module import View
from ansible_collections.webops.django.tests.unit.support.django_projects import MANAGE, WSGI
from hypothesis import given, settings
from hypothesis import strategies as st

FORCED = 'import os\nos.environ["DJANGO_SETTINGS_MODULE"] = "shop.forced"\n'


@pytest.mark.parametrize(
    ("text", "environment", "expected"),
    [
        (WSGI, {}, "conf.settings"),
        (WSGI, {"DJANGO_SETTINGS_MODULE": "conf.prod"}, "conf.prod"),
        (FORCED, {"DJANGO_SETTINGS_MODULE": "conf.prod"}, "shop.forced"),
        (None, {"DJANGO_SETTINGS_MODULE": "conf.prod"}, "conf.prod"),
        (None, {}, ""),
        ("os.environ.setdefault('DJANGO_SETTINGS_MODULE', f'shop.{stage}')", {}, ""),
    ],
)
def test_settings_named(text: str | None, environment: dict[str, str], expected: str) -> None:
    """An assignment wins over the environment, as it does when the code runs; a default does not."""
    assert code.settings_named(text, environment) == expected


def test_other_variables() -> None:
    text = "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'x'); os.environ.setdefault('DJANGO_CONFIGURATION', 'Prod')"
    assert code.other_variables(text) == {"DJANGO_CONFIGURATION": "Prod"}


def test_frameworks() -> None:
    assert code.is_other_framework("from fastapi import FastAPI\napp = FastAPI()")
    assert code.is_other_framework("import flask\n")
    assert not code.is_other_framework("from fastapi import FastAPI\nfrom django.core.asgi import get_asgi_application\n")
    assert not code.is_other_framework(WSGI) and not code.is_other_framework(None) and not code.is_other_framework("x = 'import flask'")


def test_modules_are_found_as_python_finds_them(tmp_path: Path) -> None:
    (tmp_path / "b" / "shop" / "wsgi").mkdir(parents=True)
    (tmp_path / "b" / "shop" / "wsgi" / "__init__.py").write_text("")
    (tmp_path / "a").mkdir()
    roots = ["", f"{tmp_path}/a", f"{tmp_path}/b"]
    view = View()
    assert code.module_file(view, "shop.wsgi", roots) == (f"{tmp_path}/b/shop/wsgi/__init__.py", f"{tmp_path}/b")
    for name in ("shop.none", "../shop", "shop..wsgi", "", "/etc/passwd", "shop.wsgi\0"):
        assert code.module_file(view, name, roots) == ("", "")


def test_whose_manage_py(tmp_path: Path) -> None:
    view = View()
    assert not code.is_django_manage(view, str(tmp_path))
    (tmp_path / "manage.py").write_text("from flask_script import Manager\n")
    assert not code.is_django_manage(view, str(tmp_path))
    (tmp_path / "manage.py").write_text(MANAGE)
    assert code.is_django_manage(view, str(tmp_path))


def test_a_containers_files_begin_at_its_root(tmp_path: Path) -> None:
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv" / "x[1]").write_text("a\udcff", errors="surrogateescape")
    view = View(str(tmp_path))
    assert view.read("/srv/x[1]") == "a\udcff" and view.is_file("/srv/x[1]") and view.is_folder("/srv")
    assert view.names("/srv") == ["x[1]"] and view.glob("/s*/x*") == ["/srv/x[1]"]
    assert view.read("/none") is None and view.read("/srv") is None and view.read("/\0") is None and view.names("/none") == []
    (tmp_path / "srv" / "huge").write_bytes(b"x" * (code.SIZE_LIMIT + 1))
    assert view.read("/srv/huge") is None


def test_dotenv_files(tmp_path: Path) -> None:
    """Only code that loads one gets it, from the nearest folder."""
    (tmp_path / "near").mkdir()
    (tmp_path / ".env").write_text("A=far\n")
    folders = [str(tmp_path / "near"), str(tmp_path)]
    loading = "from dotenv import load_dotenv\nload_dotenv()\n"
    assert code.dotenv_variables(View(), loading, folders) == {"A": "far"}
    (tmp_path / "near" / ".env").write_text("A=near\n")
    assert code.dotenv_variables(View(), loading, folders) == {"A": "near"}
    assert code.dotenv_variables(View(), WSGI, folders) == code.dotenv_variables(View(), None, folders) == {}


def test_lines_of_dotenv_files() -> None:
    text = '# c\nA=1\nexport B = two words \nC=\'x # y\'\nD="q\\"x" # c\nE=\nF=a#b\nG=v # c\nno line\n1X=2\nH=https://u:p@h/?a=b\n'
    expected = {"A": "1", "B": "two words", "C": "x # y", "D": 'q"x', "E": "", "F": "a#b", "G": "v", "H": "https://u:p@h/?a=b"}
    assert code.read_dotenv(text) == expected


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_text_raises(text: str) -> None:
    code.read_dotenv(text)
    code.settings_named(text, {})
    code.is_other_framework(text)


def test_a_long_line_of_a_dotenv_file_is_read_in_linear_time() -> None:
    assert code.read_dotenv("A=" + "x#" * 20_000 + "\n" + "B=" + " " * 20_000 + "\n" + 'C="' + "\\" * 20_001) is not None
