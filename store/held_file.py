"""What waits in memory for the store's disk, beside it: in a file that has its room already, so that a full disk takes it.

``<data>/journal/@engine/held`` is written over in place: four bytes that name it, the length and the CRC-32 of what follows, and that: the
batches as zstd-compressed JSON. A length of 0: nothing waits.

A file system that the kernel has made read-only takes not even that: then it is a file of the same form in a folder of ours among the system's
temporary files, most often on another file system, until the one beside the store can be written again.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import struct
import tempfile
import zlib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import zstandard

from core.folder import make_folder, sync_folder

log = logging.getLogger("store.held")

SIZE_BYTES = 4 << 20
_HEAD = struct.Struct(">4sII")
_MAGIC = b"held"


class HeldFile:
    """One thread at a time. Nothing raises: where neither file can be written, what waits is in memory only."""

    def __init__(self, path: Path) -> None:
        """Make the file, its room taken, where there is none and room for it."""
        self._path = path
        self._elsewhere = temporary_folder() / f"held-{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]}"
        self._told = False
        try:
            make_folder(path.parent)
            if not path.exists() or path.stat().st_size < SIZE_BYTES:
                unfinished = path.with_suffix(".new")
                unfinished.write_bytes(bytes(SIZE_BYTES))
                descriptor = os.open(unfinished, os.O_RDONLY)
                os.fsync(descriptor)
                os.close(descriptor)
                unfinished.replace(path)
                sync_folder(path.parent)
        except OSError as error:
            self._tell(error)

    def write(self, batches: list[dict[str, Any]]) -> None:
        """Have these in the file, in place of what it had; too many to fit: as they were."""
        body = zstandard.ZstdCompressor(level=1).compress(msgspec.json.encode(batches, enc_hook=_plain)) if batches else b""
        if _HEAD.size + len(body) > SIZE_BYTES:
            self._tell("more waits than it can hold")
            return
        try:
            _write_over(self._path, os.O_WRONLY, body)
            self._elsewhere.unlink(missing_ok=True)
        except OSError as error:
            self._tell(error)
            self._write_elsewhere(body)

    def _write_elsewhere(self, body: bytes) -> None:
        try:
            make_private_folder(self._elsewhere.parent)
            _write_over(self._elsewhere, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, body)
        except OSError as error:
            log.warning("what waits cannot be written elsewhere, either", extra={"fields": {"error": str(error)}})

    def read(self) -> list[dict[str, Any]]:
        """Return what an engine left there that ended before there was room; times are texts."""
        return _read(self._elsewhere) if is_private(self._elsewhere) else _read(self._path)

    def _tell(self, why: object) -> None:
        if not self._told:
            log.warning(
                "what waits for the disk cannot be written beside the store", extra={"fields": {"file": str(self._path), "error": str(why)}}
            )
        self._told = True


def temporary_folder() -> Path:
    """Return where this user's files are that must not be on the disk of the data."""
    return Path(tempfile.gettempdir()) / f"andon-{os.getuid()}"


def make_private_folder(folder: Path) -> None:
    """Make a folder that nobody else can write in. Raises ``PermissionError`` where somebody else made one of this name."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if not is_private(folder):
        raise PermissionError(f"{folder} is not this user's alone")


def is_private(path: Path) -> bool:
    """Return whether a file or folder is there that is this user's, not a link, and that nobody else may write."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return found.st_uid == os.getuid() and not stat.S_ISLNK(found.st_mode) and not found.st_mode & 0o022


def _write_over(path: Path, flags: int, body: bytes) -> None:
    descriptor = os.open(path, flags, 0o600)
    try:
        os.pwrite(descriptor, _HEAD.pack(_MAGIC, len(body), zlib.crc32(body)) + body, 0)
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        found = path.read_bytes()
    except OSError:
        return []
    if len(found) < _HEAD.size:
        return []
    magic, length, expected = _HEAD.unpack_from(found)
    body = found[_HEAD.size : _HEAD.size + length]
    if magic != _MAGIC or not length:
        return []
    if zlib.crc32(body) != expected:
        log.error("what an engine held in memory when it ended was not written whole; it is decided again")
        return []
    batches: list[dict[str, Any]] = msgspec.json.decode(zstandard.decompress(body))
    return batches


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a {type(value).__name__} cannot be held in a file")
