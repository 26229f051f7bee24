# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real projects, each broken in one way: the cause is the first finding, and a healthy project has none."""

from __future__ import annotations

import importlib
import json
import os
import runpy
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import django_probe, django_project
from ansible_collections.webops.django.plugins.module_utils.django_project import Project
from ansible_collections.webops.django.plugins.module_utils.info_evidence import gather
from ansible_collections.webops.django.plugins.module_utils.static_findings import static_findings
from ansible_collections.webops.django.tests.unit.support.django_projects import MANIFEST_STORAGE, make_project, project_at, write

# Once here, so that no fork has to.
for _name in ("django.contrib.staticfiles.management.commands.collectstatic", "django.core.management.commands.check"):
    importlib.import_module(_name)

ROOT = Path(__file__).resolve().parents[4]
TEMPLATES = 'TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [BASE_DIR / "templates"], "APP_DIRS": True}]\n'
DIRS = 'STATICFILES_DIRS = [BASE_DIR / "assets"]\n'


class CollectstaticFailedError(Exception):
    """Django's own command ended with an error."""


@pytest.fixture(autouse=True)
def _answers_come_from_a_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing Django takes most of a question's time. That a project is asked in its own interpreter is tested with the modules."""

    def run(project: Project, request: bytes, result: t.IO[bytes], output: t.IO[bytes], _may_write: bool) -> int:
        asked = json.loads(request)["request"]
        return in_fork(lambda: django_probe.main(result.fileno(), asked), project.path, project.environment, output.fileno())

    monkeypatch.setattr(django_project, "_run", run)


def in_fork(work: t.Callable[[], object], folder: str, environment: t.Mapping[str, str], output: int) -> int:
    """Do something in a child of this process as a process of its own would do it."""
    child = os.fork()
    if not child:
        status = 1
        try:
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(environment)
            os.dup2(output, 1)
            os.dup2(output, 2)
            sys.dont_write_bytecode = True
            sys.path.insert(0, folder)
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def collect(project: Path, started_in: Path | None = None, /, **environment: str) -> None:
    """Run collectstatic as somebody at a shell does."""

    def command() -> None:
        sys.argv = [str(project / "manage.py"), "collectstatic", "--noinput", "--verbosity=0"]
        sys.path.insert(0, str(project))
        runpy.run_path(str(project / "manage.py"), run_name="__main__")

    with open(os.devnull, "w", encoding="ascii") as nothing:
        if in_fork(command, str(started_in or project), environment, nothing.fileno()):
            raise CollectstaticFailedError


def found(project: Path, trial: bool = False, settings_module: str = "", **environment: t.Any) -> list[dict[str, t.Any]]:
    """Return the findings about a project; each of them is complete, and survives being saved."""
    evidence, _details = gather(project_at(project, settings_module, **environment), True, trial)
    findings = static_findings(json.loads(json.dumps(evidence)))
    for finding in findings:
        assert finding["stage"] in ("settings", "collected")
        assert finding["message"].endswith(".")
        assert finding["fix"]
        assert finding["evidence"]
        assert finding["count"] >= len(finding["examples"])
    return findings


def codes(project: Path, **given: t.Any) -> list[str]:
    """Return the findings' codes."""
    return [finding["code"] for finding in found(project, **given)]


def template(project: Path, name: str) -> None:
    """Let the project's page ask for a static file."""
    write(project / "templates/page.html", f'{{% load static %}}<link href="{{% static "{name}" %}}">')


@pytest.mark.parametrize("storage", ["", MANIFEST_STORAGE])
def test_a_collected_project_is_healthy(tmp_path: Path, storage: str) -> None:
    """With everything that may look wrong and is not."""
    files = {
        "app/a.css": '/* url(gone.png) */ body { background: url("b.png?v=1#x") } @import url("//cdn.example.com/x.css"); i { src: url(data:,x) }',
        "app/b.png": "image",
        "app/.hidden": "collectstatic passes it over",
        "app/c.js": "1;\n//# sourceMappingURL=c.js.map\n",
        "app/c.js.map": "{}",
        "app/größe %20 #1.txt": "",
    }
    comment = "url(gone.png)"
    if storage:
        # Django before 6.0 looks for what stands in a comment, too.
        files["app/a.css"] = files["app/a.css"].replace(comment, "")
    project = make_project(tmp_path, storage + TEMPLATES + DIRS, files)
    write(project / "assets/app/a.css", files["app/a.css"] + " /* shadows the app's */")
    write(project / "templates/page.html", '{% load static %}{% static "app/a.css" %}{% static name %}{% static "app/" %}{% get_static_prefix %}')
    write(project / "templates/odd.html", "{% load nothing_of_this_name static %}")
    collect(project)
    assert codes(project) == []


