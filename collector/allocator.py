"""The C library's allocator, told to give large blocks back to the system at once."""

from __future__ import annotations

import contextlib
import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
LARGE_BLOCK_BYTES = 1 << 20
FREE_MAX_BYTES = 8 << 20
"""What may stay free at the end of the heap: to give it back and take it again with every request costs a tenth of the time."""
ARENAS_MAX = 2


def give_back_large_blocks() -> None:
    """Let blocks of 1 MiB and more be pages of their own; those of ordinary requests are used again, which is faster.

    By default glibc moves that bound up to the largest block that was ever freed (32 MiB at the most), and keeps what is below it between small
    blocks that live longer. Other C libraries have no such setting and need none. Source: mallopt(3).
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        for name, value in ((_MMAP_THRESHOLD, LARGE_BLOCK_BYTES), (_TRIM_THRESHOLD, FREE_MAX_BYTES), (_ARENA_MAX, ARENAS_MAX)):
            library.mallopt(name, value)


def give_back_free_blocks() -> None:
    """Give the system what is free between blocks that live, in some milliseconds. Source: malloc_trim(3)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
