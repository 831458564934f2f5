"""The board: what it counts, and that nothing on it is older than it says."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
import streamlit as st

from core.catalog.catalog import catalog_to_json
from core.catalog.rates import Rates
from core.money import several, short
from dashboard import data
from dashboard.components import stations
from dashboard.pages import board
from dashboard.places import lines, total
from store.client import Store
from store.reads import board as reads
from store.reads import catalogs
from tests.dashboard.shown import View, words
from tests.dashboard.synthetic import NOW, catalog, line


def test_the_board_counts_what_the_store_holds(view: View, filled: Store) -> None:
    shown = words(view("board", filled))
    opened = filled.rows("SELECT count() AS n FROM transactions FINAL WHERE state = 'open'")[0]["n"]
    assert re.search(rf"Open</span><b>{opened:,}</b>", shown)
    for flow in catalog().flows.values():
        places = [
            shown.index(f'<span class="name">{flow.milestones[name].title}</span>', shown.index(f'aria-label="{flow.title}"'))
            for name in line(flow)
        ]
        assert places == sorted(places)


@pytest.mark.parametrize(
    ("unknown", "lacking", "said"), [(0, 0, "no verdict"), (2, 2, "fact missing"), (2, 0, "source silent"), (5, 2, "2 missing a fact")]
)
def test_why_there_is_no_verdict_is_said_in_words(unknown: int, lacking: int, said: str) -> None:
    assert board._why_unknown(unknown, lacking) == said


def test_a_deadline_that_passes_while_the_board_is_shown_is_no_longer_ahead() -> None:
    found = [board._due(due, NOW) for due in (None, pd.NaT, NOW + timedelta(minutes=12), NOW, NOW - timedelta(hours=3))]
    assert found == ["–", "–", "in 12 min", "just passed", "just passed"]


def test_figures_that_were_written_to_while_they_were_read_say_so(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "figures may be seconds apart" not in words(view("board", filled))
    found = reads.board(filled.reader, now=NOW, limit=8)
    monkeypatch.setattr(reads, "board", lambda *_, **__: replace(found, whole=False))
    data._fetch.clear()
    assert "figures may be seconds apart" in words(view("board", filled))


def test_all_of_the_board_is_made_before_any_of_it_is_shown(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser draws what comes: figures must not stand above incidents of another moment while these are still being made."""
    done: list[str] = []
    made, shown = stations.line, st.html

    def make(*given: Any) -> Any:
        done.append("made")
        return made(*given)

    def show(body: str) -> Any:
        done.extend(["shown"] * ("andon-live" in body))
        return shown(body)

    monkeypatch.setattr(board, "line", make)
    monkeypatch.setattr(st, "html", show)
    view("board", filled)
    assert done == ["made"] * 3 + ["shown"] * 3


def test_nothing_open_is_said_and_more_than_fit_are_counted(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = reads.board(filled.reader, now=NOW, limit=8)
    found = whole.incidents
    assert len(found) > 5
    shown = words(view("board", filled))
    assert shown.count('<a class="incident ') == 5
    assert f"All {int(found['total'].iloc[0])} open incidents" in shown
    monkeypatch.setattr(reads, "board", lambda *_, **__: replace(whole, incidents=pd.DataFrame()))
    data._fetch.clear()
    assert "No open incidents" in words(view("board", filled))


def test_value_at_risk_is_in_one_currency_where_the_catalog_has_rates(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    rates = Rates(currency="EUR", rates={"USD": {date(2026, 1, 1): 0.5}})
    text = catalog_to_json(replace(catalog(), rates=rates))
    monkeypatch.setattr(catalogs, "in_force", lambda _: {"definitions": text, "problem": ""})
    held = total(lines(catalog(), reads.board(filled.reader, now=NOW, limit=8))).value
    assert held["USD"] > 0
    shown = words(view("board", filled))
    assert f"<b>{short(held['EUR'] + held['USD'] / 2, 'EUR')}</b>" in shown
    assert f"{several(held)} at rates of 01 Jan 2026" in shown
