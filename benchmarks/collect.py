# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What collecting costs: django_collectstatic beside Django's own command, WhiteNoise's storage and cp.

    .venv/bin/python benchmarks/collect.py [--files 1000 10000] [--brotli-files 1000] [--rounds 3] [--json PATH]

Every way collects the same project with Django's manifest storage, and what it made is compared, file by file, after the last round.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import sys
import tempfile
import typing as t
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent.parent / ".ansible" / "collections")]

from ansible_collections.webops.django.plugins.module_utils import brotli_codec  # noqa: E402

from benchmarks import measure, sample_files  # noqa: E402

WHITENOISE = "whitenoise==6.12.0"
BROTLI = "brotli==1.2.0"
SETTINGS = """
from pathlib import Path
import os
BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "for a benchmark"
ALLOWED_HOSTS = ["shop.example.com"]
INSTALLED_APPS = ["django.contrib.staticfiles", *sorted(path.name for path in BASE_DIR.glob("app*"))]
ROOT_URLCONF = "conf.urls"
STATIC_URL = "static/"
STATIC_ROOT = os.environ.get("COLLECT_INTO") or BASE_DIR.parent / "static_root"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
"""
WITH_WHITENOISE = """
from conf.settings import *
STORAGES["staticfiles"] = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
"""
MANAGE = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conf.settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""


class Project:
    """A Django project with so many static files, in one app for each copy of the sample files."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.path, self.count = folder, folder / "project", count
        for name, content in {
            "manage.py": MANAGE,
            "conf/__init__.py": "",
            "conf/settings.py": SETTINGS,
            "conf/settings_whitenoise.py": WITH_WHITENOISE,
            "conf/urls.py": "urlpatterns = []\n",
        }.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(content, encoding="utf-8")
        for number, name, original in sample_files.copies(count):
            app = self.path / f"app{number:03}"
            app.mkdir(exist_ok=True)
            (app / "__init__.py").touch()
            sample_files.write_copy(app / "static" / app.name / name, original, number)

    def place(self, name: str) -> Path:
        """Return where a way collects into."""
        return self.folder / "collected" / name

    def django(self, name: str, settings: str = "conf.settings", python_path: t.Sequence[Path] = (), again: bool = False) -> measure.Run:
        """Run the project's own collectstatic.

        :param again: over what is there already.
        """
        if not again:
            shutil.rmtree(self.place(name), ignore_errors=True)
        return measure.run(
            [sys.executable, "manage.py", "collectstatic", "--noinput"],
            folder=self.path,
            DJANGO_SETTINGS_MODULE=settings,
            COLLECT_INTO=str(self.place(name)),
            PYTHONPATH=os.pathsep.join(map(str, python_path)),
        )

    def ours(self, name: str, encodings: t.Sequence[str] = (), again: bool = False) -> measure.Run:
        """Run the module.

        :raises SystemExit: ``changed`` is not the truth.
        """
        if not again:
            shutil.rmtree(self.place(name), ignore_errors=True)
        options = {"precompress": list(encodings)} if encodings else {}
        used, result = measure.run_module(
            "django_collectstatic", project_path=str(self.path), python=sys.executable, dest=str(self.place(name)), clear=True, **options
        )
        if result["changed"] == again:
            raise SystemExit(f"django_collectstatic says changed: {result['changed']}, {'again' if again else 'for the first time'}.")
        return used

    def copy(self) -> measure.Run:
        """Only copy the sources: the floor for anything that collects for the first time."""
        shutil.rmtree(self.place("cp"), ignore_errors=True)
        return measure.run(["cp", "-r", self.path, self.place("cp")])


def tree(folder: Path) -> dict[str, Path]:
    """List a folder's files by relative path."""
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def compare(ours: Path, theirs: Path) -> None:
    """Make sure that two trees hold the same files, and that each compressed sibling decompresses to its file.

    :raises SystemExit: they do not.
    """
    one, other = (({name: path for name, path in tree(folder).items() if path.suffix not in (".gz", ".br")}) for folder in (ours, theirs))
    if one.keys() != other.keys():
        raise SystemExit(f"{ours} and {theirs} hold other names: {sorted(one.keys() ^ other.keys())[:5]}")
    for name, path in one.items():
        if name == "staticfiles.json":
            same = json.loads(path.read_text(encoding="utf-8"))["paths"] == json.loads(other[name].read_text(encoding="utf-8"))["paths"]
        else:
            same = path.read_bytes() == other[name].read_bytes()
        if not same:
            raise SystemExit(f"{path} and {other[name]} differ.")
    for name, path in tree(ours).items():
        if path.suffix == ".gz" and gzip.decompress(path.read_bytes()) != (ours / name[:-3]).read_bytes():
            raise SystemExit(f"{path} is not what it was made of.")
        if path.suffix == ".br" and b"".join(brotli_codec.decompressed([path.read_bytes()], 1 << 16)) != (ours / name[:-3]).read_bytes():
            raise SystemExit(f"{path} is not what it was made of.")


