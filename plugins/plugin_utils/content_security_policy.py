# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests a Content-Security-Policy allows, by the rules of CSP Level 3 (https://www.w3.org/TR/CSP3/)."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import unquote, urlsplit

DIRECTIVES = {
    "stylesheet": ("style-src-elem", "style-src", "default-src"),
    "script": ("script-src-elem", "script-src", "default-src"),
    "module": ("script-src-elem", "script-src", "default-src"),
    "font": ("font-src", "default-src"),
    "image": ("img-src", "default-src"),
    "media": ("media-src", "default-src"),
    "manifest": ("manifest-src", "default-src"),
}
"""Which directives decide over a kind of reference; the first that a policy has does (CSP3, 6.8.3)."""
DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_NONCE = re.compile(r"'nonce-([A-Za-z0-9+/_-]+={0,2})'\Z", re.IGNORECASE)
_HASH = re.compile(r"'(sha(?:256|384|512)-[A-Za-z0-9+/_-]+={0,2})'\Z", re.IGNORECASE)

Policy = t.Dict[str, t.List[str]]


class Request(t.NamedTuple):
    """What a page asks for.

    :ivar kind: as in DIRECTIVES.
    :ivar nonce: of its element; None where it is not known.
    :ivar integrity: of its element.
    :ivar inserted: by another script or module, and not by the page's own text.
    """

    kind: str
    url: str
    nonce: str | None = None
    integrity: str = ""
    inserted: bool = False


class Blocked(t.NamedTuple):
    """The directive that blocks a request: its name, its sources, and the number of its policy."""

    directive: str
    sources: list[str]
    policy: int


def parse(text: str) -> list[Policy]:
    """Read policies, which a comma separates. The first of several directives of a name counts (CSP3, 2.2.1)."""
    policies = []
    for serialized in text.split(","):
        policy: Policy = {}
        for part in serialized.split(";"):
            words = part.split()
            if words:
                policy.setdefault(words[0].lower(), words[1:])
        if policy:
            policies.append(policy)
    return policies


def blocked(policies: t.Sequence[Policy], request: Request, page: str) -> Blocked | None:
    """Return what blocks a request of a page; None if every policy allows it."""
    for number, policy in enumerate(policies):
        name = next((name for name in DIRECTIVES.get(request.kind, ()) if name in policy), "")
        if name and not _allows(policy[name], request, page):
            return Blocked(name, policy[name], number)
    return None


def upgrades(policies: t.Sequence[Policy]) -> bool:
    """Tell whether browsers ask by https for what a page links by http (Upgrade Insecure Requests)."""
    return any("upgrade-insecure-requests" in policy for policy in policies)


def _allows(sources: t.Sequence[str], request: Request, page: str) -> bool:
    is_script = request.kind in ("script", "module")
    if is_script or request.kind == "stylesheet":
        nonces = [match.group(1) for match in map(_NONCE.match, sources) if match]
        # Where a nonce is asked for and the element's is not known, nobody can tell.
        if nonces and (request.nonce is None or request.nonce in nonces):
            return True
    if is_script:
        digests = [match.group(1) for match in map(_HASH.match, sources) if match]
        if request.integrity and digests and set(request.integrity.split()) <= set(digests):
            return True
        if "'strict-dynamic'" in map(str.lower, sources):
            return request.inserted
    return any(matches(source, request.url, page) for source in sources)


def matches(source: str, url: str, page: str) -> bool:
    """Tell whether a source expression matches a URL (CSP3, 6.7.2.7)."""
    try:
        target, own = urlsplit(url), urlsplit(page)
        target_port, own_port = target.port, own.port
    except ValueError:
        return False
    word = source.lower()
    if word == "*":
        return target.scheme in ("http", "https", "ws", "wss") or target.scheme == own.scheme
    if word == "'self'":
        return _is_self(target, target_port, own, own_port)
    if word.startswith("'"):
        return False
    if re.fullmatch(r"[a-z][a-z0-9+.-]*:", word):
        return _scheme_matches(word[:-1], target.scheme)
    return _host_matches(source, target, target_port, own.scheme)


def _is_self(target: t.Any, target_port: int | None, own: t.Any, own_port: int | None) -> bool:
    """The same origin, or the same host by a safer scheme, each on its default port."""
    if target.hostname != own.hostname:
        return False
    ports = (target_port or DEFAULT_PORTS.get(target.scheme), own_port or DEFAULT_PORTS.get(own.scheme))
    if target.scheme == own.scheme:
        return ports[0] == ports[1]
    safer = (own.scheme, target.scheme) == ("http", "https")
    return safer and (ports[0] == ports[1] or (ports[0] == 443 and ports[1] == 80))


def _scheme_matches(wanted: str, scheme: str) -> bool:
    """A scheme allows its safer sister too (CSP3, 6.7.2.9)."""
    return wanted == scheme or (wanted, scheme) in (("http", "https"), ("ws", "wss"), ("ws", "http"), ("ws", "https"), ("wss", "https"))


def _host_matches(source: str, target: t.Any, target_port: int | None, own_scheme: str) -> bool:
    match = re.fullmatch(r"(?:([A-Za-z][A-Za-z0-9+.-]*)://)?(\*|(?:\*\.)?[^:/*]+|\[[^\]]*\])(?::(\d+|\*))?(/.*)?", source)
    if not match:
        return False
    scheme, host, port, path = match.groups()
    if not _scheme_matches(scheme.lower() if scheme else own_scheme, target.scheme):
        return False
    name, wanted = (target.hostname or "").lower(), host.strip("[]").lower()
    if not (wanted in ("*", name) or (wanted.startswith("*.") and name.endswith(wanted[1:]) and name != wanted[2:])):
        return False
    return _port_matches(port, target_port, target.scheme) and _path_matches(path or "", target.path or "/")


def _port_matches(wanted: str | None, port: int | None, scheme: str) -> bool:
    actual = port or DEFAULT_PORTS.get(scheme)
    if wanted is None or wanted == "*":
        return wanted == "*" or actual == DEFAULT_PORTS.get(scheme)
    return actual == int(wanted) or (int(wanted) == 80 and actual == 443 and scheme == "https")


def _path_matches(wanted: str, path: str) -> bool:
    """A path that ends with a slash allows what lies below it, another one only itself (CSP3, 6.7.2.12)."""
    if not wanted or wanted == "/":
        return True
    wanted, path = unquote(wanted.partition("?")[0]), unquote(path)
    return path.startswith(wanted) if wanted.endswith("/") else path == wanted
