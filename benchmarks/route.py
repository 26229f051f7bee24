# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs to follow URLs through a configuration, beside nginx that answers the same URLs over one kept connection.

    .venv/bin/python benchmarks/route.py [--urls 10000] [--servers 20] [--rounds 3] [--json PATH]

Both must agree on each URL: whether it is a file, and which, is passed on, or is refused.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import typing as t
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parent.parent / ".ansible" / "collections")]

from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import read_configuration  # noqa: E402
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Resolver  # noqa: E402
from ansible_collections.webops.django.tests.unit.support.nginx_oracle import SOCKET, Oracle, disagreement, kind_of  # noqa: E402

from benchmarks import measure  # noqa: E402

BLOCK = r"""server {
    listen unix:FOLDER/sock;
    server_name hNUMBER.test www.hNUMBER.test;
    root FOLDER/site;
    add_header X-Loc server always; add_header X-File $request_filename always;
    location /static/ { alias FOLDER/site/static/; expires 1d; }
    location /media/ { alias FOLDER/site/media/; deny 192.0.2.1; }
    location /private/ { internal; alias FOLDER/site/private/; }
    location = /favicon.ico { return 204; }
    location ~* \.(?:php|aspx|cgi)$ { return 404; }
    location ~ /\.(?!well-known) { deny all; }
    location / { try_files $uri @app; }
    location @app { proxy_pass http://up1; proxy_set_header Host $host; }
}
"""
PLACES = (
    "/static/app{0}/a{1}.css",
    "/static/app{0}/none{1}.js",
    "/media/a{1}.png",
    "/a{1}.txt",
    "/app/page/{1}",
    "/index{1}.php",
    "/.git/{1}",
    "/private/{1}",
)


def make_files(folder: Path) -> None:
    """Write the files that some of the URLs stand for."""
    for number in range(50):
        for name in (f"static/app{number % 10}/a{number}.css", f"media/a{number}.png", f"a{number}.txt"):
            path = folder / "site" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(str(path), encoding="utf-8")


def urls_of(count: int, servers: int) -> list[tuple[str, str]]:
    """Return hosts and paths."""
    return [(f"h{number % servers}.test", PLACES[number % len(PLACES)].format(number % 10, number % 50)) for number in range(count)]


def seconds(work: t.Callable[[], object]) -> tuple[float, float]:
    """Return how long a work takes, and how much of a processor it uses."""
    started, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - used


def compared(oracle: Oracle, urls: t.Sequence[tuple[str, str]]) -> None:
    """Make sure that both say the same.

    :raises SystemExit: they do not.
    """
    resolver = oracle.resolver()
    for host, target in urls[:1000]:
        said = disagreement(oracle.route(resolver, host, target), oracle.ask(host, target))
        if said:
            raise SystemExit(f"{host}{target}: {said}")


def follow(oracle: Oracle, urls: t.Sequence[tuple[str, str]], known: dict[str, str]) -> None:
    """Read the configuration and follow all URLs, as for one host: what lies at a path is known by then."""
    configuration = read_configuration({str(oracle.config): oracle.text}, str(oracle.config), str(oracle.folder))
    resolver = Resolver(configuration, known.get)
    for host, target in urls:
        resolver.route(f"http://{host}{target}", address=oracle.address(SOCKET))


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--urls", type=int, default=10_000)
    parser.add_argument("--servers", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", help="also write the figures to this file")
    options = parser.parse_args()
    shown = measure.Report("Following URLs", {**measure.machine(), "nginx": measure.nginx_version()})
    urls = urls_of(options.urls, options.servers)
    with tempfile.TemporaryDirectory(prefix="webops-bench-") as name:
        folder = Path(name)
        make_files(folder)
        servers = "".join(BLOCK.replace("FOLDER", name).replace("NUMBER", str(number)) for number in range(options.servers))
        with Oracle(folder, servers) as oracle:
            compared(oracle, urls)
            known = {path: kind_of(path) for path in {f"{name}/site{target}" for _host, target in urls} | set(_folders(folder / "site"))}
            works: dict[str, t.Callable[[], t.Any]] = {
                "resolver": lambda: seconds(lambda: follow(oracle, urls, known)),
                "nginx": lambda: seconds(lambda: [oracle.ask(host, target) for host, target in urls]),
            }
            results = measure.interleaved(options.rounds, works)
    own, peer = ([one[0] for one in results[name]] for name in ("resolver", "nginx"))
    used = [one[1] for one in results["resolver"]]
    row = [measure.spread(own), measure.spread(used), measure.spread(peer), measure.spread(measure.ratios(own, peer))]
    header = ["resolver, s", "of a processor, s", "nginx over one connection, s", "resolver / nginx"]
    shown.table(f"{options.urls:,} URLs, {options.servers} server blocks", header, [row])
    shown.add("results", results)
    shown.save(options.json)


def _folders(folder: Path) -> t.Iterator[str]:
    yield from (path for path, _folders_, _files in os.walk(folder))


if __name__ == "__main__":
    main()
