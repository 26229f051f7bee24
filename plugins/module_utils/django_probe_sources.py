# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fingerprint of all that decides what collectstatic makes, taken without reading the files.

Runs inside the project's own interpreter; see django_probe.py for what that means.
"""

from __future__ import annotations

import errno
import fnmatch
import hashlib
import os
import re
import sys
import time
import typing as t
import warnings

from ansible_collections.webops.django.plugins.module_utils.django_probe_setup import Refused
from ansible_collections.webops.django.plugins.module_utils.django_probe_static import ignore_patterns

SETTLED = 100_000_000
"""Nanoseconds after which one more change of a file certainly gets another ctime: Linux stamps with its clock's last tick (10 ms at the longest)."""

DECISIVE = frozenset(
    """STATIC_URL STATICFILES_DIRS STATICFILES_FINDERS STATICFILES_STORAGE STORAGES DEFAULT_FILE_STORAGE INSTALLED_APPS DEBUG FORCE_SCRIPT_NAME
    MEDIA_URL MEDIA_ROOT FILE_UPLOAD_PERMISSIONS FILE_UPLOAD_DIRECTORY_PERMISSIONS
    WHITENOISE_KEEP_ONLY_HASHED_FILES WHITENOISE_SKIP_COMPRESS_EXTENSIONS WHITENOISE_MANIFEST_STRICT""".split()
)
"""Settings that storages, finders and the command of Django and WhiteNoise look at. STATIC_ROOT decides where, not what."""

OWN_CODE = ("django.", "whitenoise.", "builtins")
"""Where classes come from of which we know what they look at."""

Found = t.Iterator[t.Tuple[str, str, os.stat_result]]


class _Unknown(Exception):
    """Something takes part of which nobody can say what it looks at."""


def fingerprint() -> dict[str, str]:
    """Tell what collecting would be made of: the sources, by stat(2), and the code and the settings that decide what becomes of them.

    A file's ctime cannot be set, so a change shows even where size and time of modification are the old ones.

    :returns: ``fingerprint``, a SHA-256, or empty if there is none, and then ``no_fingerprint``: why.
    :raises Refused: a link among the sources leads round in a circle.
    """
    try:
        for _attempt in range(3):
            taken, newest = _take()
            if has_settled(newest):
                return {"fingerprint": taken, "no_fingerprint": ""}
        reason = "sources change while they are looked at"
    except Refused:
        raise
    except _Unknown as error:
        reason = str(error)
    except Exception as error:
        # What hinders us hinders collectstatic too, and its own words are the better ones.
        reason = f"{type(error).__name__}: {error}"
    return {"fingerprint": "", "no_fingerprint": reason}


def has_settled(newest: int) -> bool:
    """Tell whether a change from now on shows in a file's ctime. If not, wait until it does; the file must be looked at again then.

    :param newest: the latest ctime that was seen, in nanoseconds.
    """
    age = time.time_ns() - newest
    if age >= SETTLED:
        return True
    if age >= 0:
        time.sleep((SETTLED - age) / 1e9)
    # A time in the future is of another machine's clock: nothing can be said of it.
    return False


def stat_line(name: str, now: os.stat_result) -> str:
    """Describe a file so that whoever touches it changes the line."""
    return f"{name}\0{now.st_size} {now.st_mtime_ns} {now.st_ctime_ns} {now.st_ino} {now.st_dev}"


