"""The detail of one transaction."""

from __future__ import annotations

from dashboard import data
from store.client import Store
from tests.dashboard.shown import View, first_of, words
from tests.dashboard.synthetic import NOW


def test_the_sheet_of_a_transaction(view: View, filled: Store) -> None:
    identity = first_of(filled, "transactions", "transaction_id", "flow = 'order-to-cash' AND events > 6 AND started_at > '2026-11-22'")
    test = view("transactions", filled, id=identity)
    shown = words(test)
    assert "SLA clocks" in [element.value for element in test.subheader]
    assert "POST /orders" in shown
    assert len(test.get("vega_lite_chart") or test.get("arrow_vega_lite_chart")) >= 3


def test_a_fact_that_cannot_be_used_is_told_with_what_was_sent(view: View, filled: Store) -> None:
    identity = f"{int(NOW.timestamp() * 1000):012x}{'f' * 20}"
    row = {"flow": "order-to-cash", "transaction_id": identity, "revision": 1, "reference": "odd", "state": "open", "started_at": NOW}
    for facts, told in (
        (
            {"amount": "abc", "currency": "EUR"},
            "Order value is &#39;abc&#39;, which is not a number. Wherever it is used as money, it counts as 0.",
        ),
        ({"amount": "1200"}, "Order value (1200) has no currency because the fact currency is missing."),
    ):
        filled.insert("transactions", {name: [value] for name, value in {**row, "facts": facts}.items()})
        row["revision"] = 2
        data._fetch.clear()
        assert told in words(view("transactions", filled, id=identity))
    filled.insert(
        "transactions", {name: [value] for name, value in {**row, "revision": 3, "facts": {"amount": "1200", "currency": "EUR"}}.items()}
    )
    data._fetch.clear()
    shown = words(view("transactions", filled, id=identity))
    assert "€1,200" in shown
    assert "cannot be used" not in shown
