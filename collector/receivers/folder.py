"""A folder: reads the files that are put there, in the format of the source.

A file is read once it is whole: it has not changed for a while, or it was renamed into place, or a marker is beside it. One that grows or
is replaced is read again; what was read of it before makes no second event. Links are never followed, and nothing outside the folder is
read, moved or deleted.

On failure: a file is marked as read, moved or deleted only once the journal has all of it. What in a file cannot be read goes to
quarantine, and the rest is read. A file that may not be read is told once with its name, hides no other, and is tried again ever more
rarely, up to ten minutes apart. A folder that is not there (a share that is not mounted) is tried again until it is. Of a file of more than
64 MiB, only the beginning is kept, in quarantine.
"""

from __future__ import annotations

import asyncio
import errno
import itertools
import logging
import os
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from watchfiles import awatch

from collector.files.known import KnownFiles
from collector.files.place import FILE_MAX_BYTES, Found
from collector.files.reader import FileReader, read_for_ever
from collector.files.settings import FileSettings
from collector.plugin_settings import RootedPath
from collector.quarantine import EXCERPT_BYTES
from collector.receiver import ReceiverContext
from collector.receiver_settings import parse_settings

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NO_FILE = {errno.ENOENT, errno.ELOOP, errno.EISDIR, errno.ENOTDIR, errno.ENXIO}
_PORTION = 1_000
_LOG = logging.getLogger("andon.collector.folder")


class FolderSettings(FileSettings):
    """Settings under ``receiver:``. ``path``: the folder, from the root.

    ``glob``: of the names of the files; hidden ones are never read. ``still_seconds``: a file is whole once it has not changed for so long;
    0 for senders that write elsewhere and rename. ``marker``: a file is whole once one with this ending is beside it (``.done`` for
    ``orders.csv.done``). ``after``: ``keep``, ``move`` (to the folder ``move_to`` below ``path``) or ``delete``.
    """

    path: RootedPath
    event_source: str = "/folders/{folder}"


class FolderReceiver:
    """Reads one folder per source."""

    name = "folder"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        parse_settings(FolderSettings, settings)

    def doubts(self, settings: dict[str, Any]) -> list[str]:
        """Look whether the folder is there. Raises OSError if that cannot be seen."""
        path = parse_settings(FolderSettings, settings).path
        return [] if Path(path).is_dir() else [f"the folder '{path}' is not there; what is put into it is read once it is"]

    async def run(self, context: ReceiverContext) -> None:
        """Read until cancelled."""
        settings = parse_settings(FolderSettings, context.source.receiver or {})
        place = LocalFolder(settings.path, recursive=settings.recursive)
        known = await asyncio.to_thread(KnownFiles, context.state, settings.path)
        await read_for_ever(context, FileReader(context, settings, place, known), place, settings)


RECEIVER = FolderReceiver()


class LocalFolder:
    """Implements :class:`collector.files.place.Place`. Every step goes from the folder's own descriptor and follows no link."""

    def __init__(self, path: str, *, recursive: bool) -> None:
        self._path = path
        self._recursive = recursive
        self._told: set[str] = set()

    async def files(self) -> AsyncIterator[Found]:
        """Yield the regular files, as they are found."""
        walk = self._walk()
        while portion := await asyncio.to_thread(_portion, walk):
            for file in portion:
                yield file

    async def read(self, file: Found) -> bytes | None:
        """Return the content of a file, or the beginning of one that is too large."""
        return await asyncio.to_thread(self._read, file)

    async def move(self, file: Found, to: str) -> bool:
        """Move a file into a folder below this one."""
        return await asyncio.to_thread(self._move, file, to)

    async def delete(self, file: Found) -> bool:
        """Delete a file."""
        return await asyncio.to_thread(self._delete, file)

    async def changed(self, seconds: float) -> None:
        """Wait for the system to tell of a change; a network share tells of none, and is looked at after ``seconds``."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                async for _ in awatch(
                    self._path, recursive=self._recursive, debounce=200, step=50, rust_timeout=1_000, yield_on_timeout=False
                ):
                    return

    def _walk(self) -> Iterator[Found]:
        for folder, folders, names, descriptor in os.fwalk(self._path, follow_symlinks=False, onerror=self._tell):
            if not self._recursive:
                folders.clear()
            below = os.path.relpath(folder, self._path)
            for name in names:
                try:
                    status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                except FileNotFoundError:
                    continue
                except OSError as error:  # a folder may let its files be listed, and not be looked at
                    self._tell(OSError(error.errno, error.strerror, folder if error.errno == errno.EACCES else f"{folder}/{name}"))
                    continue
                if stat.S_ISREG(status.st_mode):
                    yield Found(name if below == "." else f"{below}/{name}", status.st_size, status.st_mtime_ns)

    def _tell(self, error: OSError) -> None:
        if error.filename == self._path:
            raise error
        if error.filename not in self._told and len(self._told) < _PORTION:
            self._told.add(error.filename)
            _LOG.error("a file or folder below is not read; the others are", extra={"fields": {"path": self._path, "why": str(error)}})

    @contextmanager
    def _folder(self, below: str, *, make: bool = False) -> Iterator[int]:
        """Open a folder below this one, one step after the other, so that no link on the way leads out of it."""
        descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in below.split("/") if below else []:
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(part, mode=0o750, dir_fd=descriptor)
                inner = os.open(part, _FOLDER, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)

    def _read(self, file: Found) -> bytes | None:
        try:
            with self._folder(file.path.rpartition("/")[0]) as folder, os.fdopen(os.open(file.name, _FILE, dir_fd=folder), "rb") as opened:
                if not _is(file, os.fstat(opened.fileno())):
                    return None
                content = opened.read(file.size + 1 if file.size <= FILE_MAX_BYTES else EXCERPT_BYTES)
                return content if _is(file, os.fstat(opened.fileno())) else None
        except OSError as error:
            if error.errno in _NO_FILE:  # it is gone, or something else by now
                return None
            raise

    def _move(self, file: Found, to: str) -> bool:
        with self._folder(file.path.rpartition("/")[0]) as folder, self._folder(to, make=True) as target:
            if not _is_there(file, folder):
                return False
            name = next(name for name in _names(file.name) if not _exists(name, target))
            os.rename(file.name, name, src_dir_fd=folder, dst_dir_fd=target)
            return True

    def _delete(self, file: Found) -> bool:
        with self._folder(file.path.rpartition("/")[0]) as folder:
            if not _is_there(file, folder):
                return False
            os.unlink(file.name, dir_fd=folder)
            return True


def _portion(walk: Iterator[Found]) -> list[Found]:
    return list(itertools.islice(walk, _PORTION))


def _is(file: Found, status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode) and (status.st_size, status.st_mtime_ns) == (file.size, file.written)


def _names(name: str) -> Iterator[str]:
    yield name
    for number in itertools.count(1):
        yield f"{name}.{number}"


def _exists(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _is_there(file: Found, folder: int) -> bool:
    try:
        return _is(file, os.stat(file.name, dir_fd=folder, follow_symlinks=False))
    except FileNotFoundError:
        return False
