# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a diagnosis costs: the module over a site of many files and server blocks, beside a loop of ansible.builtin.uri over the same URLs.

    .venv/bin/python benchmarks/diagnose.py [--files 10000] [--servers 20] [--rounds 3] [--json PATH]

A real Django project runs on loopback behind a real nginx. It is diagnosed twice: healthy, and with an alias that lacks its slash.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent.parent / ".ansible" / "collections")]

from ansible_collections.webops.django.tests.unit.support.django_projects import DJANGOS, make_project, write  # noqa: E402
from ansible_collections.webops.django.tests.unit.support.nginx_server import NginxServer, free_port  # noqa: E402
from ansible_collections.webops.django.tests.unit.support.waiting import wait_for_port  # noqa: E402

from benchmarks import measure, sample_files  # noqa: E402

HOST = "shop.example.com"
TYPES = """types {
    text/html html; text/css css; text/javascript js; image/svg+xml svg; text/plain txt md; image/png png; image/jpeg jpg; image/gif gif;
    image/x-icon ico;
}
"""
BLOCK = """server {
    listen PORT;
    server_name NAME;
    location /static/ { alias ROOT; }
    location ~* \\.(php|aspx)$ { return 404; }
    location / { proxy_pass http://127.0.0.1:UPSTREAM; proxy_set_header Host $host; }
}
"""
SETTINGS = """
INSTALLED_APPS += ["django.contrib.admin", "django.contrib.auth", "django.contrib.sessions", "django.contrib.messages"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
              "django.contrib.messages.middleware.MessageMiddleware"]
STATICFILES_DIRS = [BASE_DIR / "assets"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
              "OPTIONS": {"context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
                                                "django.contrib.messages.context_processors.messages"]}}]
"""
URLS = """
from django.contrib import admin
from django.urls import path
urlpatterns = [path("admin/", admin.site.urls)]
"""
PLAYBOOK = """- hosts: localhost
  gather_facts: false
  tasks:
    - name: Diagnose
      webops.django.django_static_diagnosis:
        report_dir: "{{ folder }}"
      register: diagnosis

    - name: Keep how often the host was asked
      ansible.builtin.copy:
        content: "{{ diagnosis.module_runs }}"
        dest: "{{ folder }}/runs"
        mode: "0644"
"""
LOOP = """- hosts: localhost
  gather_facts: false
  tasks:
    - name: Ask for each file
      ansible.builtin.uri:
        url: "{{ item }}"
        headers: {Host: HOST}
        return_content: true
      loop: "{{ urls }}"
"""


