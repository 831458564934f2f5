"""What people do about an incident of the running product, and what the desk hears of it afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider

from tests.e2e.sinks import Sink
from tests.e2e.test_signal_to_alert import book, capture, new_order, provider_for
from tests.product import Product
from tests.waiting import wait_until

pytestmark = pytest.mark.xdist_group("product")


@contextmanager
def erp(product: Product) -> Iterator[TracerProvider]:
    provider = provider_for(OTLPSpanExporter(endpoint=f"{product.collector_url}/v1/traces"))
    try:
        yield provider
    finally:
        provider.shutdown()


def heard(desk: Sink, cause: str) -> list[dict[str, Any]]:
    return [message for message in desk.messages if message["cause"] == cause]


def reject(product: Product, provider: TracerProvider, cause: str) -> str:
    """Let an order that is late already fail for this cause, so that no deadline lies ahead; return the order."""
    order = new_order()
    capture(product, order, datetime.now(UTC) - timedelta(minutes=1))
    book(provider, order, error=cause)
    return order


def insisting(desk: Sink, cause: str) -> dict[str, Any]:
    """Wait until the desk was told and told again of this cause, as the route says; return the first message."""
    told = wait_until(lambda: len(found := heard(desk, cause)) > 1 and found, 30, "the desk hears of it, and again")
    assert (told[0]["reason"], told[1]["reason"]) == ("opened", "repeated")
    return dict(told[0])


def quiet(desk: Sink, cause: str) -> None:
    """See that nothing more is told in three times the time after which it is repeated, what is on its way left aside."""
    time.sleep(2)
    before = len(heard(desk, cause))
    time.sleep(6)
    assert [message["reason"] for message in heard(desk, cause)[before:]] == []


def incident(product: Product, cause: str) -> dict[str, Any]:
    names = ("incident_id", "status", "acknowledged_by", "assignee", "members")
    rows = product.query(f"SELECT {', '.join(names)} FROM incidents FINAL WHERE cause = {{cause:String}}", cause=cause)
    return dict(zip(names, rows[0], strict=True)) if rows else {}


def repair(provider: TracerProvider, desk: Sink, orders: list[str], cause: str) -> dict[str, Any]:
    """Book what failed; return the desk's message that it is over."""
    for order in orders:
        book(provider, order)
    over = wait_until(lambda: [m for m in heard(desk, cause) if m["status"] == "resolved"], 30, "the desk hears that it is over")
    return dict(over[-1])


def test_an_acknowledged_incident_is_not_told_again_and_its_end_is(product: Product, desk: Sink):
    cause = f"INSISTENT_{new_order()}"
    with erp(product) as provider:
        orders = [reject(product, provider, cause)]
        first = insisting(desk, cause)
        assert first["contact"]["email"] == "order-desk@example.com"

        done = product.act(f"incidents/{first['incident_id']}/acknowledge", {"by": "Ana", "note": "calling the customer"})
        assert (done.status_code, done.json()["incidents"]) == (200, [first["incident_id"]])
        assert product.act(f"incidents/{first['incident_id']}/assign", {"by": "Ana", "assignee": "Ben"}).status_code == 200
        orders += [reject(product, provider, cause) for _ in range(2)]
        wait_until(lambda: incident(product, cause)["members"] == 3, 30, "the others are in it")
        quiet(desk, cause)
        found = incident(product, cause)
        assert (found["status"], found["acknowledged_by"], found["assignee"]) == ("acknowledged", "Ana", "Ben")

        last = repair(provider, desk, orders, cause)

    assert (last["incident_id"], last["members_total"], last["assignee"]) == (first["incident_id"], 3, "Ben")
    assert [message["reason"] for message in heard(desk, cause)].count("resolved") == 1


def test_a_silenced_incident_is_not_told_again_its_end_is_and_its_silence_can_be_ended(product: Product, desk: Sink):
    cause = f"INSISTENT_{new_order()}"
    with erp(product) as provider:
        orders = [reject(product, provider, cause)]
        first = insisting(desk, cause)
        said = {"by": "Ana", "reason": "the ERP is being patched", "hours": 2}
        done = product.act(f"incidents/{first['incident_id']}/silence", said)
        assert done.status_code == 200, done.text
        assert product.act(f"incidents/{first['incident_id']}/silence", said).json() == done.json(), "made twice it is one"
        orders += [reject(product, provider, cause) for _ in range(2)]
        wait_until(lambda: incident(product, cause)["members"] == 3, 30, "the others are in it")
        quiet(desk, cause)

        (silence_id,) = done.json()["silences"]
        assert product.act(f"silences/{silence_id}/end", {"by": "Ben"}).status_code == 200
        again = wait_until(lambda: [m for m in heard(desk, cause) if m["reason"] == "rearmed"], 15, "the desk hears what is left of it")
        assert again[0]["members"] == 3
        assert product.act(f"silences/{silence_id}/end", {"by": "Ben"}).status_code == 404
        assert product.act(f"incidents/{first['incident_id']}/silence", {**said, "reason": "again"}).status_code == 200

        quiet(desk, cause)
        repair(provider, desk, orders, cause)

    assert heard(desk, cause)[-1]["reason"] == "resolved"


def test_who_has_no_token_or_names_nothing_is_refused(product: Product):
    assert product.act(f"incidents/{'0' * 32}/acknowledge", {"by": "Ana"}).status_code == 404
    assert product.act("silences", {"by": "Ana", "reason": "x", "hours": 1}).status_code == 400
    token = product.data / "secrets" / "actions"
    kept = token.read_text()
    try:
        token.write_text("another\n")
        assert product.act("silences", {"by": "Ana", "reason": "x", "hours": 1, "flow": "orders"}).status_code == 401
    finally:
        token.write_text(kept)
