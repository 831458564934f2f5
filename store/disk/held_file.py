"""What waits in memory for the store's disk, kept beside the store: in a preallocated file, so that even a full disk accepts it.

``<data>/journal/@engine/held`` is overwritten in place: four identifying bytes, the length and the CRC-32 of what follows, and then the
batches as zstd-compressed JSON. A length of 0 means that nothing is waiting.

A file system that the kernel has made read-only does not accept even that: then the batches are in a file of the same form among the
system's temporary files (``temporary_file.py``), until the one beside the store can be written again. So they are while the disk hangs,
unless the temporary files are on that same disk.
"""

from __future__ import annotations

import logging
import os
import struct
import zlib
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from backports import zstd

from core.errors import NoRoom
from core.folder import make_folder, sync_folder
from store.disk.patience import Patience
from store.disk.temporary_file import PrivateTemporaryFile, write_in_place

log = logging.getLogger("store.disk.held")

SIZE_BYTES = 4 << 20
_HEAD = struct.Struct(">4sII")
_MAGIC = b"held"


class HeldFile:
    """One thread at a time. Nothing raises: if neither file can be written, the waiting rows are in memory only."""

    def __init__(self, path: Path, patience: Patience | None = None) -> None:
        """Create the file with its full size, if there is none and there is room for it. ``patience``: that of the disk it is on."""
        self._path = path
        self._patience = patience or Patience()
        self._stand_in = PrivateTemporaryFile(path)
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
        """Replace the file's batches with these; if they do not fit, it keeps the old ones."""
        body = zstd.compress(msgspec.json.encode(batches, enc_hook=_plain), level=1) if batches else b""
        if _HEAD.size + len(body) > SIZE_BYTES:
            self._tell("more is waiting than it can hold")
            return
        content = _HEAD.pack(_MAGIC, len(body), zlib.crc32(body)) + body
        try:
            self._patience.run(partial(write_in_place, self._path, content))
            self._stand_in.remove()
        except (OSError, NoRoom) as error:
            self._tell(error)
            self._write_stand_in(content, hangs=isinstance(error, NoRoom))

    def _write_stand_in(self, content: bytes, *, hangs: bool) -> None:
        try:
            if not (hangs and self._stand_in.is_on_disk_of(self._path)):
                self._stand_in.write(content)
        except OSError as error:
            log.warning("the waiting rows cannot be written elsewhere, either", extra={"fields": {"error": str(error)}})

    def read(self) -> list[dict[str, Any]]:
        """Return what an engine left there that ended before there was room; times are text."""
        try:
            found = self._stand_in.read()
            return _batches_of(self._path.read_bytes() if found is None else found)
        except OSError:
            return []

    def _tell(self, why: object) -> None:
        if not self._told:
            log.warning(
                "the rows waiting for the disk cannot be written beside the store",
                extra={"fields": {"file": str(self._path), "error": str(why)}},
            )
        self._told = True


def _batches_of(found: bytes) -> list[dict[str, Any]]:
    if len(found) < _HEAD.size:
        return []
    magic, length, expected = _HEAD.unpack_from(found)
    body = found[_HEAD.size : _HEAD.size + length]
    if magic != _MAGIC or not length:
        return []
    if zlib.crc32(body) != expected:
        log.error("what an engine held in memory when it ended was not completely written; it is decided again")
        return []
    batches: list[dict[str, Any]] = msgspec.json.decode(zstd.decompress(body))
    return batches


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a {type(value).__name__} cannot be held in a file")
