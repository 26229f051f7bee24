# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``map`` and ``geo``, beside a real nginx; and what cannot be decided."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Configuration, read_configuration
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Resolver, Route
from ansible_collections.webops.django.tests.unit.support.nginx_oracle import disagreements, make_tree

# What stands in the http block, and URLs; the file that is looked for has the value's name.
CASES = {
    "exact strings, without regard to case": ("map $uri $x { /a y; /B z; }", ("/a", "/A", "/b", "/c")),
    "the default": ("map $uri $x { default n; /a y; }", ("/a", "/c")),
    "strings go before patterns": ("map $uri $x { ~^/a p; /a y; }", ("/a", "/ab")),
    "the first pattern that matches": ("map $uri $x { ~^/a p; ~b q; ~*^/C r; }", ("/ab", "/b", "/c", "/d")),
    "captures": (r"map $uri $x { ~^/(\w)(?<rest>\w*) $rest-$1; }", ("/abc", "/-")),
    "an empty value is not given to patterns": ("map $args $x { ~^$ p; default d; }", ("/", "/?a")),
    "an empty string": ('map $args $x { "" e; default d; }', ("/", "/?a")),
    "a map of a map": ("map $uri $y { /a 1; default 2; } map $y $x { 1 one; 2 two; }", ("/a", "/b")),
    "a value of variables": ("map $uri $x { default $request_method$args; }", ("/a", "/?b")),
    "several variables": ("map $request_method:$args $x { GET:a y; default n; }", ("/?a", "/?b")),
    "an escaped tilde": (r"map $args $x { \~a y; default n; }", ("/?~a", "/?a")),
    "an escaped word": (r"map $args $x { \default y; default n; }", ("/?default", "/?a")),
    "a value in quotation marks with a brace": ('map $uri $x { "~^/a{2}$" y; default n; }', ("/aa", "/a")),
    "names of hosts": ("map $host $x { hostnames; *.test w; a.* t; default n; }", ("/",)),
    "names of hosts, with a dot": ("map $host $x { hostnames; .a.test d; *.test w; }", ("/",)),
    "names of hosts, behind": ("map $host $x { hostnames; a.* t; default n; }", ("/",)),
    "asterisks that are no names": ("map $host $x { *.test w; default n; }", ("/",)),
    "the smallest network": ("geo $x { default d; 127.0.0.0/8 l; 127.0.0.2 t; ::1 s; }", ("/",)),
    "a default behind the network of all": ("geo $x { ::/0 s; 0.0.0.0/0 z; default d; }", ("/",)),
    "no network": ("geo $x { 10.0.0.0/8 l; }", ("/",)),
    "a network of a variable": ("geo $arg_a $x { default d; 10.0.0.0/8 l; 0.0.0.0/0 z; }", ("/?a=10.1.1.1", "/?a=11.1.1.1", "/?a=x", "/")),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("n")
    make_tree(folder)
    return folder


@pytest.mark.parametrize("title", CASES)
def test_as_nginx(folder: Path, title: str) -> None:
    maps, targets = CASES[title]
    body = "root R/$x; location / { M(L) if ($x = y) { M(Y) } if ($x) { M(X) } }"
    assert disagreements(folder, body, *targets, clients=("unix:", "127.0.0.1", "127.0.0.2", "::1"), servers=maps) == []


def test_it_is_made_once_for_a_request(folder: Path) -> None:
    body = "root R; location /a { M(A) if ($x = a) { rewrite ^ /b last; } } location /b { M(B) if ($x = a) { return 410; } return 204; }"
    for kind in ("", "volatile;"):
        assert disagreements(folder, body, "/a", "/b", servers=f"map $uri $x {{ {kind} /a a; default b; }}") == []


def configuration(maps: str, body: str = "location / { root /w/$x; }", shortened: tuple[str, ...] = ()) -> Configuration:
    return read_configuration({"/n": f"events {{}} http {{ {maps} server {{ listen 80; {body} }} }}"}, "/n", shortened=shortened)


def route(found: Configuration, client: str | None = None) -> Route:
    return Resolver(found, lambda _path: "file").route("http://a.test/a.css", client=client)


@pytest.mark.parametrize(
    ("maps", "words"),
    [
        ("split_clients $remote_addr $x { 50% a; * b; }", "split_clients $remote_addr $x"),
        ("map $geoip_country $x { FR fr; }", "geoip_country"),
        ("map $x $x { a b; }", "made of itself"),
        ("map $y $x { a b; } map $x $y { a b; }", "made of itself"),
        ("geo $x { 10.0.0.0/8 l; }", "the address that the client comes from"),
        ("geo $x { ranges; 10.0.0.0-10.0.0.9 l; }", "the address that the client comes from"),
        ("map $uri $x { include more; }", "not read"),
        ("map $uri $x { }", "not read"),
        (r'map $uri $x { "~\p{L}" l; }', "cannot be decided"),
    ],
)
def test_what_cannot_be_decided_is_named(maps: str, words: str) -> None:
    found = route(configuration(maps))
    assert found.outcome == "unknown" or found.path is None
    assert words in found.undecided[0][3]


def test_ranges_are_not_decided() -> None:
    assert "ranges" in route(configuration("geo $x { ranges; 10.0.0.0-10.0.0.9 l; }"), "10.0.0.5").undecided[0][3]


def test_a_map_that_was_cut_is_not_guessed() -> None:
    maps = "map $uri $x { /b b; }"
    assert route(configuration(maps)).path == "/w//a.css"
    found = route(configuration(maps, shortened=("/n",)))
    assert (found.outcome, "not read" in found.undecided[0][3]) == ("unknown", True)


def test_a_map_in_a_large_file_is_not_guessed_unless_it_is_small() -> None:
    large = "map $uri $other { " + "/very/long/uri /another;\n" * 10_000 + " }"
    assert route(configuration(large + " map $uri $x { /a.css b; }")).path == "/w/b/a.css"
    assert route(configuration(large.replace("$other", "$x"))).outcome == "unknown"


def test_who_uses_no_map_is_not_troubled() -> None:
    assert route(configuration("split_clients $uri $x { * b; }", "root /w;")).path == "/w/a.css"


def test_an_index_by_chance_is_undecided() -> None:
    found = Resolver(configuration("", "root /w; random_index on;"), lambda _path: "file").route("http://a.test/")
    assert (found.outcome, found.undecided[0][0]) == ("unknown", "random_index on")
