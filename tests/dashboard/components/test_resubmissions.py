"""Publishing again what nobody could use or what others gave up; what of it was published, and what a transaction has reached since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from core.clock import to_milliseconds
from dashboard import data
from store.client import Store
from tests.dashboard.shown import View, no_foreign_markup, words
from tests.dashboard.synthetic import NOW

IDENTITY = f"{to_milliseconds(NOW):012x}{'e' * 20}"
AT = NOW - timedelta(hours=2)


@pytest.fixture
def order(filled: Store) -> Iterator[Store]:
    """A transaction whose booking was given up, and that was booked forty seconds after it was published again."""
    row = {"flow": "order-to-cash", "transaction_id": IDENTITY, "revision": 1}
    put(filled, "transactions", **row, reference="4711", state="open", started_at=AT)
    given_up = {
        "milestone": "booking-failed",
        "source": "crm",
        "event_id": "f",
        "event_time": AT,
        "signal_id": "/queues/orders m 7/dead/1",
        "failure": 1,
    }
    booked = {"milestone": "booked", "event_id": "b", "event_time": AT + timedelta(seconds=100), "signal_id": "/erp b-1", "failure": 0}
    for event in (given_up, booked):
        put(filled, "transaction_events", **row, **event, signal="event", active=1)
    dead = {
        "id": "m 7/dead/1",
        "source": "crm",
        "event_source": "/queues/orders",
        "type": "orders.dead_letter",
        "time": AT,
        "received_at": AT,
    }
    put(filled, "events", slice=1, **dead)
    yield filled
    filled.command("DELETE FROM events WHERE id = 'm 7/dead/1'")
    for table in ("transactions", "transaction_events"):
        filled.command(f"DELETE FROM {table} WHERE transaction_id = '{IDENTITY}'")
    filled.command("DELETE FROM actions WHERE target = 'm 7/dead/1'")


def put(store: Store, table: str, **row: Any) -> None:
    store.insert(table, {name: [value] for name, value in row.items()})


def act(store: Store, action: str, outcome: str, at: datetime, revision: int, actor: str = "Ana") -> None:
    told = {"runbook": "", "step": "", "detail": "to queue orders", "target": "m 7/dead/1", "revision": revision}
    put(store, "actions", at=at, actor=actor, action=action, outcome=outcome, **told)


def test_who_published_it_and_what_it_reached_since(view: View, order: Store) -> None:
    act(order, "resubmit", "", AT + timedelta(seconds=59), 1)
    act(order, "resubmitted", "published", AT + timedelta(seconds=60), 2, "Ana <b>")
    data._fetch.clear()
    test = view("transactions", order, id=IDENTITY)
    shown = words(test)
    table = shown.split('aria-label="Published again"')[1].split("<tbody>")[1].split("</tbody>")[0]
    assert table.count("<tr>") == 1
    assert "Ana &lt;b&gt;" in table
    assert " 40 s later" in table
    no_foreign_markup(test)


def test_what_a_crash_left_is_told_as_unknown(view: View, order: Store) -> None:
    act(order, "resubmit", "", AT + timedelta(seconds=60), 1)
    data._fetch.clear()
    assert "nobody knows what came of it" in words(view("transactions", order, id=IDENTITY))


def test_without_any_nothing_is_shown(view: View, order: Store) -> None:
    data._fetch.clear()
    assert "Published again" not in [element.value for element in view("transactions", order, id=IDENTITY).subheader]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """What is posted to the engine, which says that something speaks against it, and then that it was published."""
    found: list[tuple[str, dict[str, Any]]] = []

    def post(url: str, *, json: dict[str, Any], **_: Any) -> httpx.Response:
        found.append((url.rpartition("/resubmissions/")[2], json))
        shown = {"said": "to queue orders (rabbitmq), 2 bytes\n! 4711 has reached Booked all the same\n{}", "confirm": "w0rd"}
        return httpx.Response(200, json=shown if url.endswith("show") else {"said": "published: queue orders"})

    monkeypatch.setattr(httpx, "post", post)
    return found


def click(test: AppTest, label: str) -> AppTest:
    return next(one for one in test.button if one.label == label).click().run()


def write(test: AppTest, label: str, text: str) -> None:
    [box for box in (*test.text_input, *test.text_area) if box.label == label][-1].set_value(text)


def test_an_input_in_quarantine_is_shown_and_then_published_with_a_name_and_a_reason(
    view: View, filled: Store, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    test = view("sources", filled)
    box = next(box for box in test.selectbox if box.label == "What is published again")
    assert box.options
    assert all(" · crm · " in option for option in box.options), "only what its source lets be published"
    (others,) = [one.value for one in test.caption if one.value.startswith("Not offered is what came from ")]
    assert "no resubmit: says where that may go." in others
    chosen = str(box.value)
    assert "Send it now" not in [one.label for one in test.button]
    test = click(test, "Show what would be sent")
    assert sent == [("show", {"id": chosen})]
    assert "! 4711 has reached Booked" in test.code[0].value
    next(one for one in test.checkbox if one.label.startswith("Send it although")).check()
    write(test, "Your name", "m.weber")
    test = click(test, "Send it now")
    assert [error.value for error in test.error] == ["Say why, for anyone who looks later."]
    write(test, "Reason, if there is one", "the customer waits")
    test = click(test, "Send it now")
    body = {"id": chosen, "by": "m.weber", "reason": "the customer waits", "confirm": "w0rd", "anyway": True}
    assert sent[1:] == [("send", body)]
    assert [one.value for one in test.toast] == ["Published\\: queue orders"]
    assert "Send it now" not in [one.label for one in test.button], "what was sent is not offered again"


def test_an_edited_copy_is_shown_anew(view: View, filled: Store, sent: list[tuple[str, dict[str, Any]]]) -> None:
    test = click(view("sources", filled), "Show what would be sent")
    write(test, "Published instead of it", '{"orderId": "4711"}')
    test = test.run()
    assert "Send it now" not in [one.label for one in test.button], "what was shown is not what would be sent"
    test = click(test, "Show what would be sent")
    assert sent[-1][1]["body"] == '{"orderId": "4711"}'


def test_a_dead_letter_is_offered_where_its_transaction_is_shown(view: View, order: Store, sent: list[tuple[str, dict[str, Any]]]) -> None:
    data._fetch.clear()
    test = view("transactions", order, id=IDENTITY)
    assert "Given up" in [element.value for element in test.subheader]
    test = click(test, "Show what would be sent")
    assert sent == [("show", {"id": "m 7/dead/1"})]
