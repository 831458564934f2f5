"""The thread of a polling receiver: a query cannot be interrupted, and neither the event loop nor a cancellation waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Worker:
    """One thread, in which one thing is done after the other."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, name)

    async def do(self, work: Callable[[], T]) -> T:
        """Return what ``work`` returns, and raise what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def do_later(self, work: Callable[[], object]) -> None:
        """Do ``work`` after what is under way, without waiting for it."""
        self._executor.submit(work)

    def close(self) -> None:
        """Take nothing more; what was asked for ends by itself."""
        self._executor.shutdown(wait=False)
