# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values as systemd's unit files want them written."""

from __future__ import annotations

import re
import typing as t

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
  name: systemd_quote
  short_description: Write a value into a systemd unit
  version_added: 0.1.0
  author: WebOps (@webops)
  description:
    - Escapes what systemd would take for a specifier, a quote or a space.
    - A dollar sign is left alone. Start C(ExecStart=) with a colon, so that systemd does not look for variables in it.
  options:
    _input:
      description: The value, or a list of values that become words of one line.
      type: raw
      required: true
    kind:
      description:
        - V(word) for one of several words of a line, such as C(ExecStart=) and C(Environment=).
        - V(path) for a line that is one path, such as C(WorkingDirectory=) and C(EnvironmentFile=), where systemd knows no quotes.
      type: str
      choices: [word, path]
      default: word
"""

EXAMPLES = r"""
service: |
  [Service]
  ExecStart=:{{ ['/srv/my shop/venv/bin/python', '-m', 'gunicorn'] | webops.django.systemd_quote }}
  Environment={{ 'RATE=100 %' | webops.django.systemd_quote }}
  WorkingDirectory={{ '/srv/my shop' | webops.django.systemd_quote('path') }}
"""

RETURN = r"""
  _value:
    description: The text that systemd reads as the value.
    type: str
"""

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+\Z")


def word(value: str) -> str:
    """Return one word of a line: systemd.syntax(7), "Quoting", and systemd.unit(5), "Specifiers"."""
    if "\0" in value:
        raise AnsibleFilterError(f"{value!r} holds a NUL character, which no systemd unit can hold.")
    escaped = re.sub(r'([\\"])', r"\\\1", value)
    escaped = re.sub(r"[\x01-\x1f\x7f]", lambda found: f"\\x{ord(found.group()):02x}", escaped).replace("%", "%%")
    return escaped if _PLAIN.match(escaped) else f'"{escaped}"'


def path(value: str) -> str:
    """Return a line's single path."""
    if not value.startswith("/") or re.search(r"[\x00-\x1f\x7f]|[\s\\]\Z", value):
        raise AnsibleFilterError(
            f"{value!r} cannot stand in a systemd unit: write an absolute path without control characters, and no space or backslash at its end."
        )
    return value.replace("%", "%%")


def systemd_quote(value: t.Any, kind: str = "word") -> str:
    """See DOCUMENTATION."""
    if kind not in ("word", "path"):
        raise AnsibleFilterError(f"systemd_quote knows the kinds word and path, not {kind!r}.")
    if kind == "path":
        return path(str(value))
    if isinstance(value, (list, tuple)):
        return " ".join(word(str(item)) for item in value)
    return word(str(value))


class FilterModule:
    """Make the filter known to Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"systemd_quote": systemd_quote}
