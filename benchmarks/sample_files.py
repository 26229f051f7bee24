# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Static files such as real projects have: those of Django's admin and of Wagtail.

Both packages are among the tools of this checkout, so that everybody has the same ones. All their files come once: many small icons and
translations, scripts and style sheets, and some bundles of several hundred KB. What comes again, as often as a number of files asks for,
are those up to 64 KB: a project has thousands of files because of icons, fonts, translations and modules, not because of hundreds of
bundles. Of 10,000 files, the mean size is about 4 KB and the median 1 KB. Style sheets refer to their images, so that Django's manifest
storage has its usual work.
"""

from __future__ import annotations

import itertools
import os
import typing as t
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("django.contrib.admin", "wagtail.admin", "wagtail.images", "wagtail.documents", "wagtail.users", "wagtail.snippets", "wagtail.embeds",
            "wagtail.contrib.table_block", "wagtail.contrib.styleguide", "wagtail.contrib.typed_table_block")  # fmt: skip
LARGEST_AGAIN = 64 << 10
COMMENTS = {".js": "/* %d */\n", ".css": "/* %d */\n", ".svg": "<!-- %d -->\n", ".html": "<!-- %d -->\n"}


def real_files() -> dict[str, Path]:
    """Return the packages' static files by relative path."""
    found: dict[str, Path] = {}
    for package in PACKAGES:
        spec = find_spec(package)
        if spec and spec.origin:
            static = Path(spec.origin).parent / "static"
            found.update({path.relative_to(static).as_posix(): path for path in sorted(static.rglob("*")) if path.is_file()})
    if len(found) < 150:
        raise SystemExit("The static files of Django and Wagtail are missing; run: make setup")
    return dict(sorted(found.items()))


def copies(count: int) -> t.Iterator[tuple[int, str, Path]]:
    """Yield the number of a copy, a relative path and its original, until there are so many files."""
    files = real_files()
    small = {name: path for name, path in files.items() if path.stat().st_size <= LARGEST_AGAIN}
    if count < len(files):
        raise SystemExit(f"Take {len(files)} files or more, so that all kinds are among them.")
    again, rest = divmod(count - len(files), len(small))
    for number in range(again + 1):
        for name, path in (small if number else files).items():
            yield number, name, path
    # A last copy that is not complete would have style sheets without their images.
    plain = [(name, path) for name, path in small.items() if path.suffix in (".svg", ".txt", ".png")]
    for number, (name, path) in itertools.islice(enumerate(itertools.cycle(plain)), rest):
        yield again + 1, f"rest/{number}/{name}", path


def write_copy(path: Path, original: Path, number: int) -> None:
    """Write a copy with a content of its own, so that nothing can be saved by noticing that all copies are the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ending = COMMENTS.get(original.suffix, "\n%d\n") % number
    path.write_bytes(original.read_bytes() + b"\n" + ending.encode())


def link_tree(root: Path, count: int, store: Path) -> int:
    """Make a tree of hard links to one copy of each file: as many files as wanted, without the disk for them.

    :returns: bytes of all files.
    """
    total = 0
    for number, name, original in copies(count):
        stored, path = store / original.relative_to(original.anchor), root / f"copy{number:03}" / name
        if not stored.exists():
            write_copy(stored, original, 0)
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(stored, path)
        total += stored.stat().st_size
    return total
