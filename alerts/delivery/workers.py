"""The workers: one thread for each channel that has something to send."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection

from alerts.delivery.delivery import Delivery


class ChannelWorkers:
    """Threads that send.

    Promises: a channel has at most one thread, so one that hangs delays no other channel and each gets its messages one after the other. A
    thread ends once its channel has nothing due; one that is interrupted is replaced when its channel is next woken.
    """

    def __init__(self, lock: threading.RLock, take: Callable[[str], Delivery | None], send: Callable[[Delivery], None]) -> None:
        """``take`` returns what a channel gets next, and is called with the lock held; ``send`` is called without it."""
        self._lock = lock
        self._take = take
        self._send = send
        self._threads: dict[str, threading.Thread] = {}

    def wake(self, channels: Collection[str]) -> None:
        """Make these channels send what is due. The caller holds the lock."""
        for channel in set(channels) - set(self._threads):
            thread = threading.Thread(target=self._work, args=(channel,), name=f"deliveries-{channel}", daemon=True)
            self._threads[channel] = thread
            thread.start()

    def busy(self) -> set[str]:
        """Return the channels that are sending. The caller holds the lock."""
        return set(self._threads)

    def join(self, timeout_seconds: float) -> None:
        """Wait until no channel is sending, at most this long for each."""
        for thread in list(self._threads.values()):
            thread.join(timeout_seconds)

    def _work(self, channel: str) -> None:
        try:
            while delivery := self._take_or_end(channel):
                self._send(delivery)
        finally:
            with self._lock:
                if self._threads.get(channel) is threading.current_thread():
                    del self._threads[channel]

    def _take_or_end(self, channel: str) -> Delivery | None:
        """Return what is next. If nothing is, the thread ends in the same step, so that whoever wakes the channel later starts another."""
        with self._lock:
            delivery = self._take(channel)
            if delivery is None:
                del self._threads[channel]
            return delivery
