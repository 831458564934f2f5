"""Golden check: every type an OTLP value can have, in every place that holds values, is read back exactly and told apart."""

from __future__ import annotations

import base64
import struct
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from core.signal import Lane, Record, SignalKind
from store.client import Store
from store.loading.framing import LANDINGS, frame, insert_settings

RECEIVED_AT = 1_700_000_000_123
NESTED = ArrayValue(values=[AnyValue(int_value=1), AnyValue(string_value=""), AnyValue(kvlist_value=KeyValueList())])
MEMBERS = KeyValueList(
    values=[KeyValue(key="inner", value=AnyValue(double_value=0.5)), KeyValue(key="list", value=AnyValue(array_value=NESTED))]
)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


# name → value as sent, text as stored, type as stored (string is not noted)
MATRIX: dict[str, tuple[AnyValue, str, str]] = {
    "text": (AnyValue(string_value="Grüße, 世界"), "Grüße, 世界", "string"),
    "text.empty": (AnyValue(string_value=""), "", "string"),
    "text.zero": (AnyValue(string_value="0"), "0", "string"),
    "text.false": (AnyValue(string_value="false"), "false", "string"),
    "text.control": (AnyValue(string_value="a\x00b\n\t'\\"), "a\x00b\n\t'\\", "string"),
    **{f"text.{n}": (AnyValue(string_value="x" * n), "x" * n, "string") for n in (1, 2, 126, 127, 128, 129, 130, 16_383, 16_384, 16_388)},
    "bool.false": (AnyValue(bool_value=False), "false", "bool"),
    "bool.true": (AnyValue(bool_value=True), "true", "bool"),
    **{
        f"int.{n}": (AnyValue(int_value=n), str(n), "int")
        for n in (0, 1, -1, 127, 128, 255, 16_383, 16_384, 2**31, 2**32 - 1, -(2**31), 2**53 + 1, 2**56, 2**63 - 1, -(2**63))
    },
    "double.zero": (AnyValue(double_value=0.0), "0", "double"),
    "double.minus_zero": (AnyValue(double_value=-0.0), "-0", "double"),
    "double.tenth": (AnyValue(double_value=0.1), "0.1", "double"),
    "double.whole": (AnyValue(double_value=3.0), "3", "double"),
    "double.great": (AnyValue(double_value=1.7976931348623157e308), "1.7976931348623157e308", "double"),
    "double.infinite": (AnyValue(double_value=float("-inf")), "-inf", "double"),
    "double.nan": (AnyValue(double_value=float("nan")), "nan", "double"),
    "array": (AnyValue(array_value=NESTED), _base64(NESTED.SerializeToString()), "array"),
    "array.empty": (AnyValue(array_value=ArrayValue()), "", "array"),
    "kvlist": (AnyValue(kvlist_value=MEMBERS), _base64(MEMBERS.SerializeToString()), "kvlist"),
    "kvlist.empty": (AnyValue(kvlist_value=KeyValueList()), "", "kvlist"),
    "bytes": (AnyValue(bytes_value=b"\x00\xff\x0a\x80"), _base64(b"\x00\xff\x0a\x80"), "bytes"),
    "bytes.empty": (AnyValue(bytes_value=b""), "", "bytes"),
    "bytes.long": (AnyValue(bytes_value=bytes(range(256)) * 3), _base64(bytes(range(256)) * 3), "bytes"),
    "none": (AnyValue(), "", "none"),
}
VALUES = {name: text for name, (_, text, _) in MATRIX.items()}
TYPES = {name: type_ for name, (_, _, type_) in MATRIX.items() if type_ != "string"}


def _attributes() -> list[KeyValue]:
    return [KeyValue(key=name, value=value) for name, (value, _, _) in MATRIX.items()]


def _request() -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.extend([KeyValue(key="service.name", value=AnyValue(string_value="sap")), *_attributes()])
    scope = group.scope_spans.add()
    scope.scope.name, scope.scope.version = "idocs", "1.2"
    scope.scope.attributes.extend(_attributes())
    span = scope.spans.add(
        trace_id=bytes(range(16)), span_id=bytes(range(0xF0, 0xF8)), parent_span_id=bytes(range(8)), name="ORDERS05", kind=5,
        trace_state="a=b", flags=257, start_time_unix_nano=1_700_000_000_123_456_789, end_time_unix_nano=1_700_000_001_000_000_001,
    )  # fmt: skip
    span.status.code, span.status.message = 2, "51"
    span.attributes.extend(_attributes())
    span.events.add(name="first", time_unix_nano=1_700_000_000_200_000_001, attributes=_attributes())
    span.events.add(name="bare", time_unix_nano=1_700_000_000_300_000_000)
    span.links.add(trace_id=b"\xab" * 16, span_id=b"\xcd" * 8, trace_state="c=d", attributes=_attributes())
    scope.spans.add(trace_id=b"\x01" * 16, span_id=b"\x02" * 8, name="plain")
    second = request.resource_spans.add()
    second.scope_spans.add().spans.add(trace_id=b"\x03" * 16, span_id=b"\x04" * 8, name="without resource", kind=99)
    second.scope_spans[0].spans[0].status.code = 99
    return request


