"""READ: changes of the store and conditions of Andon itself become candidates, and nothing is changed by reading."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.changes import read
from alerts.incidents import State
from core.catalog.catalog import Catalog
from core.condition import Condition, Conditions
from core.errors import Retryable
from tests.alerts.clocks import clocks
from tests.alerts.memory_store import MemoryStore
from tests.alerts.messages import NOW

FULL = Condition("disk-full", "/srv", "Disk of /srv is full", NOW)


def test_where_nothing_has_changed_there_is_nothing_to_do():
    changes = read(MemoryStore(), Conditions(), 0, State(), Catalog(), NOW)

    assert (len(changes.candidates), changes.cursors, changes.more) == (0, {}, False)


def test_it_gives_what_the_store_has_how_far_it_was_read_and_whether_there_is_more():
    store = MemoryStore(clocks=[clocks("breached", 2), clocks("met", 1)], at_once=1)
    first = read(store, Conditions(), 0, State(), Catalog(), NOW)
    again = read(store, Conditions(), 0, State(), Catalog(), NOW)

    assert list(first.candidates["holds"]) == [True, True]
    assert (first.cursors, first.more) == ({"alert:clocks": 1}, True)
    assert first.candidates.equals(again.candidates), "what is read and not saved is read again"


def test_own_conditions_are_looked_at_only_when_they_changed():
    conditions = Conditions()
    conditions.raise_(FULL)
    changes = read(MemoryStore(clocks=[clocks("breached")]), conditions, 0, State(), Catalog(), NOW)
    assert list(changes.candidates["flow"]) == ["orders", "andon"]

    again = read(MemoryStore(), conditions, changes.conditions_seen, State(), Catalog(), NOW)
    assert (len(again.candidates), again.conditions_seen) == (0, changes.conditions_seen)
    conditions.raise_(replace(FULL, title="Disk of /srv is full: 12 MB left"))
    assert list(read(MemoryStore(), conditions, changes.conditions_seen, State(), Catalog(), NOW).candidates["reference"]) == [
        "Disk of /srv is full: 12 MB left"
    ]


def test_what_the_store_raises_is_raised():
    class Away(MemoryStore):
        def changes(self, _limit: int) -> None:  # type: ignore[override]  # it raises before it would return anything
            raise Retryable("the store is away")

    with pytest.raises(Retryable, match="the store is away"):
        read(Away(), Conditions(), 0, State(), Catalog(), NOW)
