# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Django's manifest of hashed names, as evidence: a manifest that is none is told, not raised."""

from __future__ import annotations

import json
import typing as t

MANIFEST_LIMIT = 64 << 20
"""Bytes of a manifest that is read; one of 100,000 names has about 10 MB."""


class Manifest(t.NamedTuple):
    """A manifest.

    :ivar exists: whether there is a file.
    :ivar error: why it is no manifest; empty if it is one, or is not there.
    :ivar hash: Django's hash over the whole mapping; empty before Django 4.1.
    :ivar names: hashed names by plain names.
    """

    path: str
    exists: bool
    error: str
    hash: str
    names: dict[str, str]


def read_manifest(path: str) -> Manifest:
    """Read a manifest.

    :param path: the manifest's file; empty if the storage writes none.
    """
    if not path:
        return Manifest("", False, "", "", {})
    try:
        with open(path, encoding="utf-8") as file:
            content = file.read(MANIFEST_LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError):
        return Manifest(path, False, "", "", {})
    except OSError as error:
        return Manifest(path, True, f"it cannot be read: {error.strerror}", "", {})
    except ValueError:
        return Manifest(path, True, "it is no text", "", {})
    if len(content) > MANIFEST_LIMIT:
        return Manifest(path, True, f"it has more than {MANIFEST_LIMIT} characters", "", {})
    return _parsed(path, content)


def _parsed(path: str, content: str) -> Manifest:
    try:
        stored = json.loads(content)
        names = stored["paths"]
        if not all(isinstance(hashed, str) for hashed in names.values()):
            raise TypeError("a name is no text")
        return Manifest(path, True, "", str(stored.get("hash") or ""), dict(names))
    except (ValueError, RecursionError):
        return Manifest(path, True, "it is not JSON", "", {})
    except (KeyError, TypeError, AttributeError):
        return Manifest(path, True, 'it is JSON, but no manifest of Django\'s: it has no "paths" with names', "", {})


def manifest_evidence(manifest: Manifest) -> dict[str, t.Any]:
    """Return what is told of a manifest, whatever its size."""
    return {
        "path": manifest.path,
        "exists": manifest.exists,
        "error": manifest.error,
        "hash": manifest.hash,
        "names_count": len(manifest.names),
    }
