# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module on the target: what it returns, and how."""

from __future__ import annotations

import json
import pathlib

from ansible_collections.webops.django.tests.unit.support.django_projects import run_module

NOTHING = {"workers": {}, "paths": [], "trees": [], "writable": {}, "asks": [], "pages": [], "logs": {"paths": [], "words": []}, "seconds": 5}


def test_a_look_tells_what_was_asked_for(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.css").write_text("a")
    request = dict(NOTHING, paths=[{"path": str(tmp_path / "a.css"), "nginx": "", "digest": False}])
    result = run_module("django_static_evidence", look=request)
    assert (result["changed"], list(result["look"]["paths"])) == (False, [str(tmp_path / "a.css")])
    assert result["look"]["paths"][str(tmp_path / "a.css")]["kind"] == "file"


def test_names_that_are_no_utf8_survive_as_text(tmp_path: pathlib.Path) -> None:
    name = bytes(tmp_path) + b"/caf\xe9.css"
    pathlib.Path(name.decode("utf-8", "surrogateescape")).write_text("a")
    request = dict(NOTHING, paths=[{"path": name.decode("utf-8", "surrogateescape"), "nginx": "", "digest": False}])
    result = run_module("django_static_evidence", look=json.dumps(request), as_text=True)
    (path,) = json.loads(result["answer"])["look"]["paths"].values()
    assert (path["path"].encode("utf-8", "surrogateescape"), path["kind"]) == (name, "file")
    assert result["answer"].isascii()


def test_it_is_the_same_in_check_mode() -> None:
    assert run_module("django_static_evidence", check_mode=True, look=NOTHING)["changed"] is False
