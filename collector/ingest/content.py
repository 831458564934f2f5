"""The body of a request as it was sent: small ones in this process's own memory, large ones in a file without a disk (memfd).

So a large body costs the process no memory of its own while it waits, can be passed to another process without a copy, and is returned to
the system whole.
"""

from __future__ import annotations

import asyncio
import hashlib
import mmap
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, Self, TypeVar

REQUEST_MAX_BYTES = 20 << 20
"""Over HTTP, as sent and decompressed, and over gRPC."""
SMALL_MAX_BYTES = 512 << 10
_SLICE_BYTES = 1 << 20
Bytes = bytes | mmap.mmap
"""Anything that gives bytes by index."""
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Content:
    """A body that grows as it arrives. Its creator closes it; ``with`` does."""

    def __init__(self, raw: bytes = b"") -> None:
        self.size = 0
        self._parts: list[bytes] = []
        self._file = -1
        self.add(raw)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_large(self) -> bool:
        """Return whether it is kept outside the process's own memory."""
        return self._file >= 0

    def add(self, part: bytes) -> None:
        """Append. Raises ``OSError`` if the system has no memory left."""
        self.size += len(part)
        self._parts.append(part)
        if self.is_large or self.size > SMALL_MAX_BYTES:
            self._put_out()

    def whole(self) -> bytes:
        """Return all of it."""
        if self.is_large:
            return self.beginning(self.size)
        if len(self._parts) > 1:
            self._parts = [b"".join(self._parts)]
        return self._parts[0]

    def beginning(self, size: int) -> bytes:
        """Return its first bytes, at most ``size``."""
        return os.pread(self._file, size, 0) if self.is_large else self.whole()[:size]

    def sha256(self) -> str:
        """Return its SHA-256 in hexadecimal."""
        digest = hashlib.sha256()
        for at in range(0, self.size, _SLICE_BYTES):
            digest.update(os.pread(self._file, _SLICE_BYTES, at) if self.is_large else self.whole()[at : at + _SLICE_BYTES])
        return digest.hexdigest()

    async def read_by(self, work: Callable[Parameters, Result], *args: Parameters.args, **named: Parameters.kwargs) -> Result:
        """Return the result of ``work``, which reads all of it: in a thread, if that takes a while."""
        return await asyncio.to_thread(work, *args, **named) if self.is_large else work(*args, **named)

    def lend(self) -> int:
        """Return a descriptor of a file with its content, which the caller closes."""
        self._put_out()
        return os.dup(self._file)

    def view(self) -> Bytes:
        """Return its bytes without a copy; they remain valid after it is closed."""
        self._put_out()
        return mapped(self._file)

    def close(self) -> None:
        """Release the memory."""
        self._parts.clear()
        if self.is_large:
            os.close(self._file)
            self._file = -1

    def _put_out(self) -> None:
        if not self.is_large:
            self._file = os.memfd_create("andon-body")
        for part in self._parts:
            left = memoryview(part)
            while left:
                left = left[os.write(self._file, left) :]
        self._parts.clear()


@contextmanager
def content_of(body: bytes | Content) -> Iterator[Content]:
    """Yield a body as content: one that was content already stays open, whoever made it closes it."""
    if isinstance(body, Content):
        yield body
        return
    with Content(body) as content:
        yield content


def mapped(file: int) -> Bytes:
    """Return the bytes of a file that was passed in, without a copy."""
    size = os.fstat(file).st_size
    return mmap.mmap(file, size, prot=mmap.PROT_READ) if size else b""
