"""Silences: what each matches, in the catalog's words; ended by name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from dashboard.components import silences
from store.client import Store
from tests.dashboard.shown import View, words
from tests.dashboard.synthetic import catalog


def test_one_is_ended_from_the_list_by_somebody_with_a_name(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, dict[str, Any]]] = []

    def post(url: str, *, json: dict[str, Any], **_: Any) -> httpx.Response:
        sent.append((url.partition("/api/v1/")[2], json))
        return httpx.Response(200, json={})

    monkeypatch.setattr(httpx, "post", post)
    test = view("incidents", filled)
    chosen = next(box for box in test.selectbox if box.label == "Silence")
    assert chosen.options == ["Procure to pay: Planned ERP maintenance"]
    button = next(one for one in test.button if one.label == "End silence")
    test = button.click().run()
    assert "Enter your name" in test.error[0].value
    assert sent == []
    next(box for box in test.text_input if box.label == "Your name").set_value("m.weber")
    test = next(one for one in test.button if one.label == "End silence").click().run()
    assert sent == [("silences/s-1/end", {"by": "m.weber"})]
    assert [one.value for one in test.toast] == ["Silence ended by m\\.weber."]
    assert "Planned ERP maintenance" in words(test), "the engine of this test changed nothing"


def test_what_a_silence_matches_is_said_in_words() -> None:
    given: Any = SimpleNamespace(catalog=catalog())
    row = {"flow": "order-to-cash", "stage": "booked", "cause": "overdue", "incident_id": ""}
    assert silences.matched(given, row) == "Order to cash › Booked in ERP › takes too long"
    assert silences.matched(given, dict.fromkeys(row, "")) == "everything"
