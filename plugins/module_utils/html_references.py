# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files a page makes a browser fetch."""

from __future__ import annotations

import html.parser
import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils.content_types import JAVASCRIPT
from ansible_collections.webops.django.plugins.module_utils.css_references import Reference, css_references

_LINKS = {
    "apple-touch-icon": "image",
    "apple-touch-icon-precomposed": "image",
    "apple-touch-startup-image": "image",
    "icon": "image",
    "manifest": "manifest",
    "mask-icon": "image",
    "modulepreload": "module",
    "stylesheet": "stylesheet",
}
"""The link types that a browser fetches, ``preload`` aside, and the kind of what it expects."""
_PRELOADS = {"audio": "media", "font": "font", "image": "image", "script": "script", "style": "stylesheet", "video": "media"}
_WITH_INTEGRITY = ("modulepreload", "preload", "stylesheet")
_BACKGROUNDS = ("body", "table", "tbody", "td", "tfoot", "th", "thead", "tr")
_ATTRIBUTES = {
    **{(element, "background"): "image" for element in _BACKGROUNDS},
    ("audio", "src"): "media",
    ("embed", "src"): "any",
    ("feimage", "href"): "image",
    ("feimage", "xlink:href"): "image",
    ("image", "href"): "image",
    ("image", "xlink:href"): "image",
    ("img", "src"): "image",
    ("object", "data"): "any",
    ("source", "src"): "any",
    ("track", "src"): "any",
    ("use", "href"): "image",
    ("use", "xlink:href"): "image",
    ("video", "poster"): "image",
    ("video", "src"): "media",
}
_DESCRIPTOR = re.compile(r"\d+[wh]|-?[\d.]+(?:[eE][+-]?\d+)?x")
_PIECE = 16384
"""Characters that are read between two looks at the clock."""
_SCRIPT_TYPES = ("", *JAVASCRIPT)
_STYLE_TYPES = ("", "text/css")
_WITH_CROSSORIGIN = ("audio", "image", "img", "video")


class PageReferences(t.NamedTuple):
    """What a page refers to.

    :param base: the ``href`` of its base element, or an empty string.
    :param import_maps: texts of its import maps.
    :param modules: texts of the modules that stand on the page itself.
    :param title: the page's title.
    :param policies: Content-Security-Policies that the page itself states.
    """

    base: str
    references: list[Reference]
    import_maps: list[str]
    modules: list[str]
    title: str = ""
    policies: t.Sequence[str] = ()


def html_references(text: str, look_at_clock: t.Callable[[], object] = bool) -> PageReferences:
    """Return what a browser may fetch for a page, in the order of the text.

    :param look_at_clock: called now and then; what it raises ends the reading.
    """
    parser = _Parser()
    try:
        # In pieces, and without close(), which takes a time that grows with the square of some malformed texts (CVE-2025-6069).
        for start in range(0, len(text), _PIECE):
            look_at_clock()
            parser.feed(text[start : start + _PIECE])
        parser.end_page()
    except (AssertionError, NotImplementedError):
        # html.parser gives up at some malformed declarations; what it read until there counts.
        pass
    return PageReferences(parser.base, parser.references, parser.import_maps, parser.modules, parser.title, parser.policies)


