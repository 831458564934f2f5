"""The desk is down while incidents open and end, and the engine is killed meanwhile: afterwards each present state is told once."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from tests import plain_http
from tests.collector.requests import PROTOBUF, spans
from tests.e2e.sinks import Sink, http_sink
from tests.product import Product, running
from tests.waiting import wait_until

CATALOG = Path(__file__).parents[1] / "catalogs" / "orders"
ENDED_MEANWHILE, STILL_OPEN, OVERDUE = "NO_STOCK", "NO_CREDIT", "overdue"


def capture(product: Product, order: str) -> None:
    data = {"order": order, "amount": 10, "currency": "EUR", "customer": "ACME", "plant": "DE07"}
    event = {"specversion": "1.0", "id": order, "source": "/shop", "type": "shop.order.captured", "time": datetime.now(UTC).isoformat()}
    headers = {"content-type": "application/cloudevents+json"}
    assert plain_http.post(f"{product.collector_url}/v1/events", json={**event, "data": data}, headers=headers).status_code == 200


def book(product: Product, order: str, error: str = "") -> None:
    now = time.time_ns()
    request = spans({"name": "order.book", "start_time_unix_nano": now, "end_time_unix_nano": now})
    request.resource_spans[0].resource.attributes[0].value.string_value = "erp"
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.attributes.add(key="order.id").value.string_value = order
    if error:
        span.attributes.add(key="error.type").value.string_value = error
        span.status.code = Status.STATUS_CODE_ERROR
    headers = {"content-type": PROTOBUF}
    assert plain_http.post(f"{product.collector_url}/v1/traces", content=request.SerializeToString(), headers=headers).status_code == 200


def statuses(product: Product) -> dict[str, str]:
    return dict(product.query("SELECT cause, status FROM incidents FINAL"))


def told(desk: Sink) -> Counter[tuple[str, str]]:
    return Counter((message["cause"], message["reason"]) for message in desk.messages)


@pytest.mark.slow
def test_a_desk_that_was_down_is_told_each_present_state_once(tmp_path: Path):
    with http_sink() as desk:
        desk.status = 503
        environment = {"ANDON_TEST_WEBHOOK": desk.url, "ANDON_TEST_WEBHOOK_SECRET": "whsec_dGVzdA=="}
        with running(Product(tmp_path / "data", CATALOG, environment), "collect", "engine") as product:
            for order, cause in (("1", STILL_OPEN), ("2", ENDED_MEANWHILE), ("3", "")):
                capture(product, order)
                if cause:
                    book(product, order, cause)
            opened = {STILL_OPEN: "open", ENDED_MEANWHILE: "open", OVERDUE: "open"}
            wait_until(lambda: statuses(product) == opened, 30, "three incidents are open")
            wait_until(
                lambda: product.query("SELECT uniqExact(incident_id) FROM delivery_attempts WHERE outcome = 'retry'") == [(3,)],
                30,
                "each was tried in vain",
            )
            book(product, "2")
            wait_until(lambda: statuses(product)[ENDED_MEANWHILE] == "resolved", 20, "one has ended meanwhile")
            product.kill("engine")
            product.start("engine")
            desk.status = 200
            states = {(STILL_OPEN, "opened"), (OVERDUE, "opened"), (ENDED_MEANWHILE, "resolved")}
            wait_until(lambda: {cause for cause, _ in told(desk)} == {cause for cause, _ in states}, 60, "the desk hears of all three")
            time.sleep(3)
            assert {(cause, "opened" if reason == "worsened" else reason): n for (cause, reason), n in told(desk).items()} == dict.fromkeys(
                states, 1
            )

            book(product, "1")
            book(product, "3")
            ends = {(STILL_OPEN, "resolved"), (OVERDUE, "resolved")}
            wait_until(lambda: ends <= told(desk).keys(), 60, "the desk hears of the ends")
            time.sleep(3)
            assert set(Counter(message["delivery_id"] for message in desk.messages).values()) == {1}
            assert len(desk.messages) == len(states | ends)
