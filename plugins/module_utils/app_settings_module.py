# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which settings module an application uses, read from its code without running it."""

from __future__ import annotations

import glob
import os
import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils.app_server_files import assigned_variables
from ansible_collections.webops.django.plugins.module_utils.environment_file import NAME

VARIABLE = "DJANGO_SETTINGS_MODULE"
SIZE_LIMIT = 1024 * 1024

_DOTENV = re.compile(r"\b(?:load_dotenv|read_dotenv|read_env|dotenv_values)\s*\(")
_OTHER = re.compile(r"^\s*(?:from|import)\s+(?:fastapi|flask|starlette|quart|litestar|sanic|aiohttp|bottle|falcon|pyramid)\b", re.MULTILINE)


class View:
    """Files as a process sees them: a container's paths begin at its own root.

    :param root: by which path we reach this root; empty for ours.
    """

    def __init__(self, root: str = "") -> None:
        self.root = root

    def read(self, path: str) -> str | None:
        """Return a small file's text; None if it cannot be read."""
        try:
            if not os.path.isfile(self.root + path) or os.path.getsize(self.root + path) > SIZE_LIMIT:
                return None
            with open(self.root + path, "rb") as file:
                return file.read(SIZE_LIMIT).decode("utf-8", "surrogateescape")
        except (OSError, ValueError):
            return None

    def is_file(self, path: str) -> bool:
        """Tell whether there is a file, links followed."""
        return "\0" not in path and os.path.isfile(self.root + path)

    def is_program(self, path: str) -> bool:
        """Tell whether there is a file, or a container's link, which may lead to where nothing is on this side."""
        return self.is_file(path) or (bool(self.root) and os.path.islink(self.root + path))

    def is_folder(self, path: str) -> bool:
        """Tell whether there is a folder, links followed."""
        return "\0" not in path and os.path.isdir(self.root + path)

    def names(self, path: str) -> list[str]:
        """Return the names in a folder, empty if it cannot be read."""
        try:
            return sorted(os.listdir(self.root + path))
        except (OSError, ValueError):
            return []

    def glob(self, pattern: str) -> list[str]:
        """Return what matches, without the root's path."""
        return [path[len(self.root) :] for path in sorted(glob.glob(glob.escape(self.root) + pattern))]


def module_file(view: View, module: str, roots: t.Iterable[str]) -> tuple[str, str]:
    """Return a module's file, and the folder of the import path that it was found in; empty if there is none.

    :param module: such as ``shop.wsgi``.
    """
    if not re.match(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*\Z", module):
        return "", ""
    below = module.replace(".", "/")
    for root in roots:
        for path in (f"{below}.py", f"{below}/__init__.py"):
            if root and view.is_file(os.path.join(root, path)):
                return os.path.join(root, path), root
    return "", ""


def is_django_manage(view: View, folder: str) -> bool:
    """Tell whether a folder holds Django's manage.py; Flask-Script's has the same name."""
    text = view.read(os.path.join(folder, "manage.py"))
    return text is not None and ("django" in text.lower() or VARIABLE in text)


def is_other_framework(text: str | None) -> bool:
    """Tell whether a module's code is another framework's application and does not mention Django."""
    return text is not None and bool(_OTHER.search(text)) and "django" not in text.lower()


def settings_named(text: str | None, environment: t.Mapping[str, str]) -> str:
    """Return the settings module that code leads to: what it assigns, else the environment's, else its default."""
    forced = assigned_variables(text or "", defaults=False)
    default = assigned_variables(text or "", forced=False)
    return forced.get(VARIABLE) or environment.get(VARIABLE, "") or default.get(VARIABLE, "")


def other_variables(text: str | None) -> dict[str, str]:
    """Return the other variables that code sets before Django starts, such as DJANGO_CONFIGURATION."""
    return {name: value for name, value in assigned_variables(text or "").items() if name != VARIABLE and NAME.match(name)}


def dotenv_variables(view: View, text: str | None, folders: t.Iterable[str]) -> dict[str, str]:
    """Return the variables of the ``.env`` file that code loads, if it loads one: the nearest of these folders."""
    if text is None or not _DOTENV.search(text):
        return {}
    for folder in folders:
        content = view.read(os.path.join(folder, ".env"))
        if content is not None:
            return read_dotenv(content)
    return {}


def read_dotenv(text: str) -> dict[str, str]:
    """Read lines such as ``export NAME="value" # comment``, as python-dotenv does, without its references to other variables."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = re.match(r"""\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(?:'([^']*)'|"((?:\\.|[^"\\])*)"|([^#]*?(?:\S#[^#]*?)*?))\s*(?:\s#.*)?$""", line)
        if match:
            name, single, double, bare = match.groups()
            found[name] = single if single is not None else re.sub(r"\\(.)", r"\1", double) if double is not None else bare
    return found
