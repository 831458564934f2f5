"""Alerting without a store: what is wrong with Andon itself is told all the same, once, and with ids that the store's engine gives too."""

from __future__ import annotations

import pandas as pd

from alerts.engine import AlertEngine
from alerts.ports import IncidentStore
from alerts.unstored import Unstored
from core.clock import FakeClock
from core.condition import Condition, Conditions
from core.config import Settings
from core.telemetry import Telemetry
from tests.alerts.memory_store import COLUMNS, MemoryStore
from tests.alerts.messages import NOW
from tests.alerts.world import FakeNotifier, catalog

FULL = Condition("disk-full", "/srv", "Disk of /srv is full", NOW)


def sent(store: IncidentStore, *, clear: bool = True) -> list[tuple[str, str, str]]:
    notifier, conditions = FakeNotifier(), Conditions()
    engine = AlertEngine(store, catalog(), {"desk": notifier}, Settings(), Telemetry(), FakeClock(NOW), conditions)
    for step in (lambda: conditions.raise_(FULL), lambda: None, lambda: conditions.clear("disk-full") if clear else None):
        step()
        engine.run(NOW)
        engine.deliver(NOW)
        engine.settle()
    return [(one.delivery_id, one.incident_id, one.reason.value) for one in notifier.received]


def test_what_is_wrong_is_told_once_and_so_is_its_end():
    assert [reason for _, _, reason in sent(Unstored())] == ["opened", "resolved"]


def test_the_ids_are_those_that_an_engine_with_a_store_gives():
    assert sent(Unstored()) == sent(MemoryStore())


def test_it_has_nothing_and_keeps_nothing():
    store = Unstored()
    store.save({"incidents": pd.DataFrame({"incident_id": ["i"]})})
    changed, cursors, more = store.changes(10)

    assert ({name: len(frame) for name, frame in changed.items()}, cursors, more) == ({"clocks": 0, "transactions": 0}, {}, False)
    assert {table: list(frame.columns) for table, frame in store.saved().items()} == COLUMNS
    assert all(frame.empty for frame in store.saved().values())
