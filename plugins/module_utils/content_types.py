# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which media types a browser takes for a file of which extension."""

from __future__ import annotations

import typing as t

JAVASCRIPT = (
    "text/javascript",
    "application/javascript",
    "application/ecmascript",
    "application/x-ecmascript",
    "application/x-javascript",
    "text/ecmascript",
    "text/x-javascript",
)
"""The JavaScript types of the WHATWG MIME Sniffing Standard, 4.6, that servers use; the first is that of RFC 9239."""

TYPES: dict[str, tuple[str, ...]] = {
    "avif": ("image/avif",),
    "bmp": ("image/bmp", "image/x-ms-bmp"),
    "cjs": JAVASCRIPT,
    "css": ("text/css",),
    "eot": ("application/vnd.ms-fontobject",),
    "gif": ("image/gif",),
    "htm": ("text/html",),
    "html": ("text/html",),
    "ico": ("image/vnd.microsoft.icon", "image/x-icon"),
    "jpeg": ("image/jpeg",),
    "jpg": ("image/jpeg",),
    "js": JAVASCRIPT,
    "json": ("application/json", "text/json"),
    "mjs": JAVASCRIPT,
    "mp3": ("audio/mpeg",),
    "mp4": ("video/mp4",),
    "otf": ("font/otf", "application/font-sfnt", "application/x-font-otf", "font/opentype", "font/sfnt"),
    "pdf": ("application/pdf",),
    "png": ("image/png",),
    "svg": ("image/svg+xml",),
    "ttf": ("font/ttf", "application/font-sfnt", "application/x-font-ttf", "application/x-font-truetype", "font/sfnt"),
    "txt": ("text/plain",),
    "wasm": ("application/wasm",),
    "webm": ("video/webm",),
    # Browsers take any JSON type for a web application manifest (W3C Web Application Manifest, processing).
    "webmanifest": ("application/manifest+json", "application/json"),
    "webp": ("image/webp",),
    "woff": ("font/woff", "application/font-woff", "application/x-font-woff"),
    "woff2": ("font/woff2", "application/font-woff2", "application/x-font-woff2"),
    "xml": ("text/xml", "application/xml"),
}
"""Accepted types by extension, the preferred one first. An extension that is not here may have any type."""

COMPRESSIBLE = frozenset("cjs css eot htm html ico js json map mjs otf svg ttf txt wasm webmanifest xml".split())
"""Extensions for which a server may send another encoding."""

_KINDS = {"stylesheet": TYPES["css"], "script": JAVASCRIPT, "manifest": TYPES["webmanifest"]}
_FAMILIES = {"image": ("image/",), "media": ("audio/", "video/", "application/ogg")}


def extension(name: str) -> str:
    """Return a file name's extension in lower case, without the dot; empty where there is none."""
    return name.rpartition("/")[2].lower().rpartition(".")[2] if "." in name.rpartition("/")[2] else ""


class Expected(t.NamedTuple):
    """What a Content-Type must be: one of these, or beginning with one of these; nothing said: anything."""

    types: tuple[str, ...] = ()
    families: tuple[str, ...] = ()

    def accepts(self, content_type: str) -> bool:
        """Tell whether a media type (lower case, without parameters) will do."""
        return not (self.types or self.families) or content_type in self.types or content_type.startswith(self.families or ("\0",))

    def __str__(self) -> str:
        return (self.types or tuple(f"{family}*" for family in self.families) or ("",))[0]


def expected_for_name(name: str) -> Expected:
    """Tell what a file of this name must be sent as."""
    return Expected(TYPES.get(extension(name), ()))


def expected_for_reference(kind: str, name: str) -> Expected:
    """Tell what a browser takes for a reference of a kind, such as ``stylesheet``; the name decides where the kind does not."""
    if kind in _KINDS:
        return Expected(_KINDS[kind])
    if kind in _FAMILIES:
        return Expected(families=_FAMILIES[kind])
    return expected_for_name(name)
