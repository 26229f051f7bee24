# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking nginx about a configuration that is not live yet.

A shadow is a copy of the configuration in a folder of its own, at the same paths below that folder. Each include, absolute or
relative, is rewritten to lead into it; what else lies beside the main file (certificates, password files, a ``modules`` link) is
linked, for nginx resolves such names from the main file's folder.
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
import shutil
import subprocess
import tempfile
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.nginx_text import (
    includes,
    parse,
    path_matches,
    quote,
    read_dump,
)

TIMEOUT = 60
"""Seconds. A test resolves the host names of upstreams, each of which may wait for a name server."""

STAMP = re.compile(r"^\S+ \S+ (\[\w+\]) \d+#\d+:")

Overlay = t.Mapping[str, t.Optional[str]]
"""What shall be different: text by path, None for a file that shall not be there."""


class Verdict(t.NamedTuple):
    """What ``nginx -T`` said: the files that it read, by path, and its messages."""

    accepted: bool
    files: dict[str, str]
    messages: str

    @property
    def fault(self) -> str:
        """The line that says why the configuration was refused, without time and process id."""
        lines = [STAMP.sub(r"nginx: \1", line.strip()) for line in self.messages.splitlines() if line.strip()]
        faults = [line for line in lines if "[emerg]" in line] or [line for line in lines if "[crit]" in line or "[error]" in line]
        return (faults or lines or ["nginx gave no reason"])[0]


def ask_nginx(nginx: str, main: str) -> Verdict:
    """Let nginx test and print a configuration.

    :raises ExplainedError: nginx cannot be started, or does not answer.
    """
    try:
        done = subprocess.run(
            [nginx, "-T", "-c", main], stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=False, env={**os.environ, "LC_ALL": "C"}
        )
    except OSError as error:
        raise ExplainedError(f"{nginx} cannot be started: {error.strerror}.") from error
    except subprocess.TimeoutExpired as error:
        raise ExplainedError(f"{nginx} -T did not end within {TIMEOUT} s; does an upstream's host name resolve on this host?") from error
    return Verdict(done.returncode == 0, read_dump(_decode(done.stdout)), _decode(done.stderr))


def read_configuration(main: str, overlay: Overlay) -> dict[str, str]:
    """Return the files that nginx would read, by path, if the overlay were in place."""
    files: dict[str, str] = {}
    waiting = [main]
    while waiting:
        path = waiting.pop()
        content = overlay[path] if path in overlay else _read(path)
        if path in files or content is None:
            continue
        files[path] = content
        for include in includes(parse(content)):
            waiting += _reached(_absolute(include.text, main), overlay)
    return files


def _absolute(include: str, main: str) -> str:
    return os.path.normpath(os.path.join(os.path.dirname(main), include))


def _reached(pattern: str, overlay: Overlay) -> set[str]:
    found = {path for path in glob.glob(pattern) if overlay.get(path, "") is not None}
    return found | {path for path, text in overlay.items() if text is not None and path_matches(path, pattern)}


def ask_shadow(nginx: str, main: str, overlay: Overlay) -> Verdict:
    """Let nginx test the configuration as it would be with the overlay in place.

    :returns: nginx's verdict, in the paths and with the texts of the configuration itself.
    """
    root = tempfile.mkdtemp(prefix="webops-nginx-")
    try:
        originals = read_configuration(main, overlay)
        _Shadow(root, main, overlay).build(originals)
        verdict = ask_nginx(nginx, root + main)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    read = {path[len(root) :] if path.startswith(root + "/") else path: text for path, text in verdict.files.items()}
    files = {path: originals.get(path, text) for path, text in read.items()}
    return Verdict(verdict.accepted, files, verdict.messages.replace(root, ""))


class _Shadow:
    def __init__(self, root: str, main: str, overlay: Overlay) -> None:
        self.root = root
        self.main = main
        self.overlay = overlay

    def build(self, files: t.Mapping[str, str]) -> None:
        self._folder(os.path.dirname(self.main))
        names_pid = False
        for path, text in files.items():
            rewritten, with_pid = self._rewrite(text)
            names_pid = names_pid or with_pid
            self._write(path, rewritten)
        if not names_pid and self.main in files:
            # In front of the first line, so that the numbers of lines in nginx's messages stay right.
            self._write(self.main, f"pid {self._pid()}; {self._rewrite(files[self.main])[0]}")
        for path, wanted in self.overlay.items():
            if wanted is None and os.path.isdir(self.root + os.path.dirname(path)):
                self._folder(os.path.dirname(path))
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self.root + path)

    def _pid(self) -> str:
        return quote(os.path.join(self.root, "nginx.pid"))

    def _rewrite(self, text: str) -> tuple[str, bool]:
        """Lead includes into the shadow, and the pid file too: a test creates a missing one, even where nothing may be changed."""
        directives = parse(text)
        edits = [(word, quote(self.root + _absolute(word.text, self.main))) for word in includes(directives)]
        pids = [(item.words[0], self._pid()) for item in directives if item.name == "pid" and len(item.words) == 1]
        for word, new in sorted(edits + pids, key=lambda edit: edit[0].start, reverse=True):
            text = text[: word.start] + new + text[word.end :]
        return text, bool(pids)

    def _write(self, path: str, text: str) -> None:
        self._folder(os.path.dirname(path))
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.root + path)
        with open(self.root + path, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(text)

    def _folder(self, real: str) -> None:
        """Make a folder of the shadow, its entries links to the real ones. A link to a folder becomes such a folder."""
        here = self.root + real.rstrip("/")
        if (os.path.isdir(here) and not os.path.islink(here)) or real == "/":
            return
        self._folder(os.path.dirname(real))
        with contextlib.suppress(FileNotFoundError):
            os.unlink(here)
        os.mkdir(here)
        if os.path.isdir(real):
            self._link_entries(real, here)

    def _link_entries(self, real: str, here: str) -> None:
        if (os.path.dirname(self.main) + "/").startswith(real + "/") and real != os.path.dirname(self.main):
            return  # a folder above the configuration: nothing in it is asked for by a relative name
        for name in os.listdir(real):
            os.symlink(os.path.join(real, name), os.path.join(here, name))


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except OSError:
        return None


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
