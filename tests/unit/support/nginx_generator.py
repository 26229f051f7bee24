# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server blocks and URLs at random, from a seed, for the comparison of the resolver with a real nginx."""

from __future__ import annotations

import random
import re
import typing as t
from pathlib import Path

from ansible_collections.webops.django.tests.unit.support.nginx_oracle import Node, Oracle, RefusedError, disagreement, written

SEGMENTS = ("static", "s", "media", "admin", "js", "docs", "empty", "r")
LEAVES = ("a.css", "A.CSS", "b.js", "x.png", "home.htm", "index.html", "none.css", "xa.css", "")
PATTERNS = (
    *(r"\.css$", r"\.(css|js)$", r"^/static/(.*)$", "^/s", "a", r"^/(?<d>static|media)/(.+)", "/$", r"\.(?:png|htm)$", "^/static/(?!admin)", "^/$"),
    *(
        r"^/(\w+)/(.*\.css)$",
        r"(?i)\.CSS$",
        r"^/static/.+\.css\z",
        r"[[:alpha:]]+\.css$",
        "^/++static",
        r"(?>a)\.css",
        r"^/\Qa.css\E",
        r"^/(?'q'\w+)/",
    ),
    *(r"\d{2}", r"\w\x2ecss", r"^.*\.(css)(?#c)$", r"\Acss|/a"),
)
TARGETS = (
    *("/static/a.css", "/a.css", "/media/", "/$1", "/static/$1", "/docs/home.htm", "/$uri", "/s/a.css?x=1", "/none", "/static$uri", "/static/a.css?"),
    *("/$m0/a.css", "/static/$m1", "/$1?y=$arg_q", "/a%20b.css", "/static//a.css", "/x y", "$1"),
)
CONDITIONS = (
    *(
        "(-f $request_filename)",
        "(!-f $request_filename)",
        "(-d $request_filename)",
        "(!-e $request_filename)",
        "($uri ~ css)",
        "($request_method = GET)",
    ),
    *(
        "($request_method = POST)",
        "($args)",
        "($arg_q = 1)",
        "($uri ~* ^/(static)/(.*)$)",
        "($foo)",
        "($host = x)",
        "($uri != /a.css)",
        "($uri ~ (a|b))",
    ),
    *("($m0)", "($m1 = static)", "($m2 ~ ^/)", "($m3 = $foo)", "($g0)", "($h0)", "($h0 = r2)"),
    *("($request_uri !~ static)", "($document_root = /)", "($uri !~ ^/(s))"),
)
ODD = (
    *("//", "/./", "/../", "/%2e%2e/", "/%2F", "%2f/", "/..", "/.", "/x/../", "/a%20b.css", "/%C3%A9.css", "/50%25.css", "/...", "/..a/", "//..//"),
    *("/.%2e/", "/%00", "/%zz", "/%", "///", "/a+b", "/;x", "/%3f", "/%23", "/a\\b", "/x/..", "/x/.", "/x//.", "//x/..//", "%5c", "/.a", "/a:b"),
    *("/x/../../a.css", "/x%2f..%2fstatic/a.css"),
)
CLIENTS = ("unix:", "unix:", "127.0.0.1", "127.0.0.2", "127.9.0.1", "::1")
RULES = ("all", "all", "127.0.0.1", "127.0.0.2/31", "127.0.0.0/8", "10.0.0.0/8", "::1", "::/0", "unix:", "127.0.0.3/8")
MAP_KEYS = (
    "GET",
    "/static/a.css",
    "/A.css",
    "a.css",
    "",
    "q=1",
    "static",
    "r1",
    "1",
    "2",
    "css",
    "/",
    "/media/",
    "0",
    "/static/none.css",
    "127.0.0.2",
)
MAP_PATTERNS = (r"~^/static/(.*)$", "~css$", r"~*\.CSS$", "~^/s", r"~^/(?<d>media|docs)/", "~.", "~*STATIC", r"~^(\w+)$", "~^$")
SOURCES = ("$uri", "$uri", "$request_uri", "$args", "$arg_q", "$request_method", "$foo", "$1", "$foo$arg_q", "$remote_addr")
VALUES = ("r1", "r2", "r3", "static", "", "0", "1", "$1", "$uri", "/a.css", "x$foo", "static/a.css")
NETWORKS = ("default", "127.0.0.0/8", "127.0.0.2", "127.0.0.2/31", "::1", "10.0.0.0/8", "0.0.0.0/0", "255.255.255.255", "::/0")
ANSWERS = (("204",), ("403",), ("404",), ("301", "/x"), ("302", "http://x/"), ("200", "hi"), ("410",), ("404", "gone"), ("444",), ("http://y/",))


