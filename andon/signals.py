"""SIGINT and SIGTERM as an event that any thread may wait for."""

from __future__ import annotations

import signal
import threading
from queue import SimpleQueue


def set_when_told_to_stop(event: threading.Event) -> None:
    """Set the event when the process gets SIGINT or SIGTERM, the first time or again. Call it in the main thread.

    An event takes a lock to be set. The main thread may hold that lock when the signal interrupts it, and would then wait for itself: so
    the handler only puts something into a queue, which interrupts may do at any moment, and a thread of its own sets the event.
    """
    told: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: told.put(number))

    def wait() -> None:
        told.get()
        event.set()

    threading.Thread(target=wait, name="signals", daemon=True).start()
