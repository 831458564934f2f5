"""A step that changes something elsewhere: shown, confirmed with a name and a reason, and sent once."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from store.client import Store
from tests.dashboard.shown import View
from tests.dashboard.synthetic import CHANGE

SAID = "POST http://middleware/orders/4711"


@pytest.fixture
def identity(filled: Store) -> str:
    """An open incident whose runbook has the step."""
    rows = filled.rows("SELECT incident_id FROM incidents FINAL WHERE runbook = 'order-not-booked' AND status = 'open' LIMIT 1")
    return str(rows[0]["incident_id"])


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []

    def post(url: str, *, json: dict[str, Any], **_: Any) -> httpx.Response:
        found.append((url.rpartition("/step/")[2], json))
        answer = {"said": SAID, "confirm": "w0rd"} if url.endswith("show") else {"said": "worked. HTTP 202"}
        return httpx.Response(200, json=answer)

    monkeypatch.setattr(httpx, "post", post)
    return found


def chosen(view: View, filled: Store, identity: str) -> AppTest:
    test = view("incidents", filled, id=identity)
    return next(box for box in test.selectbox if box.label == "Step").select(CHANGE.step).run()


def click(test: AppTest, label: str) -> AppTest:
    return next(one for one in test.button if one.label == label).click().run()


def write(test: AppTest, label: str, text: str) -> None:
    [box for box in test.text_input if box.label == label][-1].set_value(text)


def test_it_is_shown_and_sent_only_with_a_reason_and_a_name(
    view: View, filled: Store, identity: str, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    test = chosen(view, filled, identity)
    assert "Send it now" not in [one.label for one in test.button]
    test = click(test, "Show what would be sent")
    assert [code.value for code in test.code] == [SAID]
    ((path, body),) = sent
    assert (path, body["step"]) == ("show", "send-again")
    assert body["values"]["sales_order"]
    test = click(test, "Send it now")
    assert [error.value for error in test.error] == ["Say why, for anyone who looks later."]
    write(test, "Reason", "stuck")
    test = click(test, "Send it now")
    assert "Enter your name" in test.error[0].value
    write(test, "Your name", "m.weber")
    test = click(test, "Send it now")
    assert sent[1:] == [("send", {"by": "m.weber", "reason": "stuck", "confirm": "w0rd"})]
    assert [one.value for one in test.toast] == ["Sent by m\\.weber. It worked\\. HTTP 202"]
    assert "Send it now" not in [one.label for one in test.button], "what was sent is not offered again"


def test_what_was_shown_for_one_transaction_is_not_offered_for_another(
    view: View, filled: Store, identity: str, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    test = click(chosen(view, filled, identity), "Show what would be sent")
    members = next(box for box in test.selectbox if box.label == "For")
    assert len(members.options) > 1
    test = members.select_index(1).run()
    assert [code.value for code in test.code] == []
    assert "Send it now" not in [one.label for one in test.button]
    assert [path for path, _ in sent] == ["show"]


def test_what_cannot_be_sent_says_why(view: View, filled: Store, identity: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(httpx, "post", lambda *_, **__: httpx.Response(400, json={"error": "values: the transaction has no 'sales_order'"}))
    test = click(chosen(view, filled, identity), "Show what would be sent")
    assert [error.value for error in test.error] == ["It cannot be sent."]
    assert "the transaction has no 'sales_order'" in "".join(text.value for text in test.text)
