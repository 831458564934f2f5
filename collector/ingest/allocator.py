"""The C library's allocator, configured to return large blocks to the system at once."""

from __future__ import annotations

import contextlib
import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
LARGE_BLOCK_BYTES = 1 << 20
FREE_MAX_BYTES = 8 << 20
"""How much may stay free at the end of the heap: returning and re-acquiring it with every request costs a tenth of the time."""
ARENAS_MAX = 2


def give_back_large_blocks() -> None:
    """Give blocks of 1 MiB and more their own pages; those of ordinary requests are reused, which is faster.

    By default glibc raises that limit up to the largest block that was ever freed (at most 32 MiB), and keeps anything smaller between
    small blocks that live longer. Other C libraries have no such setting and need none. Source: mallopt(3).
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        for name, value in ((_MMAP_THRESHOLD, LARGE_BLOCK_BYTES), (_TRIM_THRESHOLD, FREE_MAX_BYTES), (_ARENA_MAX, ARENAS_MAX)):
            library.mallopt(name, value)


def give_back_free_blocks() -> None:
    """Return the free memory between live blocks to the system; takes some milliseconds. Source: malloc_trim(3)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
