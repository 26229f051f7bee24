# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes against a real nginx, sound and with the faults that real ones have."""

from __future__ import annotations

import contextlib
import pathlib
import socket

import pytest
from ansible_collections.webops.django.plugins.module_utils.http_client import Client, Deadline, Route
from ansible_collections.webops.django.plugins.module_utils.served_probe_plan import Known, Probe, plan
from ansible_collections.webops.django.plugins.module_utils.served_probes import Outcome, ask
from ansible_collections.webops.django.plugins.module_utils.served_tree import read_tree
from ansible_collections.webops.django.plugins.module_utils.web_urls import parse_url
from ansible_collections.webops.django.tests.unit.support.raw_server import RawServer, http_answer
from ansible_collections.webops.django.tests.unit.support.static_site import PAGES, StaticSite

STATIC = parse_url("http://shop.example.com/static/")
OUTSIDE = "404 or 403, and never a file from outside of the static tree"
SETTINGS = "SECRET_KEY = 'x'\nfrom django.conf import settings\n"


@pytest.fixture(name="site")
def site_fixture(tmp_path: pathlib.Path) -> StaticSite:
    site = StaticSite(tmp_path)
    (site.root / "settings.py").write_text(SETTINGS)
    (site.root / "robots.txt").write_text("User-agent: *\nDisallow: /admin/\n")
    return site


def probe(site: StaticSite, known: bool = True, folders: tuple[str, ...] = ()) -> Outcome:
    listing = read_tree(str(site.static))
    probes = plan(STATIC, Known(str(site.static.resolve()), str(site.static), listing.served, listing.hidden) if known else None, folders)
    with site.nginx, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(contextlib.closing(Client(Route("127.0.0.1", site.nginx.port), Deadline(60), 5))) for _number in range(2)]
        outcome = ask(clients, STATIC, probes)
    assert (outcome.asked, outcome.unchecked) == (len(probes), 0)
    assert len(probes) < 300
    return outcome


def leaks(outcome: Outcome) -> list[tuple[str, str, str]]:
    return [(failure.url.replace("http://shop.example.com", ""), failure.expected, failure.got) for failure in outcome.failures]


@pytest.mark.parametrize("known", [True, False])
def test_a_sound_site(site: StaticSite, known: bool) -> None:
    assert leaks(probe(site, known)) == []


ALIAS = "location /static { alias ROOT/static/; EXTRA }"


def test_an_alias_without_its_slash(site: StaticSite) -> None:
    """The classic: nginx takes ``/static../x`` for ``x`` beside the folder."""
    site.serve(static=ALIAS)
    (url, expected, got), *rest = leaks(probe(site))
    assert (url, expected, rest) == ("/static../settings.py", OUTSIDE, [])
    assert got.startswith(f"200 with the content of {site.root}/settings.py (and at ")


def test_an_alias_without_its_slash_seen_from_elsewhere(site: StaticSite) -> None:
    site.serve(static=ALIAS)
    (site.root / "manage.py").write_text(SETTINGS)
    assert leaks(probe(site, known=False)) == [
        ("/static../manage.py", "404 or 403, and never manage.py", "200 with a source file of a Django project (and at 2 other URLs like this one)")
    ]


def test_nothing_but_a_file_that_is_no_source_lies_beside(site: StaticSite) -> None:
    """``/static/../robots.txt`` is ``/robots.txt``, which is public; ``/static../robots.txt`` is a way out."""
    (site.root / "settings.py").unlink()
    site.serve(pages=PAGES + "location = /robots.txt { root ROOT; }")
    assert leaks(probe(site)) == []
    site.serve(static=ALIAS, pages=PAGES + "location = /robots.txt { root ROOT; }")
    assert [url for url, _expected, _got in leaks(probe(site))] == ["/static../robots.txt"]


def test_the_projects_own_folder_is_served(site: StaticSite) -> None:
    site.serve(static="location ^~ /static/ { alias ROOT/; }")
    assert [(url, expected) for url, expected, _got in leaks(probe(site))] == [("/static/settings.py", OUTSIDE)]
    assert [url for url, _expected, _got in leaks(probe(site, known=False))] == ["/static/settings.py"]


def test_the_projects_own_folder_is_the_document_root(site: StaticSite) -> None:
    site.serve(pages="location / { root ROOT; }")
    assert leaks(probe(site))[0][0] == "/static/../settings.py"


