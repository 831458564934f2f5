"""The C library's allocator, told to give large blocks back to the system at once."""

from __future__ import annotations

import contextlib
import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
LARGE_BLOCK_BYTES = 128 << 10
ARENAS_MAX = 2


def give_back_large_blocks() -> None:
    """Let blocks of 128 KiB and more be pages of their own.

    By default glibc moves that bound up to the largest block that was ever freed (32 MiB at the most), and keeps what is below it between small
    blocks that live longer. Other C libraries have no such setting and need none. Source: mallopt(3).
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        for name, value in ((_MMAP_THRESHOLD, LARGE_BLOCK_BYTES), (_TRIM_THRESHOLD, LARGE_BLOCK_BYTES), (_ARENA_MAX, ARENAS_MAX)):
            library.mallopt(name, value)
