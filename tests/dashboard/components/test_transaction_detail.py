"""The detail of one transaction."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from andon.client.explain import explain_transaction
from core.clock import FakeClock
from core.config import Settings
from dashboard import data
from dashboard.components import transaction_detail
from dashboard.components.time_format import Zone
from dashboard.data import Data
from dashboard.page import Context
from store.client import Store
from store.reads import detail
from tests.dashboard.shown import View, first_of, words
from tests.dashboard.synthetic import NOW, catalog


def test_the_sheet_of_a_transaction(view: View, filled: Store) -> None:
    identity = first_of(filled, "transactions", "transaction_id", "flow = 'order-to-cash' AND events > 6 AND started_at > '2026-11-22'")
    test = view("transactions", filled, id=identity)
    shown = words(test)
    assert "SLA clocks" in [element.value for element in test.subheader]
    assert "POST /orders" in shown
    assert len(test.get("vega_lite_chart") or test.get("arrow_vega_lite_chart")) >= 3


def test_the_page_explains_as_andon_explain_does(view: View, filled: Store) -> None:
    identity = first_of(filled, "transactions", "transaction_id", "flow = 'order-to-cash' AND events > 6 AND started_at > '2026-11-22'")
    test = view("transactions", filled, id=identity)
    told = explain_transaction(filled.reader, NOW, identity, None, everything=True)
    (sheet,) = re.findall(r'<div class="andon-sheet">(.*?)</div>', words(test), re.DOTALL)
    assert [unescape(line) for line in re.findall(r"<p class=.*?>(.*?)</p>", sheet)] == told
    assert len(told) > 20


def test_a_fact_that_cannot_be_used_is_told_with_what_was_sent(view: View, filled: Store) -> None:
    identity = f"{int(NOW.timestamp() * 1000):012x}{'f' * 20}"
    row = {"flow": "order-to-cash", "transaction_id": identity, "revision": 1, "reference": "odd", "state": "open", "started_at": NOW}
    try:
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
            "transactions",
            {name: [value] for name, value in {**row, "revision": 3, "facts": {"amount": "1200", "currency": "EUR"}}.items()},
        )
        data._fetch.clear()
        shown = words(view("transactions", filled, id=identity))
        assert "€1,200" in shown
        assert "cannot be used" not in shown
    finally:
        filled.command(f"DELETE FROM transactions WHERE transaction_id = '{identity}'")


@pytest.fixture
def context(tmp_path: Path) -> Context:
    clock = FakeClock(NOW)
    return Context(Data(Settings(data=tmp_path), clock), catalog(), clock, Zone("Europe/Berlin"))


@pytest.mark.parametrize(
    ("due", "stopped", "verdict", "said"),
    [
        (30, None, "running", "30 min left"), (0, None, "at_risk", "0 s left"), (-30, None, "breached", "30 min late"), (30, 10, "met", "20 min early"),
        (30, 30, "met", "0 s early"), (30, 50, "met_late", "20 min late"), (30, 20, "cancelled", ""), (30, None, "cancelled", ""), (30, 50, "cancelled", "20 min late"),
        (None, None, "unknown", ""),
    ],
)  # fmt: skip
def test_the_margin_is_to_the_stop_or_to_now(context: Context, due: int | None, stopped: int | None, verdict: str, said: str) -> None:
    at = {
        name: pd.NaT if minutes is None else NOW + timedelta(minutes=minutes)
        for name, minutes in (("due_at", due), ("stopped_at", stopped))
    }
    assert transaction_detail._margin(context, {**at, "verdict": verdict}) == said


@pytest.mark.parametrize(
    ("version", "shown"),
    [
        ("418a327edecc: target 1 gold", '<span title="catalog 418a327edecc">target 1 gold</span>'), ("v1", '<span title="catalog v1">v1</span>'),
        ("<b>: <i>", '<span title="catalog &lt;b&gt;">&lt;i&gt;</span>'),
    ],
)  # fmt: skip
def test_the_rule_is_the_target_with_the_catalogs_version_on_hover(version: str, shown: str) -> None:
    assert transaction_detail._rule(version) == shown


@pytest.fixture
def told(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Draw the transaction of this row; what the row leaves out is as in the store."""
    identity = first_of(filled, "transactions", "transaction_id", "flow = 'order-to-cash' AND state = 'open'")
    real = detail.transaction(filled.reader, transaction_id=identity)
    assert real is not None

    def draw(**more: Any) -> str:
        monkeypatch.setattr(detail, "transaction", lambda *_, **__: {**real, **more})
        return words(view("transactions", filled, id=identity))

    return draw


def test_one_that_was_merged_says_into_which(told: Any) -> None:
    assert '<a href="transactions?id=abc%2F1">another transaction</a>' in told(state="merged", merged_into="abc/1")


def test_many_identifiers_are_counted(told: Any) -> None:
    shown = told(keys={"delivery": [f"D{number}" for number in range(12)], "lot_number": ["<i>"]})
    assert "<i>Delivery</i><b>D0, D1, D2, D3, D4, D5, D6, D7 and 4 more</b>" in shown
    assert "<i>Lot number</i><b>&lt;i&gt;</b>" in shown


def test_one_that_failed_says_by_which_cause_or_step(told: Any) -> None:
    failed = {"failed_stage": "booked", "failed_milestone": "rejected", "failed_at": NOW}
    assert "failed: PRICE_MISSING</span>" in told(**failed, cause="PRICE_MISSING")


def test_one_without_a_reference_is_named_by_its_id(told: Any) -> None:
    assert "<h1>0123abc " in told(reference="", transaction_id="0123abc")


def test_how_long_it_took_is_said_when_it_has_ended(told: Any) -> None:
    begun = {"started_at": NOW - timedelta(hours=3), "state": "completed"}
    assert "<i>Took</i><b>2 h</b>" in told(**begun, ended_at=NOW - timedelta(hours=1))


def test_how_long_it_runs_is_said_while_it_is_open(told: Any) -> None:
    assert "<i>Running for</i><b>3 h</b>" in told(started_at=NOW - timedelta(hours=3), ended_at=None)
