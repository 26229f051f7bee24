# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Django's own storages, writing the same files in less time.

collectstatic with a manifest writes each style sheet anew at each pass and deletes the one before; here they are kept until they are final.
And a name that is plain needs none of the checks that FileSystemStorage makes for names that users upload.

Runs inside the project's own interpreter; see django_probe.py for what that means.
"""

from __future__ import annotations

import contextlib
import os
import typing as t

KEPT_LIMIT = 64 << 20
"""Bytes of files that are kept until they are final; beyond that, they are written as Django does it."""

BLOCK = 1 << 20


@contextlib.contextmanager
def quick_storages() -> t.Iterator[None]:
    """Make the storage for static files, and those of Django's finders, quick for a while, as far as they are exactly Django's own classes."""
    from django.contrib.staticfiles.finders import get_finders
    from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, StaticFilesStorage, staticfiles_storage
    from django.core.files.storage import FileSystemStorage

    bool(staticfiles_storage.__class__)
    for finder in get_finders():
        storages = getattr(finder, "storages", None)
        for source in storages.values() if isinstance(storages, dict) else ():
            if source.__class__ is FileSystemStorage and _is_untouched(source):
                source.path = _path_of(source)
    storage = getattr(staticfiles_storage, "_wrapped", staticfiles_storage)
    if type(storage) not in (StaticFilesStorage, ManifestStaticFilesStorage) or not _is_untouched(storage):
        yield
        return
    quick = _Quick(storage)
    yield
    quick.finish()


def _is_untouched(storage: t.Any) -> bool:
    """Tell whether the methods are Django's: a project may have put its own into Django's classes."""
    names = ("_save", "save", "delete", "exists", "_open", "open", "path", "get_available_name", "post_process", "_post_process")
    methods = [getattr(type(storage), name, None) for name in names]
    are_djangos = all((getattr(method, "__module__", "") or "").startswith("django.") for method in methods if method)
    return are_djangos and not set(names) & set(vars(storage))


def _is_plain(name: t.Any) -> bool:
    return isinstance(name, str) and bool(name) and os.path.normpath(name) == name and not name.startswith(("/", "..")) and "\0" not in name


def _path_of(storage: t.Any) -> t.Callable[[t.Any], str]:
    original, location = storage.path, str(storage.location)

    def path(name: t.Any) -> str:
        return f"{location}/{name}" if _is_plain(name) else str(original(name))

    return path


class _Known(list):
    """A list of names that answers "in" like a set: Django looks for each file in the list of all that may name others, at each pass."""

    def __init__(self, names: t.Iterable[str]) -> None:
        super().__init__(names)
        self.known = frozenset(self)

    def __contains__(self, name: object) -> bool:
        return name in self.known


class _Quick:
    """Takes the place of methods of one storage object. Whatever is out of the ordinary goes to Django's own method."""

    def __init__(self, storage: t.Any) -> None:
        from django.core.files.base import ContentFile, File

        self.content_file, self.file = ContentFile, File
        self.original_save, self.original_delete, self.original_open = storage._save, storage.delete, storage._open
        self.path = storage.path = _path_of(storage)
        self.kept: dict[str, bytes] = {}
        self.size = 0
        storage._save, storage.delete, storage.exists, storage._open = self._save, self._delete, self._exists, self._open
        if hasattr(storage, "_post_process"):
            original = storage._post_process
            storage._post_process = lambda paths, adjustable_paths, *args: original(paths, _Known(adjustable_paths), *args)

    def _save(self, name: str, content: t.Any) -> str:
        if not _is_plain(name) or self._exists(name):
            self._write_kept(name)
            return str(self.original_save(name, content))
        if content.__class__ is self.content_file:
            content.seek(0)
            data = content.read()
            if isinstance(data, bytes) and self.size + len(data) <= KEPT_LIMIT:
                self.kept[name] = data
                self.size += len(data)
                return name
        elif content.__class__ is self.file and "b" in getattr(content.file, "mode", ""):
            content.file.seek(0)
            self._write(name, iter(lambda: content.file.read(BLOCK), b""))
            return name
        return str(self.original_save(name, content))

    def _exists(self, name: str) -> bool:
        return name in self.kept or os.path.lexists(self.path(name))

    def _delete(self, name: str) -> None:
        if name in self.kept:
            self.size -= len(self.kept.pop(name))
        else:
            self.original_delete(name)

    def _open(self, name: str, mode: str = "rb") -> t.Any:
        self._write_kept(name)
        return self.original_open(name, mode)

    def finish(self) -> None:
        """Write what was kept."""
        for name in list(self.kept):
            self._write_kept(name)

    def _write_kept(self, name: str) -> None:
        data = self.kept.pop(name, None)
        if data is not None:
            self.size -= len(data)
            self._write(name, iter((data,)))

    def _write(self, name: str, blocks: t.Iterator[bytes]) -> None:
        path = self.path(name)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with os.fdopen(handle, "wb", buffering=0) as file:
            for block in blocks:
                view = memoryview(block)
                while view:
                    view = view[file.write(view) :]
