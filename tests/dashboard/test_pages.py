"""Every page in every state: filled, empty, slow, engine down, hostile words."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import streamlit as st

from core.catalog.catalog import catalog_to_json
from dashboard import data
from dashboard.components.words import plain
from store.client import Store
from store.reads import catalogs
from store.reads.connection import ReaderError
from tests.dashboard.conftest import PAGES
from tests.dashboard.shown import View, first_of, no_foreign_markup, words
from tests.dashboard.synthetic import HOSTILE, NOW, catalog


@pytest.mark.parametrize("page", PAGES)
def test_a_filled_page_shows_no_empty_state(page: str, view: View, filled: Store) -> None:
    shown = words(view(page, filled))
    assert "andon-notice bad" not in shown
    assert "No transactions yet" not in shown


@pytest.mark.parametrize("page", ["board", "transactions", "slas", "incidents", "kpis", "interfaces"])
def test_the_flow_of_heartbeats_is_on_no_page_and_in_no_choice(page: str, view: View, filled: Store) -> None:
    test = view(page, filled)
    assert "Heartbeat" not in words(test)
    assert not [box.label for box in test.selectbox if "Heartbeat" in box.options]


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_page_says_so(page: str, view: View, empty: Store) -> None:
    shown = words(view(page, empty))
    assert "andon-notice" in shown
    assert "andon-notice bad" not in shown


@pytest.mark.parametrize("page", ["board", "transactions"])
def test_where_everything_ended_long_ago_no_page_says_that_there_was_nothing(page: str, view: View, empty: Store) -> None:
    row = {"flow": "order-to-cash", "transaction_id": "0" * 32, "revision": 1, "reference": "0815", "state": "completed"}
    long_ago = dict.fromkeys(("started_at", "updated_at", "ended_at"), NOW - timedelta(days=90))
    empty.insert("transactions", {name: [value] for name, value in {**row, **long_ago}.items()})
    try:
        shown = words(view(page, empty))
    finally:
        empty.command("TRUNCATE TABLE transactions")
    assert "No transactions yet" not in shown
    assert ("Nothing matches" if page == "transactions" else "Captured") in shown


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_the_engine_says_that_data_is_delayed_and_shows_no_figure(page: str, view: View) -> None:
    shown = words(view(page, None))
    assert "Data delayed" in shown
    assert "figure" not in shown


class Slow:
    """A store that takes its time for every answer, or, ``late``, more than its reader waits for."""

    def __init__(self, store: Store, late: bool) -> None:
        self.reader, self._reader, self._late = self, store.reader, late

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._reader, name)

        def answer(*arguments: Any, **named: Any) -> Any:
            if self._late:
                raise ReaderError("The read operation timed out")
            time.sleep(0.03)
            return asked(*arguments, **named)

        return answer


def figures(shown: str) -> list[str]:
    return re.findall(r"<tbody>.*?</tbody>|<b>.*?</b>", shown, re.DOTALL)


PLACES: list[tuple[str, dict[str, str]]] = [*((page, {}) for page in PAGES), ("incidents", {"id": "inc-0000"})]


@pytest.mark.parametrize(("page", "address"), PLACES)
def test_a_page_waits_for_a_slow_store_and_shows_what_it_would_from_a_fast_one(
    page: str, address: dict[str, str], view: View, filled: Store
) -> None:
    fast = figures(words(view(page, filled, **address)))
    st.cache_data.clear()
    st.cache_resource.clear()
    assert figures(words(view(page, Slow(filled, late=False), **address))) == fast != []


@pytest.mark.parametrize(("page", "address"), PLACES)
def test_a_page_whose_store_answers_too_late_shows_its_last_figures_as_old(
    page: str, address: dict[str, str], view: View, filled: Store
) -> None:
    fast = figures(words(view(page, filled, **address)))
    st.cache_data.clear()
    data._client.clear()
    shown = words(view(page, Slow(filled, late=True), **address))
    assert "Data delayed: showing data from 24 Nov 10:30:00" in shown
    assert figures(shown) == fast


@pytest.mark.parametrize("page", PAGES)
def test_hostile_words_stay_words(page: str, view: View, hostile: Store) -> None:
    test = view(page, hostile)
    words(test)
    no_foreign_markup(test)


def test_hostile_words_stay_words_on_the_sheets(view: View, hostile: Store) -> None:
    for page, table, column in (("transactions", "transactions", "transaction_id"), ("incidents", "incidents", "incident_id")):
        test = view(page, hostile, id=first_of(hostile, table, column))
        assert "&lt;script&gt;window.hit" in words(test)
        no_foreign_markup(test)


def test_unknown_ids_say_so(view: View, filled: Store) -> None:
    assert "No such transaction" in words(view("transactions", filled, id="nope"))
    assert "No such incident" in words(view("incidents", filled, id="nope"))


def test_titles_of_the_catalog_stay_words(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    named = catalog()
    runbooks = {name: runbook.model_copy(update={"title": HOSTILE}) for name, runbook in named.runbooks.items()}
    text = catalog_to_json(replace(named, runbooks=runbooks))
    monkeypatch.setattr(catalogs, "in_force", lambda _: {"definitions": text, "problem": ""})
    title = next(element.value for element in view("incidents", filled, id="inc-0000").subheader if "Runbook" in element.value)
    assert title == f"Runbook: {plain(HOSTILE)}"