def _write(store: Store, *requests: ExportTraceServiceRequest) -> None:
    records = [Record(SignalKind.TRACES, "erp", Lane.STANDARD, RECEIVED_AT, 1, request.SerializeToString()) for request in requests]
    landing = LANDINGS[SignalKind.TRACES]
    store.insert_raw(landing.table, frame(records, 7), "Protobuf", insert_settings(SignalKind.TRACES))


@pytest.fixture
def rows(store: Store) -> dict[str, dict[str, Any]]:
    _write(store, _request())
    texts = "toString(start_time) AS starts, toString(end_time) AS ends, toString(received_at) AS received, toString(events.time) AS event_times"
    found = store.rows(f"SELECT *, {texts}, toString(kind) AS kind_name, toString(status) AS status_name FROM spans FINAL")
    return {row["name"]: row for row in found}


@pytest.mark.parametrize("column", ["attributes", "resource", "scope_attributes", "events.attributes", "links.attributes"])
def test_values_are_read_back(rows: dict[str, dict[str, Any]], column: str) -> None:
    stored = rows["ORDERS05"][column]
    stored = dict(stored[0] if isinstance(stored, list) else stored)
    stored.pop("service.name", None)
    assert {name: stored.get(name) for name in VALUES if stored.get(name) != VALUES[name]} == {}
    assert stored.keys() == VALUES.keys()


@pytest.mark.parametrize("column", ["attribute_types", "resource_types", "events.attribute_types", "links.attribute_types"])
def test_types_are_told_apart(rows: dict[str, dict[str, Any]], column: str) -> None:
    stored = rows["ORDERS05"][column]
    assert (stored[0] if isinstance(stored, list) else stored) == TYPES


def test_everything_else_of_a_span(rows: dict[str, dict[str, Any]]) -> None:
    row = rows["ORDERS05"]
    assert {name: row[name] for name in ("slice", "source", "service", "trace_state", "flags", "status_message", "scope_name", "scope_version")} == {
        "slice": 7, "source": "erp", "service": "sap", "trace_state": "a=b", "flags": 257, "status_message": "51",
        "scope_name": "idocs", "scope_version": "1.2",
    }  # fmt: skip
    assert (row["trace_id"], row["span_id"], row["parent_span_id"]) == (
        "000102030405060708090a0b0c0d0e0f",
        "f0f1f2f3f4f5f6f7",
        "0001020304050607",
    )
    assert (row["kind_name"], row["status_name"]) == ("consumer", "error")
    assert (row["received"], row["starts"], row["ends"]) == (
        "2023-11-14 22:13:20.123", "2023-11-14 22:13:20.123456789", "2023-11-14 22:13:21.000000001",
    )  # fmt: skip
    assert list(row["events.name"]) == ["first", "bare"]
    assert row["event_times"] == "['2023-11-14 22:13:20.200000001','2023-11-14 22:13:20.300000000']"
    assert row["events.attributes"][1] == {}
    assert (row["links.trace_id"], row["links.span_id"], row["links.trace_state"]) == (["ab" * 16], ["cd" * 8], ["c=d"])


def test_a_bare_span_is_empty_not_missing(rows: dict[str, dict[str, Any]]) -> None:
    row = rows["plain"]
    assert (row["parent_span_id"], row["kind_name"], row["status_name"], row["attributes"], list(row["events.name"])) == (
        "",
        "unspecified",
        "unset",
        {},
        [],
    )
    assert row["service"] == "sap"


def test_a_group_without_resource_takes_none_of_its_neighbour(rows: dict[str, dict[str, Any]]) -> None:
    row = rows["without resource"]
    assert (row["service"], row["resource"], row["resource_types"], row["scope_name"], row["scope_attributes"]) == ("", {}, {}, "", {})
    assert (row["kind_name"], row["status_name"]) == ("consumer", "error")  # a value this version does not know: the last one


def test_doubles_are_stored_to_the_last_bit(store: Store) -> None:
    numbers = [struct.unpack("<d", struct.pack("<Q", 0x3FF0000000000000 + step * 0x0000F3A1B2C3D4E5))[0] for step in range(200)]
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(trace_id=b"\x05" * 16, span_id=b"\x06" * 8, name="doubles")
    span.attributes.extend(KeyValue(key=str(index), value=AnyValue(double_value=number)) for index, number in enumerate(numbers))
    _write(store, request)
    stored = store.rows("SELECT attributes FROM spans FINAL")[0]["attributes"]
    assert [float(stored[str(index)]) for index in range(len(numbers))] == numbers
