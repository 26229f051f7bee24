# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What templates and form media of real projects ask for."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.webops.django.plugins.module_utils.django_project import ask
from ansible_collections.webops.django.tests.unit.support.django_projects import MANIFEST_STORAGE, make_project, project_at, write

TEMPLATES = """
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [BASE_DIR / "pages"], "OPTIONS": {"loaders": [
    ("django.template.loaders.cached.Loader", ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"])]}},
    {"BACKEND": "django.template.backends.dummy.TemplateStrings", "APP_DIRS": True}]
"""


def references(project: Path, limit: int = 50) -> dict[str, t.Any]:
    """Ask a project."""
    return dict(ask(project_at(project), "static_info", references=limit)["references"])


def test_literal_tags_are_found_wherever_they_stand(tmp_path: Path) -> None:
    """In blocks, conditions and loops of the project's and of apps' templates; names that only a page knows are left out."""
    project = make_project(tmp_path, TEMPLATES)
    write(
        project / "pages/page.html",
        '{% extends "none.html" %}{% load static %}{% block a %}'
        '{% if x %}{% static "in/if.css" %}{% else %}{% static "in/else.css" as y %}{% endif %}'
        '{% for z in x %}{% static z %}{% static "a/"|add:z %}{% empty %}{% static "in/empty.css" %}{% endfor %}{% endblock %}'
        '{# {% static "comment.css" %} #}{% static "app/a.css" %}{% static "folder/" %}',
    )
    write(project / "app/templates/app/deep/page.txt", "{% load static %}{% static 'of/app.css' %}{% static 'in/if.css' %}")
    write(project / "pages/broken.html", "{% load static %}{% nothing %}")
    (project / "pages/bytes.html").write_bytes(b"{% static \xff %}")
    told = references(project)
    assert sorted(item["name"] for item in told["unknown"]) == ["in/else.css", "in/empty.css", "in/if.css", "of/app.css"]
    (twice,) = [item for item in told["unknown"] if item["name"] == "in/if.css"]
    assert twice["used_by"] == [f"{tmp_path}/pages/page.html", f"{tmp_path}/app/templates/app/deep/page.txt"]
    assert (told["templates"], told["notes_count"]) == (4, 2)


def test_media_of_installed_apps_are_read(tmp_path: Path) -> None:
    """Not those of a class that is defined elsewhere, nor what does not go through the storage."""
    project = make_project(tmp_path)
    body = "from django import forms\nclass W(forms.Widget):\n    class Media:\n"
    body += "        css = {'all': ['w.css']}\n        js = ('w.js', '/abs.js', object())\n"
    write(
        project / "app/models.py", "import elsewhere\n" + body + "class F(forms.Form):\n    class Media:\n        js = ['f.js']\nclass G(F): pass\n"
    )
    write(project / "elsewhere.py", body.replace("w.", "other."))
    assert sorted(item["name"] for item in references(project)["unknown"]) == ["f.js", "w.css", "w.js"]


def test_the_storage_itself_is_asked_and_the_list_is_bounded(tmp_path: Path) -> None:
    """Even while DEBUG is on, which hides what a manifest lacks."""
    project = make_project(tmp_path, TEMPLATES + MANIFEST_STORAGE + "DEBUG = True\n")
    write(project / "pages/page.html", "{% load static %}" + "".join(f'{{% static "{number}.css" %}}' for number in range(30)))
    told = references(project, limit=10)
    assert (told["unknown_count"], len(told["unknown"])) == (30, 10)
    assert told["unknown"][0]["storage_error"] == "ValueError: Missing staticfiles manifest entry for '0.css'"
