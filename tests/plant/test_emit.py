"""Signals become real OTLP and CloudEvents: context from their parent alone, ids from the seed alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from plant.emit import KEEP_HEADERS, Emitter, Outgoing, events_body, nanoseconds
from plant.signal import Signal

AT = datetime(2026, 3, 3, 9, tzinfo=UTC)


@pytest.fixture
def emitter() -> Iterator[Emitter]:
    opened = Emitter("7")
    yield opened
    opened.close()


def signal(kind: str, ref: str, parent: str | None = None, at: datetime = AT, **more: Any) -> Signal:
    defaults: dict[str, Any] = {
        "service": "erp",
        "name": "post",
        "start": at,
        "at": at + timedelta(seconds=1),
        "released_at": at,
        "order": at,
    }
    return Signal(ref, kind, parent=parent, **{**defaults, **more})


def emitted(emitter: Emitter, *signals: Signal) -> list[Any]:
    for each in signals:
        emitter.take(each)
    return [outgoing.data for outgoing in emitter.ready(AT + timedelta(days=1))]


def test_a_span_says_what_the_signal_does(emitter: Emitter) -> None:
    attributes = {"a": 1, "none": None}
    (span,) = emitted(
        emitter, signal("span", "o/1/0", span_kind="client", attributes=attributes, error="refused", keys={"sales_order": "1"})
    )
    assert isinstance(span, ReadableSpan)
    assert (span.name, span.kind, span.start_time, span.end_time) == ("post", SpanKind.CLIENT, nanoseconds(AT), nanoseconds(AT) + 10**9)
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "refused")
    assert dict(span.attributes or {}) == {"a": 1, "business.sales_order": "1"}
    assert span.resource.attributes["service.name"] == "erp"


def test_a_log_record_says_what_the_signal_does(emitter: Emitter) -> None:
    (record,) = emitted(emitter, signal("log", "o/1/0", error="refused", name="refused it"))
    assert isinstance(record, ReadableLogRecord)
    assert (record.log_record.body, record.log_record.severity_text, record.log_record.timestamp) == (
        "refused it",
        "ERROR",
        nanoseconds(AT) + 10**9,
    )


def test_an_event_is_a_whole_cloud_event(emitter: Emitter) -> None:
    (event,) = emitted(emitter, signal("event", "o/1/0", name="erp.posted", attributes={"order": "1"}))
    assert event.pop("id")
    assert event == {
        "specversion": "1.0", "source": "erp", "type": "erp.posted", "time": "2026-03-03T09:00:01.000Z", "datacontenttype": "application/json",
        "data": {"order": "1"},
    }  # fmt: skip
    assert json.loads(events_body([event, {**event, "subject": "ü"}]))[1]["subject"] == "ü"


def test_context_and_keys_come_from_the_parent_across_services(emitter: Emitter) -> None:
    root, child, record, event, other = emitted(
        emitter,
        signal("span", "o/1/0", service="crm", keys={"sales_order": "1"}),
        signal("span", "o/1/1", "o/1/0", service="wms", keys={"delivery": "D"}),
        signal("log", "o/1/2", "o/1/1", service="tms"),
        signal("event", "o/1/3", "o/1/1", service="tms"),
        signal("span", "o/2/0", service="wms"),
    )
    assert child.parent.span_id == root.context.span_id
    assert child.context.trace_id == root.context.trace_id == record.log_record.trace_id != other.context.trace_id
    assert event["traceparent"] == f"00-{root.context.trace_id:032x}-{child.context.span_id:016x}-01"
    assert dict(record.log_record.attributes) == {"business.sales_order": "1", "business.delivery": "D"}
    assert not other.attributes


def test_ids_follow_from_the_seed_and_the_reference() -> None:
    def ids(seed: str, order: list[int]) -> dict[str, Any]:
        emitter = Emitter(seed)
        try:
            found = emitted(emitter, *[signal(kind, f"o/{number}/0", service=kind) for number in order for kind in ("span", "event")])
        finally:
            emitter.close()
        refs = [f"{number}{kind}" for number in order for kind in ("span", "event")]
        return {ref: data.context.span_id if isinstance(data, ReadableSpan) else data["id"] for ref, data in zip(refs, found, strict=True)}

    assert ids("7", [1, 2]) == ids("7", [2, 1])
    assert not set(ids("7", [1, 2]).values()) & set(ids("8", [1, 2]).values())
    assert len(set(ids("7", [1, 2]).values())) == 4


def test_what_is_not_released_is_held_and_then_comes_by_release(emitter: Emitter) -> None:
    for minute in (3, 1, 2):
        emitter.take(signal("event", f"o/{minute}/0", name=str(minute), released_at=AT + timedelta(minutes=minute)))
    ready = [[str(out.data["type"]) for out in emitter.ready(AT + timedelta(minutes=minute))] for minute in (0, 2, 2, 9)]  # type: ignore[index] # events have a dict
    assert ready == [[], ["1", "2"], [], ["3"]]


def test_a_copy_is_the_same_signal(emitter: Emitter) -> None:
    emitter.take(signal("span", "o/1/0", copies=2))
    first, second = emitter.ready(AT)
    assert isinstance(first, Outgoing)
    assert first.data is second.data


def test_headers_are_forgotten_after_a_week(emitter: Emitter) -> None:
    emitter.take(signal("span", "o/1/0"))
    emitter.ready(AT + KEEP_HEADERS)
    kept, *_ = emitted(emitter, signal("span", "o/1/1", "o/1/0"))
    assert kept.parent is not None
    emitter.ready(AT + KEEP_HEADERS + timedelta(seconds=1))
    emitter.take(signal("span", "o/1/2", "o/1/0"))
    (late,) = emitter.ready(AT)
    assert late.data.parent is None  # type: ignore[union-attr] # spans have a parent


@pytest.mark.parametrize(
    ("moment", "expected"),
    [("1970-01-01T00:00:00+00:00", 0), ("1970-01-01T01:00:00.000001+01:00", 1000), ("2026-03-03T09:00:00+00:00", 1772528400 * 10**9)],
)
def test_nanoseconds_are_exact(moment: str, expected: int) -> None:
    assert nanoseconds(datetime.fromisoformat(moment)) == expected