class Site:
    """A project with many files, its server, and an nginx with many server blocks in front."""

    def __init__(self, folder: Path, files: int, servers: int) -> None:
        os.chmod(folder, 0o755)
        self.folder = folder
        self.others = (0, 0)
        """Applications and nginx of this machine that were looked at as well, which costs time."""
        self.project = make_project(folder / "shop", SETTINGS)
        write(self.project / "conf/urls.py", URLS)
        sample_files.link_tree(self.project / "assets", files, folder / "store")
        self.environment = {**os.environ, "PYTHONPATH": str(DJANGOS[-1]), "DJANGO_SETTINGS_MODULE": "conf.settings"}
        self.manage("collectstatic", "--noinput", "--verbosity=0")
        self.upstream = free_port()
        self.nginx = NginxServer(folder / "nginx")
        self.nginx.types.write_text(TYPES)
        root = f"{self.project}/collected/"
        for number in range(servers - 1):
            self.block(f"other{number}.conf", f"other{number}.example.com", root, 1)
        self.block("shop.conf", HOST, root, self.upstream)
        self.names = sorted(path.relative_to(root).as_posix() for path in Path(root).rglob("*") if path.is_file())

    def block(self, file: str, name: str, root: str, upstream: int) -> None:
        """Write a server block."""
        self.nginx.site(file, BLOCK.replace("NAME", name).replace("ROOT", root).replace("UPSTREAM", str(upstream)))

    def manage(self, *arguments: str) -> None:
        """Run manage.py."""
        subprocess.run([sys.executable, "manage.py", *arguments], cwd=self.project, env=self.environment, check=True)

    @contextlib.contextmanager
    def running(self) -> t.Iterator[None]:
        """Run the project and nginx."""
        command = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{self.upstream}"]
        with subprocess.Popen(command, cwd=self.project, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            try:
                wait_for_port(self.upstream)
                with self.nginx:
                    yield
            finally:
                server.send_signal(signal.SIGTERM)

    def diagnose(self, expected: list[str]) -> tuple[float, int]:
        """Run the module through a playbook, as a user does.

        :param expected: the codes that must be found.
        :returns: seconds, and how often the host was asked.
        :raises SystemExit: it found something else.
        """
        with tempfile.TemporaryDirectory() as folder:
            seconds = play(PLAYBOOK, folder, {"folder": folder})
            evidence = json.loads(Path(folder, "localhost.evidence.json").read_text(encoding="utf-8"))
            self.others = len(evidence["applications"]) - 1, len(evidence["nginx"]) - 1
            result = json.loads(Path(folder, "localhost.json").read_text(encoding="utf-8"))
            site = next(site for site in result["sites"] if site["url"].startswith(f"http://{HOST}"))
            if [finding["code"] for finding in site["findings"]] != expected or (not expected and site["verdict"] != "served"):
                raise SystemExit(f"the diagnosis found {json.dumps(site, indent=2)}")
            return seconds, int(Path(folder, "runs").read_text(encoding="utf-8"))

    def uri(self, urls: int) -> float:
        """Return the seconds that a loop of ansible.builtin.uri needs for one URL."""
        # ansible.builtin.uri fails at a body that is no UTF-8.
        names = [name for name in self.names if name.endswith((".css", ".js", ".svg"))]
        chosen = [f"http://127.0.0.1:{self.nginx.port}/static/{name}" for name in names[:: max(1, len(names) // urls)]][:urls]
        with tempfile.TemporaryDirectory() as folder:
            text = LOOP.replace("HOST", HOST)
            return (play(text, folder, {"urls": chosen}) - play(text, folder, {"urls": chosen[:1]})) / (len(chosen) - 1)


def play(text: str, folder: str, variables: dict[str, t.Any]) -> float:
    """Run a playbook on this host and return the seconds that it took."""
    playbook = Path(folder, "play.yml")
    playbook.write_text(text, encoding="utf-8")
    extra = json.dumps({**variables, "ansible_python_interpreter": sys.executable})
    command: list[str | Path] = [Path(sys.executable).parent / "ansible-playbook", "-i", "localhost,", "-c", "local", playbook, "-e", extra]
    return measure.run(command, folder=Path(folder), ANSIBLE_COLLECTIONS_PATH=str(measure.COLLECTIONS)).seconds


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--servers", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--urls", type=int, default=20, help="URLs in the uri loop")
    parser.add_argument("--json", help="also write the figures to this file")
    options = parser.parse_args()
    versions = {**measure.machine(), "nginx": measure.nginx_version(), "ansible-core": measure.package_version("ansible-core")}
    shown = measure.Report("Naming the cause", versions)
    folder = Path(tempfile.mkdtemp(prefix="webops-bench-"))
    try:
        measure.say(f"making {options.files} files")
        site = Site(folder, options.files, options.servers)
        with site.running():
            results = measure.interleaved(options.rounds, {"healthy": lambda: site.diagnose([]), "uri": lambda: site.uri(options.urls)})
        site.block("shop.conf", HOST, f"{site.project}/collected", site.upstream)
        with site.running():
            results["broken"] = measure.interleaved(options.rounds, {"broken": lambda: site.diagnose(["alias_missing_trailing_slash"])})["broken"]
    finally:
        shutil.rmtree(folder)
    rows = []
    for name in ("healthy", "broken"):
        seconds = [found[0] for found in results[name]]
        asked = [len(site.names) * one / found for one, found in zip(results["uri"], seconds, strict=True)]
        rows.append([name, measure.spread(seconds), str(max(found[1] for found in results[name])), measure.spread(asked, ",.0f")])
    header = ["site", "diagnosis, s", "module runs", "uri loop over all files / diagnosis"]
    shown.table(f"{options.files:,} files, {options.servers} server blocks", header, rows)
    shown.add("results", results)
    shown.save(options.json)
    measure.say(f"Beside this site {site.others[0]} other applications and {site.others[1]} other nginx of this machine were looked at.")


if __name__ == "__main__":
    main()
