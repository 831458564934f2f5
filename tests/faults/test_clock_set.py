"""The host's clock is set while the product runs, with the real processes: libfaketime answers in its place when they ask for the time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import plain_http
from tests.e2e.sinks import Sink, http_sink
from tests.product import Product, running
from tests.waiting import wait_until

CATALOG = Path(__file__).parents[1] / "catalogs" / "orders"
LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
HOUR = 3600
DUE_SECONDS = 25
WITHIN_SECONDS = 4  # what the catalog allows from captured to booked


class Host:
    """A product whose wall clock the test sets; boot and monotonic clocks go on, as on a host."""

    def __init__(self, product: Product, file: Path, desk: Sink) -> None:
        self.product = product
        self.desk = desk
        self._file = file
        self._offset = 0
        self.set_clock(0)

    def set_clock(self, offset_seconds: int) -> None:
        self._offset = offset_seconds
        new = self._file.with_suffix(".new")
        new.write_text(f"{offset_seconds:+d}\n")
        new.replace(self._file)

    def now(self) -> float:
        return time.time() + self._offset

    def capture(self, order: str, due_in_seconds: float) -> None:
        """Send an order that a source whose clock is the host's says was captured when it is due so soon."""
        moment = datetime.fromtimestamp(self.now() + due_in_seconds - WITHIN_SECONDS, UTC)
        data = {"order": order, "amount": 10, "currency": "EUR", "customer": "ACME", "plant": "DE07"}
        event = {"specversion": "1.0", "id": order, "source": "/shop", "type": "shop.order.captured", "time": moment.isoformat()}
        headers = {"content-type": "application/cloudevents+json"}
        assert plain_http.post(f"{self.product.collector_url}/v1/events", json={**event, "data": data}, headers=headers).status_code == 200

    def clock_of_engine(self) -> float:
        now = plain_http.get(f"{self.product.engine_url}/healthz").json()["now"]
        return datetime.fromisoformat(now).timestamp() - self.now()

    def breached(self) -> int:
        return int(self.product.query("SELECT count() FROM verdicts WHERE sla = 'book-in-time' AND verdict = 'breached'")[0][0])

    def told(self, stage: str) -> list[str]:
        return [message["reason"] for message in self.desk.messages if message["stage"] == stage]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    assert LIBRARY is not None, "libfaketime is missing: apt install faketime"
    file = tmp_path / "clock"
    with http_sink() as desk:
        environment = {
            "ANDON_TEST_WEBHOOK": desk.url,
            "ANDON_TEST_WEBHOOK_SECRET": "whsec_dGVzdA==",
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        product = Product(tmp_path / "data", CATALOG, environment)
        made = Host(product, file, desk)
        with running(product, "collect", "engine"):
            yield made


@pytest.mark.slow
def test_a_clock_set_back_and_forward_again_breaches_nothing_that_is_not_due(host: Host):
    assert abs(host.clock_of_engine()) < 2

    host.set_clock(-HOUR)
    wait_until(lambda: abs(host.clock_of_engine()) < 2, 60, "the engine has the clock that is set back: the library looks once a second")
    due = time.monotonic() + DUE_SECONDS
    for number in range(20):
        host.capture(str(number), due_in_seconds=due - time.monotonic())
    wait_until(lambda: host.told("clock-step") == ["opened"], 60, "the step is told")
    assert abs(host.clock_of_engine()) < 2
    assert "set back by 1 h 0 min 0 s" in next(message["title"] for message in host.desk.messages if message["stage"] == "clock-step")
    wait_until(lambda: host.breached() and host.told("booked"), 120, "the orders are breached")
    assert time.monotonic() > due - 1  # both clocks are read to the second
    wait_until(lambda: host.breached() == 20, 60, "all of them are")

    host.set_clock(0)
    wait_until(lambda: abs(host.clock_of_engine()) < 2, 60, "the engine follows the clock that is set forward")
    for kind, url in (("collect", host.product.collector_url), ("engine", host.product.engine_url)):
        wait_until(lambda url=url: "andon_clock_step_seconds 3" in plain_http.get(f"{url}/metrics").text, 30, f"{kind} measures the step")
    assert plain_http.get(f"{host.product.engine_url}/readyz").json()["problems"] == []
