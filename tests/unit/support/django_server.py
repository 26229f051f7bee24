# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Django behind a real nginx, for what a diagnosis asks of them."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from ansible_collections.webops.django.tests.unit.support.django_projects import DJANGOS, make_project, write
from ansible_collections.webops.django.tests.unit.support.nginx_server import NginxServer, free_port

SETTINGS = """
import os
DEBUG = "FOR_TESTS_DEBUG" in os.environ
ALLOWED_HOSTS = ["*"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "whitenoise.middleware.WhiteNoiseMiddleware"]
WHITENOISE_USE_FINDERS = True
USE_X_FORWARDED_HOST = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
INSTALLED_APPS = ["whitenoise.runserver_nostatic", *INSTALLED_APPS]
"""
URLS = """
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import path

def home(request):
    return HttpResponse("<title>Shop</title><link rel=stylesheet href=/static/app/a.css>")

def broken(request):
    raise ValueError("Missing staticfiles manifest entry for 'gone <1>.css'")

urlpatterns = [
    path("", home),
    path("broken/", broken),
    path("members/", lambda request: HttpResponseRedirect("/accounts/login/?next=/members/")),
    path("accounts/login/", lambda request: HttpResponse("<title>Log in</title>")),
    path("scheme/", lambda request: HttpResponse(request.build_absolute_uri())),
]
"""
PROXY = """
server {
    listen 127.0.0.1:PORT;
    server_name shop.example.com;
    location / { proxy_pass http://127.0.0.1:APP; proxy_set_header Host $host; EXTRA }
}
"""


class DjangoServer:
    """Django's own server with WhiteNoise; a context that stops it."""

    def __init__(self, folder: Path, debug: bool) -> None:
        self.folder = make_project(folder, SETTINGS)
        write(folder / "conf/urls.py", URLS)
        self.port = free_port()
        self.debug = debug
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> DjangoServer:
        environment = {**os.environ, "PYTHONPATH": str(DJANGOS[-1]), "PYTHONDONTWRITEBYTECODE": "1"}
        if self.debug:
            environment["FOR_TESTS_DEBUG"] = "1"
        log = self._stack.enter_context((self.folder / "log").open("wb"))
        command = [sys.executable, "manage.py", "runserver", "--noreload", "--skip-checks", f"127.0.0.1:{self.port}"]
        self._process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)
        for _attempt in range(1500):
            if self._process.poll() is not None:
                break
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return self
            time.sleep(0.02)
        raise AssertionError((self.folder / "log").read_text())

    def __exit__(self, *_rest: object) -> None:
        self._process.terminate()
        self._process.wait(20)
        self._stack.close()

    @property
    def connect(self) -> dict[str, t.Any]:
        """Where it is asked directly."""
        return {"address": "127.0.0.1", "port": self.port, "tls": False}


@contextlib.contextmanager
def proxied(folder: Path, port: int, extra: str = "") -> t.Iterator[NginxServer]:
    """Put nginx in front of an application.

    :param extra: directives for its location.
    """
    nginx = NginxServer(folder)
    nginx.site("shop.conf", PROXY.replace("APP", str(port)).replace("EXTRA", extra))
    with nginx:
        yield nginx
