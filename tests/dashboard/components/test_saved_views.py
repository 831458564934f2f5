"""Saved views of transactions: saved with the filters of the address, brought back by name, deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pandas as pd
import pytest

from store.client import Store
from store.reads import saved_views
from tests.dashboard.shown import View, no_foreign_markup, words
from tests.dashboard.synthetic import NOW

ADDRESS = "transactions?period=30d&customer=Globex&order=value&reverse=1"


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, str, str]]:
    """The views there are: name, shared, by whom, address; whoever asks."""
    rows = [
        ("Globex", 0, "", ADDRESS),
        ("<b>all</b>", 1, "<i>Bo</i>", "transactions"),
        ("Of another page", 1, "Bo", "incidents?status=all"),
    ]

    def views(_client: object, **_: str) -> pd.DataFrame:
        return pd.DataFrame(rows, columns=["name", "shared", "saved_by", "address"]).assign(saved_at=NOW - timedelta(days=1))

    monkeypatch.setattr(saved_views, "views", views)
    return rows


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What the engine was asked to do."""
    posted: list[tuple[str, dict[str, Any]]] = []

    def post(url: str, *, json: dict[str, Any], **_: Any) -> httpx.Response:
        posted.append((url.partition("/api/v1/")[2], json))
        return httpx.Response(200, json={})

    monkeypatch.setattr(httpx, "post", post)
    return posted


def box(test: Any, label: str, number: int = 0) -> Any:
    return [one for one in (*test.text_input, *test.checkbox, *test.button, *test.selectbox) if one.label == label][number]


@pytest.mark.usefixtures("known")
def test_a_name_brings_filters_and_order_back(view: View, filled: Store) -> None:
    test = view("transactions", filled, view="Globex", state="open")
    assert dict(test.query_params) == {
        "period": "30d",
        "customer": "Globex",
        "order": "value",
        "reverse": "1",
    }
    assert box(test, "Customer").value == "Globex"


@pytest.mark.usefixtures("known")
def test_the_menu_lists_the_views_of_its_page_and_says_whose_they_are(view: View, filled: Store) -> None:
    test = view("transactions", filled)
    shown = words(test)
    assert '<a href="transactions?view=Globex">Globex</a> <span>yours</span>' in shown
    assert "<span>shared by &lt;i&gt;Bo&lt;/i&gt;</span>" in shown
    assert "Of another page" not in shown
    no_foreign_markup(test)


def test_a_name_that_is_none_says_so(view: View, filled: Store) -> None:
    shown = words(view("transactions", filled, view="<b>gone</b>"))
    assert "No view is called “&lt;b&gt;gone&lt;/b&gt;”" in shown
    assert "andon-table" not in shown


def test_filters_are_saved_under_a_name_by_somebody(view: View, filled: Store, sent: list[tuple[str, dict[str, Any]]]) -> None:
    own = {"period": "own", "from": "2026-11-19", "to": "2026-11-20"}
    test = view("transactions", filled, plant="DE07", order="due", find="", zone="UTC", **own)
    box(test, "Name of the view").set_value("Hall 7")
    box(test, "Shared with everybody").check()
    test = box(test, "Save view").click().run()
    assert "Enter your name" in test.error[0].value
    [one for one in test.text_input if one.label == "Your name"][-1].set_value("Ana")
    test = box(test, "Save view").click().run()
    address = "transactions?plant=DE07&order=due&period=own&from=2026-11-19&to=2026-11-20"
    assert sent == [("views", {"by": "Ana", "name": "Hall 7", "address": address, "shared": True})]
    assert [one.value for one in test.toast] == ["View “Hall 7” saved by Ana."]


@pytest.mark.usefixtures("known")
def test_a_view_is_deleted_by_somebody(view: View, filled: Store, sent: list[tuple[str, dict[str, Any]]]) -> None:
    test = view("transactions", filled)
    chosen = box(test, "View")
    assert chosen.options == ["Globex", "<b>all</b> (shared by <i>Bo</i>)"]
    chosen.select_index(1)
    [one for one in test.text_input if one.label == "Your name"][-1].set_value("Cy")
    box(test, "Delete view").click().run()
    assert sent == [("views/delete", {"by": "Cy", "name": "<b>all</b>", "shared": True})]
