"""What of a transaction was published again, and what it has reached since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.clock import to_milliseconds
from dashboard import data
from store.client import Store
from tests.dashboard.shown import View, no_foreign_markup, words
from tests.dashboard.synthetic import NOW

IDENTITY = f"{to_milliseconds(NOW):012x}{'e' * 20}"
AT = NOW - timedelta(hours=2)


@pytest.fixture
def order(filled: Store) -> Iterator[Store]:
    """A transaction whose booking was given up, and that was booked forty seconds after it was published again."""
    row = {"flow": "order-to-cash", "transaction_id": IDENTITY, "revision": 1}
    put(filled, "transactions", **row, reference="4711", state="open", started_at=AT)
    given_up = {"milestone": "booking-failed", "event_id": "f", "event_time": AT, "signal_id": "/queues/orders m-7/dead/1", "failure": 1}
    booked = {"milestone": "booked", "event_id": "b", "event_time": AT + timedelta(seconds=100), "signal_id": "/erp b-1", "failure": 0}
    for event in (given_up, booked):
        put(filled, "transaction_events", **row, **event, signal="event", active=1)
    yield filled
    for table in ("transactions", "transaction_events"):
        filled.command(f"DELETE FROM {table} WHERE transaction_id = '{IDENTITY}'")
    filled.command("DELETE FROM actions WHERE target = 'm-7/dead/1'")


def put(store: Store, table: str, **row: Any) -> None:
    store.insert(table, {name: [value] for name, value in row.items()})


def act(store: Store, action: str, outcome: str, at: datetime, revision: int, actor: str = "Ana") -> None:
    told = {"runbook": "", "step": "", "detail": "to queue orders", "target": "m-7/dead/1", "revision": revision}
    put(store, "actions", at=at, actor=actor, action=action, outcome=outcome, **told)


def test_who_published_it_and_what_it_reached_since(view: View, order: Store) -> None:
    act(order, "resubmit", "", AT + timedelta(seconds=59), 1)
    act(order, "resubmitted", "published", AT + timedelta(seconds=60), 2, "Ana <b>")
    data._fetch.clear()
    test = view("transactions", order, id=IDENTITY)
    shown = words(test)
    table = shown.split('aria-label="Published again"')[1].split("<tbody>")[1].split("</tbody>")[0]
    assert table.count("<tr>") == 1
    assert "Ana &lt;b&gt;" in table
    assert " 40 s later" in table
    no_foreign_markup(test)


def test_what_a_crash_left_is_told_as_unknown(view: View, order: Store) -> None:
    act(order, "resubmit", "", AT + timedelta(seconds=60), 1)
    data._fetch.clear()
    assert "nobody knows what came of it" in words(view("transactions", order, id=IDENTITY))


def test_without_any_nothing_is_shown(view: View, order: Store) -> None:
    data._fetch.clear()
    assert "Published again" not in [element.value for element in view("transactions", order, id=IDENTITY).subheader]
