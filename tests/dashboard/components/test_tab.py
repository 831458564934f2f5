"""What the browser's tab is called: the page, or what one page is about."""

from __future__ import annotations

import pytest
import streamlit as st

from store.client import Store
from tests.dashboard.conftest import PAGES
from tests.dashboard.shown import View, first_of


@pytest.fixture
def titles(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(st, "set_page_config", lambda *, page_title: found.append(page_title))
    return found


def test_every_page_names_its_tab(view: View, filled: Store, titles: list[str]) -> None:
    for page in PAGES:
        view(page, filled)
    assert len(set(titles)) == len(PAGES)
    assert "Board · Andon" in titles


def test_a_sheet_names_its_tab_by_what_it_is_about(view: View, filled: Store, titles: list[str]) -> None:
    view("incidents", filled, id="inc-0000")
    assert titles[-1] == first_of(filled, "incidents", "title", "incident_id = 'inc-0000'") + " · Andon"
    reference = first_of(filled, "transactions", "reference")
    view("transactions", filled, id=first_of(filled, "transactions", "transaction_id", f"reference = '{reference}'"))
    assert titles[-1] == f"{reference} · Andon"
