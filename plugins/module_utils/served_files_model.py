# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be proven about collected files, and what was."""

from __future__ import annotations

import dataclasses
import os
import types
import typing as t

from ansible_collections.webops.django.plugins.module_utils import encodings
from ansible_collections.webops.django.plugins.module_utils.served_report import Failure
from ansible_collections.webops.django.plugins.module_utils.web_urls import Url, path_to_url


@dataclasses.dataclass(frozen=True)
class Tree:
    """A collected tree and where it is served.

    :param root: the folder, without links.
    :param url: the URL for it; its path ends with a slash.
    :param hashed: relative paths that a manifest proves to be named by their content.
    """

    root: str
    url: Url
    hashed: t.AbstractSet[bytes]

    def file(self, path: bytes) -> bytes:
        """Return a file's absolute path."""
        return os.path.join(os.fsencode(self.root), path)

    def target(self, path: bytes) -> str:
        """Return the percent-encoded path under which a file is served."""
        return self.url.path + path_to_url(path)


@dataclasses.dataclass(frozen=True)
class Expectations:
    """What is asked about each file beside its content.

    :param encodings: that compressible files are asked for; those of :func:`encodings.known`.
    :param headers: by lower-case name the value that pages carry; each file must carry it once, with the same value.
    :param ranges: whether a range is asked for.
    """

    encodings: tuple[str, ...] = dataclasses.field(default_factory=encodings.known)
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=lambda: types.MappingProxyType({}))
    ranges: bool = True


class FileResult(t.NamedTuple):
    """What asking for one file brought.

    :param by_nginx: the ETag proves that nginx opened this very file.
    :param encodings: those in which it came too, with the right content.
    :param conditional: a client that has the file is answered with 304.
    :param range: a client that asks for a part gets it.
    :param silent: no complete answer came.
    """

    failures: tuple[Failure, ...] = ()
    by_nginx: bool = False
    encodings: tuple[str, ...] = ()
    conditional: bool = False
    range: bool = False
    silent: bool = False

    @property
    def encoded(self) -> bool:
        """Whether a compressed answer came too."""
        return bool(self.encodings)
