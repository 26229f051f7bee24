# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One URL that a page makes a browser fetch: whether the browser takes what comes, and what it fetches next for it."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import json
import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils.content_types import Expected, expected_for_reference
from ansible_collections.webops.django.plugins.module_utils.css_references import Reference, css_references
from ansible_collections.webops.django.plugins.module_utils.encodings import decoded
from ansible_collections.webops.django.plugins.module_utils.html_references import PageReferences, html_references
from ansible_collections.webops.django.plugins.module_utils.http_client import Answer, TransportError
from ansible_collections.webops.django.plugins.module_utils.import_maps import ImportMap
from ansible_collections.webops.django.plugins.module_utils.js_references import js_imports
from ansible_collections.webops.django.plugins.module_utils.web_urls import Origin, Url, join

MAX_BODY = 64 << 20
"""Bytes of a page, style sheet or other reference that are read at most."""
MAX_TEXT = 8 << 20
"""Characters of a page, style sheet or module that are searched for references."""
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_DIGEST = re.compile(r"(sha256|sha384|sha512)-([A-Za-z0-9+/_-]+={0,2})(?:\?[!-~]*)?")
_MODULE_TYPES = {"json": "any", "css": "stylesheet"}
"""Kinds of what a module imports with ``type``."""


@dataclasses.dataclass(frozen=True)
class Document:
    """A page, as far as what it refers to depends on it.

    :param url: as it was asked for.
    :param origin: from which its requests come.
    """

    url: str
    origin: Origin
    import_map: ImportMap


class Wanted(t.NamedTuple):
    """What is to be asked for.

    :param kind: as in :class:`~.css_references.Reference`; so are integrity and cors.
    :param named_by: URL of the page, style sheet, module or manifest that names it.
    """

    url: Url
    kind: str
    named_by: str
    document: Document
    integrity: str = ""
    cors: str = ""

    @property
    def expected(self) -> Expected:
        """What a browser takes for it."""
        return expected_for_reference("script" if self.kind == "module" else self.kind, self.url.path)

    @property
    def key(self) -> tuple[str, ...]:
        """What makes it another one than those that were asked for."""
        cors = f"{self.document.origin} {self.cors}" if self.cors and self.url.origin != self.document.origin else ""
        # Each page's import map may lead a module elsewhere.
        return str(self.url), self.kind, self.integrity, cors, self.document.url if self.kind == "module" else ""

    def request_headers(self) -> dict[str, str]:
        """Return the headers that a browser sends with such a request: by what, and for CORS from where, it is asked for.

        Servers refuse requests without a Referer that they know, against hot links. Of another origin only the own origin is told, as by
        ``strict-origin-when-cross-origin``, the default of https://www.w3.org/TR/referrer-policy/.
        """
        headers: dict[str, str] = {}
        origin = self.document.origin
        if self.named_by and (origin.scheme, self.url.origin.scheme) != ("https", "http"):
            headers["Referer"] = self.named_by.partition("#")[0] if self.url.origin == origin else f"{origin}/"
        if self.cors and self.url.origin != origin:
            headers["Origin"] = str(origin)
        return headers


def faults(wanted: Wanted, answer: Answer, body: bytes, final: Origin) -> list[tuple[str, str]]:
    """Return pairs of what was expected and what came with 200; what a browser refuses is a fault.

    :param final: the origin that answered in the end.
    """
    return [*_cors_faults(wanted, answer, final), *_integrity_faults(wanted.integrity, body)]


class Page(t.NamedTuple):
    """What a page makes a browser fetch.

    :param base: against which its references are resolved.
    :param found: what stands in its HTML.
    :param references: these, and those of its modules and import maps.
    """

    base: Url
    document: Document
    found: PageReferences
    references: list[Reference]


def read_page(text: str, url: Url, final: Url, look_at_clock: t.Callable[[], object]) -> Page:
    """Read a page's HTML.

    :param url: as it was asked for.
    :param final: as it answered, behind redirects.
    :raises UrlError: its base element holds no URL.
    """
    found = html_references(text, look_at_clock)
    base = join(final, found.base) if found.base else final
    document = Document(str(url), final.origin, ImportMap(base))
    references = list(found.references)
    for import_map in found.import_maps:
        document.import_map.add(import_map)
    references += [Reference(address, "module", cors="anonymous") for address in document.import_map.addresses()]
    for module in found.modules:
        references += module_references(module, base, document.import_map, look_at_clock)
    return Page(base, document, found, references)