def _take() -> tuple[str, int]:
    digest, newest = hashlib.sha256(), 0
    for line in (*_code_lines(), *_setting_lines()):
        digest.update(line.encode("utf-8", "surrogateescape") + b"\n")
    for name, place, now in _sources():
        newest = max(newest, now.st_ctime_ns)
        digest.update(f"{place}\0{stat_line(name, now)}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest(), newest


def _sources() -> Found:
    """Yield name, folder and state of every source, in the order in which the finders yield them."""
    from django.contrib.staticfiles.finders import AppDirectoriesFinder, FileSystemFinder, get_finders

    patterns = ignore_patterns()
    for finder in get_finders():
        if finder.__class__ is FileSystemFinder:
            storages = [finder.storages[root] for _prefix, root in finder.locations]
        elif finder.__class__ is AppDirectoriesFinder:
            storages = list(finder.storages.values())
        else:
            yield from _listed(finder.list(patterns))
            continue
        for storage in storages:
            yield from _of_folder(storage, patterns)


def _of_folder(storage: t.Any, patterns: list[str]) -> Found:
    """Walk a folder as the finders of Django do (django/contrib/staticfiles/utils.py, get_files), with one stat(2) a file."""
    root = _location(storage)
    if not os.path.isdir(root):
        return
    ignored = re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns) or r"(?!)").match
    place = f"{getattr(storage, 'prefix', '') or ''}\0{root}"
    waiting: list[tuple[str, str, tuple[str, ...]]] = [(root, "", (os.path.realpath(root),))]
    while waiting:
        folder, name, above = waiting.pop()
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            path = f"{name}/{entry.name}" if name else entry.name
            if ignored(entry.name):
                continue
            if _is_folder(entry):
                real = os.path.realpath(entry.path) if entry.is_symlink() else os.path.join(above[-1], entry.name)
                if real in above:
                    raise _circle(entry.path)
                waiting.append((entry.path, path, (*above, real)))
            elif not ignored(path):
                yield path, place, entry.stat()


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _circle(entry.path) from error
        raise


def _circle(path: str) -> Refused:
    # Two such links in one folder would keep Django's own walk busy for ever.
    return Refused("symlink_loop", f"{path} is a link that leads round in a circle, back to {os.readlink(path)}; remove it")


def _listed(found: t.Iterable[tuple[t.Any, t.Any]]) -> Found:
    for path, storage in found:
        root = _location(storage)
        yield str(path), f"{getattr(storage, 'prefix', '') or ''}\0{root}", os.stat(storage.path(path))


def _location(storage: t.Any) -> str:
    from django.contrib.staticfiles.storage import StaticFilesStorage
    from django.core.files.storage import FileSystemStorage

    if type(storage) not in (FileSystemStorage, StaticFilesStorage):
        raise _Unknown(f"a finder has files in a storage of the class {type(storage).__name__}")
    return str(storage.location)


def _code_lines() -> t.Iterator[str]:
    """Describe the classes that take part, and the files that define them.

    :raises _Unknown: one of them is neither of Django nor of WhiteNoise, and has methods: it may read what it likes.
    """
    import django
    from django.contrib.staticfiles.finders import get_finders
    from django.contrib.staticfiles.storage import staticfiles_storage
    from django.core.management import get_commands, load_command_class

    yield f"{django.get_version()} {sys.version} {sys.prefix}"
    app = get_commands()["collectstatic"]
    command = load_command_class(app, "collectstatic") if isinstance(app, str) else app
    bool(staticfiles_storage.__class__)
    kinds = [*staticfiles_storage.__class__.__mro__, *type(command).__mro__]
    for kind in kinds:
        if not kind.__module__.startswith(OWN_CODE):
            _check_only_values(kind)
    # A finder of somebody else's may find what it likes: it is asked each time.
    for kind in (*kinds, *(type(finder) for finder in get_finders())):
        file = getattr(sys.modules.get(kind.__module__), "__file__", None)
        yield stat_line(f"{kind.__module__}.{kind.__qualname__} {file}", os.stat(file)) if file else kind.__qualname__
    compression = sys.modules.get("whitenoise.compress")
    yield f"{getattr(compression, '__file__', '')} {getattr(compression, 'brotli_installed', '')}"


def _check_only_values(kind: type) -> None:
    for name, value in vars(kind).items():
        if name not in ("__dict__", "__weakref__") and not _is_plain(value):
            raise _Unknown(f"{kind.__module__}.{kind.__qualname__} has code of its own ({name})")


def _is_plain(value: t.Any) -> bool:
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, value)) and all(map(_is_plain, value.values()))
    return value is None or isinstance(value, (str, bytes, int, float, bool, os.PathLike))


def _setting_lines() -> t.Iterator[str]:
    from django.conf import settings

    with warnings.catch_warnings():
        # Asking for a setting that will be gone one day is no use of it.
        warnings.simplefilter("ignore")
        for name in sorted(DECISIVE):
            yield f"{name}={getattr(settings, name, None)!r}"
    name = os.environ["DJANGO_SETTINGS_MODULE"]
    file = getattr(sys.modules.get(name), "__file__", None)
    yield stat_line(f"{name} {file}", os.stat(file)) if file else name
