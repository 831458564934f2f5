"""Write-behind: outcomes are kept while the store refuses, and an outage is told once."""

from __future__ import annotations

import logging

import pytest

from alerts.delivery.attempt import AttemptResult, Outcome, attempt_row
from alerts.delivery.delivery import Delivery, rows
from alerts.delivery.write_behind import WRITTEN_TOGETHER, WriteBehind
from core.errors import Retryable
from tests.alerts.delivery.deliveries import delivery
from tests.alerts.memory_store import MemoryStore
from tests.alerts.messages import NOW


def outcome(one: Delivery, result: Outcome = Outcome.SENT) -> dict[str, object]:
    return {"delivery_attempts": attempt_row(one, AttemptResult(result, "said"), NOW), "deliveries": rows([one])}


def test_outcomes_are_stored_together_and_the_last_state_of_a_delivery_wins():
    store = MemoryStore()
    outcomes = WriteBehind(store)
    outcomes.add(**outcome(delivery("dlv_1", attempts=1), Outcome.RETRY))
    outcomes.add(**outcome(delivery("dlv_1", attempts=2, state="sent")))
    outcomes.add(deliveries=rows([delivery("dlv_2")]))
    assert len(outcomes) == 3
    outcomes.write()
    outcomes.write()

    assert store.writes == [{"delivery_attempts": 2, "deliveries": 2}], "nothing is written where there is nothing"
    assert [(row["delivery_id"], row["state"], row["attempts"]) for row in store.rows("deliveries")] == [
        ("dlv_1", "sent", 2),
        ("dlv_2", "pending", 0),
    ]
    assert [row["outcome"] for row in store.rows("delivery_attempts")] == ["retry", "sent"]


def test_it_is_full_once_as_many_wait_as_are_stored_together():
    outcomes = WriteBehind(MemoryStore())
    for number in range(WRITTEN_TOGETHER):
        assert not outcomes.is_full
        outcomes.add(**outcome(delivery(f"dlv_{number}")))
    assert outcomes.is_full
    outcomes.write()

    assert not outcomes.is_full


def test_what_the_store_refuses_is_kept_in_order():
    store = MemoryStore(refuses=True)
    outcomes = WriteBehind(store)
    outcomes.add(**outcome(delivery("dlv_1", state="sent")))
    outcomes.try_write()
    with pytest.raises(Retryable, match="the store is away"):
        outcomes.write()
    outcomes.add(**outcome(delivery("dlv_2", state="sent")))
    assert len(outcomes) == 2
    store.refuses = False
    outcomes.try_write()

    assert [row["delivery_id"] for row in store.rows("deliveries")] == ["dlv_1", "dlv_2"]
    assert len(outcomes) == 0


def test_an_outage_is_logged_once_and_so_is_its_end(caplog: pytest.LogCaptureFixture):
    store = MemoryStore()
    outcomes = WriteBehind(store)
    begins = (logging.ERROR, "the store refuses the outcomes of deliveries; they are kept and tried again")
    over = (logging.WARNING, "the store accepts the outcomes of deliveries again; none was lost")
    for _ in range(2):
        store.refuses = True
        for number in range(5):
            outcomes.add(**outcome(delivery(f"dlv_{number}")))
            outcomes.try_write()
        store.refuses = False
        outcomes.try_write()
        outcomes.add(**outcome(delivery()))
        outcomes.try_write()

    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [begins, over, begins, over]
    assert [record.exc_info is not None for record in caplog.records] == [True, False, True, False]
