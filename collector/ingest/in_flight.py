"""How much of all requests is in this process's memory at one time: bodies as they were sent, and decompressed until they are on disk."""

from __future__ import annotations

from collector.ingest.content import SMALL_MAX_BYTES
from core.errors import Full

IN_FLIGHT_MAX_BYTES = 24 << 20
"""Total bytes of small bodies being read or handled at one time; more is refused with a hint to come back."""
LARGE_IN_FLIGHT_MAX_BYTES = 40 << 20
"""The same for large ones, which thus never crowd out a small one."""
FREE_BYTES = 16 << 10
"""A body up to this size always has room: its limit is the number of connections."""


class InFlight:
    """Counts the bytes of the requests being handled in this process, by whatever route."""

    def __init__(self, max_bytes: int = IN_FLIGHT_MAX_BYTES, large_max_bytes: int = LARGE_IN_FLIGHT_MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self.large_max_bytes = large_max_bytes
        self.size = 0
        self.large_size = 0

    def count(self, before: int, after: int) -> None:
        """Count a body that has grown. Raises :class:`core.errors.Full` if it is too much; it is counted all the same."""
        small, large = _shares(after)
        small_before, large_before = _shares(before)
        self.size += small - small_before
        self.large_size += large - large_before
        if small > small_before and self.size > max(self.max_bytes, small):
            raise Full("too many requests at once", 1)
        if large > large_before and self.large_size > max(self.large_max_bytes, large):
            raise Full("too many large requests at once", 1)

    def forget(self, size: int) -> None:
        """Stop counting a body."""
        small, large = _shares(size)
        self.size -= small
        self.large_size -= large


def _shares(size: int) -> tuple[int, int]:
    if size > SMALL_MAX_BYTES:
        return 0, size
    return max(0, size - FREE_BYTES), 0
