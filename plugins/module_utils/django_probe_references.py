# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which static files a project's templates and form media name, and what the storage says of names that no finder knows.

Runs inside the project's own interpreter; see django_probe.py for what that means.
"""

from __future__ import annotations

import inspect
import os
import typing as t

TEMPLATE_LIMIT = 1 << 20
"""Bytes of a template that is looked into."""

TEMPLATES_LIMIT = 20000
USERS_LIMIT = 5
"""Places that are told for one name."""

NOTES_LIMIT = 10


def reference_evidence(known: set[str], limit: int) -> dict[str, t.Any]:
    """List the names in literal ``{% static "…" %}`` tags and in ``class Media`` that no finder knows.

    :param known: relative paths that the finders know.
    :param limit: names that are told at the most.
    :returns: ``unknown``: a list of ``name``, ``used_by``, ``storage_error``; ``templates``: how many were read; ``notes``: which could not be.
    """
    users: dict[str, list[str]] = {}
    notes: list[str] = []
    count = 0
    for path, engine in _templates():
        count += 1
        for name in _names_in(path, engine, notes):
            _add(users, name, path)
    for name, place in _media_names():
        _add(users, name, place)
    unknown = [name for name in users if name not in known and not _is_elsewhere(name)]
    told = [{"name": name, "used_by": users[name][:USERS_LIMIT], "storage_error": _storage_error(name)} for name in unknown[:limit]]
    return {"templates": count, "unknown_count": len(unknown), "unknown": told, "notes": notes[:NOTES_LIMIT], "notes_count": len(notes)}


def _add(users: dict[str, list[str]], name: str, place: str) -> None:
    places = users.setdefault(name, [])
    if place not in places:
        places.append(place)


def _is_elsewhere(name: str) -> bool:
    """Tell names that no finder has to know: folders, which Django never hashes, and addresses."""
    return not name.strip() or name.split("?")[0].split("#")[0].endswith("/") or name.startswith(("//", "http:", "https:", "data:"))


def _templates() -> t.Iterator[tuple[str, t.Any]]:
    """Walk the folders of Django's own template engines: the project's templates and those of installed apps."""
    from django.template import engines
    from django.template.backends.django import DjangoTemplates

    seen: set[str] = set()
    for backend in engines.all():
        if not isinstance(backend, DjangoTemplates):
            continue
        for folder in _folders(backend.engine.template_loaders):
            for inside, _folders_there, names in os.walk(folder):
                for name in sorted(names):
                    path = os.path.join(inside, name)
                    if path not in seen and len(seen) < TEMPLATES_LIMIT:
                        seen.add(path)
                        yield path, backend.engine


def _folders(loaders: t.Iterable[t.Any]) -> list[str]:
    found: list[str] = []
    for loader in loaders:
        found += _folders(getattr(loader, "loaders", ()))
        if hasattr(loader, "get_dirs"):
            found += [os.fspath(folder) for folder in loader.get_dirs()]
    return list(dict.fromkeys(found))


def _names_in(path: str, engine: t.Any, notes: list[str]) -> list[str]:
    from django.template import Template

    try:
        if not os.path.isfile(path) or os.path.getsize(path) > TEMPLATE_LIMIT:
            return []
        with open(path, encoding=engine.file_charset) as file:
            text = file.read()
        if "{%" not in text or "static" not in text:
            return []
        template = Template(text, engine=engine)
        return [name for node in _static_nodes(template.nodelist) for name in _literals(node)]
    except Exception as error:
        notes.append(f"{path}: {type(error).__name__}: {error}"[:300])
        return []


def _static_nodes(nodes: t.Any) -> list[t.Any]:
    from django.templatetags.static import StaticNode

    return list(nodes.get_nodes_by_type(StaticNode))


def _literals(node: t.Any) -> t.Iterator[str]:
    expression = node.path
    # A name that a variable or a filter makes is known to nobody but the page.
    if isinstance(getattr(expression, "var", None), str) and not expression.filters:
        yield str(expression.var)


def _media_names() -> t.Iterator[tuple[str, str]]:
    """Read ``class Media`` of the installed apps' widgets, forms and admin pages: plain names go through the storage."""
    from django.apps import apps
    from django.forms import Media, Widget
    from django.forms.forms import BaseForm

    owners: list[type] = [Widget, BaseForm]
    if apps.is_installed("django.contrib.admin"):
        from django.contrib.admin.options import BaseModelAdmin

        owners.append(BaseModelAdmin)
    packages = tuple(f"{app.name}." for app in apps.get_app_configs())
    for owner in _descendants(owners):
        definition = owner.__dict__.get("Media")
        if not f"{owner.__module__}.".startswith(packages) or not inspect.isclass(definition) or definition is Media:
            continue
        for name in _media_entries(definition):
            yield name, f"{owner.__module__}.{owner.__qualname__}.Media"


def _descendants(kinds: list[type]) -> list[type]:
    found: dict[type, None] = {}
    waiting = list(kinds)
    while waiting:
        kind = waiting.pop()
        if kind not in found:
            found[kind] = None
            waiting += type.__subclasses__(kind)
    return list(found)


def _media_entries(definition: t.Any) -> t.Iterator[str]:
    css = getattr(definition, "css", None)
    lists = [getattr(definition, "js", None), *(css.values() if isinstance(css, dict) else ())]
    for entries in lists:
        for entry in entries if isinstance(entries, (list, tuple)) else ():
            # Media.absolute_path(): what starts with a slash or a scheme is taken as it is.
            if isinstance(entry, str) and not entry.startswith(("http://", "https://", "/")):
                yield str(entry)


def _storage_error(name: str) -> str:
    """Ask the storage for the name as a page does while DEBUG is off; return what it raises."""
    from django.contrib.staticfiles.storage import staticfiles_storage

    try:
        if hasattr(staticfiles_storage, "hashed_name"):
            staticfiles_storage.url(name, force=True)
        else:
            staticfiles_storage.url(name)
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:300]
    return ""