def test_a_change_of_source_without_a_later_time_is_stale(tmp_path: Path) -> None:
    """Django's own collectstatic would leave it, for it compares times."""
    project = make_project(tmp_path)
    collect(project)
    source = project / "app/static/app/a.css"
    write(source, "changed")
    os.utime(source, (0, 0))
    (stale,) = found(project)
    assert (stale["code"], stale["examples"], stale["evidence"]["different"]) == ("collectstatic_stale", ["app/a.css"], 1)


def test_a_later_time_alone_is_not_stale(tmp_path: Path) -> None:
    """Times are no proof."""
    project = make_project(tmp_path)
    collect(project)
    os.utime(project / "app/static/app/a.css")
    assert codes(project) == []


def test_case_021_a_new_app_is_not_collected(tmp_path: Path) -> None:
    """django-log-viewer: everything else is fine."""
    project = make_project(tmp_path)
    collect(project)
    write(project / "viewer/__init__.py", "")
    write(project / "viewer/static/viewer/log.css", "")
    write(project / "conf/settings.py", (project / "conf/settings.py").read_text() + 'INSTALLED_APPS += ["viewer"]\n')
    (stale,) = found(project)
    assert (stale["code"], stale["examples"], stale["evidence"]["missing"]) == ("collectstatic_stale", ["viewer/log.css"], 1)


@pytest.mark.parametrize(
    ("damage", "state"),
    [("manifest", "manifest_missing"), ("hashed", "hashed_missing"), ("hashed_content", "hashed_different"), ("entry", "not_in_manifest")],
)
def test_a_tree_whose_manifest_does_not_fit_is_stale(tmp_path: Path, damage: str, state: str) -> None:
    """The manifest, the hashed copies and the sources belong together."""
    project = make_project(tmp_path, MANIFEST_STORAGE, {"app/a.txt": "a", "app/b.txt": "b"})
    collect(project)
    manifest = project / "collected/staticfiles.json"
    names = json.loads(manifest.read_text())["paths"]
    if damage == "manifest":
        manifest.unlink()
    elif damage == "hashed":
        (project / "collected" / names["app/a.txt"]).unlink()
    elif damage == "hashed_content":
        (project / "collected" / names["app/a.txt"]).write_text("x")
    else:
        write(project / "app/static/app/new.txt", "")
    (stale,) = found(project)
    assert (stale["code"], stale["evidence"][state]) == ("collectstatic_stale", 1)


@pytest.mark.parametrize("make", [False, True])
def test_case_019_collectstatic_was_not_run(tmp_path: Path, make: bool) -> None:
    """etesync: no STATIC_ROOT, or an empty one."""
    project = make_project(tmp_path)
    if make:
        (project / "collected/empty").mkdir(parents=True)
    (finding,) = found(project)
    assert (finding["code"], finding["count"]) == ("collectstatic_not_run", 2)
    assert "manage.py collectstatic --noinput" in finding["fix"]


def test_a_project_without_static_files_has_nothing_to_collect(tmp_path: Path) -> None:
    """An absent STATIC_ROOT is no fault then."""
    assert codes(make_project(tmp_path, files={})) == []


@pytest.mark.parametrize("storage", ["", MANIFEST_STORAGE])
def test_case_013_static_root_is_unset(tmp_path: Path, storage: str) -> None:
    """realpython: whatever the storage."""
    assert codes(make_project(tmp_path, f"STATIC_ROOT = None\n{storage}")) == ["static_root_unset"]


def test_staticfiles_is_not_installed(tmp_path: Path) -> None:
    """There is no collectstatic then."""
    assert codes(make_project(tmp_path, 'INSTALLED_APPS = ["django.contrib.contenttypes"]\n')) == ["staticfiles_app_missing"]


