# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs to prove that all files of a tree are served: django_static_served beside a raw socket and a loop of ansible.builtin.uri.

    .venv/bin/python benchmarks/verify.py [--files 1000 10000 100000] [--rounds 3] [--json PATH]

A real nginx on loopback serves the tree, with gzip siblings, as the roles of this collection let it.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import tempfile
import time
import typing as t
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent.parent / ".ansible" / "collections")]

from ansible_collections.webops.django.plugins.module_utils.precompress import precompress  # noqa: E402
from ansible_collections.webops.django.plugins.module_utils.static_tree import Rights  # noqa: E402
from ansible_collections.webops.django.tests.unit.support.nginx_server import NginxServer  # noqa: E402

from benchmarks import measure, sample_files  # noqa: E402

HOST = "shop.example.com"
TYPES = """types {
    text/html html; text/css css; text/javascript js; image/svg+xml svg; text/plain txt md; image/png png; image/jpeg jpg; image/gif gif;
    image/x-icon ico;
}
"""
SITE = """server {
    listen PORT;
    server_name HOST;
    location ^~ /static/ { root "ROOT"; gzip_static on; gzip off; gzip_vary on; open_file_cache off; }
    location / { default_type text/html; return 200 "<!doctype html><title>shop</title>"; }
}
"""
PLAYBOOK = """- hosts: localhost
  gather_facts: false
  tasks:
    - name: Ask for each file
      ansible.builtin.uri:
        url: "{{ item }}"
        headers: {Host: HOST}
        return_content: true
      loop: "{{ urls }}"
"""
PIPELINE = 200
"""Requests that the raw socket sends before it reads."""


