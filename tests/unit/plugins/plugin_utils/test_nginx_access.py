# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may come in, beside a real nginx that is asked from several addresses; and what cannot be decided."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import read_configuration
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Resolver, Route
from ansible_collections.webops.django.tests.unit.support.nginx_oracle import disagreements, make_tree

CLIENTS = ("unix:", "127.0.0.1", "127.0.0.2", "::1")
PASSWORD = "auth_basic x; auth_basic_user_file none;"
CASES = {
    "nobody": "deny all;",
    "one address": "allow 127.0.0.1; deny all;",
    "the first rule that holds": "deny 127.0.0.2; allow 127.0.0.0/8; deny all;",
    "all goes before what follows": "allow all; deny all;",
    "no rule holds": "deny 10.0.0.0/8;",
    "a network written with an address of a host in it": "deny 127.0.0.3/8;",
    "rules of another family": "deny ::/0;",
    "IPv6": "allow ::1; deny all;",
    "a socket": "allow unix:; deny all;",
    "a password": PASSWORD,
    "a password without a file is none": "auth_basic x;",
    "a password that is switched off": "auth_basic off; auth_basic_user_file none;",
    "a password that a variable switches off": "set $foo off; auth_basic $foo; auth_basic_user_file none;",
    "both": f"deny 127.0.0.2; {PASSWORD}",
    "one of both": f"satisfy any; allow 127.0.0.1; deny all; {PASSWORD}",
    "one of both, no rule holds": f"satisfy any; deny 10.0.0.1; {PASSWORD}",
    "one of both, none allows": f"satisfy any; deny all; {PASSWORD}",
    "one of one": "satisfy any; deny all;",
    "another URI allows": "auth_request /yes;",
    "another URI refuses": "auth_request /no;",
    "another URI wants a password": "auth_request /who;",
    "another URI does not know": "auth_request /broken;",
    "another URI is a file": "auth_request /static/js/b.js;",
    "another URI is a file that is not there": "auth_request /none;",
    "another URI leads elsewhere": "auth_request /elsewhere;",
    "another URI is refused to clients, not to nginx": "auth_request /shut;",
    "another URI is internal": "auth_request /within;",
    "another URI or a rule": "satisfy any; allow 127.0.0.1; deny all; auth_request /no;",
    "an error page for those who are refused": "deny 127.0.0.2; error_page 403 /static/js/b.js;",
    "an error page by another status": f"error_page 401 =403 /static/js/b.js; {PASSWORD}",
}
AROUND = """root R; location = /yes { M(Y) return 204; } location = /no { M(N) return 403; } location = /who { M(W1) return 401; }
location = /broken { M(B) return 404; } location = /elsewhere { M(E) return 302 /x; } location = /shut { M(SH) deny all; return 200; }
location = /within { M(I) internal; return 204; } location /static/ { M(S) CASE location /static/js/ { M(T) allow all; } }"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("n")
    make_tree(folder)
    return folder


@pytest.mark.parametrize("title", CASES)
def test_as_nginx(folder: Path, title: str) -> None:
    body = AROUND.replace("CASE", CASES[title])
    assert disagreements(folder, body, "/static/a.css", "/static/js/b.js", "/static/none", clients=CLIENTS) == []


def route(body: str, address: str | None = None, client: str | None = None) -> Route:
    text = f"events {{}} http {{ server {{ listen 80; location / {{ {body} }} location = /auth {{ proxy_pass http://127.0.0.1:9; }} }} }}"
    return Resolver(read_configuration({"/n": text}, "/n"), lambda _path: "file").route("http://a.test/x.css", address, client=client)


def test_an_unknown_client_is_undecided_and_the_way_is_told_all_the_same() -> None:
    found = route("root /w; deny 10.0.0.0/8; allow all;")
    assert (found.outcome, found.if_admitted, found.path) == ("unknown", "file", "/w/x.css")
    assert found.undecided == [("deny 10.0.0.0/8", "/n", 1, "whether it holds depends on the address that the client comes from")]


@pytest.mark.parametrize("rules", ["deny all;", "deny 10.0.0.0/8; deny all;", "deny all; allow 10.0.0.0/8;"])
def test_what_holds_for_everybody_needs_no_client(rules: str) -> None:
    found = route(f"root /w; {rules}")
    assert (found.outcome, found.status, found.mapping and found.mapping.folder) == ("denied", 403, "/w")
    assert found.refusal is not None and found.refusal.name == "deny"
    assert route("root /w; allow 10.0.0.0/8; allow all;").outcome == "file"
    assert route("root /w; allow 10.0.0.0/8;").outcome == "file"


@pytest.mark.parametrize(
    ("address", "client", "outcome"),
    [
        ("127.0.0.1", None, "file"),
        ("localhost", None, "file"),
        ("unix:/s", None, "none"),
        ("192.0.2.1", None, "unknown"),
        ("192.0.2.1", "127.0.0.9", "file"),
        (None, "10.0.0.1", "denied"),
        (None, "::ffff:127.0.0.1", "file"),
        (None, "fe80::1%eth0", "denied"),
        (None, "nobody", "unknown"),
    ],
)
def test_who_connects_to_a_loopback_address_comes_from_there(address: str | None, client: str | None, outcome: str) -> None:
    assert route("root /w; allow 127.0.0.0/8; deny all;", address, client).outcome == outcome


def test_what_an_application_says_is_not_known() -> None:
    found = route("root /w; auth_request /auth;")
    assert (found.outcome, found.if_admitted, found.undecided[0][0]) == ("unknown", "file", "auth_request /auth")


def test_a_sure_refusal_beside_one_that_is_not_known() -> None:
    assert route("root /w; deny 10.0.0.1; auth_request /auth; auth_basic x; auth_basic_user_file y;").outcome == "unknown"
    found = route("root /w; deny all; auth_request /auth;")
    assert (found.outcome, found.refusal and found.refusal.name) == ("denied", "deny")


@pytest.mark.parametrize("line", ["access_by_lua_file /x.lua;", "auth_jwt realm;", "allow host.example; deny all;", "deny;"])
def test_what_other_modules_decide_is_named(line: str) -> None:
    found = route(f"root /w; {line}", client="192.0.2.1")
    assert (found.outcome, len(found.undecided)) == ("unknown", 1)
    assert route("root /w; auth_jwt off;").outcome == "file"
