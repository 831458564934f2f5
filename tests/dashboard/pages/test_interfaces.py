"""Interfaces: handovers between systems, with their errors and owners."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from dashboard.pages import interfaces
from store.client import Store
from store.reads import interfaces as reads
from tests.dashboard.shown import View, words
from tests.dashboard.synthetic import NOW, catalog

CATALOG = catalog()


def hop(before: str, milestone: str, transactions: int = 8, flow: str = "order-to-cash") -> dict[str, Any]:
    return {
        "flow": flow,
        "before": before,
        "milestone": milestone,
        "transactions": transactions,
        "median_seconds": 60.0,
        "p90_seconds": 90.0,
        "last_at": NOW,
    }


def arrival(milestone: str, source: str, signals: int, failures: int = 0, delay: float = 2.0) -> dict[str, Any]:
    return {
        "flow": "order-to-cash",
        "milestone": milestone,
        "source": source,
        "signals": signals,
        "failures": failures,
        "delay_seconds": delay,
    }


HOPS = pd.DataFrame(
    [hop("dequeued", "booked"), hop("captured", "accepted"), hop("picked", "shipped"), hop("mapped", "gone"), hop("a", "b", flow="gone"), hop("captured", "booked", 1)]
)  # fmt: skip
ARRIVALS = pd.DataFrame([arrival("booked", "erp", 6), arrival("booked", "middleware", 2, delay=5.0), arrival("rejected", "erp", 2, 2)])


def test_a_handover_is_a_step_between_two_systems_with_the_failures_of_that_step() -> None:
    rows = interfaces._handovers(CATALOG, HOPS, ARRIVALS)
    assert [(row["from"], row["to"], row["before"]) for row in rows] == [
        ("CRM", "API gateway", "captured"), ("Broker", "ERP", "dequeued"), ("CRM", "ERP", "captured"),
    ]  # fmt: skip
    booked = rows[1]
    assert (booked["sources"], booked["errors"], booked["error_share"], booked["delay"]) == (
        ["erp", "middleware"],
        2,
        pytest.approx(2 / 11),
        5.0,
    )
    assert rows[2]["errors"] == 0, "no failure says from where it came: all count where most arrive"
    assert booked["owner"] == "ERP operations, Integration platform"
    assert (rows[0]["sources"], rows[0]["owner"], rows[0]["delay"]) == ([], "Order management", None)


def test_a_failure_of_a_step_that_most_reach_within_their_system_is_none_of_an_interface() -> None:
    hops = pd.DataFrame([hop("released", "picked", 300), hop("confirmed", "picked", 8)])
    failed = next(name for name, one in CATALOG.flows["order-to-cash"].milestones.items() if one.failure and one.stage == "picked")
    (row,) = interfaces._handovers(CATALOG, hops, pd.DataFrame([arrival("picked", "wms", 308), arrival(failed, "wms", 17, 17)]))
    assert (row["before"], row["errors"]) == ("confirmed", 0)


@pytest.fixture
def told(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> Any:
    def draw(**address: str) -> str:
        monkeypatch.setattr(reads, "hops", lambda *_, **__: HOPS)
        monkeypatch.setattr(reads, "arrivals", lambda *_, **__: ARRIVALS)
        return words(view("interfaces", filled, **address))

    return draw


def test_it_is_listed_with_links_to_who_waits_and_to_its_sources(told: Any) -> None:
    shown = told()
    assert shown.count("<tr>") == 4
    assert 'href="transactions?flow=order-to-cash&amp;awaited=booked&amp;period=all"' in shown
    assert 'href="sources?source=middleware"' in shown
    assert '<span class="pill bad" title="2 signals">18.2%</span>' in shown


@pytest.mark.parametrize(
    ("address", "rows"), [({"system": "API gateway"}, 1), ({"system": "ERP"}, 2), ({"source": "erp"}, 2), ({"flow": "order-to-cash"}, 3)]
)
def test_it_can_be_narrowed_to_a_flow_a_system_and_a_source(told: Any, address: dict[str, str], rows: int) -> None:
    assert told(**address).count("<tr>") == 1 + rows


def test_what_matches_nothing_says_so(told: Any) -> None:
    assert "Nothing matches" in told(flow="procure-to-pay")
