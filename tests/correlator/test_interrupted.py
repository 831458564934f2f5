"""A run that stops at any of its writes is finished by the next one, of the same engine or of a new one: nothing lost, nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.telemetry import Telemetry
from correlator.engine import Correlator
from store.client import Store
from store.stages.correlation import StoredCorrelation
from tests.correlator.recording import NOW, RULES, catalog, feed, stored
from tests.model.transactions import Heard, transactions

TABLES = ("events", "milestone_events", "transaction_keys", "transaction_events", "transactions")
FIRST = [
    Heard("a", "captured", 1000, (("order", "A"),)),
    Heard("b", "booked", 2000, (("ticket", "T"), ("delivery", "D"))),
    Heard("c", "shipped", 3000, (("delivery", "E"),)),
    Heard("d", "invoiced", 4000, (("invoice", "I"),)),  # waits on a shelf
]
SECOND = [
    Heard("e", "stuck", 5000, (("order", "A"), ("ticket", "T")), failure=True, cause="jam"),  # merges two transactions
    Heard("f", "shipped", 6000, (("delivery", "E"), ("invoice", "I"))),  # is attached to the shelf
    Heard("g", "invoiced", 7000, (("invoice", "I"),)),
    Heard("h", "captured", 8000, (("order", "B"),)),
]
WRITES = ("command", "insert", "insert_table")


class StoppedError(Exception):
    """The run ends here."""


def stopping_at(monkeypatch: pytest.MonkeyPatch, number: int, *, after: bool) -> Callable[[], bool]:
    """Let the write of this number (from 1) and all later ones fail, before or after it is done; return what says whether one did."""
    begun = 0

    def wrap(name: str) -> None:
        write = getattr(Store, name)

        def stopping(self: Store, *args: Any, **more: Any) -> Any:
            nonlocal begun
            begun += 1
            if begun > number or (begun == number and not after):
                raise StoppedError
            result = write(self, *args, **more)
            if begun == number:
                raise StoppedError
            return result

        monkeypatch.setattr(Store, name, stopping)

    for name in WRITES:
        wrap(name)
    return lambda: begun >= number


def run_all(correlator: Correlator) -> None:
    while correlator.run(NOW):
        pass


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("restart", [False, True])
def test_a_run_that_stops_at_any_write_is_finished_by_the_next(store: Store, *, after: bool, restart: bool) -> None:
    number, stopped = 0, True
    while stopped:
        number += 1
        for table in TABLES:
            store.command(f"TRUNCATE TABLE {table}")
        correlator = Correlator(StoredCorrelation(store), catalog(), Telemetry())
        feed(store, FIRST, store.revision())
        run_all(correlator)
        feed(store, SECOND, store.revision())
        with pytest.MonkeyPatch.context() as patch:
            reached = stopping_at(patch, number, after=after)
            try:
                run_all(correlator)
                store.flush()
            except StoppedError:
                pass
            stopped = reached()
        if restart:
            correlator = Correlator(StoredCorrelation(store), catalog(), Telemetry())
        run_all(correlator)
        store.flush()
        assert stored(store) == transactions(RULES, FIRST + SECOND), number
        twice = "SELECT flow, transaction_id, event_id FROM transaction_events FINAL WHERE active GROUP BY ALL HAVING count() > 1"
        assert store.rows(twice) == [], number
    assert number > len(WRITES), "nothing was stopped"
