"""What is suggested while somebody types: numbers with what they are, names with their role, nothing without an answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import streamlit as st

from core.clock import FakeClock
from core.errors import Retryable
from dashboard import app, data
from dashboard.suggestions import suggestions
from store.client import Store
from tests.dashboard.shown import first_of
from tests.dashboard.synthetic import NOW


@pytest.fixture
def suggested(monkeypatch: pytest.MonkeyPatch, filled: Store) -> Callable[..., Any]:
    st.cache_data.clear()
    st.cache_resource.clear()
    monkeypatch.setattr(app, "_clock", lambda: FakeClock(NOW))

    def ask(typed: str, answers: bool = True) -> Any:
        def connect(*_: object) -> object:
            if not answers:
                raise Retryable("no engine answers")
            return filled.reader

        monkeypatch.setattr(data, "connect_reader", connect)
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/suggestions", "query_string": f"find={quote(typed)}".encode(), "headers": []}
        asyncio.run(suggestions()(scope, None, send))  # type: ignore[arg-type] # it reads no body
        assert dict(sent[0]["headers"])[b"cache-control"] == b"no-store"
        return json.loads(sent[1]["body"])

    return ask


def test_a_number_is_completed_and_told_what_it_is_and_a_name_its_role(suggested: Callable[..., Any], filled: Store) -> None:
    reference = first_of(filled, "transactions", "reference", "flow = 'order-to-cash'")
    assert suggested(f"000{reference}")[0] == {"value": reference, "is": "Sales order"}
    assert suggested("globe") == [{"value": "Globex", "is": "Customer"}]
    assert suggested("x" * 10_000) == suggested("") == []


def test_without_an_answer_nothing_is_suggested(suggested: Callable[..., Any]) -> None:
    assert suggested("globe", answers=False) == []