def next_references(kind: str, text: str, url: Url, document: Document, look_at_clock: t.Callable[[], object]) -> list[Reference]:
    """Return what a browser fetches for a style sheet, a module, or a web app manifest, whose text this is."""
    if kind == "stylesheet":
        return css_references(text, look_at_clock)
    if kind == "module":
        return module_references(text, url, document.import_map, look_at_clock)
    return manifest_references(text) if kind == "manifest" else []


def module_references(text: str, url: Url, import_map: ImportMap, look_at_clock: t.Callable[[], object]) -> list[Reference]:
    """Return the modules that a module imports.

    A bare name that no import map has is left out: no server has a part in it.
    """
    found = []
    for imported in js_imports(text, look_at_clock):
        address = import_map.resolve(imported.specifier, url)
        if address:
            kind = _MODULE_TYPES.get(imported.type, "any") if imported.type else "module"
            found.append(Reference(address, kind, import_map.integrity(address), "anonymous", raw=imported.specifier))
    return found


def manifest_references(text: str) -> list[Reference]:
    """Return the images of a web app manifest: icons, those of its shortcuts, and screenshots (W3C Web Application Manifest)."""
    try:
        manifest = json.loads(text)
        if not isinstance(manifest, dict):
            return []
        images = [*_list(manifest, "icons"), *_list(manifest, "screenshots")]
        for shortcut in _list(manifest, "shortcuts"):
            images += _list(shortcut, "icons")
    except (ValueError, RecursionError):
        return []
    return [Reference(image["src"], "image") for image in images if isinstance(image.get("src"), str) and image["src"]]


def _list(document: dict[str, t.Any], name: str) -> list[dict[str, t.Any]]:
    value = document.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def cors_allows(wanted: Wanted, answer: Answer) -> bool:
    """Tell whether an answer of another origin lets the page use it."""
    allowed = answer.header_values("Access-Control-Allow-Origin")
    if wanted.cors != "use-credentials":
        return allowed in (["*"], [str(wanted.document.origin)])
    return allowed == [str(wanted.document.origin)] and answer.header("Access-Control-Allow-Credentials") == "true"


def _cors_faults(wanted: Wanted, answer: Answer, final: Origin) -> list[tuple[str, str]]:
    """Check what lets a page read an answer of another origin (Fetch, "CORS check")."""
    origin = wanted.document.origin
    if not wanted.cors or final == origin or cors_allows(wanted, answer):
        return []
    allowed = answer.header_values("Access-Control-Allow-Origin")
    credentials = wanted.cors == "use-credentials"
    wish = f"Access-Control-Allow-Origin: {origin}" + (", with Access-Control-Allow-Credentials: true" if credentials else " (or *)")
    got = f"Access-Control-Allow-Origin: {', and '.join(allowed)}" if allowed else "no Access-Control-Allow-Origin"
    return [(f"{wish}, for it comes from another origin than the page", got)]


def _integrity_faults(integrity: str, body: bytes) -> list[tuple[str, str]]:
    """Compare a body with the digests of an attribute (W3C Subresource Integrity 3.3.5): one of the strongest kind must match."""
    by_kind: dict[str, set[bytes]] = {}
    for word in integrity.split():
        match = _DIGEST.fullmatch(word)
        if match:
            try:
                by_kind.setdefault(match.group(1), set()).add(base64.b64decode(match.group(2).replace("-", "+").replace("_", "/")))
            except binascii.Error:
                continue
    if not by_kind:
        return []
    strongest = max(by_kind)
    digest = hashlib.new(strongest, body).digest()
    if digest in by_kind[strongest]:
        return []
    expected = f"a body with the {strongest} of its integrity attribute, without which browsers refuse it"
    return [(expected, f"one with {strongest}-{base64.b64encode(digest).decode()}")]


def read_body(answer: Answer) -> bytes:
    """Return a body, its encoding undone.

    :raises TransportError: it does not arrive whole, or is too long.
    :raises EncodingError: it cannot be decoded.
    """
    body = bytearray()
    for chunk in decoded(answer.chunks(), answer.header("Content-Encoding")):
        body += chunk
        if len(body) > MAX_BODY:
            raise TransportError(f"a body of more than {MAX_BODY >> 20} MiB")
    return bytes(body)


def text_of(answer: Answer, body: bytes) -> str:
    """Return a body as text, by the charset that its header tells."""
    match = _CHARSET.search(answer.header("Content-Type"))
    try:
        text = body.decode(match.group(1) if match else "utf-8", "replace")
    except (LookupError, UnicodeError):
        text = body.decode("utf-8", "replace")
    return text[:MAX_TEXT]