def sent_bytes(folder: Path, suffix: str) -> int:
    """Return the bytes that a client gets that asks for each file and accepts an encoding."""
    files = tree(folder)
    return sum(files.get(name + suffix, path).stat().st_size for name, path in files.items() if path.suffix not in (".gz", ".br"))


Figures = t.Dict[str, t.List[float]]


def measure_unchanged(project: Project, rounds: int) -> Figures:
    """Collect again where nothing has changed."""
    project.django("django")
    project.ours("ours")
    project.ours("ours with gzip", ["gzip"])
    runs = measure.interleaved(
        rounds,
        {
            "Django": lambda: project.django("django", again=True),
            "module": lambda: project.ours("ours", again=True),
            "module, gzip": lambda: project.ours("ours with gzip", ["gzip"], again=True),
        },
    )
    compare(project.place("ours"), project.place("django"))
    return {name: [run.seconds for run in found] for name, found in runs.items()}


def measure_first(project: Project, rounds: int, encodings: t.Sequence[str]) -> tuple[Figures, dict[str, int]]:
    """Collect and precompress where nothing is yet.

    :returns: seconds, and the bytes that clients get.
    """
    packages = [measure.install("whitenoise", WHITENOISE), *([measure.install("brotli", BROTLI)] if "brotli" in encodings else [])]
    runs = measure.interleaved(
        rounds,
        {
            "WhiteNoise": lambda: project.django("whitenoise", "conf.settings_whitenoise", packages),
            "module": lambda: project.ours("ours", encodings),
            "Django, nothing compressed": lambda: project.django("django"),
            "cp -r": project.copy,
        },
    )
    compare(project.place("ours"), project.place("django"))
    compare(project.place("whitenoise"), project.place("django"))
    suffix = ".br" if "brotli" in encodings else ".gz"
    return {name: [run.seconds for run in found] for name, found in runs.items()}, {
        name: sent_bytes(project.place(name), suffix) for name in ("ours", "whitenoise", "django")
    }


def rows_for(count: int, figures: Figures, base: str, *note: str) -> list[list[str]]:
    """Make a row for each way, with its ratio to one of them."""
    return [
        [f"{count:,}", *note, name, measure.spread(values), "1" if name == base else measure.spread(measure.ratios(values, figures[base]), ".3f")]
        for name, values in figures.items()
    ]


def main() -> None:
    """Measure each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--brotli-files", type=int, nargs="*", default=[1000], help="sizes that are also measured with gzip and brotli")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", help="also write the figures to this file")
    options = parser.parse_args()
    versions = {**measure.machine(), "Django": measure.package_version("django"), "WhiteNoise": WHITENOISE, "brotli": BROTLI}
    shown = measure.Report("Collecting static files", versions)
    unchanged: list[list[str]] = []
    first: list[list[str]] = []
    raw: dict[str, t.Any] = {}
    for count in sorted({*options.files, *options.brotli_files}):
        with tempfile.TemporaryDirectory() as folder:
            measure.say(f"making a project of {count} files")
            project = Project(Path(folder), count)
            project.place("").mkdir()
            if count in options.files:
                raw[f"unchanged, {count}"] = found = measure_unchanged(project, options.rounds)
                unchanged += rows_for(count, found, "Django")
            for encodings in [["gzip"]] * (count in options.files) + [["gzip", "brotli"]] * (count in options.brotli_files):
                figures, sent = measure_first(project, options.rounds, encodings)
                raw[f"first, {count}, {encodings}"] = {"seconds": figures, "bytes": sent}
                first += rows_for(count, figures, "WhiteNoise", " and ".join(encodings))
                measure.say(f"bytes for a client: {sent}")
    shown.table("Nothing has changed", ["files", "way", "seconds", "of Django's re-run"], unchanged)
    shown.table("For the first time, precompressed", ["files", "encodings", "way", "seconds", "of WhiteNoise's"], first)
    shown.add("seconds", raw)
    shown.save(options.json)


if __name__ == "__main__":
    main()
