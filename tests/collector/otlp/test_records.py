"""What an OTLP record, resource or scope may hold: attributes by number, texts by length, wherever they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

from collector.otlp import records as otlp_records
from collector.otlp.records import SHORTENED
from collector.otlp.requests import REQUESTS
from core.signal import SignalKind
from tests.collector.conftest import Running
from tests.collector.requests import PROTOBUF, START, admit_whole, spans

LONG = "ä" * (1 << 17)
CUT = "ä" * (1 << 15)


def log_request() -> Any:
    request = REQUESTS[SignalKind.LOGS]()
    request.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=START)
    return request


def metric_request() -> Any:
    request = REQUESTS[SignalKind.METRICS]()
    metric = request.resource_metrics.add().scope_metrics.add().metrics.add(name="m")
    metric.gauge.data_points.add(time_unix_nano=START, as_int=1)
    return request


MAKE: dict[SignalKind, Callable[[], Any]] = {
    SignalKind.TRACES: lambda: spans({}),
    SignalKind.LOGS: log_request,
    SignalKind.METRICS: metric_request,
}


def resource_of(kind: SignalKind, request: Any) -> Any:
    return getattr(request, otlp_records._LEVELS[kind][0])[0]


def scope_of(kind: SignalKind, request: Any) -> Any:
    return getattr(resource_of(kind, request), otlp_records._LEVELS[kind][1])[0]


def record_of(kind: SignalKind, request: Any) -> Any:
    record = getattr(scope_of(kind, request), otlp_records._LEVELS[kind][2])[0]
    return record.gauge.data_points[0] if kind is SignalKind.METRICS else record


def only(parts: Any) -> Any:
    return parts[0] if parts else parts.add()


HOLDERS: list[tuple[SignalKind, str, Callable[[Any], Any]]] = [
    *(
        (kind, place, lambda request, kind=kind, find=find: find(kind, request))
        for kind in MAKE
        for place, find in {
            "record": record_of,
            "resource": lambda kind, request: resource_of(kind, request).resource,
            "scope": lambda kind, request: scope_of(kind, request).scope,
        }.items()
    ),
    (SignalKind.TRACES, "record", lambda request: only(record_of(SignalKind.TRACES, request).events)),
    (SignalKind.TRACES, "record", lambda request: only(record_of(SignalKind.TRACES, request).links)),
]


@pytest.mark.parametrize(("kind", "place", "find"), HOLDERS)
@pytest.mark.parametrize("value", ["", "some value of an ordinary length"])
@pytest.mark.parametrize("most", [127, 128, 129, 5000])
def test_128_attributes_and_no_more(kind: SignalKind, place: str, find: Callable[[Any], Any], value: str, most: int) -> None:
    request = MAKE[kind]()
    attributes = find(request).attributes
    while len(attributes) < most:
        attribute = attributes.add(key=str(len(attributes)) if value else "")
        if value:
            attribute.value.string_value = value
    body = request.SerializeToString()
    admitted = admit_whole(kind, body)
    if most <= 128:
        assert (admitted.count, admitted.bad) == (1, [])
        return
    (bad,) = admitted.bad
    assert (admitted.count, bad.count, bad.error.reason) == (0, 1, "otlp_too_many_attributes")
    assert bad.error.field == ("attributes" if place == "record" else f"{place}.attributes")
    assert bad.body == body, "kept as it was sent"


@pytest.mark.parametrize("kind", [SignalKind.TRACES, SignalKind.LOGS])
def test_attributes_are_counted_behind_tags_that_are_longer_than_they_need_be(kind: SignalKind) -> None:
    request = MAKE[kind]()
    record = record_of(kind, request).SerializeToString()
    tag = {SignalKind.TRACES: 9, SignalKind.LOGS: 6}[kind] << 3 | 2
    for encoded in (bytes((tag | 128, 0)), bytes((tag | 128, 128, 0))):
        padded = record + (encoded + b"\0") * 129
        body = b""
        for part in (padded, b"", b""):
            body = b"\x12" + bytes((len(part or body) & 127 | 128, len(part or body) >> 7)) + (part or body)
        body = b"\n" + body[1:]
        assert admit_whole(kind, body).count == 0


def test_ordinary_requests_with_many_attributes_are_not_looked_at_record_by_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_records, "sort_out", None)
    request = spans(count=50)
    for span in request.resource_spans[0].scope_spans[0].spans:
        for number in range(40):
            span.attributes.add(key=f"some.attribute.{number}").value.string_value = "a value of thirty-two characters"
        for part in (span.events.add(name="exception"), span.links.add(trace_id=span.trace_id, span_id=span.span_id)):
            for number in range(4):
                part.attributes.add(key=f"k{number}").value.string_value = "v"
    body = request.SerializeToString()
    assert admit_whole(SignalKind.TRACES, body).body == body


def nested(value: Any) -> None:
    value.array_value.values.add().kvlist_value.values.add(key="inner").value.string_value = LONG


def plain(value: Any) -> None:
    value.string_value = LONG


@pytest.mark.parametrize(("kind", "place", "find"), HOLDERS)
@pytest.mark.parametrize("fill", [plain, nested])
def test_long_texts_are_cut_and_named(kind: SignalKind, place: str, find: Callable[[Any], Any], fill: Callable[[Any], None]) -> None:
    assert place
    request = MAKE[kind]()
    attributes = find(request).attributes
    fill(attributes.add(key="long").value)
    attributes.add(key="short").value.string_value = "s"
    before = len(attributes)
    admitted = admit_whole(kind, request.SerializeToString())
    assert (admitted.count, admitted.bad) == (1, [])
    kept = find(REQUESTS[kind].FromString(admitted.body)).attributes
    assert len(kept) == before + 1
    assert (kept[-1].key, kept[-1].value.string_value) == (SHORTENED, "long")
    long = next(each.value for each in kept if each.key == "long")
    assert (long.array_value.values[0].kvlist_value.values[0].value if fill is nested else long).string_value == CUT
    assert next(each.value.string_value for each in kept if each.key == "short") == "s"


def test_long_names_bodies_and_addresses_are_cut_and_named() -> None:
    request = spans({"name": LONG, "trace_state": LONG})
    span = record_of(SignalKind.TRACES, request)
    span.status.message = LONG
    span.attributes.add(key=LONG).value.string_value = "v"
    resource_of(SignalKind.TRACES, request).schema_url = LONG
    scope_of(SignalKind.TRACES, request).scope.name = LONG
    kept = ExportTraceServiceRequest.FromString(admit_whole(SignalKind.TRACES, request.SerializeToString()).body)
    span = record_of(SignalKind.TRACES, kept)
    assert (span.name, span.trace_state, span.status.message, span.attributes[0].key) == (CUT, CUT, CUT, CUT)
    assert span.attributes[1].value.string_value == f"trace_state,name,{'ä' * 256},status"
    assert resource_of(SignalKind.TRACES, kept).schema_url == CUT
    assert resource_of(SignalKind.TRACES, kept).resource.attributes[-1].value.string_value == "schema_url"
    assert scope_of(SignalKind.TRACES, kept).scope.attributes[-1].value.string_value == "name"
    logs = log_request()
    log = record_of(SignalKind.LOGS, logs)
    log.body.string_value = log.severity_text = LONG
    log = record_of(SignalKind.LOGS, REQUESTS[SignalKind.LOGS].FromString(admit_whole(SignalKind.LOGS, logs.SerializeToString()).body))
    assert (log.body.string_value, log.attributes[0].value.string_value) == (CUT, "severity_text,body")
    metrics = metric_request()
    metrics.resource_metrics[0].scope_metrics[0].metrics[0].description = LONG
    kept = REQUESTS[SignalKind.METRICS].FromString(admit_whole(SignalKind.METRICS, metrics.SerializeToString()).body)
    metric = kept.resource_metrics[0].scope_metrics[0].metrics[0]
    assert (metric.description, metric.metadata[0].key, metric.metadata[0].value.string_value) == (CUT, SHORTENED, "description")


def test_records_of_a_crowded_resource_are_told_and_kept_and_the_others_pass(collector: Running) -> None:
    request = spans({"name": "good"})
    crowded = spans({"name": "one"}, {"name": "two"})
    for number in range(5000):
        crowded.resource_spans[0].resource.attributes.add(key=f"r{number}")
    request.MergeFrom(crowded)
    answer = collector.post("/v1/traces", request.SerializeToString(), PROTOBUF)
    partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, partial.rejected_spans) == (200, 2)
    assert "a resource may have 128 attributes" in partial.error_message
    good, bad = collector.records()
    assert [span.name for span in ExportTraceServiceRequest.FromString(good.body).resource_spans[0].scope_spans[0].spans] == ["good"]
    assert (json.loads(bad.detail)["reason"], bad.body) == ("otlp_too_many_attributes", crowded.SerializeToString())
    assert json.loads(bad.detail)["quarantine_id"] in partial.error_message
    assert collector.balance() == (3, 3, 0)


def test_many_bad_records_share_one_copy_of_their_resource() -> None:
    request = spans(*[{"span_id": b""}] * 1000)
    request.resource_spans[0].resource.attributes.add(key="large").value.string_value = "x" * 60_000
    (bad,) = admit_whole(SignalKind.TRACES, request.SerializeToString()).bad
    assert (bad.count, bad.body) == (1000, request.SerializeToString())