class Generator:
    """Makes server blocks and URLs.

    :ivar folder: that holds the roots r1, r2 and r3.
    """

    def __init__(self, seed: int, folder: Path) -> None:
        self.random = random.Random(seed)
        self.folder = folder
        self._number = 0

    def _on(self, probability: float) -> bool:
        return self.random.random() < probability

    def _pick(self, *choices: t.Any) -> t.Any:
        return self.random.choice(choices)

    def _headers(self, name: str) -> list[Node]:
        return [["add_header", "X-Loc", name, "always"], ["add_header", "X-File", "$request_filename", "always"]]

    def _prefix(self, base: str = "/") -> str:
        parts = [self._pick(*SEGMENTS) for _number in range(self.random.randint(0 if base == "/" else 1, 2))]
        prefix = re.sub("//+", "/", base.rstrip("/") + "/" + "/".join(parts))
        if not prefix.startswith(base):
            prefix = base + "x"
        ending = self.random.random()
        if ending < 0.55:
            return prefix if prefix.endswith("/") else prefix + "/"
        return prefix + (self._pick("a", ".", "/a.css", "st") if ending < 0.7 else "")

    def _files(self, modifier: str) -> list[Node]:
        kind = self.random.random()
        if kind < 0.3 and modifier != "@":
            if modifier in ("~", "~*"):
                return [["alias", f"{self.folder}/{self._pick('r1', 'r2')}/{self._pick('$1', 'static/$1', 'a.css', '', 'static/$2', '$d/$2')}"]]
            return [["alias", f"{self.folder}/{self._pick('r1', 'r2', 'r3')}{self._pick('', '/', '/static', '/static/', '/a.css', '/js/')}"]]
        if kind < 0.6:
            roots = ("r1", "r2", "r3/", "r1/static", "$foo", "$1", "$foo/", "$m1", "$g0")
            return [["root", self._pick(*(f"{self.folder}/{root}" for root in roots), "rel")]]
        return []

    def _try_files(self) -> Node:
        names = (
            "$uri",
            "$uri/",
            "$uri.html",
            "/static/a.css",
            "$uri/index.html",
            "/$1",
            "/static$uri",
            "a.css",
            "/docs/",
            "$uri.css",
            "/$m3",
            "/$m2/a.css",
        )
        last = self._pick(
            "=404", "=403", "/static/a.css", "/none", "/index.html?q=$uri", "$uri", "@n1", "@n2", "/docs/home.htm", "/docs/", "$uri.x", "/$m1"
        )
        return ["try_files", *self.random.sample(names, self.random.randint(1, 3)), last]

    def maps(self) -> list[Node]:
        """Return the maps that all server blocks share: $m0 to $m3, and $g0 of a geo."""
        found: list[Node] = []
        for number in range(4):
            entries: list[Node] = [["volatile"]] if self._on(0.1) else []
            keys = [*self.random.sample(MAP_KEYS, self.random.randint(0, 4)), *self.random.sample(MAP_PATTERNS, self.random.randint(0, 3))]
            keys += ["default"] if self._on(0.7) or not keys else []
            self.random.shuffle(keys)
            # A map of itself is an error that shows when it is asked for.
            made = [f"$m{earlier}" for earlier in range(number)]
            entries += [[key, self._pick(*VALUES, *made)] for key in keys]
            found.append(["map", self._pick(*SOURCES, *made), f"$m{number}", entries])
        names = self.random.sample(("s1.test", "*.test", "s2.*", ".s3.test", "~^s(.)", "default", "*.x.test", "x.s1.test"), 4)
        found.append(["map", "$host", "$h0", [["hostnames"], *([name, self._pick(*VALUES[:8])] for name in names)]])
        networks = self.random.sample(NETWORKS, self.random.randint(1, 4))
        found.append(["geo", *self._pick((), (), ("$foo",)), "$g0", [[network, self._pick(*VALUES[:7])] for network in networks]])
        return found

    def _access(self) -> list[Node]:
        found: list[Node] = []
        if self._on(0.6):
            found += [[self._pick("allow", "deny"), self._pick(*RULES)] for _number in range(self.random.randint(1, 3))]
        if self._on(0.3):
            found += [["auth_basic", self._pick("x", "x", "off", "$foo")], ["auth_basic_user_file", "none"]][: self._pick(1, 2, 2, 2)]
        if self._on(0.3):
            found.append(["auth_request", self._pick("/static/a.css", "/none", "/auth", "/auth", "/s/x", "off", "/static/")])
        if self._on(0.4):
            found.append(["satisfy", self._pick("any", "any", "all")])
        return found

    def _error_page(self) -> Node:
        return [
            "error_page",
            self._pick("404", "403", "401"),
            *self._pick(("/50x.html",), ("=200", "/static/a.css"), ("@n1",), ("=", "@n1"), ("http://z/",)),
        ]

    def _rewrite(self) -> Node:
        flags = self._pick((), ("last",), ("break",), ("last",), ("redirect",), ("permanent",))
        return ["rewrite", self._pick(*PATTERNS), self._pick(*TARGETS), *flags]

    def _if(self, in_location: bool) -> Node:
        self._number += 1
        inner: list[list[Node]] = [
            *([["return", "410"]], [["set", "$foo", "r1"]], [[*self._rewrite()[:3], self._pick("last", "break")]], [["break"]], [["return", "403"]]),
        ]
        if in_location:
            inner += [[["root", f"{self.folder}/r2"]], [["proxy_pass", "http://up1"]], self._headers(f"if{self._number}"), [["expires", "1d"]]]
        return ["if", self._pick(*CONDITIONS, f"(-f {self.folder}/r1$uri)"), self._pick(*inner)]

    def _rewrites(self, in_location: bool) -> list[Node]:
        found: list[Node] = []
        for _number in range(3):
            if self._on(0.13):
                found.append(self._rewrite())
            if self._on(0.1):
                found.append(["set", self._pick("$foo", "$bar"), self._pick("r1", "r2", "static", "$uri", "$1", "", "0", "$m0", "$m2", "$g0", "$h0")])
            if self._on(0.1):
                found.append(self._if(in_location))
            if self._on(0.02):
                found.append(["break"])
        return found

    def _body(self, modifier: str, pattern: str, depth: int) -> list[Node]:
        self._number += 1
        found = [*self._headers(f"L{self._number}"), *self._files(modifier), *self._rewrites(True)]
        if self._on(0.07):
            found.append(["internal"])
        if self._on(0.25):
            names = ("home.htm", "index.html", "/static/a.css", "a.css", "$foo.x", "static/a.css")
            found.append(["index", *self.random.sample(names, self.random.randint(1, 2))])
        if self._on(0.08):
            found.append(["autoindex", "on"])
        answer = self.random.random()
        if answer < 0.2:
            ending = self._pick("", "/", "/x/") if modifier in ("", "=", "^~") else ""
            found.append(["proxy_pass", f"http://{self._pick('up1', 'up2')}{ending}"])
        elif answer < 0.5:
            found.append(self._try_files())
        elif answer < 0.6:
            found.append(["return", *self._pick(*ANSWERS)])
        if self._on(0.06):
            found.append(self._pick(["deny", "all"], ["limit_except", "POST", [["deny", "all"]]]))
        if self._on(0.1):
            found += self._access()
        if self._on(0.1):
            found.append(self._error_page())
        if depth < 2 and modifier not in ("=", "@") and self._on(0.4):
            found += self._locations(self.random.randint(1, 3), depth + 1, modifier, pattern)
        return found

    def _locations(self, count: int, depth: int, modifier: str = "", pattern: str = "/") -> list[Node]:
        found: dict[tuple[str, str], Node] = {}
        for _number in range(count):
            if modifier in ("~", "~*") or self._on(0.35):
                inner, text = self._pick("~", "~*"), self._pick(*PATTERNS)
            else:
                inner, text = self._pick("", "", "", "^~", "="), self._prefix(pattern)
            key = (inner if inner in ("=", "~", "~*") else "", text)
            found.setdefault(key, ["location", *([inner] if inner else []), text, self._body(inner, text, depth)])
        return list(found.values())

    def server(self, name: str) -> Node:
        """Return a server block."""
        rest = [*self._headers("server"), ["set", "$foo", self._pick("r1", "")], ["set", "$bar", ""], *self._rewrites(False)]
        if self._on(0.7):
            rest.append(["root", f"{self.folder}/{self._pick('r1', 'r2')}"])
        if self._on(0.3):
            rest.append(["index", self._pick("home.htm", "a.css"), "index.html"])
        if self._on(0.1):
            rest.append(self._try_files())
        if self._on(0.15):
            rest.append(self._error_page())
        if self._on(0.06):
            rest += self._access()
        rest += self._locations(self.random.randint(1, 6), 0)
        rest.append(["location", "=", "/auth", [*self._headers("auth"), ["return", self._pick("204", "200", "401", "403", "404", "302")]]])
        rest += [["location", name_, self._body("@", name_, 2)] for name_ in ("@n1", "@n2")]
        if self._on(0.3):
            self.random.shuffle(rest)
        listens: list[Node] = [["listen", text] for text in (f"unix:{self.folder}/sock", "127.0.0.1:PORT", "[::1]:PORT")]
        return ["server", [["server_name", name], *listens, *rest]]

    def client(self) -> str:
        """Return the address that a request comes from."""
        return str(self._pick(*CLIENTS))

    def target(self) -> str:
        """Return the path and query of a URL."""
        path = "/" + "/".join(self._pick(*SEGMENTS) for _number in range(self._pick(0, 0, 1, 1, 1, 2)))
        if self._on(0.85):
            path = path.rstrip("/") + "/" + self._pick(*LEAVES)
        if self._on(0.25):
            place = self.random.randrange(len(path))
            path = path[:place] + self._pick(*ODD) + path[place:]
        return (path if path.startswith("/") else "/" + path) + (self._pick("?q=1", "?", "?q=2&z=/../x", "?a?b") if self._on(0.15) else "")


