# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quick storages write what Django's own write, byte for byte: compared with collectstatic itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.django_probe_storage import _is_plain
from ansible_collections.webops.django.plugins.module_utils.django_project import ask
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.tests.unit.support.django_projects import DJANGOS, MANIFEST_STORAGE, make_project, project_at, write

FILES = {
    "app/a.css": '@import "b.css"; @import url("deep/c.css"); p { background: url(i.svg) }',
    "app/b.css": 'p { background: url("i.svg#part") } @import "deep/c.css";',
    "app/deep/c.css": "@font-face { src: url('../f.woff?#iefix') }\n/*# sourceMappingURL=c.css.map */",
    "app/deep/c.css.map": "{}",
    "app/f.woff": "font",
    "app/i.svg": "<svg/>",
    "app/m.js": 'import { x } from "./n.js";\n//# sourceMappingURL=m.js.map',
    "app/m.js.map": "{}",
    "app/n.js": "export const x = 1;",
    "app/ä ö/%20 #.txt": "odd name",
    "app/same.0123456789ab.css": "looks hashed",
    "app/empty.css": "",
    "app/other.css": "",
    "app/script.bin": "\0\1",
}
CHAIN = {f"chain/{number}.css": f'@import "{number + 1}.css";' for number in range(4)}
STORAGES = {
    "plain": "",
    "manifest": MANIFEST_STORAGE,
    "modules": MANIFEST_STORAGE.replace("django.contrib.staticfiles.storage.Manifest", "conf.storage.Manifest"),
}
MODULES = "from django.contrib.staticfiles import storage as s\nclass ManifestStaticFilesStorage(s.ManifestStaticFilesStorage):\n"


def tree(root: Path) -> dict[str, bytes]:
    """Return the contents of all files."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("django", DJANGOS, ids=lambda path: path.name)
@pytest.mark.parametrize("storage", STORAGES)
def test_the_same_files_as_collectstatic(tmp_path: Path, django: Path, storage: str) -> None:
    """Names, contents and the manifest, with style sheets that import each other over several passes."""
    project = make_project(tmp_path / "project", STORAGES[storage], {**FILES, **CHAIN, "chain/4.css": "p {}"})
    write(project / "conf/storage.py", MODULES + "    support_js_module_import_aggregation = True\n")
    environment = {**os.environ, "PYTHONPATH": str(django)}
    subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"], cwd=project, env=environment, check=True)
    (tmp_path / "ours").mkdir()
    ask(project_at(project, PYTHONPATH=str(django)), "collect", overrides={"STATIC_ROOT": str(tmp_path / "ours")})
    assert tree(tmp_path / "ours") == tree(project / "collected")
    assert len(tree(tmp_path / "ours")) > len(FILES)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a.css": "p { background: url(missing.png) }"}, "missing.png"),
        ({"a.css": '@import "b.css";', "b.css": '@import "a.css";'}, "Max post-process passes exceeded"),
    ],
)
def test_the_same_errors(tmp_path: Path, files: dict[str, str], words: str) -> None:
    """Django finds them."""
    project = make_project(tmp_path / "project", MANIFEST_STORAGE, files)
    (tmp_path / "ours").mkdir()
    with pytest.raises(ExplainedError, match=words):
        ask(project_at(project), "collect", overrides={"STATIC_ROOT": str(tmp_path / "ours")})


def test_methods_that_a_project_put_into_djangos_classes_are_run(tmp_path: Path) -> None:
    """They may change what is written."""
    patch = "from django.core.files.storage import FileSystemStorage as S\n_save = S._save\ndef s(self, name, content):\n"
    patch += "    open(BASE_DIR / 'saved', 'a').write(name + chr(10))\n    return _save(self, name, content)\nS._save = s\n"
    project = make_project(tmp_path / "project", patch)
    (tmp_path / "ours").mkdir()
    ask(project_at(project), "collect", overrides={"STATIC_ROOT": str(tmp_path / "ours")})
    assert (project / "saved").read_text().split() == ["app/a.css", "app/b.js"]


@pytest.mark.parametrize(
    ("name", "plain"),
    [("a", True), ("a/b c.css", True), ("a//b", False), ("./a", False), ("../a", False), ("a/../b", False), ("/a", False), ("", False)],
)
def test_plain_names(name: str, plain: bool) -> None:
    """All others are looked at by Django."""
    assert _is_plain(name) == plain
