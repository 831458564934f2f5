"""The board: what it counts, and how it tells counts of a flow from those of its stations."""

from __future__ import annotations

import re
from datetime import timedelta

import pandas as pd
import pytest

from dashboard import data
from dashboard.pages import board
from store.client import Store
from store.reads import board as reads
from tests.dashboard.shown import View, words
from tests.dashboard.synthetic import NOW, catalog, line


def test_the_board_counts_what_the_store_holds(view: View, filled: Store) -> None:
    shown = words(view("board", filled))
    breached = filled.rows("SELECT uniqExact(flow, transaction_id) AS n FROM clocks FINAL WHERE verdict = 'breached'")[0]["n"]
    opened = filled.rows("SELECT count() AS n FROM transactions FINAL WHERE state = 'open'")[0]["n"]
    assert re.search(rf"Breached</span><b>{breached}</b>", shown)
    assert re.search(rf"Open</span><b>{opened}</b>", shown)
    for flow in catalog().flows.values():
        places = [
            shown.index(f'<span class="name">{flow.milestones[name].title}</span>', shown.index(f'aria-label="{flow.title}"'))
            for name in line(flow)
        ]
        assert places == sorted(places)


def test_an_unknown_verdict_says_why(view: View, filled: Store) -> None:
    for name, due, said in (("silent", NOW, "source silent"), ("lacking", None, "1 missing a fact")):
        row = {"flow": "order-to-cash", "sla": "ship-as-promised", "transaction_id": name, "revision": 1, "stage": "shipped", "due_at": due}
        filled.insert("open_clocks", {column: [value] for column, value in {**row, "verdict": "unknown"}.items()})
        data._fetch.clear()
        assert said in words(view("board", filled))


def test_the_board_says_how_the_counts_of_a_flow_and_of_its_stations_differ(view: View, filled: Store) -> None:
    shown = words(view("board", filled))
    once = "each transaction counted once, by its worst SLA"
    assert f"<b>Next to the flow's name:</b> {once}; one that is late at two stations counts at both" in shown
    head = shown[shown.index('<section class="flow') : shown.index('<ol class="stations">')]
    assert f'title="the deadline has passed; {once}"' in head
    assert 'title="the deadline has passed"' in shown


def totals(*counts: tuple[int, int]) -> pd.DataFrame:
    """Return rows with so many unknown, so many of them for want of a fact."""
    return pd.DataFrame(counts, columns=["unknown", "lacking"])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (totals(), "no verdict"), (totals((0, 0)), "no verdict"), (totals((2, 2)), "fact missing"), (totals((2, 0)), "source silent"),
        (totals((2, 1), (3, 1)), "2 missing a fact"),
    ],
)  # fmt: skip
def test_why_there_is_no_verdict_is_said_in_words(rows: pd.DataFrame, said: str) -> None:
    assert board._why_unknown(rows) == said


def test_a_deadline_that_passes_is_now() -> None:
    assert [board._due(due, NOW) for due in (None, pd.NaT, NOW + timedelta(minutes=12), NOW, NOW - timedelta(hours=3))] == [
        "–",
        "–",
        "in 12 min",
        "now",
        "now",
    ]


def test_money_is_by_currency_and_nothing_is_left_out() -> None:
    rows = pd.DataFrame({"currency": ["EUR", "USD", "EUR", "", "PLN"], "value_at_risk": [1.0, 2.0, 3.0, 4.0, 0.0]})
    assert board._money(rows) == {"EUR": 4.0, "USD": 2.0, "": 4.0}


def test_a_milestone_that_not_all_pass_is_shown_only_where_something_is(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = {"here": 1, "breached": 0, "at_risk": 0, "unknown": 0, "failed": 0, "paused": 0, "running": 0, "value_at_risk": 0.0}
    rows = [
        {"flow": flow, "stage": stage, "currency": "", **counts}
        for flow, stage in (("order-to-cash", "credit-blocked"), ("old-flow", "step-two"))
    ]
    monkeypatch.setattr(reads, "stations", lambda *_, **__: pd.DataFrame(rows))
    shown = words(view("board", filled))
    assert catalog().flows["order-to-cash"].milestones["credit-blocked"].title in shown
    assert catalog().flows["order-to-cash"].milestones["short-picked"].title not in shown
    assert shown.index('aria-label="Old flow"') > shown.index('aria-label="Order to cash"')
    assert '<span class="name">Step two</span>' in shown


def test_nothing_open_is_said_and_more_than_fit_are_counted(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    found = reads.open_incidents(filled.reader, now=NOW, limit=8)
    assert len(found) > 5
    shown = words(view("board", filled))
    assert shown.count('<a class="incident ') == 5
    assert f"All {int(found['total'].iloc[0])} open incidents" in shown
    monkeypatch.setattr(reads, "open_incidents", lambda *_, **__: pd.DataFrame())
    assert "No open incidents" in words(view("board", filled))