class Count(t.NamedTuple):
    """What a comparison gave: pairs, those that were not decided, and the disagreements."""

    pairs: int
    undecided: int
    different: list[str]


def compare(seed: int, folder: Path, pairs: int) -> Count:
    """Compare at least so many pairs of configuration and URL; a configuration that nginx refuses is left out."""
    generator = Generator(seed, folder)
    asked, undecided, different = 0, 0, []
    while asked < pairs:
        servers = [generator.server(f"s{number}.test") for number in range(50)]
        maps = generator.maps()
        oracle, servers = _accepted(folder, maps, servers)
        with oracle:
            resolver = oracle.resolver()
            for server in servers:
                name = server[-1][0][1]
                for target in [generator.target() for _number in range(20)]:
                    asked, client = asked + 1, generator.client()
                    said = disagreement(oracle.route(resolver, name, target, client), oracle.ask(name, target, client))
                    undecided += said == "undecided"
                    if said not in ("", "undecided"):
                        different.append(f"{client} {target}: {said}\n{written([*maps, server])}")
    return Count(asked, undecided, different)


def _accepted(folder: Path, maps: list[Node], servers: list[Node]) -> tuple[Oracle, list[Node]]:
    """Leave out the server blocks that nginx refuses, one by one."""
    while True:
        oracle = Oracle(folder, written([*maps, *servers]))
        try:
            with oracle:
                return Oracle(folder, written([*maps, *servers])), servers
        except RefusedError as error:
            place = re.search(r"nginx\.conf:(\d+)", str(error))
            assert place, str(error)
            before = oracle.text.splitlines()[: int(place.group(1))]
            number = sum(line == "    server {" for line in before) - 1
            assert number >= 0, str(error)
            servers = servers[:number] + servers[number + 1 :]
