"""The accounts balance exactly when idle, whatever came in, and a fault in them is loud."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from core.clock import FakeClock, to_milliseconds
from core.config import Settings
from core.signal import Lane
from core.telemetry import M, Telemetry
from store.accountant import PARTS, Accountant
from store.client import Store
from tests.collector.conftest import Running, collector, start
from tests.collector.requests import PROTOBUF, START, spans
from tests.store.journals import NOW, event, loader_on, write_segment

__all__ = ["collector", "start"]
BATCH = "application/cloudevents-batch+json"


def metrics() -> bytes:
    """Three good points in two metrics, one metric without a point, and two bad points in one."""
    request = ExportMetricsServiceRequest()
    found = request.resource_metrics.add().scope_metrics.add().metrics
    two, one, late = found.add(name="two").sum, found.add(name="one").histogram, found.add(name="late").gauge
    for number in range(2):
        two.data_points.add(time_unix_nano=START + number, as_int=number)
        late.data_points.add(time_unix_nano=2**63, as_int=number)
    one.data_points.add(time_unix_nano=START, count=1, bucket_counts=[1, 0], explicit_bounds=[1])
    found.add(name="none").gauge.SetInParent()
    return request.SerializeToString()


def send_everything(collector: Running) -> None:
    traces = spans({}, {}, {"span_id": b""}, {"trace_id": b"\1"}).SerializeToString()
    events = [json.loads(event(id_, data).body) for id_, data in (("1", 1), ("1", 1), ("1", 2), ("2", 1))]
    sent = [
        ("/v1/traces", PROTOBUF, traces),
        ("/v1/traces", PROTOBUF, traces),
        ("/v1/traces", PROTOBUF, b"\xff"),
        ("/v1/metrics", PROTOBUF, metrics()),
        ("/v1/events", BATCH, json.dumps([*events, {"id": "no event"}]).encode()),
        ("/v1/events", BATCH, b"[" * 100),
    ]
    for path, content_type, body in sent:
        assert collector.post(path, body, content_type).status_code in {200, 400}


def test_the_accounts_balance_exactly(collector: Running, store: Store) -> None:
    telemetry = Telemetry()
    accountant = Accountant(store, collector.settings, FakeClock(NOW), telemetry)
    send_everything(collector)
    received, acknowledged, refused = collector.balance()
    assert (received, refused) == (acknowledged, 0)
    waiting = accountant.count()
    assert (waiting["acknowledged"], waiting["in_journal"]) == (acknowledged, acknowledged)

    loader = loader_on(store, collector.settings)
    while loader.load().slices:
        pass
    loader.close()
    # stored: 2 spans, 3 points, events 1 and 2; twice: 2 spans and event 1;
    # quarantined: 2 bad spans twice, 1 request, 2 points, a conflicting event, a bad one, a bad batch
    expected = {"acknowledged": 20, "in_journal": 0, "stored": 7, "duplicates": 3, "quarantined": 10, "lost": 0}
    assert accountant.count() == expected
    assert acknowledged == 20
    assert {part: telemetry.value(M.ACCOUNTED, part=part) for part in PARTS} == expected
    assert telemetry.value(M.ACCOUNTING_DIFFERENCE) == 0
    assert not collector.records(Lane.CRITICAL)


def test_what_nobody_acknowledged_is_loud(collector: Running, store: Store, caplog: pytest.LogCaptureFixture) -> None:
    telemetry = Telemetry()
    accountant = Accountant(store, collector.settings, FakeClock(NOW), telemetry)
    store.insert("events", {"slice": [1, 1], "id": ["a", "b"], "received_at": [NOW, NOW]})
    with caplog.at_level(logging.ERROR):
        accountant.count()
    assert telemetry.value(M.ACCOUNTING_DIFFERENCE) == 2
    assert "do not balance" in caplog.text


def test_what_vanished_today_is_loud_and_what_retention_takes_is_not(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings, telemetry, clock = Settings(data=tmp_path), Telemetry(), FakeClock(NOW)
    accountant = Accountant(store, settings, clock, telemetry)
    old = replace(event("old"), received_at=to_milliseconds(NOW - timedelta(days=40)))
    write_segment(settings, [old, *(event(str(number)) for number in range(4))])
    loader = loader_on(store, settings)
    while loader.load().slices:
        pass
    loader.close()
    accountant.count()
    store.command("DELETE FROM events WHERE id = 'old'")
    accountant.count()
    assert telemetry.value(M.ACCOUNTING_DIFFERENCE) == 0
    assert not caplog.records

    store.command("DELETE FROM events WHERE id IN ('1', '2')")
    with caplog.at_level(logging.ERROR):
        accountant.count()
    assert telemetry.value(M.ACCOUNTING_DIFFERENCE) == 2
    assert "vanished" in caplog.text
    clock.advance(timedelta(days=1))
    accountant.count()
    assert telemetry.value(M.ACCOUNTING_DIFFERENCE) == 2, "it is not forgotten overnight"

    store.insert("losses", {"loss_id": ["1"], "table_name": ["events"], "missing_rows": [5], "found_at": [clock.now()]})
    assert Accountant(store, settings, clock, Telemetry()).count()["lost"] == 3, "no more than is not in the store"
    restarted = Telemetry()
    Accountant(store, settings, clock, restarted).count()
    assert restarted.value(M.ACCOUNTING_DIFFERENCE) == 5, "a restart does not forget what the watch of the parts found"
