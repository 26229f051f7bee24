# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""app_project: interpreter, project folder and settings, in layouts that projects have."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.app_commands import read_command
from ansible_collections.webops.django.plugins.module_utils.app_options import complete
from ansible_collections.webops.django.plugins.module_utils.app_project import Located, Surroundings, locate
from ansible_collections.webops.django.plugins.module_utils.app_settings_module import View
from ansible_collections.webops.django.tests.unit.support.django_projects import MANAGE, WSGI, make_project, write


def make_venv(folder: Path) -> Path:
    """Make what is looked for in a virtual environment."""
    write(folder / "pyvenv.cfg", "home = /usr/bin\n")
    for name in ("python", "python3", "gunicorn"):
        write(folder / "bin" / name, "")
    return folder


def located(line: str, cwd: Path, view: View | None = None, environment: dict[str, str] | None = None, **around: object) -> Located:
    """Locate the project of a process."""
    command = read_command(line.split() if not line.startswith("gunicorn: ") else [line])
    assert command is not None
    view = view or View()
    folder = str(cwd)
    given = complete(command, view, folder, environment or {})
    return locate(command, Surroundings(view, folder, given, **around))  # type: ignore[arg-type]


@pytest.fixture(name="shop")
def _shop(tmp_path: Path) -> Path:
    """A project whose modules are in the package conf, with a virtual environment beside it."""
    make_venv(tmp_path / "venv")
    return make_project(tmp_path / "shop")


def test_the_usual_layout(shop: Path) -> None:
    venv = shop.parent / "venv"
    found = located(f"{venv}/bin/python3 {venv}/bin/gunicorn conf.wsgi:application", shop)
    assert (found.python, found.virtualenv) == (f"{venv}/bin/python3", str(venv))
    assert (found.project_path, found.settings_module, found.settings_file) == (str(shop), "conf.settings", f"{shop}/conf/settings.py")
    assert found.is_django and found.import_path == [str(shop)]


@pytest.mark.parametrize(
    ("line", "below"),
    [
        ("gunicorn --chdir shop conf.wsgi", "."),
        ("gunicorn --chdir ../shop conf.wsgi", "venv"),
        ("gunicorn --pythonpath FOLDER/shop,/none conf.wsgi", "venv"),
        ("uvicorn --app-dir shop conf.wsgi:application", "."),
        ("uwsgi --chdir FOLDER/shop --module conf.wsgi", "."),
        ("uwsgi --wsgi-file FOLDER/shop/conf/wsgi.py", "shop"),
        ("uwsgi --pp FOLDER/shop -w conf.wsgi", "venv"),
        ("manage.py runserver", "shop"),
        ("python shop/manage.py runserver", "."),
        ("python ../shop/manage.py runserver --settings conf.settings", "venv"),
    ],
)
def test_ways_to_say_where_it_is(shop: Path, line: str, below: str) -> None:
    found = located(line.replace("FOLDER", str(shop.parent)), shop.parent / below)
    assert (found.project_path, found.settings_module, found.is_django) == (str(shop), "conf.settings", True)
    assert found.settings_file == f"{shop}/conf/settings.py"


def test_pythonpath_of_the_environment(shop: Path) -> None:
    found = located("gunicorn conf.wsgi", shop.parent / "venv", environment={"PYTHONPATH": f"/none:{shop}"})
    assert found.project_path == str(shop) and str(shop) in found.import_path


def test_manage_py_above_or_below_the_package(tmp_path: Path) -> None:
    """The import path and the folder of manage.py need not be the same."""
    write(tmp_path / "above" / "manage.py", MANAGE)
    write(tmp_path / "above" / "src" / "conf" / "wsgi.py", WSGI)
    found = located("gunicorn conf.wsgi", tmp_path / "above" / "src")
    assert found.project_path == f"{tmp_path}/above" and found.import_path == [f"{tmp_path}/above/src"]
    write(tmp_path / "below" / "src" / "manage.py", MANAGE)
    found = located("gunicorn: master [shop]", tmp_path / "below")
    assert (found.project_path, found.settings_module) == (f"{tmp_path}/below/src", "conf.settings")


