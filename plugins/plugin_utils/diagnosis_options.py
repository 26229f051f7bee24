# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a diagnosis, read and checked."""

from __future__ import annotations

import dataclasses
import typing as t
from urllib.parse import urlsplit

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError

SPEC: dict[str, t.Any] = {
    "project_path": {"type": "path"},
    "python": {"type": "path"},
    "settings_module": {"type": "str", "default": ""},
    "user": {"type": "str"},
    "environment_file": {"type": "path"},
    "base_url": {"type": "str"},
    "pages": {"type": "list", "elements": "str"},
    "url": {"type": "str"},
    "trial": {"type": "bool", "default": True},
    "browser_console": {"type": "raw"},
    "evidence": {"type": "raw"},
    "report_dir": {"type": "path"},
    "return_evidence": {"type": "bool", "default": False},
    "show": {"type": "bool", "default": False},
}
_PROJECT = ("project_path", "python", "settings_module", "user", "environment_file")


@dataclasses.dataclass(frozen=True)
class Options:
    """The module's options; see its documentation."""

    project: dict[str, t.Any]
    base_url: str | None
    pages: list[str] | None
    url: str | None
    trial: bool
    browser_console: t.Any
    evidence: t.Any
    report_dir: str | None
    return_evidence: bool
    show: bool

    @classmethod
    def read(cls, arguments: t.Mapping[str, t.Any]) -> Options:
        """Read a task's arguments; an empty one counts as not given, as playbooks hand on what is not set.

        :raises ExplainedError: one is not known, or is no value of its type.
        """
        given = {name: value for name, value in arguments.items() if value not in (None, "")}
        checked = ArgumentSpecValidator(SPEC).validate(given)
        if checked.error_messages:
            raise ExplainedError(f"django_static_diagnosis: {'; '.join(checked.error_messages)}.")
        values = checked.validated_parameters
        return cls(
            project={name: values[name] for name in _PROJECT if values[name]},
            base_url=_base_url(values["base_url"]) if values["base_url"] else None,
            **{name: values[name] for name in ("pages", "url", "trial", "browser_console", "evidence", "report_dir", "return_evidence", "show")},
        )

    def for_evidence(self) -> dict[str, t.Any]:
        """Return what the conclusions rest on besides what was seen."""
        return {
            "base_url": self.base_url,
            "base_url_host": urlsplit(self.base_url).hostname if self.base_url else None,
            "pages": self.pages,
        }


def _base_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good:
        raise ExplainedError(
            f"base_url {text!r} is no URL of a site; write one such as https://shop.example.com/ (django_verify_base_url in the playbook)."
        )
    return text
