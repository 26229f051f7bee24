# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that nobody knows, and what there is instead."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.info_references import Known, unknown_references
from ansible_collections.webops.django.tests.unit.support.django_projects import write

NO_TEMPLATES: dict[str, t.Any] = {"templates": 0, "unknown": [], "notes": [], "notes_count": 0}


def asked(folder: Path, css: str, *names: str) -> list[str]:
    """Return the unknown names that a style sheet app/css/a.css asks for."""
    write(folder / "a.css", css)
    files = [{"path": "app/css/a.css", "source": str(folder / "a.css"), "shadowed": False}]
    files += [{"path": name, "source": "", "shadowed": False} for name in names]
    evidence = {"files": files, "references": NO_TEMPLATES, "static_url": "/static/"}
    return [item["name"] for item in unknown_references(evidence, "")["unknown"]]


@pytest.mark.parametrize(
    ("css", "names"),
    [
        ("i { src: url(x.png) }", ["app/css/x.png"]),
        ("i { src: url('../x.png?#iefix') }", ["app/x.png"]),
        ('@import "/static/x.css";', ["x.css"]),
        ("@import url(/static/b%20c.css) print;", ["b c.css"]),
        ("i { src: url(/other/x.png) url(//cdn.example.com/x.png) url(https://x.example.com) url(data:;base64,) url(#id) url(fonts/) url() }", []),
        ("i { src: url(known.png) }", []),
        ("/* url(x.png) */ i { content: 'url(x.png)' }", []),
        ("i { src: image-set('x.png' 1x) }", []),
        ("i { src: url(../../../x.png) }", ["../x.png"]),
        ("i { src: url(http://[bad) }", []),
    ],
)
def test_what_a_style_sheet_makes_django_look_for(tmp_path: Path, css: str, names: list[str]) -> None:
    """HashedFilesMixin.url_converter() in Django looks for these."""
    assert asked(tmp_path, css, "app/css/known.png") == names


def test_a_pipe_in_the_place_of_a_style_sheet_does_not_block(tmp_path: Path) -> None:
    """Nor does a file that vanished."""
    os.mkfifo(tmp_path / "p.css")
    files = [{"path": name, "source": str(tmp_path / name), "shadowed": False} for name in ("p.css", "gone.css")]
    told = unknown_references({"files": files, "references": NO_TEMPLATES, "static_url": "/static/"}, "")
    assert (told["unknown_count"], told["style_sheets_count"]) == (0, 2)


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("img/logo.png", {"other_case": "img/LOGO.png"}),
        ("/IMG/logo.png", {"other_case": "img/LOGO.png"}),
        ("/js/a.mjs", {"without_slash": "js/a.mjs"}),
        ("js/a.js", {"other_extension": "js/a.mjs"}),
        ("js", {"inside": "js/a.css"}),
        ("js/b.js", {}),
    ],
)
def test_facts_about_a_name(name: str, facts: dict[str, str]) -> None:
    """Everything else is empty."""
    told = Known(["img/LOGO.png", "js/a.mjs", "js/a.css"], "").facts(name)
    assert {key: value for key, value in told.items() if value} == facts


def test_a_file_that_an_earlier_collectstatic_left_is_served(tmp_path: Path) -> None:
    """Outside of the tree nothing is looked for."""
    write(tmp_path / "root/old.js", "")
    write(tmp_path / "up.js", "")
    known = Known([], str(tmp_path / "root"))
    assert [known.has(name) for name in ("old.js", "../up.js", "/etc/passwd", "none.js")] == [True, False, False, False]
