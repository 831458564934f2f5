"""Steps beside the caller's: their order among writes, and where their failures show."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.clock import FakeClock
from core.config import Settings
from store.client import Store
from store.held import Batch
from store.keeping import kept_in_journal
from store.revision import BLOCK


def test_a_step_aside_ends_before_the_next_write_of_its_thread(store: Store) -> None:
    begun, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    def step() -> None:
        begun.set()
        go_on.wait(10)
        order.append("aside")

    store.write_behind(step)
    assert begun.wait(10)
    assert store.rows("SELECT 1 AS one") == [{"one": 1}]  # reads go on
    threading.Timer(0.2, go_on.set).start()
    store.insert("actions", {"actor": ["a"]})
    order.append("insert")
    assert order == ["aside", "insert"]


def test_what_a_step_aside_raised_is_raised_by_the_next_write_once(store: Store) -> None:
    def fail() -> None:
        raise ValueError("no")

    store.write_behind(fail)
    with pytest.raises(ValueError, match="no"):
        store.command("TRUNCATE TABLE correlation_assignments")
    store.command("TRUNCATE TABLE correlation_assignments")


@pytest.fixture
def begun_aside(store: Store) -> Callable[[Callable[[], object]], None]:
    """Begins a step aside that goes on when its thread is probably waiting for it."""

    def begin(step: Callable[[], object]) -> None:
        go_on = threading.Event()
        store.write_behind(lambda: (go_on.wait(10), step()))
        threading.Timer(0.2, go_on.set).start()

    return begin


def test_what_waits_is_written_although_a_step_aside_lets_more_wait(
    store: Store, begun_aside: Callable[[Callable[[], object]], None]
) -> None:
    store.held.add(Batch({"actions": {"actor": ["first"], "revision": [1]}}, {}))
    begun_aside(lambda: store.held.add(Batch({"actions": {"actor": ["aside"], "revision": [2]}}, {})))
    store.held.write()
    assert not store.held
    assert [row["actor"] for row in store.rows("SELECT actor FROM actions ORDER BY revision")] == ["first", "aside"]


def test_what_follows_is_written_after_what_a_step_aside_let_wait(
    store: Store, begun_aside: Callable[[Callable[[], object]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    put = Store.put

    def note(self: Store, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        put(self, table, columns)
        written.extend(columns["actor"])

    monkeypatch.setattr(Store, "put", note)
    begun_aside(lambda: store.held.add(Batch({"actions": {"actor": ["aside"]}}, {})))
    store.insert_or_hold({"actions": {"actor": ["last"]}})
    assert written == ["aside", "last"]


def test_a_step_aside_gets_a_revision_while_its_thread_reserves_more(
    store: Store, begun_aside: Callable[[Callable[[], object]], None]
) -> None:
    found: list[int] = [store.revision()]
    begun_aside(lambda: found.append(store.revision()))
    found.append(store.revision(BLOCK))
    store.flush()
    assert len(set(found)) == 3


def test_rows_come_back_from_the_journal_although_a_step_aside_has_some_to_keep(
    store: Store, begun_aside: Callable[[Callable[[], object]], None], tmp_path: Path
) -> None:
    clock = FakeClock(datetime(2026, 3, 27, tzinfo=UTC))
    with kept_in_journal(store, Settings(data=tmp_path), clock) as keeping:
        store.insert("actions", {"actor": ["first"], "revision": [store.revision()]})
        begun_aside(lambda: store.insert("actions", {"actor": ["aside"], "revision": [store.revision()]}))
        keeping.bring_back(["actions"])
        store.flush()
    assert [row["actor"] for row in store.rows("SELECT actor FROM actions ORDER BY revision")] == ["first", "aside"]


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
