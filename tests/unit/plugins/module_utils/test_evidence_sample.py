# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sample of a project's files, and what must be served for each."""

from __future__ import annotations

import hashlib
import pathlib
import typing as t

from ansible_collections.webops.django.plugins.module_utils.evidence_sample import DIGEST_LIMIT, digest_of, files_to_ask
from ansible_collections.webops.django.plugins.module_utils.info_evidence import Details
from ansible_collections.webops.django.plugins.module_utils.info_manifest import Manifest

NO_MANIFEST = Manifest("", False, "", "", {})


def details(tmp_path: pathlib.Path, names: t.Sequence[str], states: dict[str, str], manifest: Manifest = NO_MANIFEST) -> Details:
    files = []
    for name in names:
        source = tmp_path / "source" / name
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(f"source of {name}")
        files.append({"path": name, "source": str(source), "app": name.partition("/")[0], "shadowed": False})
    return Details(files, states, manifest)


def evidence(tmp_path: pathlib.Path, **changes: t.Any) -> dict[str, t.Any]:
    return {"storage_location": str(tmp_path / "root"), "manifest_name": "", "storage_details": {"keeps_content": True}, **changes}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_what_must_be_served_is_the_source_where_the_copy_is_not_right(tmp_path: pathlib.Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root/a.css").write_text("source of a.css")
    (tmp_path / "root/b.css").write_text("old")
    told = {
        item["path"]: item
        for item in files_to_ask(
            evidence(tmp_path), details(tmp_path, ["a.css", "b.css", "c.css"], {"a.css": "same", "b.css": "different", "c.css": "missing"})
        )
    }
    assert {path: item["sha256"] for path, item in told.items()} == {name: digest(f"source of {name}") for name in ("a.css", "b.css", "c.css")}
    assert told["c.css"]["collected"] == str(tmp_path / "root/c.css")
    assert [told[name]["state"] for name in sorted(told)] == ["same", "different", "missing"]


def test_a_manifest_tells_the_name_and_the_copy_the_content(tmp_path: pathlib.Path) -> None:
    """A storage that hashes names may rewrite style sheets: the source's bytes are not what is served."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root/a.0123.css").write_text("rewritten")
    manifest = Manifest("m", True, "", "", {"a.css": "a.0123.css", "b.css": "b.4567.css"})
    told = files_to_ask(
        evidence(tmp_path, manifest_name="staticfiles.json"),
        details(tmp_path, ["a.css", "b.css"], {"a.css": "same", "b.css": "hashed_missing"}, manifest),
    )
    assert [(item["path"], item["source_path"], item["sha256"], item["hashed"]) for item in told] == [
        ("a.0123.css", "a.css", digest("rewritten"), True),
        ("b.4567.css", "b.css", None, True),
    ]


def test_every_app_extension_and_folder_is_covered_and_the_admin_always(tmp_path: pathlib.Path) -> None:
    names = [
        f"app{app}/dir{folder}/{number}.{extension}" for app in range(3) for folder in range(3) for extension in ("css", "js") for number in range(20)
    ]
    names += ["admin/css/base.css", "admin/css/other.css"]
    told = [item["path"] for item in files_to_ask(evidence(tmp_path), details(tmp_path, names, {}), 30)]
    assert len(told) in (30, 31)
    assert "admin/css/base.css" in told
    assert {(path.rpartition("/")[0], path.rpartition(".")[2]) for path in told} == {
        (path.rpartition("/")[0], path.rpartition(".")[2]) for path in names
    }


def test_without_a_root_there_is_no_collected_path(tmp_path: pathlib.Path) -> None:
    told = files_to_ask(evidence(tmp_path, storage_location=""), details(tmp_path, ["a.css"], {}))
    assert (told[0]["collected"], told[0]["state"], told[0]["sha256"]) == ("", "unknown", digest("source of a.css"))


def test_what_cannot_be_read_has_no_digest(tmp_path: pathlib.Path) -> None:
    assert digest_of(str(tmp_path / "none")) == (None, None)
    assert digest_of(str(tmp_path)) == (None, None)
    with open(tmp_path / "large", "wb") as file:
        file.truncate(DIGEST_LIMIT + 1)
    assert digest_of(str(tmp_path / "large")) == (DIGEST_LIMIT + 1, None)
