"""The list of transactions, and the search by identifier."""

from __future__ import annotations

from core.catalog.flow import HEARTBEAT
from store.client import Store
from tests.dashboard.shown import View, first_of, words
from tests.dashboard.synthetic import NOW


def test_a_station_leads_to_what_is_late_there(view: View, filled: Store) -> None:
    shown = words(view("transactions", filled, flow="order-to-cash", awaited="booked"))
    late = filled.rows(
        "SELECT reference FROM clocks FINAL WHERE flow = 'order-to-cash' AND stage = 'booked' AND verdict IN ('at_risk', 'breached', 'unknown')"
    )
    assert late
    assert all(row["reference"] in shown for row in late)


def test_search_ignores_leading_zeros_and_says_when_nothing_is_found(view: View, filled: Store) -> None:
    reference = first_of(filled, "transactions", "reference", "flow = 'order-to-cash'")
    assert reference in words(view("transactions", filled, find=f"000{reference}"))
    assert "No transaction found for “4711-0815”" in words(view("transactions", filled, find="4711-0815"))


def test_a_search_that_finds_too_much_says_so(view: View, filled: Store) -> None:
    shown = view("transactions", filled, find="45")
    words(shown)
    assert any("Type more of it" in caption.value for caption in shown.caption)


def test_heartbeats_are_not_listed_unless_asked_for(view: View, filled: Store) -> None:
    identity = f"{int(NOW.timestamp() * 1000):012x}{'0' * 20}"
    row = {"flow": HEARTBEAT, "transaction_id": identity, "revision": 1, "reference": "beat", "state": "completed", "started_at": NOW}
    filled.insert("transactions", {name: [value] for name, value in row.items()})
    assert identity not in words(view("transactions", filled))
    assert identity in words(view("transactions", filled, flow=HEARTBEAT))
