# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs as a browser builds them, and the paths of files that they stand for. Pure functions."""

from __future__ import annotations

import dataclasses
import re
import urllib.parse

DEFAULT_PORTS = {"http": 80, "https": 443}
SEGMENT_SAFE = "!$&'()*+,;=:@-._~"
"""What RFC 3986 3.3 allows unencoded in a path segment, beside letters and digits."""
URL_SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"<>`{}')
"""What a browser leaves as it is in a URL's path (WHATWG URL, path percent-encode set)."""
_IGNORED = re.compile("[\t\n\r]")
_BLANKS = "".join(map(chr, range(0x21)))
"""What browsers strip from both ends of a URL: control characters and spaces, but not the other blanks that Python knows."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


class UrlError(ValueError):
    """This is no URL that can be asked for; the message says why."""


@dataclasses.dataclass(frozen=True)
class Origin:
    """Scheme, host and port (RFC 6454)."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """The host, with the port where it is not the scheme's own: the value of a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


@dataclasses.dataclass(frozen=True)
class Url:
    """What is asked for: an origin, and a percent-encoded path with its query."""

    origin: Origin
    target: str

    def __str__(self) -> str:
        return f"{self.origin}{self.target}"

    @property
    def path(self) -> str:
        """The percent-encoded path, without the query."""
        return self.target.partition("?")[0]


def parse_url(text: str) -> Url:
    """Read an absolute http or https URL; the fragment is dropped.

    :raises UrlError: it is none.
    """
    try:
        parts = urllib.parse.urlsplit(_IGNORED.sub("", text.strip()))
        port = parts.port
        host = (parts.hostname or "").rstrip(".")
        if not host.isascii():
            host = host.encode("idna").decode()
    except ValueError as error:
        raise UrlError("is not a URL") from error
    if parts.scheme not in DEFAULT_PORTS:
        raise UrlError("does not begin with http:// or https://")
    if not re.fullmatch(r"[0-9a-z._:-]+", host):
        raise UrlError("names no host")
    if parts.username is not None:
        raise UrlError("holds a user name, which browsers do not send to a site's files")
    query = f"?{encode(parts.query)}" if parts.query else ""
    return Url(Origin(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme]), (encode(parts.path) or "/") + query)


def join(base: Url, reference: str) -> Url:
    """Resolve a reference against the URL of the page or style sheet that holds it, as browsers do (WHATWG URL, 4.4).

    Not with urllib's urljoin, which loses an empty parameter: ``a;`` is another file than ``a``.

    :raises UrlError: the result is no http or https URL.
    """
    path, mark, rest = _partition(_IGNORED.sub("", reference.strip(_BLANKS)))
    # Browsers read a backslash in http and https URLs as a slash ("special" schemes).
    path = path.replace("\\", "/")
    scheme = _SCHEME.match(path)
    if scheme and (scheme.group(1).lower() != base.origin.scheme or path.startswith("//", scheme.end())):
        return _without_dots(parse_url(path + mark + rest))
    if scheme:
        path = path[scheme.end() :]
    if path.startswith("//"):
        return _without_dots(parse_url(f"{base.origin.scheme}:{path}{mark}{rest}"))
    if not path and mark != "?":
        return base
    query = rest.partition("#")[0] if mark == "?" else ""
    if not path.startswith("/"):
        path = base.path.rpartition("/")[0] + "/" + path if path else base.path
    return _without_dots(Url(base.origin, encode(path) + (f"?{encode(query)}" if query else "")))


def _partition(reference: str) -> tuple[str, str, str]:
    """Return what stands before the first question mark or hash, this mark, and the rest."""
    match = re.search("[?#]", reference)
    return (reference[: match.start()], match.group(), reference[match.end() :]) if match else (reference, "", "")


def _without_dots(url: Url) -> Url:
    """Resolve the segments of a path that are dots, plain or percent-encoded."""
    kept: list[str] = []
    segments = url.path.split("/")[1:]
    for number, segment in enumerate(segments):
        dots = segment.lower().replace("%2e", ".")
        if dots == "..":
            del kept[-1:]
        elif dots != ".":
            kept.append(segment)
        if dots in (".", "..") and number == len(segments) - 1:
            kept.append("")
    return Url(url.origin, "/" + "/".join(kept) + url.target[len(url.path) :])


def encode(text: str) -> str:
    """Percent-encode what a browser would, and leave what is already encoded."""
    return urllib.parse.quote(text, safe=URL_SAFE, errors="surrogatepass")


def path_to_url(path: bytes) -> str:
    """Percent-encode a file's relative path, whatever bytes its names have."""
    return urllib.parse.quote(path, safe="/" + SEGMENT_SAFE)


def url_to_path(url: str) -> bytes:
    """Return the relative path for which :func:`path_to_url` made this."""
    return urllib.parse.unquote_to_bytes(url)


def printable(text: str, length: int = 300) -> str:
    """Escape what could steer a terminal or reorder a line, and cut what is too long."""
    cut = text if len(text) <= length else f"{text[:length]}…"
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in cut)