class _Parser(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.base = ""
        self.references: list[Reference] = []
        self.import_maps: list[str] = []
        self.modules: list[str] = []
        self.title = ""
        self.policies: list[str] = []
        self._templates = 0
        self._svgs = 0
        self._text_of = ""
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # The first of several attributes of a name counts (HTML, 13.2.5.33).
        attributes = {name: value or "" for name, value in reversed(attrs)}
        # The content of a declarative shadow root is part of the page (HTML, 4.12.3).
        if tag == "template" and (self._templates or attributes.get("shadowrootmode", "").lower() not in ("open", "closed")):
            self._templates += 1
        self._svgs += tag == "svg"
        if self._templates:
            return
        if tag == "base":
            self.base = self.base or attributes.get("href", "")
        elif tag == "meta" and attributes.get("http-equiv", "").strip().lower() == "content-security-policy":
            self.policies.append(attributes.get("content", ""))
        elif tag == "title" and not self._svgs:
            self._text_of = "title"
        elif tag == "link":
            self._link(attributes)
        elif tag == "script":
            self._script(attributes)
        elif tag == "style" and attributes.get("type", "").strip().lower() in _STYLE_TYPES:
            self._text_of = "style"
        elif tag == "input" and attributes.get("type", "").lower() == "image":
            self._add(attributes.get("src", ""), "image")
        for (element, name), kind in _ATTRIBUTES.items():
            if element == tag:
                self._add(attributes.get(name, ""), kind, cors=_cors(attributes) if element in _WITH_CROSSORIGIN else "")
        if tag in ("img", "source"):
            self._srcset(attributes.get("srcset", ""))
        self.references += css_references(attributes.get("style", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "template":
            self._templates = max(self._templates - 1, 0)
        self._svgs = max(self._svgs - (tag == "svg"), 0)
        self.end_text()

    def handle_data(self, data: str) -> None:
        if self._text_of:
            self._text.append(data)

    def end_page(self) -> None:
        """Read a title, style sheet or import map that the page does not close, which html.parser holds back."""
        self.handle_data(self.rawdata)
        self.end_text()

    def end_text(self) -> None:
        """Read the title, style sheet or import map that was collected, if there is one."""
        text, self._text = "".join(self._text), []
        if self._text_of == "style":
            self.references += css_references(text)
        elif self._text_of == "importmap":
            self.import_maps.append(text)
        elif self._text_of == "module" and text.strip():
            self.modules.append(text)
        elif self._text_of == "title":
            self.title = self.title or " ".join(text.split())
        self._text_of = ""

    def _add(self, url: str, kind: str, integrity: str = "", cors: str = "", nonce: str = "") -> None:
        if url.strip():
            self.references.append(Reference(url.strip(), kind, integrity.strip(), cors, nonce))

    def _link(self, attributes: dict[str, str]) -> None:
        relations = attributes.get("rel", "").lower().split()
        for relation in relations:
            kind = _LINKS.get(relation, "")
            if relation == "preload":
                kind = _PRELOADS.get(attributes.get("as", "").lower(), "any")
            if not kind or (relation == "stylesheet" and not _is_loaded(attributes)):
                continue
            cors = "anonymous" if relation == "modulepreload" or kind == "font" else ""
            integrity = attributes.get("integrity", "") if relation in _WITH_INTEGRITY else ""
            self._add(attributes.get("href", ""), kind, integrity, _cors(attributes) or cors, attributes.get("nonce", ""))
        if "preload" in relations:
            self._srcset(attributes.get("imagesrcset", ""))

    def _script(self, attributes: dict[str, str]) -> None:
        script_type = attributes.get("type", "").strip().lower()
        address = attributes.get("src") or (attributes.get("href") or attributes.get("xlink:href") if self._svgs else None) or ""
        if script_type == "importmap":
            self._text_of = "importmap"
        elif script_type == "module":
            if address:
                self._add(address, "module", attributes.get("integrity", ""), _cors(attributes) or "anonymous", attributes.get("nonce", ""))
            else:
                self._text_of = "module"
        elif script_type in _SCRIPT_TYPES and "nomodule" not in attributes:
            # Who knows modules leaves out what is meant for those who do not (HTML, 4.12.1.1).
            self._add(address, "script", attributes.get("integrity", ""), _cors(attributes), attributes.get("nonce", ""))

    def _srcset(self, value: str) -> None:
        for url in _srcset_urls(value):
            self._add(url, "image")


def _srcset_urls(value: str) -> list[str]:
    """Return the URLs of a srcset attribute (HTML, 4.8.4.2.1).

    A URL may hold commas, but not end with one; a candidate with a descriptor that is none is dropped, as browsers do.
    """
    urls, rest = [], " ".join(value.split()).lstrip(" ,")
    while rest:
        url, _space, rest = rest.partition(" ")
        descriptors = ""
        if url.endswith(","):
            url = url.rstrip(",")
        else:
            descriptors, _comma, rest = rest.partition(",")
        if all(_DESCRIPTOR.fullmatch(descriptor) for descriptor in descriptors.split()):
            urls.append(url)
        rest = rest.lstrip(" ,")
    return urls


def _cors(attributes: t.Mapping[str, str]) -> str:
    """Return the state of the attribute crossorigin (HTML, 2.5.4)."""
    if "crossorigin" not in attributes:
        return ""
    return "use-credentials" if attributes["crossorigin"].strip().lower() == "use-credentials" else "anonymous"


def _is_loaded(attributes: t.Mapping[str, str]) -> bool:
    """Tell whether a browser fetches a style sheet: an alternate one and one for another medium too, but not a disabled one."""
    return "disabled" not in attributes and attributes.get("type", "").partition(";")[0].strip().lower() in _STYLE_TYPES
