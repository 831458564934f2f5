"""OTLP/JSON of which a part cannot be read: the rest passes, and what does not is told and kept as it was sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.otlp.json_records import read
from collector.otlp.requests import REQUESTS
from collector.rejection import Rejection
from core.signal import SignalKind
from tests.collector.conftest import Running
from tests.collector.http.test_otlp import quarantined
from tests.collector.otlp.test_json import SAMPLES

SPAN = {"traceId": "1" * 32, "spanId": "2" * 16, "startTimeUnixNano": "1774000000000000000", "endTimeUnixNano": "1774000000000000005"}
RESOURCE = {"attributes": [{"key": "service.name", "value": {"stringValue": "gateway"}}]}
NAMES = {
    SignalKind.TRACES: ("resourceSpans", "scopeSpans", "spans"),
    SignalKind.LOGS: ("resourceLogs", "scopeLogs", "logRecords"),
    SignalKind.METRICS: ("resourceMetrics", "scopeMetrics", "metrics"),
}


def request(*spans: Any) -> dict[str, Any]:
    return {"resourceSpans": [{"resource": RESOURCE, "scopeSpans": [{"scope": {"name": "lib"}, "spans": list(spans)}]}]}


def span(id_: str, **changed: Any) -> dict[str, Any]:
    return {**SPAN, "name": id_, **changed}


def test_a_record_that_cannot_be_read_costs_only_itself(collector: Running) -> None:
    bad = [span("odd kind", kind="SIDEWAYS"), span("odd time", startTimeUnixNano="soon"), span("odd name", name=5), "no span"]
    answer = collector.post("/v1/traces", json.dumps(request(span("before"), *bad, span("after"))).encode(), "application/json")
    partial = answer.json()["partialSuccess"]
    assert (answer.status_code, partial["rejectedSpans"]) == (200, "4")
    assert "'SIDEWAYS' is not one of SPAN_KIND_UNSPECIFIED, SPAN_KIND_INTERNAL" in partial["errorMessage"]
    (taken,) = (record for record in collector.records() if record.kind is SignalKind.TRACES)
    found = REQUESTS[SignalKind.TRACES].FromString(taken.body).resource_spans[0]
    assert [each.name for each in found.scope_spans[0].spans] == ["before", "after"]
    kept = {detail["reason"]: (detail, json.loads(body)) for detail, body in quarantined(collector)}
    assert {reason: document for reason, (_, document) in kept.items()} == {
        "bad_json:value": {"resourceSpans": [*request(bad[0])["resourceSpans"], *request(bad[1])["resourceSpans"]]},
        "bad_json:type": {"resourceSpans": [*request(bad[2])["resourceSpans"], *request(bad[3])["resourceSpans"]]},
    }
    assert kept["bad_json:type"][0]["field"] == "spans[3].name"
    assert kept["bad_json:value"][0]["content_type"] == "application/json"
    assert collector.balance() == (6, 6, 0)


@pytest.mark.parametrize("kind", SAMPLES)
def test_data_in_members_that_otlp_does_not_have_is_told_and_kept(kind: SignalKind) -> None:
    resources, scopes, _ = NAMES[kind]
    sample = SAMPLES[kind]
    renamed = {
        **sample,
        "resource_spans": [1],
        resources: [
            {**sample[resources][0], "instrumentationLibrarySpans": [2]},
            {"resource": RESOURCE, scopes: [{"scope": {"name": "lib"}, "span": [3]}]},
        ],
    }
    body, (bad,) = read(kind, json.dumps(renamed).encode())
    whole, nothing = read(kind, json.dumps(sample).encode())
    assert (nothing, bad.error.reason, bad.count) == ([], "otlp_unknown_member", 3)
    expected = REQUESTS[kind].FromString(whole)
    getattr(expected, REQUESTS[kind].DESCRIPTOR.fields[0].name).add().MergeFrom(
        getattr(REQUESTS[kind].FromString(body), REQUESTS[kind].DESCRIPTOR.fields[0].name)[1]
    )
    assert REQUESTS[kind].FromString(body) == expected, "what OTLP has passes"
    kept = json.loads(bad.body)
    assert kept["resource_spans"] == [1]
    first, second = kept[resources]
    assert (first["instrumentationLibrarySpans"], scopes in first) == ([2], False)
    assert second == {"resource": RESOURCE, scopes: [{"scope": {"name": "lib"}, "span": [3]}]}


def test_data_points_are_counted_where_a_metric_cannot_be_read() -> None:
    metric = {"name": 5, "gauge": {"dataPoints": [{"asInt": "1"}, {"asInt": "2"}]}}
    document = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}
    _, (bad,) = read(SignalKind.METRICS, json.dumps(document).encode())
    assert bad.count == 2


@pytest.mark.parametrize("rest", [b'"\xff"', b"5 5", b'"open'])
def test_what_is_no_json_after_the_first_fault_costs_the_request(rest: bytes) -> None:
    with pytest.raises(Rejection):
        read(SignalKind.TRACES, b'{"resource_spans": [], "x": %s}' % rest)


@pytest.mark.parametrize(
    "document",
    [
        [],
        5,
        {"resourceSpans": 5},
        {"resourceSpans": [{"resource": 5}]},
        {"resourceSpans": [5]},
        {"resourceSpans": [{"scopeSpans": [{"scope": []}]}]},
    ],
)
def test_what_is_wrong_above_the_records_costs_the_request(document: Any) -> None:
    with pytest.raises(Rejection) as caught:
        read(SignalKind.TRACES, json.dumps(document).encode())
    assert (caught.value.status, caught.value.keep) == (400, True)
