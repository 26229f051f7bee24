# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server block that the role renders: as the golden files have it, and as a real nginx serves it."""

from __future__ import annotations

import gzip
import http.server
import os
import socket
import socketserver
import subprocess
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.content_types import TYPES
from ansible_collections.webops.django.tests.unit.support.nginx_server import NGINX, Answer, NginxServer
from ansible_collections.webops.django.tests.unit.support.role_variables import role_variable

GOLDEN = Path(__file__).parent / "golden"
SHOP: dict[str, t.Any] = {
    "django_app_name": "shop",
    "django_app_hostnames": ["shop.example"],
    "__django_nginx_network": {"ipv6": True, "listeners": []},
}
CASES: dict[str, dict[str, t.Any]] = {
    "smallest": {},
    "everything": {
        "django_app_name": "shop-of-the-long-name_24",
        "django_app_hostnames": ["shop.example", ".shop.example.org", "[::1]", "shop.example"],
        "django_static_path": "/srv/my sites/shop",
        "__django_app_sites": {
            "shop-of-the-long-name_24": {
                "static_url": "/app/st%C3%A4tic files/",
                "media_url": "/app/st%C3%A4tic files/media/",
                "manifest": True,
                "hash_lookalikes": ["js/a (1).0123456789ab.js", 'odd"name.0123456789ab', "dollar$back\\slash.0123456789ab.css"],
                "asgi_application": "shop.asgi.application",
                "precompressed": ["gzip"],
            }
        },
        "django_nginx_port": 8080,
        "django_nginx_addresses": ["127.0.0.1", "[::1]"],
        "django_nginx_upstream": "127.0.0.1:8001",
        "django_nginx_client_max_body_size": "1g",
        "django_nginx_proxy_timeout": 300,
        "django_nginx_gzip_pages": True,
        "django_nginx_mime_types": {"glb": "model/gltf-binary", "js": "application/javascript"},
    },
    "cdn": {
        "django_nginx_static_url": "https://cdn.example/static/",
        "django_nginx_media_url": "/",
        "django_nginx_manifest": True,
        "django_nginx_ipv6": "disabled",
        "django_nginx_gzip": False,
    },
}


def rendered(**variables: t.Any) -> list[dict[str, str]]:
    """Return the role's files."""
    return t.cast("list[dict[str, str]]", role_variable("django_nginx", "__django_nginx_files", **{**SHOP, **variables}))


@pytest.mark.parametrize("case", CASES)
def test_golden_files(case: str, tmp_path: Path) -> None:
    """What is rendered is what was looked at, and nginx accepts it without a warning. ``UPDATE_GOLDEN=1`` writes the files anew."""
    files = rendered(**CASES[case])
    text = "".join(f"# ---- {file['path']}\n{file['content']}" for file in files)
    golden = GOLDEN / f"{case}.conf"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()
    server = NginxServer(tmp_path)
    for file in files:
        # A test of nginx tries the ports; those below 1024 are not every user's.
        server.site(file["path"], file["content"].replace("listen 80", "listen PORT").replace("]:80;", "]:PORT;").replace("]:80 ", "]:PORT "))
    done = server.test()
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


def test_no_location_that_has_its_own_way_to_fail() -> None:
    """No alias, no regex location, no rewrite, if or try_files."""
    for case in CASES.values():
        words = [line.split()[:2] for file in rendered(**case) for line in file["content"].splitlines() if line.strip()]
        assert not [word for word in words if word[0] in ("alias", "rewrite", "if", "try_files") or word in (["location", "~"], ["location", "~*"])]


class Echo(http.server.BaseHTTPRequestHandler):
    """An application that answers with the request's head."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with path and headers."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = f"{self.path}\n{self.headers}".encode() + b" " * 3000
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Answer in the same way."""
        self.do_GET()

    def log_message(self, *_arguments: object) -> None:
        """Be silent."""

    def address_string(self) -> str:
        """A unix socket has no address."""
        return ""


