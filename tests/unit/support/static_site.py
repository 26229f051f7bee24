# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A collected tree and a real nginx that serves it: rightly, until a test breaks something."""

from __future__ import annotations

import gzip
import hashlib
import json
import pathlib
import typing as t

from ansible_collections.webops.django.tests.unit.support.nginx_server import NginxServer

TYPES = """types {
    text/html html; text/css css; text/javascript js mjs; image/svg+xml svg; font/woff2 woff2; application/wasm wasm;
    application/manifest+json webmanifest; text/plain txt; application/json json;
}
"""
SITE = """server {
    listen 127.0.0.1:PORT;
    server_name shop.example.com;
    gzip_types text/css text/javascript image/svg+xml;
    gzip_min_length 0;
    gzip_vary on;
    LOCATIONS
}
server { listen 127.0.0.1:PORT default_server; return 444; }
"""
STATIC = "location ^~ /static/ { root ROOT; EXTRA }"
PAGES = "location / { root ROOT/pages; default_type text/html; }"
HOME = """<!doctype html><link rel=stylesheet href="/static/site.css"><script type=module src="/static/app.mjs"></script>
<img src="/static/img/bild größe.svg"><img src="https://cdn.example.org/x.png">"""
CSS = "@import 'base/reset.css'; @font-face { src: url(fonts/a.woff2) } a { background: url('img/bild%20größe.svg') }"


class StaticSite:
    """The folder ``static`` under a document root, nginx's configuration, and the name under which it is asked for."""

    base_url = "http://shop.example.com"

    def __init__(self, folder: pathlib.Path) -> None:
        self.nginx = NginxServer(folder / "nginx")
        self.nginx.types.write_text(TYPES)
        self.root = folder / "root"
        self.static = self.root / "static"
        self.hashed: dict[str, str] = {}
        for name, content in {
            "site.css": CSS,
            "base/reset.css": "a { margin: 0 }\n" * 50,
            "app.mjs": "export const a = 1;\n",
            "fonts/a.woff2": "font",
            "img/bild größe.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
            "a.wasm": "\0asm",
            "site.webmanifest": "{}",
            "strange/100%.css": "",
            "strange/what? #1.js": "1;",
            "LICENSE": "free",
        }.items():
            self.write(name, content.encode())
        (self.root / "pages").mkdir()
        self.page("index.html", HOME)
        self.serve()

    def write(self, name: str, content: bytes) -> pathlib.Path:
        """Write a file of the tree."""
        path = self.static / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def page(self, name: str, text: str) -> None:
        """Write a page."""
        path = self.root / "pages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def hash(self, name: str, listed: bool = True) -> str:
        """Add the copy of a file whose name is made from its content, as Django's manifest storage does."""
        content = (self.static / name).read_bytes()
        stem, _dot, end = name.rpartition(".")
        copy = f"{stem}.{hashlib.md5(content).hexdigest()[:12]}.{end}"
        self.write(copy, content)
        if listed:
            self.hashed[name] = copy
        self.write("staticfiles.json", json.dumps({"paths": self.hashed}).encode())
        return copy

    def compress(self, name: str, content: bytes | None = None) -> None:
        """Add a compressed sibling, of other content if told."""
        path = self.static / name
        self.write(f"{name}.gz", gzip.compress(path.read_bytes() if content is None else content))

    def serve(self, extra: str = "", static: str = STATIC, pages: str = PAGES) -> None:
        """Write nginx's configuration.

        :param extra: directives for the location of the static files.
        """
        locations = "\n".join((static.replace("EXTRA", extra), pages)).replace("ROOT", str(self.root))
        self.nginx.site("shop.conf", SITE.replace("LOCATIONS", locations))

    @property
    def options(self) -> dict[str, t.Any]:
        """The module's options for this site."""
        return {"base_url": self.base_url, "connect_to": f"127.0.0.1:{self.nginx.port}", "static_path": str(self.static), "pages": ["/"]}
