"""How long a receiver waits before it tries again."""

from __future__ import annotations

import random


class Backoff:
    """Waiting times between attempts, in seconds: doubling from ``first`` to ``last``, each shortened at random by up to a half."""

    def __init__(self, first: float = 0.5, last: float = 30.0) -> None:
        self._first = first
        self._last = last
        self._next = first

    def next(self) -> float:
        """Return how long to wait before the next attempt."""
        waiting = self._next * random.uniform(0.5, 1.0)  # noqa: S311 - it spreads attempts and protects nothing
        self._next = min(self._next * 2, self._last)
        return waiting

    def reset(self) -> None:
        """Start again with the shortest wait: something worked."""
        self._next = self._first