class Application(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """The application on a unix socket."""

    daemon_threads = True


class Site:
    """The rendered site on a real nginx, with files and an application."""

    def __init__(self, folder: Path, **variables: t.Any) -> None:
        self.server = NginxServer(folder)
        self.base = folder / "shop"
        self.socket = folder / "app.sock"
        for file in rendered(
            **{
                "django_static_path": str(self.base),
                "django_nginx_port": self.server.port,
                "django_nginx_upstream": f"unix:{self.socket}",
                "django_nginx_media_url": "/media/",
                **variables,
            }
        ):
            self.server.site(file["path"], file["content"])

    def put(self, name: str, content: str | bytes = "x") -> None:
        """Write a file below the site's base."""
        path = self.base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def __enter__(self) -> t.Callable[..., Answer]:
        self.application = Application(str(self.socket), Echo)
        threading.Thread(target=self.application.serve_forever, daemon=True).start()
        return self.server.__enter__().get

    def __exit__(self, *rest: object) -> None:
        self.server.__exit__(*rest)
        self.application.shutdown()
        self.application.server_close()


def test_media_types(tmp_path: Path) -> None:
    """Each file has a type that a browser takes, whatever the host's own mime.types knows."""
    site = Site(tmp_path)
    for extension in TYPES:
        site.put(f"public/static/file.{extension}")
    site.put("public/static/file.map")
    site.put("public/static/file.unknown")
    site.put("public/static/LICENSE")
    with site as get:
        got = {extension: get(f"/static/file.{extension}").headers["content-type"] for extension in (*TYPES, "map", "unknown")}
        assert {
            extension: kind.partition(";")[0] for extension, kind in got.items() if kind.partition(";")[0] not in TYPES.get(extension, (kind,))
        } == {}
        assert (got["mjs"], got["css"], got["txt"], got["html"]) == (
            "text/javascript; charset=utf-8",
            "text/css; charset=utf-8",
            "text/plain; charset=utf-8",
            "text/html; charset=utf-8",
        )
        assert (got["map"], got["svg"], got["png"], got["unknown"]) == ("application/json", "image/svg+xml", "image/png", "application/octet-stream")
        assert get("/static/LICENSE").headers["content-type"] == "application/octet-stream"


def test_cache_headers(tmp_path: Path) -> None:
    """For ever only for hashed names; never for an error."""
    lookalike = 'js/a (1)"$.0123456789ab.js'
    site = Site(tmp_path, django_nginx_manifest=True, django_nginx_hash_lookalikes=[lookalike])
    for name in (
        "css/app.css",
        "css/app.0123456789ab.css",
        "LICENSE.0123456789ab",
        "a.0123456789ab.b.c",
        "app-0123456789ab.css",
        "a.0123456789AB.css",
        lookalike,
        f"x{lookalike}",
    ):
        site.put(f"public/static/{name}")
    site.put("uploads/media/photo.0123456789ab.jpg")
    forever = "public, max-age=31536000, immutable"
    with site as get:

        def cached(path: str) -> str | None:
            return get(path).headers.get("cache-control")

        assert cached("/static/css/app.css") == "no-cache"
        assert cached("/static/css/app.0123456789ab.css") == forever
        assert cached("/static/css/app.0123456789ab.css?v=1") == forever
        assert cached("/static/LICENSE.0123456789ab") == forever
        assert cached("/static/a.0123456789ab.b.c") == "no-cache"
        assert cached("/static/app-0123456789ab.css") == "no-cache"
        assert cached("/static/a.0123456789AB.css") == "no-cache"
        assert cached("/static/js/a%20(1)%22$.0123456789ab.js") == "no-cache"
        assert cached("/static/xjs/a%20(1)%22$.0123456789ab.js") == forever
        assert cached("/media/photo.0123456789ab.jpg") == "no-cache"
        missing = get("/static/css/gone.0123456789ab.css")
        assert missing.status == 404 and "cache-control" not in missing.headers
        first = get("/static/css/app.css")
        again = get("/static/css/app.css", If_None_Match=first.headers["etag"])
        assert (again.status, again.body) == (304, b"")
        for path in ("/static/css/app.css", "/static/css/gone.0123456789ab.css", "/media/photo.0123456789ab.jpg", "/media/gone"):
            assert get(path).headers["x-content-type-options"] == "nosniff"


def test_without_manifest_nothing_is_immutable(tmp_path: Path) -> None:
    """A name that looks hashed means nothing then."""
    site = Site(tmp_path)
    site.put("public/static/app.0123456789ab.css")
    with site as get:
        assert get("/static/app.0123456789ab.css").headers["cache-control"] == "no-cache"


def test_compression(tmp_path: Path) -> None:
    """Text-like files, not images, not the application's pages."""
    site = Site(tmp_path)
    names = {
        name: name.endswith(("css", "js", "svg", "wasm", "json", "mjs", "map", "webmanifest"))
        for name in ("a.css", "a.js", "a.mjs", "a.svg", "a.wasm")
    }
    names.update({"a.json": True, "a.map": True, "a.webmanifest": True, "a.png": False, "a.woff2": False})
    for name in names:
        site.put(f"public/static/{name}", "x" * 5000)
    site.put("uploads/media/a.svg", "x" * 5000)
    site.put("public/static/small.css", "x" * 100)
    with site as get:
        for name, compressed in names.items():
            answer = get(f"/static/{name}", Accept_Encoding="gzip", Via="1.1 proxy")
            assert (answer.headers.get("content-encoding") == "gzip") is compressed, name
            assert (gzip.decompress(answer.body) if compressed else answer.body) == b"x" * 5000
            assert ("vary" in answer.headers) is compressed
        assert get("/media/a.svg", Accept_Encoding="gzip").headers["content-encoding"] == "gzip"
        assert "content-encoding" not in get("/static/small.css", Accept_Encoding="gzip").headers
        assert "content-encoding" not in get("/page", Accept_Encoding="gzip").headers


def test_precompressed_files(tmp_path: Path) -> None:
    """What lies there is sent, and only below STATIC_URL: what is uploaded as x.css.gz is no form of x.css."""
    site = Site(tmp_path, django_nginx_precompressed=["gzip"])
    before = gzip.compress(b"made before")
    for name in ("public/static/a.css", "public/static/small.css", "uploads/media/a.css"):
        site.put(name, "x" * 5000 if "small" not in name else "x")
        site.put(f"{name}.gz", before)
    with site as get:
        for path, sent in (("/static/a.css", b"made before"), ("/static/small.css", b"made before"), ("/media/a.css", b"x" * 5000)):
            answer = get(path, Accept_Encoding="gzip")
            assert gzip.decompress(answer.body) == sent
            assert (answer.headers["content-type"], answer.headers["vary"]) == ("text/css; charset=utf-8", "Accept-Encoding")
        plain = get("/static/a.css")
        assert (plain.body, plain.headers["vary"]) == (b"x" * 5000, "Accept-Encoding")
        assert get("/static/a.css.gz").headers["content-type"] == "application/gzip"


def test_brotli_is_served_where_it_is_named() -> None:
    """By a module of nginx's that the role installs; Molecule's scenario ``drop_in`` asks for such files."""
    (site, *_rest) = rendered(django_nginx_precompressed=["gzip", "brotli"], django_nginx_media_url="/media/")
    static, media = site["content"].split('location ^~ "/media/"')
    assert static.count("gzip_static on;") == static.count("brotli_static on;") == 1
    assert "_static on" not in media


def test_compression_of_pages_by_choice(tmp_path: Path) -> None:
    """The user may have it."""
    with Site(tmp_path, django_nginx_gzip_pages=True, django_nginx_gzip=False) as get:
        assert get("/page", Accept_Encoding="gzip").headers["content-encoding"] == "gzip"


def head(answer: Answer) -> dict[str, str]:
    """Return the headers that the application got."""
    lines = answer.body.decode().split("\n")[1:]
    return {name.lower(): value.strip() for name, _colon, value in (line.partition(":") for line in lines) if value}


def test_what_the_application_is_told(tmp_path: Path) -> None:
    """Host and client as they are; what a client says of itself in their place is overwritten or dropped."""
    forged = {
        "X_Forwarded_For": "6.6.6.6",
        "X_Real_IP": "6.6.6.6",
        "X_Forwarded_Proto": "https",
        "X_Forwarded_Host": "evil.example",
        "X_Forwarded_Port": "443",
        "X_Forwarded_Ssl": "on",
        "X_Forwarded_Protocol": "ssl",
        "Forwarded": "for=6.6.6.6",
        "Proxy": "http://evil.example",
    }
    site = Site(tmp_path)
    with site as get:
        port = site.server.port
        answer = get("/a%20b//c?d=%2F", host=f"shop.example:{port}", **forged)
        assert answer.body.startswith(b"/a%20b//c?d=%2F\n")
        told = head(answer)
        assert {name: value for name, value in told.items() if name not in ("accept-encoding",)} == {
            "host": f"shop.example:{port}",
            "x-real-ip": "127.0.0.1",
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-proto": "http",
            "x-forwarded-host": f"shop.example:{port}",
            "x-forwarded-port": str(port),
            "connection": "close",
        }
        assert answer.headers["server"] == "nginx"


def test_websockets(tmp_path: Path) -> None:
    """Only with ASGI, and no other protocol."""
    with Site(tmp_path / "wsgi") as get:
        assert "upgrade" not in head(get("/", Upgrade="websocket", Connection="upgrade"))
    with Site(tmp_path / "asgi", django_nginx_websockets=True) as get:
        told = head(get("/", Upgrade="WebSocket", Connection="upgrade"))
        assert (told["upgrade"], told["connection"]) == ("websocket", "upgrade")
        told = head(get("/", Upgrade="h2c", Connection="upgrade"))
        assert "upgrade" not in told and told["connection"] == "close"


def test_locations(tmp_path: Path) -> None:
    """What lies under a prefix is served from there, and nothing beside it."""
    site = Site(tmp_path, django_nginx_static_url="/app/st%C3%A4tic files/", django_nginx_media_url="/app/st%C3%A4tic files/media/")
    site.put("public/app/stätic files/ä b.css", "static")
    site.put("public/app/stätic files/media/x.txt", "static")
    site.put("uploads/app/stätic files/media/x.txt", "media")
    site.put("public/secret", "secret")
    site.put("release/app.js", "release")
    (site.base / "public/app/stätic files/linked").symlink_to("../../../release")
    prefix = "/app/st%C3%A4tic%20files"
    with site as get:
        assert get(f"{prefix}/%C3%A4%20b.css").body == b"static"
        assert get(f"{prefix}/media/x.txt").body == b"media"
        assert get(f"{prefix}/linked/app.js").body == b"release"
        assert get(f"{prefix}../secret").body.startswith(b"/app/")
        assert b"secret" not in get(f"{prefix}/../../secret").body.splitlines()
        assert get(f"{prefix}/").status == 403
        assert get(f"{prefix}/media").headers["location"] == f"{prefix}/media/"
        assert get(f"{prefix}/linked/app.js", method="POST").status == 405
        assert get("/secret").body.startswith(b"/secret\n")
        assert get("/static/x").body.startswith(b"/static/x\n")


def test_static_files_elsewhere(tmp_path: Path) -> None:
    """With STATIC_URL on another host, and no media, everything is the application's."""
    with Site(tmp_path, django_nginx_static_url="//cdn.example/static/", django_nginx_media_url="") as get:
        assert get("/static/app.css").body.startswith(b"/static/app.css\n")
        assert get("/media/app.css").body.startswith(b"/media/app.css\n")


def test_hosts(tmp_path: Path) -> None:
    """The site's names are answered, in any case; others are refused."""
    with Site(tmp_path, django_app_hostnames=["Shop.example", ".b.example"]) as get:
        for host in ("shop.example", "SHOP.EXAMPLE:1", "b.example", "www.b.example"):
            assert get("/", host=host).status == 200
        for host in ("www.shop.example", "unknown.example", "127.0.0.1", "shop.example.evil"):
            assert get("/", host=host).status == 0


def test_request_size(tmp_path: Path) -> None:
    """Larger requests are refused by nginx."""
    site = Site(tmp_path, django_nginx_client_max_body_size="1k")
    with site:
        for size, status in ((1024, 200), (1025, 413)):
            with socket.create_connection(("127.0.0.1", site.server.port)) as client:
                client.sendall(b"POST / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
                assert client.recv(100).split()[1] == str(status).encode()


def test_two_sites(tmp_path: Path) -> None:
    """Names that differ by - and _ only are two sites with variables of their own, and share the catch-all."""
    server = NginxServer(tmp_path)
    for name in ("my-shop", "my_shop"):
        for file in rendered(
            django_app_name=name,
            django_app_hostnames=[f"{name}.example"],
            django_nginx_port=server.port,
            django_nginx_manifest=True,
            django_nginx_websockets=True,
        ):
            server.site(file["path"], file["content"])
    assert len(list((server.etc / "sites-enabled").iterdir())) == 4
    done = subprocess.run([NGINX, "-T", "-c", str(server.config)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "[warn]" not in done.stderr, done.stderr
    maps = [line for line in done.stdout.splitlines() if line.startswith("map ")]
    assert len(maps) == len({line.split()[2] for line in maps}) == 6


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"django_app_name": "Shop"}, 'django_app_name is "Shop"'),
        ({"django_app_hostnames": []}, "django_app_hostnames is empty"),
        ({"django_app_hostnames": ["https://shop.example"]}, 'holds "https://shop.example", which is no host name'),
        ({"django_app_hostnames": ["shop.example:80"]}, 'holds "shop.example:80"'),
        ({"django_app_hostnames": ["*"]}, 'holds "*"'),
        ({"django_app_hostnames": ["käse.example"]}, "xn--"),
        ({"django_app_hostnames": ["a.example; return 200"]}, "no host name"),
        ({"django_app_hostnames": ["a.example\nb.example"]}, "no host name"),
        ({"django_nginx_port": 0}, "port from 1 to 65535"),
        ({"django_nginx_port": 65536}, "port from 1 to 65535"),
        ({"django_nginx_addresses": ["10.0.0.1:80"]}, 'holds "10.0.0.1:80": write an address without a port'),
        ({"django_nginx_client_max_body_size": "10 MB"}, 'is "10 MB": write a number'),
        ({"django_nginx_proxy_timeout": 0}, "seconds from 1 on"),
        ({"django_nginx_static_url": "/"}, 'prefix is "/": STATIC_URL'),
        ({"django_nginx_static_url": "static/"}, 'prefix is "static/"'),
        ({"django_nginx_static_url": "/static"}, 'prefix is "/static"'),
        ({"django_nginx_static_url": '/st"atic/'}, "no quotation mark"),
        ({"django_nginx_static_url": "/st%22atic/"}, "no quotation mark"),
        ({"django_nginx_static_url": "/a//b/"}, 'prefix is "/a//b/"'),
        ({"django_nginx_static_url": "/a/../b/"}, 'prefix is "/a/../b/"'),
        ({"django_nginx_static_url": "/a/{{ b }}/"}, "prefix is"),
        ({"django_nginx_media_url": "/media"}, 'prefix is "/media": MEDIA_URL'),
        ({"django_nginx_media_url": "/static/"}, 'are both "/static/"'),
        ({"django_nginx_public": "/srv/$host/public"}, "django_nginx_public is"),
        ({"django_nginx_uploads": "uploads"}, "django_nginx_uploads"),
        ({"django_nginx_upstream": "/run/app.sock"}, "unix:/path/of/a.socket"),
        ({"django_nginx_upstream": "unix:/run/a b"}, "unix:/path/of/a.socket"),
        ({"django_nginx_mime_types": {".glb": "model/gltf-binary"}}, 'holds ".glb: model/gltf-binary"'),
        ({"django_nginx_mime_types": {"glb": "model"}}, 'holds "glb: model"'),
    ],
)
def test_bad_input(variables: dict[str, t.Any], message: str) -> None:
    """One sentence: what is wrong, where, what to write."""
    faults = role_variable("django_nginx", "__django_nginx_faults", **{**SHOP, **variables})
    assert len(faults) == 1
    assert message in faults[0]["message"]


def test_good_input() -> None:
    """What is rendered in the golden files is right."""
    assert [role_variable("django_nginx", "__django_nginx_faults", **{**SHOP, **case}) for case in CASES.values()] == [[], [], []]


def test_a_port_that_another_program_holds() -> None:
    """nginx itself is none."""
    listeners = [{"command": "nginx", "pid": 1}, {"command": "apache2", "pid": 2}]
    for found, expected in ((listeners, listeners[1]), (listeners[:1], {}), ([], {})):
        assert role_variable("django_nginx", "__django_nginx_holder", **{**SHOP, "__django_nginx_network": {"listeners": found}}) == expected


@pytest.mark.parametrize("hostnames", ["a.example, b.example", ["a.example", "b.example"], ["a.example,b.example"]])
def test_host_names_may_be_a_string(hostnames: t.Any) -> None:
    """An INI inventory has strings only."""
    found = role_variable("django_nginx", "django_nginx_hostnames", django_app_name="shop", django_app_hostnames=hostnames)
    assert list(found) == ["a.example", "b.example"]