def test_case_015_static_root_is_one_of_staticfiles_dirs(tmp_path: Path) -> None:
    """django-dersleri: collectstatic refuses, so that it was not run is no second cause."""
    project = make_project(tmp_path, DIRS + 'STATIC_ROOT = str(BASE_DIR / "assets") + "/"\n')
    write(project / "assets/own.css", "")
    assert codes(project) == ["static_root_in_staticfiles_dirs"]


@pytest.mark.parametrize("root", ["app/static", "assets/collected"])
def test_static_root_is_a_source(tmp_path: Path, root: str) -> None:
    """Files that were collected are collected again."""
    project = make_project(tmp_path, DIRS + f'STATIC_ROOT = BASE_DIR / "{root}"\n')
    write(project / "assets/own.css", "")
    assert codes(project)[0] == "static_root_is_source_dir"


def test_case_067_the_default_finders_are_gone(tmp_path: Path) -> None:
    """django-compressor's own finder alone: collectstatic collects nothing, successfully."""
    project = make_project(tmp_path, DIRS + 'STATICFILES_FINDERS = ["app.finders.Nothing"]\n')
    write(project / "assets/own.css", "")
    write(
        project / "app/finders.py",
        "from django.contrib.staticfiles.finders import BaseFinder\n"
        "class Nothing(BaseFinder):\n    def check(self, **k): return []\n    def list(self, ignore_patterns): return []\n",
    )
    (finding,) = found(project)
    assert (finding["code"], finding["count"], finding["examples"]) == ("finder_missing", 3, ["own.css", "app/a.css", "app/b.js"])
    assert "'app.finders.Nothing']" in finding["fix"]


def test_a_finder_that_would_find_nothing_is_not_missed(tmp_path: Path) -> None:
    """No STATICFILES_DIRS: no need for their finder."""
    project = make_project(tmp_path, 'STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.AppDirectoriesFinder"]\n')
    collect(project)
    assert codes(project) == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("FILE_UPLOAD_PERMISSIONS = 0o600\n", ["upload_permissions_setting"]),
        ("FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700\n", ["upload_permissions_setting"]),
        ("FILE_UPLOAD_PERMISSIONS = None\n", []),
        ("FILE_UPLOAD_PERMISSIONS = 0o664\nFILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o2775\n", []),
        (
            'STORAGES = {"default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}, "staticfiles": '
            '{"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage", "OPTIONS": {"file_permissions_mode": 0o600}}}\n',
            ["upload_permissions_setting"],
        ),
    ],
)
def test_settings_give_modes_that_a_web_server_cannot_use(tmp_path: Path, settings: str, expected: list[str]) -> None:
    """Root's group is its own: what others cannot read stays closed."""
    project = make_project(tmp_path, settings)
    collect(project)
    assert codes(project) == expected


def test_a_storage_setting_that_django_ignores(tmp_path: Path) -> None:
    """Removed in Django 5.1."""
    project = make_project(tmp_path, 'STATICFILES_STORAGE = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"\n')
    collect(project)
    (finding,) = found(project)
    assert finding["code"] == "storage_setting_ignored"
    assert '"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}' in finding["fix"]


@pytest.mark.parametrize("own", ["STATIC_ROOT = BASE_DIR / 'live'\n", MANIFEST_STORAGE])
def test_collected_without_the_services_environment(tmp_path: Path, own: str) -> None:
    """Somebody ran manage.py at a shell: other settings, so another folder, or no manifest."""
    project = make_project(tmp_path)
    write(project / "conf/production.py", f"from conf.settings import *\n{own}")
    collect(project)
    assert codes(project, DJANGO_SETTINGS_MODULE="conf.production") == ["collectstatic_wrong_environment"]
    collect(project, DJANGO_SETTINGS_MODULE="conf.production")
    assert codes(project, DJANGO_SETTINGS_MODULE="conf.production") == []


