# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which settings a project needs besides its own in order to answer in production, and why."""

from __future__ import annotations

import dataclasses
import os
import typing as t


@dataclasses.dataclass
class Overlay:
    """The settings to be set, a sentence for each that says why, and what speaks against deploying at all."""

    settings: dict[str, t.Any]
    reasons: dict[str, str]
    generate_secret_key: bool
    errors: list[str]

    @property
    def needed(self) -> bool:
        """Tell whether the project needs a settings module of ours."""
        return bool(self.settings) or self.generate_secret_key


def overlay(evidence: dict[str, t.Any], project_path: str, hostnames: list[str], extra: dict[str, t.Any], static_root: str) -> Overlay:
    """Decide from the evaluated settings.

    :param evidence: return values of ``django_static_info``.
    :param project_path: folder of manage.py; a relative ``static_root`` starts there.
    :param hostnames: names under which the site is asked for.
    :param extra: settings that the user gives; they win over everything.
    :param static_root: STATIC_ROOT that the user gives for a project that names none.
    """
    where = evidence["settings_module"]
    result = Overlay({}, {}, False, [])

    def add(name: str, value: t.Any, reason: str) -> None:
        if name not in extra:
            result.settings[name] = value
            result.reasons[name] = reason

    if evidence["debug"]:
        add("DEBUG", False, f"{where} leaves it at True, which shows visitors the source on every error.")
    if not evidence["allowed_hosts"]:
        add("ALLOWED_HOSTS", list(hostnames), f"{where} leaves it empty, so that Django refuses every host name.")
    if evidence["secret_key"] != "set" and "SECRET_KEY" not in extra:
        result.generate_secret_key = True
        result.reasons["SECRET_KEY"] = (
            f"{where} leaves it empty." if evidence["secret_key"] == "missing" else f"{where} has one that was made for development."
        )
    _decide_static_root(result, evidence, project_path, static_root, extra, add)
    for name, value in extra.items():
        result.settings[name] = value
        result.reasons[name] = "It is set in django_app_settings."
    allowed = list(extra.get("ALLOWED_HOSTS", evidence["allowed_hosts"] or hostnames))
    refused = [name for name in hostnames if not allows(allowed, name)]
    if refused:
        result.errors.append(
            f"ALLOWED_HOSTS in {where} is {allowed}, so Django would refuse {', '.join(refused)} from django_app_hostnames: "
            f"add it there, or set django_app_settings: {{ALLOWED_HOSTS: {[*allowed, *refused]}}}."
        )
    return result


def _decide_static_root(
    result: Overlay,
    evidence: dict[str, t.Any],
    project_path: str,
    static_root: str,
    extra: dict[str, t.Any],
    add: t.Callable[[str, t.Any, str], None],
) -> None:
    configured = evidence["static_root"]
    given = os.path.normpath(os.path.join(project_path, static_root)) if static_root else ""
    if "STATIC_ROOT" in extra or not evidence["staticfiles_installed"]:
        return
    if not configured and not given:
        result.errors.append(
            f"STATIC_ROOT is not set in {evidence['settings_module']} ({evidence['settings_file']}), "
            "so there is no folder to collect static files into: "
            'write STATIC_ROOT = BASE_DIR / "staticfiles" there, or set django_app_static_root: staticfiles to leave the project as it is.'
        )
    elif configured and given and os.path.normpath(configured) != given:
        result.errors.append(
            f"django_app_static_root is {given}, but STATIC_ROOT in {evidence['settings_module']} is {configured}: "
            "leave django_app_static_root out, or make them agree."
        )
    elif given and not configured:
        add("STATIC_ROOT", given, f"{evidence['settings_module']} names none; it is set in django_app_static_root.")


def allows(allowed: list[str], hostname: str) -> bool:
    """Tell whether Django's ALLOWED_HOSTS admits a host name (django.http.request.validate_host)."""
    name = hostname.lower().lstrip("*") if hostname.startswith("*.") else hostname.lower()
    for pattern in (entry.lower() for entry in allowed):
        if pattern == "*" or pattern == name or (pattern.startswith(".") and (name.endswith(pattern) or name == pattern[1:])):
            return True
    return False


def render(overlay_settings: dict[str, t.Any], reasons: dict[str, str], base_module: str, secret_key_file: str) -> str:
    """Write the settings module.

    :param overlay_settings: settings by name; values of the kinds that YAML has.
    :param secret_key_file: file that holds SECRET_KEY, if one was generated for this site; or empty.
    :returns: the text of a Python module.
    """
    lines = [
        '"""Ansible managed: the project\'s own settings, and what they leave at a development value."""',
        "",
        "import importlib",
        "",
        f"_project = importlib.import_module({base_module!r})",
        "globals().update({name: getattr(_project, name) for name in dir(_project) if name.isupper()})",
    ]
    for name, value in sorted(overlay_settings.items()):
        lines += ["", *_comment(reasons.get(name, "")), f"{name} = {value!r}"]
    if secret_key_file:
        lines += [
            "",
            *_comment(reasons.get("SECRET_KEY", "")),
            f"with open({secret_key_file!r}, encoding='ascii') as _file:",
            "    SECRET_KEY = _file.read().strip()",
        ]
    return "\n".join(lines) + "\n"


def _comment(reason: str) -> list[str]:
    # One line, whatever a project calls its modules.
    return ["# " + "".join(letter if letter.isprintable() else " " for letter in reason)] if reason else []