class Site:
    """A tree of files and the nginx that serves it."""

    def __init__(self, folder: Path, count: int) -> None:
        os.chmod(folder, 0o755)
        self.static = folder / "root" / "static"
        self.count = count
        self.bytes = sample_files.link_tree(self.static, count, folder / "store")
        self.names = sorted(path.relative_to(self.static).as_posix() for path in self.static.rglob("*") if path.is_file())
        rights = Rights(os.geteuid(), os.getegid(), 0o644, 0o755)
        self.siblings = precompress(str(self.static), self.names, ["gzip"], "", rights).counts["gzip"]
        self.nginx = NginxServer(folder / "nginx")
        self.nginx.types.write_text(TYPES)
        self.nginx.site("shop.conf", SITE.replace("HOST", HOST).replace("ROOT", str(folder / "root")))

    def check(self) -> measure.Run:
        """Run the module over all files.

        :raises SystemExit: it did not prove all of them.
        """
        used, result = measure.run_module(
            "django_static_served",
            base_url=f"http://{HOST}",
            connect_to=f"127.0.0.1:{self.nginx.port}",
            static_path=str(self.static),
            max_files=0,
            deadline=3600,
        )
        checked = result["checked"]
        if (checked["files"], checked["files_by_nginx"], checked["files_compressed"], checked["unchecked"]) != (
            self.count,
            self.count,
            self.siblings,
            0,
        ):
            raise SystemExit(f"django_static_served did not prove {self.count} files, {self.siblings} of them compressed: {checked}")
        return used

    def raw(self) -> float:
        """Ask once for each file over one connection, and only count the bytes: the limit for anything that asks for all files.

        :returns: seconds.
        :raises SystemExit: too few bytes came.
        """
        requests = [f"GET /static/{name} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode() for name in self.names]
        started = time.perf_counter()
        total = 0
        for first in range(0, len(requests), PIPELINE):
            batch = requests[first : first + PIPELINE]
            batch[-1] = batch[-1].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
            with socket.create_connection(("127.0.0.1", self.nginx.port)) as connection:
                connection.sendall(b"".join(batch))
                while size := len(connection.recv(1 << 18)):
                    total += size
        seconds = time.perf_counter() - started
        if not self.bytes < total < self.bytes + 600 * self.count:
            raise SystemExit(f"nginx sent {total} bytes for files of {self.bytes}")
        return seconds

    def uri(self, urls: int) -> float:
        """Ask for some files in a loop of ansible.builtin.uri, which reads the content and compares nothing.

        :returns: seconds for one URL, without what starting a playbook costs.
        """
        step = max(1, self.count // urls)
        chosen = [f"http://127.0.0.1:{self.nginx.port}/static/{name}" for name in self.names[::step]][:urls]
        return (self._play(chosen) - self._play(chosen[:1])) / (len(chosen) - 1)

    def _play(self, urls: list[str]) -> float:
        with tempfile.TemporaryDirectory() as folder:
            playbook = Path(folder, "play.yml")
            playbook.write_text(PLAYBOOK.replace("HOST", HOST), encoding="utf-8")
            extra = json.dumps({"urls": urls, "ansible_python_interpreter": sys.executable})
            command: list[str | Path] = [Path(sys.executable).parent / "ansible-playbook", "-i", "localhost,", "-c", "local", playbook, "-e", extra]
            return measure.run(command, folder=Path(folder)).seconds


def measure_size(count: int, rounds: int, urls: int) -> dict[str, list[t.Any]]:
    """Measure all ways for a number of files."""
    with tempfile.TemporaryDirectory() as folder:
        measure.say(f"making {count} files")
        site = Site(Path(folder), count)
        with site.nginx:
            works: dict[str, t.Callable[[], t.Any]] = {f"module, {count} files": site.check, f"raw socket, {count} files": site.raw}
            if urls:
                works["uri"] = lambda: site.uri(urls)
            results = measure.interleaved(rounds, works)
    runs: list[measure.Run] = results[f"module, {count} files"]
    return {
        "seconds": [run.seconds for run in runs],
        "peak": [run.peak for run in runs],
        "raw": results[f"raw socket, {count} files"],
        "uri": results.get("uri", []),
    }


def report(sizes: dict[int, dict[str, list[float]]], shown: measure.Report) -> None:
    """Print the tables."""
    rows = [
        [
            f"{count:,}",
            measure.spread(found["seconds"]),
            f"{max(found['peak']):.0f}",
            measure.spread(found["raw"]),
            measure.spread(measure.ratios(found["seconds"], found["raw"]), ".1f"),
        ]
        for count, found in sizes.items()
    ]
    shown.table("All files, proven to the byte", ["files", "module, s", "peak, MB", "raw socket, s", "module / raw"], rows)
    rows = []
    for count, found in sizes.items():
        per_url = [seconds / count for seconds in found["seconds"]]
        if found["uri"]:
            rows.append(
                [
                    f"{count:,}",
                    measure.spread([1000 * value for value in found["uri"]], ".0f"),
                    measure.spread([1000 * value for value in per_url], ".3f"),
                    measure.spread(measure.ratios(found["uri"], per_url), ",.0f"),
                ]
            )
    if rows:
        shown.table("One URL", ["files", "uri loop, ms", "module, ms", "uri / module"], rows)
    rows = [
        [f"{count:,} / {count // 10:,}", measure.spread(measure.ratios(sizes[count]["seconds"], sizes[count // 10]["seconds"]))]
        for count in sizes
        if count // 10 in sizes
    ]
    if rows:
        shown.table("Ten times the files", ["files", "times the seconds"], rows)


def main() -> None:
    """Measure each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--urls", type=int, default=20, help="URLs in the uri loop; 0: none")
    parser.add_argument("--json", help="also write the figures to this file")
    options = parser.parse_args()
    versions = {**measure.machine(), "nginx": measure.nginx_version(), "ansible-core": measure.package_version("ansible-core")}
    shown = measure.Report("Proving that files are served", versions)
    # The loop's cost per URL does not depend on the number of files.
    sizes = {count: measure_size(count, options.rounds, options.urls if count == 10_000 or len(options.files) == 1 else 0) for count in options.files}
    report(sizes, shown)
    shown.add("sizes", sizes)
    shown.save(options.json)


if __name__ == "__main__":
    main()