@pytest.mark.parametrize("start", [".", "site/conf"])
def test_a_relative_root_that_was_collected_in_another_folder(tmp_path: Path, start: str) -> None:
    """It was collected, so "never collected" would be untrue; the pasted repair must end in a healthy project."""
    project = make_project(tmp_path / "site", 'STATIC_ROOT = "gathered"\n')
    collect(project, tmp_path / start)
    (finding,) = found(project)
    assert finding["code"] == "collectstatic_wrong_environment"
    assert f"lie in {tmp_path / start / 'gathered'}" in finding["message"]
    line = 'STATIC_ROOT = BASE_DIR / "gathered"'
    assert finding["fix"].splitlines()[0] == f"At the end of {project}/conf/settings.py write: {line}"
    with open(project / "conf/settings.py", "a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    collect(project, tmp_path / start)
    assert codes(project) == []


def test_a_relative_root_that_was_never_collected_is_told_as_it_is_written(tmp_path: Path) -> None:
    project = make_project(tmp_path / "site", 'STATIC_ROOT = "gathered"\n')
    (finding,) = found(project)
    assert finding["code"] == "collectstatic_not_run"
    assert 'It is written as "gathered", which means another folder wherever a command is started.' in finding["message"]
    assert 'write: STATIC_ROOT = BASE_DIR / "gathered"\nthen collect: ' in finding["fix"]


def test_another_environment_that_was_never_collected_is_no_cause(tmp_path: Path) -> None:
    """Only where the files lie tells."""
    project = make_project(tmp_path)
    write(project / "conf/production.py", "from conf.settings import *\nSTATIC_ROOT = BASE_DIR / 'live'\n")
    assert codes(project, settings_module="conf.production") == ["collectstatic_not_run"]


def test_case_078_a_helper_overrides_static_root_late(tmp_path: Path) -> None:
    """hypha: the evaluated value counts, not the line that a reader sees first."""
    project = make_project(
        tmp_path, 'STATIC_ROOT = BASE_DIR / "static"\ndef helper(names): names["STATIC_ROOT"] = BASE_DIR / "late"\nhelper(locals())\n'
    )
    (project / "static").mkdir()
    (finding,) = found(project)
    assert finding["evidence"]["STATIC_ROOT"] == str(project / "late")


@pytest.mark.parametrize(
    "css",
    [
        "i { background: url(missing.png) }",
        '@import "missing.css";',
        "i { background: url(/static/app/missing.png) }",
        "i {} @import url('../gone/x.css');",
    ],
)
def test_a_style_sheet_asks_the_manifest_for_what_is_not_there(tmp_path: Path, css: str) -> None:
    """collectstatic ends there; that it was not run is an effect."""
    project = make_project(tmp_path, MANIFEST_STORAGE, {"app/a.css": css})
    (finding,) = found(project)
    assert (finding["code"], finding["count"], finding["evidence"]["stops_collectstatic"]) == ("collectstatic_failed", 1, True)
    with pytest.raises(CollectstaticFailedError):
        collect(project)


def test_a_style_sheet_that_a_plain_storage_publishes_may_lack_a_font(tmp_path: Path) -> None:
    """Many packages ship such; nothing is broken but that font, and it is told without a finding."""
    project = make_project(tmp_path, files={"app/a.css": "i { src: url(old.eot) }"})
    collect(project)
    evidence, _details = gather(project_at(project), True, False)
    assert [item["name"] for item in evidence["references"]["unknown"]] == ["app/old.eot"]
    assert static_findings(evidence) == []


def test_collectstatic_fails_in_a_trial_only(tmp_path: Path) -> None:
    """What only running it tells; the temporary folder is gone afterwards."""
    project = make_project(tmp_path, 'STORAGES = {"default": {}, "staticfiles": {"BACKEND": "app.storage.Broken"}}\n')
    write(
        project / "app/storage.py",
        "from django.contrib.staticfiles.storage import StaticFilesStorage\nclass Broken(StaticFilesStorage):\n"
        "    def _save(self, name, content): raise ValueError('no node on this host')\n",
    )
    assert codes(project) == ["collectstatic_not_run"]
    (finding,) = found(project, trial=True)
    assert finding["code"] == "collectstatic_failed"
    assert "no node on this host" in finding["message"]


def test_a_manifest_that_is_not_json_makes_collectstatic_fail(tmp_path: Path) -> None:
    """So does every page; the file has to go."""
    project = make_project(tmp_path, MANIFEST_STORAGE)
    collect(project)
    (project / "collected/staticfiles.json").write_text('{"paths": ')
    (finding,) = found(project)
    assert finding["code"] == "collectstatic_failed"
    assert finding["fix"].startswith(f"rm {project}/collected/staticfiles.json")
    with pytest.raises(CollectstaticFailedError):
        collect(project)


def test_case_063_a_leading_slash(tmp_path: Path) -> None:
    """Django ticket 32131."""
    project = make_project(tmp_path, MANIFEST_STORAGE + TEMPLATES)
    template(project, "/app/a.css")
    collect(project)
    (finding,) = found(project)
    assert finding["code"] == "manifest_missing_entry"
    assert finding["fix"] == f"Write app/a.css instead of /app/a.css in {project}/templates/page.html."


def test_case_066_a_package_renamed_its_file(tmp_path: Path) -> None:
    """django-hijack: form media name a .js, and the package ships a .mjs."""
    project = make_project(tmp_path, MANIFEST_STORAGE, {"app/hijack.mjs": ""})
    write(
        project / "app/models.py",
        "from django import forms\nclass Widget(forms.Widget):\n    class Media:\n"
        "        js = ['app/hijack.js', 'https://x.example.com/y.js', '/abs.js']\n",
    )
    collect(project)
    (finding,) = found(project)
    assert (finding["code"], finding["examples"]) == ("manifest_missing_entry", ["app/hijack.js"])
    assert "app/hijack.mjs" in finding["message"]


@pytest.mark.parametrize("storage", ["", MANIFEST_STORAGE])
def test_case_064_upper_and_lower_case(tmp_path: Path, storage: str) -> None:
    """whitenoise: made on Windows, served on Linux; with every storage."""
    project = make_project(tmp_path, storage + TEMPLATES, {"img/LOGO.png": ""})
    template(project, "img/logo.png")
    collect(project)
    (finding,) = found(project)
    assert (finding["code"], finding["examples"]) == ("case_mismatch", ["img/logo.png"])
    assert finding["fix"].startswith("Write img/LOGO.png instead of img/logo.png")


def test_case_082_a_folder_stands_where_the_build_should_have_put_a_file(tmp_path: Path) -> None:
    """lead-manager: webpack took the name for a folder."""
    project = make_project(tmp_path, TEMPLATES, {"frontend/main.js/main.js": ""})
    template(project, "frontend/main.js")
    collect(project)
    (finding,) = found(project)
    assert (finding["code"], finding["examples"]) == ("asset_not_built", ["frontend/main.js"])


@pytest.mark.parametrize("storage", ["", MANIFEST_STORAGE])
def test_a_build_was_not_run(tmp_path: Path, storage: str) -> None:
    """A package.json with a script that builds, or the folder of its output that is not there."""
    project = make_project(tmp_path, storage + TEMPLATES)
    template(project, "dist/main.js")
    collect(project)
    assert codes(project) == (["manifest_missing_entry"] if storage else [])
    write(project / "frontend/package.json", '{"scripts": {"build": "vite build"}}')
    (finding,) = found(project)
    assert finding["code"] == "asset_not_built"
    assert finding["fix"].startswith(f"cd {project}/frontend && npm ci && npm run build")


@pytest.mark.parametrize("target", ["nowhere", "link", "."])
def test_a_broken_link_among_the_sources(tmp_path: Path, target: str) -> None:
    """Dangling, leading to itself, leading to a folder above: Django ends with an error, or walks round."""
    project = make_project(tmp_path)
    (project / "app/static/app/link").symlink_to(target)
    (project / "app/static/app/round").symlink_to("link")
    (finding,) = found(project)
    assert finding["code"] == "symlink_broken"
    assert f"{project}/app/static/app/link" in finding["message"]
    with pytest.raises(CollectstaticFailedError):
        collect(project)


def test_two_loops_in_one_folder_do_not_keep_the_finders_busy(tmp_path: Path) -> None:
    """Django's own walk takes 2 to the power of 40 steps; the files beside them are known all the same."""
    project = make_project(tmp_path)
    (project / "app/static/one").symlink_to(".")
    (project / "app/static/two").symlink_to(".")
    (finding,) = found(project)
    assert (finding["code"], finding["count"]) == ("symlink_broken", 2)
    assert gather(project_at(project), True, False)[0]["files_count"] == 2


def test_a_folder_that_the_services_user_may_not_read(tmp_path: Path) -> None:
    """collectstatic ends there; the folder is named."""
    project = make_project(tmp_path, 'STATICFILES_FINDERS = ["app.finders.Finder"]\n')
    write(
        project / "app/finders.py",
        "from django.contrib.staticfiles.finders import AppDirectoriesFinder\nclass Finder(AppDirectoriesFinder):\n"
        "    def list(self, ignore_patterns): raise PermissionError(13, 'Permission denied', '/srv/closed')\n",
    )
    finding = found(project)[-1]
    assert (finding["code"], finding["evidence"]["path"]) == ("collectstatic_failed", "/srv/closed")
    assert finding["fix"].startswith("chmod u+rX,go+rX /srv/closed ")


def test_case_048_a_link_of_the_tree_leads_nowhere(tmp_path: Path) -> None:
    """turnkey: the files moved with a new Django; what lies behind the link is not stale besides."""
    project = make_project(tmp_path, files={"admin/a.css": "", "own.css": ""})
    collect(project)
    for path in (project / "collected/admin").iterdir():
        path.unlink()
    (project / "collected/admin").rmdir()
    (project / "collected/admin").symlink_to("/usr/share/django/contrib/admin/media")
    (finding,) = found(project)
    assert (finding["code"], finding["count"]) == ("symlink_broken", 1)


def test_two_faults_give_two_findings_in_order(tmp_path: Path) -> None:
    """Settings before what was collected, and a link before the stale file beside it."""
    project = make_project(tmp_path, "FILE_UPLOAD_PERMISSIONS = 0o600\n")
    collect(project)
    write(project / "app/static/app/a.css", "changed")
    assert codes(project) == ["upload_permissions_setting", "collectstatic_stale"]
    (project / "collected/gone.css").symlink_to("nowhere")
    assert codes(project) == ["upload_permissions_setting", "symlink_broken", "collectstatic_stale"]


def test_a_case_mismatch_does_not_hide_that_nothing_was_collected(tmp_path: Path) -> None:
    """A template's mistake is no reason for collectstatic to fail."""
    project = make_project(tmp_path, TEMPLATES)
    template(project, "app/A.css")
    assert codes(project) == ["collectstatic_not_run", "case_mismatch"]


def test_a_started_project_is_healthy_once_it_is_collected(tmp_path: Path) -> None:
    """startproject with STATIC_ROOT: admin's templates, media and style sheets are looked into."""
    subprocess.run([sys.executable, "-m", "django", "startproject", "shop", str(tmp_path)], check=True)
    settings = tmp_path / "shop/settings.py"
    settings.write_text(settings.read_text() + 'STATIC_ROOT = BASE_DIR / "collected"\n' + MANIFEST_STORAGE)
    collect(tmp_path)
    evidence, _details = gather(project_at(tmp_path), True, False)
    assert static_findings(evidence) == []
    assert evidence["references"]["templates_count"] > 50
    assert evidence["tree"]["compared_count"] == evidence["files_count"] > 100


def test_the_sample_project_is_healthy_once_it_is_collected(tmp_path: Path) -> None:
    """The one that Molecule deploys."""
    sample = ROOT / "molecule/shared/projects/sample"
    subprocess.run(["cp", "-r", str(sample), str(tmp_path / "sample")], check=True)
    environment = {"SAMPLE_STATIC_ROOT": str(tmp_path / "collected"), "DJANGO_SECRET_KEY": "for tests"}
    collect(tmp_path / "sample", **environment)
    assert codes(tmp_path / "sample", **environment) == []


def test_wagtails_own_template_of_a_project_is_healthy(tmp_path: Path) -> None:
    """Hundreds of templates and style sheets that nobody here wrote."""
    program = Path(sys.executable).parent / "wagtail"
    subprocess.run([str(program), "start", "shop", str(tmp_path)], check=True, capture_output=True)
    write(tmp_path / "shop/settings/local.py", "DEBUG = False\nALLOWED_HOSTS = ['shop.example.com']\n" + MANIFEST_STORAGE)
    collect(tmp_path)
    evidence, _details = gather(project_at(tmp_path), True, False)
    assert static_findings(evidence) == []
    assert evidence["references"]["templates_count"] > 300
