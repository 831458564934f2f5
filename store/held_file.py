"""What waits in memory for the store's disk, beside it: in a file that has its room already, so that a full disk takes it.

``<data>/journal/@engine/held`` is written over in place: four bytes that name it, the length and the CRC-32 of what follows, and that: the
batches as zstd-compressed JSON. A length of 0: nothing waits.
"""

from __future__ import annotations

import logging
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import zstandard

from core.segment import make_folder, sync_folder

log = logging.getLogger("store.held")

SIZE_BYTES = 4 << 20
_HEAD = struct.Struct(">4sII")
_MAGIC = b"held"


class HeldFile:
    """One thread at a time. Nothing raises: where the file cannot be written, what waits is in memory only."""

    def __init__(self, path: Path) -> None:
        """Make the file, its room taken, where there is none and room for it."""
        self._path = path
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
            descriptor = os.open(self._path, os.O_WRONLY)
            try:
                os.pwrite(descriptor, _HEAD.pack(_MAGIC, len(body), zlib.crc32(body)) + body, 0)
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            self._tell(error)

    def read(self) -> list[dict[str, Any]]:
        """Return what an engine left there that ended before there was room; times are texts."""
        try:
            found = self._path.read_bytes()
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

    def _tell(self, why: object) -> None:
        if not self._told:
            log.warning("what waits for the disk is in memory only", extra={"fields": {"file": str(self._path), "error": str(why)}})
        self._told = True


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a {type(value).__name__} cannot be held in a file")
