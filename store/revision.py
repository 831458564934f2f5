"""Revisions: numbers that rise strictly and are never reused, even across restarts."""

from __future__ import annotations

import threading
from collections.abc import Callable

BLOCK = 1 << 20


class Revisions:
    """Hands out numbers from blocks that are reserved in the store before any number in them is used.

    ``read`` returns how far numbers were ever reserved; ``reserve`` stores the new end. Safe to use from several threads.
    """

    def __init__(self, read: Callable[[], int], reserve: Callable[[int], None]) -> None:
        self._read = read
        self._reserve = reserve
        self._lock = threading.Lock()
        self._next = 0
        self._end = 0

    def next(self, count: int = 1) -> int:
        """Return the first of ``count`` consecutive new numbers."""
        with self._lock:
            if self._next + count > self._end:
                start = self._read() if self._end == 0 else self._end
                end = start + max(BLOCK, count + 1)  # of a new store 0 is reserved, too, and never given out
                self._reserve(end)
                self._next, self._end = start + (start == 0), end
            first = self._next
            self._next += count
            return first

    def skip(self, upto: int) -> None:
        """Hand out no number up to this one."""
        with self._lock:
            if upto < self._end:
                self._next = max(self._next, upto + 1)
            elif self._end or self._read() <= upto:
                self._reserve(upto + 1)
                self._next = self._end = 0