def test_a_project_without_manage_py(tmp_path: Path) -> None:
    write(tmp_path / "conf" / "wsgi.py", WSGI)
    found = located("gunicorn conf.wsgi", tmp_path)
    assert (found.project_path, found.settings_module, found.is_django) == (str(tmp_path), "conf.settings", True)


def test_a_project_that_is_installed_as_a_package(tmp_path: Path) -> None:
    """Itself, or as an editable installation."""
    venv = make_venv(tmp_path / "venv")
    packages = venv / "lib" / "python3.11" / "site-packages"
    write(packages / "conf" / "wsgi.py", WSGI)
    found = located(f"{venv}/bin/python {venv}/bin/gunicorn conf.wsgi", Path("/"))
    assert (found.settings_module, found.is_django) == ("conf.settings", True) and found.import_path == ["/"]
    write(tmp_path / "src" / "mine" / "wsgi.py", WSGI.replace("conf.", "mine."))
    write(tmp_path / "src" / "mine" / "settings.py", "")
    write(packages / "__editable__.mine.pth", f"import x\n{tmp_path}/src\n")
    found = located(f"{venv}/bin/python {venv}/bin/gunicorn mine.wsgi", Path("/"))
    assert found.settings_file == f"{tmp_path}/src/mine/settings.py" and f"{tmp_path}/src" in found.import_path


@pytest.mark.parametrize(
    ("line", "environment", "expected"),
    [
        ("gunicorn conf.wsgi", {"DJANGO_SETTINGS_MODULE": "conf.prod"}, "conf.prod"),
        ("gunicorn -e DJANGO_SETTINGS_MODULE=conf.prod conf.wsgi", {}, "conf.prod"),
        ("uwsgi --env DJANGO_SETTINGS_MODULE=conf.prod --module conf.wsgi", {}, "conf.prod"),
        ("manage.py runserver --settings=conf.prod", {"DJANGO_SETTINGS_MODULE": "no"}, "conf.prod"),
        ("manage.py runserver", {"DJANGO_SETTINGS_MODULE": "conf.prod"}, "conf.prod"),
        ("gunicorn: master [shop]", {}, "conf.settings"),
        ("gunicorn none.wsgi", {}, "conf.settings"),
    ],
)
def test_settings(shop: Path, line: str, environment: dict[str, str], expected: str) -> None:
    assert located(line, shop, environment=environment).settings_module == expected


def test_what_code_sets_reaches_the_environment(shop: Path) -> None:
    loading = "import os\nfrom dotenv import load_dotenv\nload_dotenv()\nos.environ.setdefault('DJANGO_CONFIGURATION', 'Prod')\n"
    write(shop / "conf" / "wsgi.py", loading + WSGI)
    write(shop / ".env", "SECRET_KEY=x\nA=file\n")
    found = located("gunicorn conf.wsgi", shop, environment={"A": "own"})
    assert found.environment == {"A": "own", "SECRET_KEY": "x", "DJANGO_CONFIGURATION": "Prod"}


def test_settings_that_a_dotenv_file_names(shop: Path) -> None:
    """It is loaded before the default is set, and a variable of the process counts more."""
    write(shop / "conf" / "wsgi.py", "from dotenv import load_dotenv\nload_dotenv()\n" + WSGI)
    write(shop / ".env", "DJANGO_SETTINGS_MODULE=conf.production\n")
    assert located("gunicorn conf.wsgi", shop).settings_module == "conf.production"
    assert located("gunicorn conf.wsgi", shop, environment={"DJANGO_SETTINGS_MODULE": "conf.own"}).settings_module == "conf.own"


