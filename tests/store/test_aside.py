"""Steps beside the caller's: their order among writes, and where their failures show."""

from __future__ import annotations

import threading

import pytest

from store.client import Store


def test_a_step_aside_ends_before_the_next_write_of_its_thread(store: Store) -> None:
    begun, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    def step() -> None:
        begun.set()
        go_on.wait(10)
        order.append("aside")

    store.aside(step)
    assert begun.wait(10)
    assert store.rows("SELECT 1 AS one") == [{"one": 1}]  # reads go on
    threading.Timer(0.2, go_on.set).start()
    store.insert("actions", {"actor": ["a"]})
    order.append("insert")
    assert order == ["aside", "insert"]


def test_what_a_step_aside_raised_is_raised_by_the_next_write_once(store: Store) -> None:
    def fail() -> None:
        raise ValueError("no")

    store.aside(fail)
    with pytest.raises(ValueError, match="no"):
        store.command("TRUNCATE TABLE correlation_places")
    store.command("TRUNCATE TABLE correlation_places")


def test_steps_side_by_side_give_their_results_in_order_and_the_first_failure_when_all_have_ended(store: Store) -> None:
    ended = threading.Event()

    def fail() -> int:
        raise ValueError("first")

    def slow() -> int:
        threading.Event().wait(0.2)
        ended.set()
        return 2

    assert store.side_by_side(lambda: 1, slow) == [1, 2]
    ended.clear()
    with pytest.raises(ValueError, match="first"):
        store.side_by_side(fail, slow)
    assert ended.is_set()
