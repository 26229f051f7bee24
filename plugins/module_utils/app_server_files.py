# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the configuration files of application servers: Gunicorn's Python file, uWSGI's ini, yaml, xml and json. Nothing is executed."""

from __future__ import annotations

import ast
import json
import os
import re
import typing as t

Options = t.Dict[str, t.List[str]]
"""Values by option, in their order."""

Read = t.Callable[[str], t.Optional[str]]
"""Returns a file's text, None if it cannot be read."""

DEPTH = 5
"""Files that include each other are followed so far."""


def gunicorn_options(text: str) -> tuple[Options, dict[str, str]]:
    """Return the settings of a Gunicorn configuration file, and the environment variables that it sets.

    Only what stands there as a constant counts; what is computed stays unknown.
    """
    options: Options = {}
    environment: dict[str, str] = {}
    for node in _statements(text):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        for target in targets:
            if isinstance(target, ast.Name) and getattr(node, "value", None) is not None:
                values = _constants(node.value)  # type: ignore[attr-defined]
                if values is not None:
                    options[target.id] = values
    environment.update(assigned_variables(text))
    return options, environment


def _statements(text: str) -> list[ast.stmt]:
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _constants(node: ast.expr) -> list[str] | None:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    values = value if isinstance(value, (list, tuple)) else [value]
    return [str(item) for item in values if isinstance(item, (str, int, bool))]


def assigned_variables(text: str, defaults: bool = True, forced: bool = True) -> dict[str, str]:
    """Return the environment variables that Python code sets with a constant each, such as ``os.environ.setdefault("DJANGO_SETTINGS_MODULE", "x")``.

    :param defaults: return what is set where it is not set yet.
    :param forced: return what is set in any case.
    """
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, set[str]] = {}
    for node in nodes:
        if forced and isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Subscript):
            subscript = node.targets[0]
            # Before Python 3.9 an index is wrapped once more.
            key = getattr(subscript.slice, "value", subscript.slice) if type(subscript.slice).__name__ == "Index" else subscript.slice
            if _is_environment(subscript.value):
                _add(found, key, node.value)
        if isinstance(node, ast.Call) and len(node.args) >= 2 and isinstance(node.func, (ast.Attribute, ast.Name)):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            if (defaults and name == "setdefault" and owner is not None and _is_environment(owner)) or (forced and name == "putenv"):
                _add(found, node.args[0], node.args[1])
    # Which of several values it is may depend on a condition, and nothing is guessed.
    return {name: next(iter(values)) for name, values in found.items() if len(values) == 1}


def _is_environment(node: ast.expr) -> bool:
    return (isinstance(node, ast.Attribute) and node.attr == "environ") or (isinstance(node, ast.Name) and node.id == "environ")


def _add(found: dict[str, set[str]], name: ast.expr, value: ast.expr) -> None:
    names, values = _constants(name), _constants(value)
    if names and values and len(names) == len(values) == 1:
        found.setdefault(names[0], set()).add(values[0])


def uwsgi_options(path: str, read: Read, environment: t.Mapping[str, str], depth: int = 0) -> Options:
    """Return the options of a uWSGI configuration file and of those that it includes.

    :param path: absolute; ``file:section`` names a section of an ini file.
    """
    name, section = _section(path)
    text = read(name)
    if text is None or depth > DEPTH:
        return {}
    kind = os.path.splitext(name)[1].lower()
    pairs = {".yaml": _yaml, ".yml": _yaml, ".xml": _xml, ".json": _json, ".js": _json}.get(kind, lambda text: _ini(text, section))(text)
    options: Options = {}
    for key, raw in pairs:
        value = _expanded(raw, name, options, environment)
        if key in ("ini", "yaml", "yml", "json", "xml", "include", "inherit", "config") and value:
            for other, values in uwsgi_options(os.path.join(os.path.dirname(name), value), read, environment, depth + 1).items():
                options.setdefault(other, []).extend(values)
        elif key in ("set-placeholder", "set-ph"):
            other, _equals, placed = value.partition("=")
            options.setdefault(other.strip(), []).append(placed.strip())
        else:
            options.setdefault(key, []).append(value)
    return options


def _section(path: str) -> tuple[str, str]:
    match = re.match(r"(.+\.\w+):(\w+)\Z", path)
    return (match.group(1), match.group(2)) if match else (path, "uwsgi")


def _ini(text: str, section: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    inside = False
    for line in (raw.strip() for raw in text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            inside = line[1:-1].strip() == section
        elif inside and line and line[0] not in ";#":
            key, _equals, value = line.partition("=")
            pairs.append((key.strip(), value.strip()))
    return pairs


def _yaml(text: str) -> list[tuple[str, str]]:
    """Read ``key: value`` below ``uwsgi:``, and lists; uWSGI's own reader knows no more."""
    pairs: list[tuple[str, str]] = []
    inside, key = False, ""
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line[0].isspace():
            inside = line.strip() == "uwsgi:"
            continue
        item = re.match(r"\s+(?:(-)\s+)?(.*)", line)
        if inside and item:
            if item.group(1) and not re.match(r"[\w-]+:\s", item.group(2)):
                pairs.append((key, _unquoted(item.group(2))))
                continue
            key, _colon, value = item.group(2).partition(":")
            if value.strip():
                pairs.append((key.strip(), _unquoted(value)))
    return pairs


def _unquoted(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _xml(text: str) -> list[tuple[str, str]]:
    return [(key, value.strip()) for key, value in re.findall(r"<([\w-]+)>([^<]*)</\1>", text)] + [
        (key, "true") for key in re.findall(r"<([\w-]+)\s*/>", text)
    ]


def _json(text: str) -> list[tuple[str, str]]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return []
    said = content.get("uwsgi") if isinstance(content, dict) else None
    pairs = said.items() if isinstance(said, dict) else ()
    return [(str(key), str(item)) for key, value in pairs for item in (value if isinstance(value, list) else [value])]


def _expanded(value: str, path: str, options: Options, environment: t.Mapping[str, str]) -> str:
    """Replace placeholders and magic variables: https://uwsgi-docs.readthedocs.io/en/latest/Configuration.html"""
    folder, name = os.path.dirname(path), os.path.basename(path)
    magic = {"d": folder + "/", "c": os.path.basename(folder), "p": path, "s": name}
    magic["n"], magic["e"] = os.path.splitext(name)[0], os.path.splitext(name)[1][1:]

    def placed(match: re.Match[str]) -> str:
        known = options.get(match.group(1).strip(), [])
        return known[-1] if known else match.group()

    value = re.sub(r"%\(([^)]+)\)", placed, value)
    value = re.sub(r"\$\((\w+)\)", lambda match: environment.get(match.group(1), match.group()), value)
    return re.sub(r"%([dcpsne])", lambda match: magic[match.group(1)], value)
