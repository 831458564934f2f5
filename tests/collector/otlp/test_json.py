"""OTLP/JSON means the same as the protobuf it stands for."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from collector.otlp.json import convert
from collector.otlp.requests import REQUESTS
from collector.rejection import Rejection
from core.signal import SignalKind
from tests.collector.conftest import Running

EXAMPLES = Path(__file__).parents[2] / "data" / "otlp_examples"
SAMPLES: dict[SignalKind, dict[str, Any]] = {
    SignalKind.TRACES: {
        "resourceSpans": [{
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "gateway"}}], "droppedAttributesCount": 1},
            "scopeSpans": [{
                "scope": {"name": "lib", "version": "1", "attributes": []},
                "schemaUrl": "https://example.org",
                "spans": [{
                    "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "EEE19B7EC3C1B174", "parentSpanId": "EEE19B7EC3C1B173",
                    "traceState": "a=b", "name": "Über", "startTimeUnixNano": "1774000000000000000", "endTimeUnixNano": 1774000000000000005,
                    "kind": 2, "flags": 257, "status": {"code": 2, "message": "no stock"}, "unknownField": {"a": [1]}, "droppedEventsCount": 3,
                    "attributes": [
                        {"key": "zero", "value": {"intValue": 0}}, {"key": "text", "value": {"intValue": "-9223372036854775808"}},
                        {"key": "no", "value": {"boolValue": False}}, {"key": "empty", "value": {"stringValue": ""}},
                        {"key": "double", "value": {"doubleValue": 0.1}}, {"key": "bytes", "value": {"bytesValue": "AP8="}}, {"key": "none"},
                        {"key": "list", "value": {"arrayValue": {"values": [{"intValue": "1"}, {"kvlistValue": {"values": [{"key": "k"}]}}]}}},
                    ],
                    "events": [{"timeUnixNano": "5", "name": "exception", "attributes": [{"key": "e", "value": {"stringValue": "x"}}]}],
                    "links": [{"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "flags": 1}],
                }],
            }],
        }]
    },
    SignalKind.LOGS: {
        "resourceLogs": [{"scopeLogs": [{"logRecords": [{
            "timeUnixNano": "1774000000000000000", "observedTimeUnixNano": "1774000000000000001", "severityNumber": 9, "severityText": "INFO",
            "body": {"kvlistValue": {"values": [{"key": "a", "value": {"doubleValue": 1}}]}}, "flags": 1, "eventName": "e",
            "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "attributes": None,
        }]}]}]
    },
    SignalKind.METRICS: {
        "resourceMetrics": [{"scopeMetrics": [{"metrics": [
            {"name": "gauge", "unit": "1", "gauge": {"dataPoints": [{"asInt": "-5", "timeUnixNano": "7"}, {"asDouble": 0}]}},
            {"name": "sum", "sum": {"dataPoints": [{"asInt": 0, "exemplars": [{"asDouble": 2, "spanId": "eee19b7ec3c1b174"}]}],
                                    "aggregationTemporality": 2, "isMonotonic": True}},
            {"name": "h", "histogram": {"dataPoints": [{"count": "3", "sum": 0, "bucketCounts": ["1", 2], "explicitBounds": [0.5], "min": 0}]}},
            {"name": "e", "exponentialHistogram": {"dataPoints": [{"scale": -3, "zeroCount": "2", "zeroThreshold": 0.25,
                                                   "positive": {"offset": -300, "bucketCounts": ["1", "300"]}}]}},
            {"name": "s", "summary": {"dataPoints": [{"count": 1, "sum": 2.5, "quantileValues": [{"quantile": 0.5, "value": 3}]}]}},
        ]}]}]
    },
}  # fmt: skip
_IDS = {"traceId", "spanId", "parentSpanId"}


def for_json_format(value: Any) -> Any:
    """Turn hex ids into base64, as protobuf's own (slow) JSON reader takes them: the oracle."""
    if isinstance(value, list):
        return [for_json_format(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64encode(bytes.fromhex(item)).decode() if key in _IDS else for_json_format(item)
        for key, item in value.items()
        if key != "unknownField"
    }


@pytest.mark.parametrize("kind", SAMPLES)
def test_samples_mean_what_protobufs_own_reader_says(kind: SignalKind) -> None:
    request = REQUESTS[kind]
    expected = json_format.ParseDict(for_json_format(SAMPLES[kind]), request())
    assert request.FromString(convert(kind, json.dumps(SAMPLES[kind]).encode())) == expected


def every_field(message: Message, depth: int = 0) -> Message:
    """Fill a message with all fields that its descriptor has, the last of each oneof, and messages in it likewise."""
    for field in message.DESCRIPTOR.fields:
        target = getattr(message, field.name)
        if field.message_type is not None:
            if depth < 12:
                every_field(target.add() if field.is_repeated else target, depth + 1)
        else:
            value: Any = {str: "text", bytes: b"\1\2\3\4\5\6\7\xff", bool: True, float: 0.5}.get(field_type(field), 1)
            if field.is_repeated:
                target.append(value)
            else:
                setattr(message, field.name, value)
    return message


def field_type(field: FieldDescriptor) -> type:
    return (
        type(field.default_value)
        if not field.is_repeated
        else {FieldDescriptor.TYPE_STRING: str, FieldDescriptor.TYPE_DOUBLE: float}.get(field.type, int)
    )


def as_otlp_json(value: Any) -> Any:
    """Turn the base64 of protobuf's own JSON writer into the hex of OTLP/JSON."""
    if isinstance(value, list):
        return [as_otlp_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: base64.b64decode(item).hex() if key in _IDS else as_otlp_json(item) for key, item in value.items()}


@pytest.mark.parametrize("kind", SAMPLES)
def test_every_field_that_otlp_has_is_taken(kind: SignalKind) -> None:
    """Also those that OTLP gets later: the installed descriptors say which there are."""
    request = every_field(REQUESTS[kind]())
    body = json.dumps(as_otlp_json(json_format.MessageToDict(request, use_integers_for_enums=True))).encode()
    assert REQUESTS[kind].FromString(convert(kind, body)) == request


@pytest.mark.parametrize("name", ["trace", "logs", "events", "metrics"])
def test_the_official_examples(name: str) -> None:
    path = EXAMPLES / f"{name}.json"
    kind = {"trace": SignalKind.TRACES, "metrics": SignalKind.METRICS}.get(name, SignalKind.LOGS)
    expected = json_format.ParseDict(for_json_format(json.loads(path.read_text())), REQUESTS[kind]())
    assert REQUESTS[kind].FromString(convert(kind, path.read_bytes())) == expected


@given(st.recursive(st.one_of(
    st.builds(lambda v: {"stringValue": v}, st.text()), st.builds(lambda v: {"boolValue": v}, st.booleans()),
    st.builds(lambda v: {"intValue": str(v)}, st.integers(-(2**63), 2**63 - 1)), st.builds(lambda v: {"doubleValue": v}, st.floats(allow_nan=False, allow_infinity=False)),
), lambda inner: st.builds(lambda v: {"arrayValue": {"values": v}}, st.lists(inner, max_size=4)), max_leaves=8))  # fmt: skip
def test_any_value(value: dict[str, Any]) -> None:
    log = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": value}]}]}]}
    expected = json_format.ParseDict(log, REQUESTS[SignalKind.LOGS]())
    assert REQUESTS[SignalKind.LOGS].FromString(convert(SignalKind.LOGS, json.dumps(log).encode())) == expected


@pytest.mark.parametrize(
    ("span", "field"),
    [
        ({"traceId": "xyz"}, "body"),
        ({"name": 5}, "$.resourceSpans[0].scopeSpans[0].spans[0].name"),
        ({"kind": "SERVER"}, "body"),
        ({"kind": True}, "$.resourceSpans[0].scopeSpans[0].spans[0].kind"),
        ({"startTimeUnixNano": "soon"}, "body"),
        ({"startTimeUnixNano": -1}, "body"),
        ({"attributes": [{"key": "a", "value": {"intValue": "9223372036854775808"}}]}, "body"),
        ({"attributes": [{"key": "a", "value": {"bytesValue": "?"}}]}, "body"),
    ],
)
def test_wrong_values_name_their_place(span: dict[str, Any], field: str) -> None:
    with pytest.raises(Rejection) as caught:
        convert(SignalKind.TRACES, json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode())
    assert (caught.value.status, caught.value.error.field) == (400, field)


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_names_of_enumerations_mean_their_numbers(kind: SignalKind) -> None:
    request = every_field(REQUESTS[kind]())
    body = json.dumps(as_otlp_json(json_format.MessageToDict(request))).encode()
    assert REQUESTS[kind].FromString(convert(kind, body)) == request


@pytest.mark.parametrize("body", [b"[]", b"5", b"{", b"\xff", b"{}{}", b'{"resourceSpans":' * 70, "{}".encode("utf-16")])
def test_what_is_no_request(body: bytes) -> None:
    with pytest.raises(Rejection) as caught:
        convert(SignalKind.TRACES, body)
    assert caught.value.status == 400


def test_over_http(collector: Running) -> None:
    answer = collector.post("/v1/traces", json.dumps(SAMPLES[SignalKind.TRACES]).encode(), "application/json")
    assert (answer.status_code, answer.json()) == (200, {})
    bad = json.loads(json.dumps(SAMPLES[SignalKind.TRACES]))
    bad["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["spanId"] = ""
    answer = collector.post("/v1/traces", json.dumps(bad).encode(), "application/json")
    assert answer.json()["partialSuccess"]["rejectedSpans"] == "1"
    answer = collector.post("/v1/traces", b"{", "application/json")
    assert (answer.status_code, answer.json()["field"]) == (400, "body")
    assert [record.kind for record in collector.records()] == [SignalKind.TRACES, SignalKind.QUARANTINE, SignalKind.QUARANTINE]