@pytest.mark.parametrize(
    "lines",
    [
        "import os\nif os.environ.get('ENV') == 'production':\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'conf.production')\n"
        "else:\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'conf.local')\n",
        "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', f\"conf.{os.environ['ENV']}\")\n",
        "import os\nfrom decouple import config\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', config('SETTINGS'))\n",
    ],
)
def test_settings_that_are_computed_are_not_guessed(shop: Path, lines: str) -> None:
    """It is a Django application all the same, and manage.py may know other settings."""
    write(shop / "conf" / "wsgi.py", lines + "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n")
    found = located("gunicorn conf.wsgi", shop)
    assert (found.is_django, found.settings_module) == (True, "")
    assert located("gunicorn conf.wsgi", shop, environment={"DJANGO_SETTINGS_MODULE": "conf.own"}).settings_module == "conf.own"


@pytest.mark.parametrize("text", ["from flask import Flask\napp = Flask(__name__)\n", "from fastapi import FastAPI\n"])
def test_other_frameworks_are_no_django(shop: Path, text: str) -> None:
    """Not even in the folder of a Django project, unless their environment says so."""
    write(shop / "api.py", text)
    assert not located("uvicorn api:app", shop).is_django
    assert located("uvicorn api:app", shop, environment={"DJANGO_SETTINGS_MODULE": "conf.settings"}).is_django
    (shop / "manage.py").unlink()
    assert not located("gunicorn none:app", shop).is_django


def test_which_interpreter(shop: Path) -> None:
    """That of the virtual environment, however it is known; the program itself is only a link's end."""
    venv = make_venv(shop.parent / "other")
    module = f"{venv}/lib/python3.11/site-packages/_cffi_backend.cpython-311-x86_64-linux-gnu.so"
    line, titled = "python /usr/bin/gunicorn conf.wsgi", "gunicorn: master [conf.wsgi:application]"
    executable = "/usr/bin/python3"
    assert located(line, shop, mapped=[module], executable=executable).python == f"{venv}/bin/python"
    assert located(titled, shop, mapped=["/lib/x.so", module], executable=executable).python == f"{venv}/bin/python"
    assert located(line, shop, environment={"VIRTUAL_ENV": str(venv)}).python == f"{venv}/bin/python"
    assert located(line, shop, environment={"PATH": f"/none:{venv}/bin"}).python == f"{venv}/bin/python"
    assert located(titled, shop, unit_python=f"{venv}/bin/python3").python == f"{venv}/bin/python3"
    assert located(f"{venv}/bin/gunicorn conf.wsgi", shop).python == f"{venv}/bin/python"
    assert located(f"uwsgi --home {venv} --module conf.wsgi", shop).python == f"{venv}/bin/python"
    assert located("uwsgi --virtualenv ../other --module conf.wsgi", shop).virtualenv == str(venv)
    assert located("../other/bin/python manage.py runserver", shop).python == f"{venv}/bin/python"
    assert located(titled, shop, executable=executable).python == executable
    assert located(titled, shop, executable="/none/python3").python == ""
    assert located(f"uwsgi --home {shop} --module conf.wsgi", shop, mapped=["/usr/lib/libpython3.11.so.1.0"]).python == "/usr/bin/python3.11"


def test_a_containers_paths_are_its_own(tmp_path: Path) -> None:
    make_project(tmp_path / "root" / "app")
    venv = make_venv(tmp_path / "root" / "venv")
    for name in ("python", "python3"):
        (venv / "bin" / name).unlink()
        (venv / "bin" / name).symlink_to("/usr/local/bin/none-here")
    found = located("/venv/bin/python /venv/bin/gunicorn conf.wsgi", Path("/app"), View(f"{tmp_path}/root"))
    assert (found.project_path, found.settings_file, found.python) == ("/app", "/app/conf/settings.py", "/venv/bin/python")


def test_odd_names_and_missing_folders(tmp_path: Path) -> None:
    for line in ("gunicorn --chdir /none conf.wsgi", "gunicorn ../../x:y", "uwsgi --wsgi-file /none --module x", "manage.py runserver"):
        found = located(line, tmp_path / "gone", environment={"PYTHONPATH": "\udcff:::", "VIRTUAL_ENV": "x"})
        assert not found.is_django and found.python in ("", "/usr/bin/python3")
