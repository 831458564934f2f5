"""Workers: one thread a channel, and no channel waits for another."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from alerts.delivery.delivery import Delivery
from alerts.delivery.workers import ChannelWorkers
from tests.alerts.delivery.deliveries import delivery

PATIENCE_SECONDS = 30.0


class Shop:
    """Workers over lists of deliveries, one list a channel."""

    def __init__(self, send: Callable[[Delivery], None] = lambda _: None, lock: Any = None) -> None:
        self.lock = lock or threading.RLock()
        self.waiting: dict[str, list[Delivery]] = defaultdict(list)
        self.sent: list[str] = []
        self._do = send
        self.workers = ChannelWorkers(self.lock, self._take, self._send)

    def put(self, *identities: str, channel: str = "mail") -> None:
        with self.lock:
            self.waiting[channel] += [delivery(identity, channel=channel) for identity in identities]
            self.workers.wake({channel})

    def busy(self) -> set[str]:
        with self.lock:
            return self.workers.busy()

    def _take(self, channel: str) -> Delivery | None:
        return self.waiting[channel].pop(0) if self.waiting[channel] else None

    def _send(self, one: Delivery) -> None:
        self._do(one)
        self.sent.append(one.delivery_id)


def test_a_thread_sends_what_there_is_in_order_and_ends():
    shop = Shop()
    shop.put("a", "b", "c")
    shop.workers.join(PATIENCE_SECONDS)

    assert (shop.sent, shop.busy()) == (["a", "b", "c"], set())


def test_a_channel_that_hangs_delays_no_other_and_has_one_thread():
    go_on, hangs = threading.Event(), threading.Event()
    threads = set()

    def send(one: Delivery) -> None:
        if one.channel == "slow":
            threads.add(threading.current_thread())
            hangs.set()
            assert go_on.wait(PATIENCE_SECONDS)

    shop = Shop(send)
    shop.put("slow 1", channel="slow")
    assert hangs.wait(PATIENCE_SECONDS)
    for number in range(3):
        shop.put(f"slow {number + 2}", channel="slow")
        shop.put(f"quick {number}", channel="quick")
    while "quick" in shop.busy():
        shop.workers.join(0.01)
    assert shop.sent == ["quick 0", "quick 1", "quick 2"]
    assert shop.busy() == {"slow"}
    go_on.set()
    shop.workers.join(PATIENCE_SECONDS)

    assert shop.sent[3:] == ["slow 1", "slow 2", "slow 3", "slow 4"]
    assert len(threads) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_is_interrupted_is_replaced_when_its_channel_is_woken_again():
    def send(one: Delivery) -> None:
        if one.delivery_id == "bad":
            raise MemoryError

    shop = Shop(send)
    shop.put("bad", "good")
    shop.workers.join(PATIENCE_SECONDS)
    assert (shop.sent, shop.busy()) == ([], set())
    shop.put("more")
    shop.workers.join(PATIENCE_SECONDS)

    assert shop.sent == ["good", "more"]


class Releasing:
    """A lock that does something each time after it was released."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.then: Callable[[], None] = lambda: None

    def __enter__(self) -> None:
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()
        self.then()


def test_what_comes_between_the_last_look_and_the_end_of_a_thread_is_sent():
    lock = Releasing()
    shop = Shop(lock=lock)

    def come_late() -> None:
        if shop.sent == ["a"] and threading.current_thread() is not threading.main_thread():
            lock.then = lambda: None
            shop.put("late")

    lock.then = come_late
    shop.put("a")
    for _ in range(2):
        shop.workers.join(PATIENCE_SECONDS)

    assert (shop.sent, shop.busy()) == (["a", "late"], set())


def test_what_comes_while_a_thread_ends_is_sent():
    shop = Shop()
    for number in range(200):
        shop.put(str(number))
    shop.workers.join(PATIENCE_SECONDS)

    assert shop.sent == [str(number) for number in range(200)]