def test_dots_that_are_decoded_twice(site: StaticSite) -> None:
    """A proxy in front decodes once and passes on what nginx decodes again."""
    inner = "} server { listen 127.0.0.1:PORT; server_name inner; root ROOT;"
    site.serve(static="location ^~ /static/ { proxy_pass http://127.0.0.1:PORT$uri; proxy_set_header Host inner; }", pages=PAGES + inner)
    assert leaks(probe(site))[0][0] == "/static/%252e%252e/settings.py"


@pytest.mark.parametrize("pages", ["location / { root ROOT/pages; try_files $uri /index.html; }", "error_page 404 =200 /index.html;" + PAGES])
def test_a_page_for_every_url_is_no_leak(site: StaticSite, pages: str) -> None:
    """The page lies beside the tree: its bytes come for every way out, and for every other name too."""
    (site.root / "settings.py").unlink()
    (site.root / "robots.txt").unlink()
    site.serve(static="location ^~ /static/ { root ROOT; try_files $uri /index.html; }", pages=pages)
    assert leaks(probe(site)) == []
    assert leaks(probe(site, known=False)) == []


def test_dot_files(site: StaticSite) -> None:
    site.write(".env", b"SECRET_KEY=x\n")
    site.write("sub/.git/config", b"[core]\n")
    site.write(".gitkeep", b"")
    assert leaks(probe(site)) == [
        ("/static/.env", "404 or 403, and never an environment file (.env of the tree)", "200 with its content"),
        ("/static/sub/.git/config", "404 or 403, and never a git repository's configuration (sub/.git/config of the tree)", "200 with its content"),
    ]
    assert leaks(probe(site, known=False)) == [
        ("/static/.env", "404 or 403, and never .env", "200 with an environment file (and at 1 other URLs like this one)")
    ]
    site.serve("location ~ /\\. { return 404; }")
    assert leaks(probe(site)) == []


def test_listings(site: StaticSite) -> None:
    site.serve("autoindex on;")
    site.write("base/index.html", b"<title>Index of all</title>")
    found = leaks(probe(site))
    assert ("/static/", "404 or 403, and never a listing of /static/", "200 with a listing of the folder") in found
    assert [url for url, _expected, _got in found] == ["/static/", "/static/fonts/", "/static/img/", "/static/strange/"]
    assert [url for url, _expected, _got in leaks(probe(site, False, ("/static/img/", "/elsewhere/")))] == ["/static/", "/static/img/"]


def asked(reply_body: bytes, deadline: float = 60, **headers: str) -> Outcome:
    def reply(sock: socket.socket, _target: str) -> None:
        sock.sendall(http_answer(reply_body, **headers))

    with RawServer(reply) as server, contextlib.closing(Client(Route("127.0.0.1", server.port), Deadline(deadline), 5)) as client:
        return ask([client], STATIC, plan(STATIC, None))


@pytest.mark.parametrize("body", [b"A=1\n", b"root:x:0:0:\nSECRET_KEY = 1\n[core]\n", b"Index of /", b"x" * (1 << 20)])
def test_one_answer_for_all_is_no_leak(body: bytes) -> None:
    assert asked(body).failures == []


def test_nothing_is_asked_for_after_the_deadline() -> None:
    outcome = asked(b"", deadline=1e-9)
    assert (outcome.asked, outcome.failures) == (0, [])
    assert outcome.unchecked > 50


def test_several_ways_to_one_subject_are_one_failure() -> None:
    def reply(sock: socket.socket, target: str) -> None:
        sock.sendall(http_answer(b"secret" if target in ("/static/a", "/static/b", "/static/c") else b""))

    probes = [Probe(f"/static/{name}", "a secret" if name != "c" else "another", lambda body: "it" if body == b"secret" else "") for name in "abcd"]
    with RawServer(reply) as server, contextlib.closing(Client(Route("127.0.0.1", server.port), Deadline(60), 5)) as client:
        outcome = ask([client], STATIC, probes)
    assert leaks(outcome) == [
        ("/static/a", "404 or 403, and never a secret", "200 with it (and at 1 other URLs like this one)"),
        ("/static/c", "404 or 403, and never another", "200 with it"),
    ]
