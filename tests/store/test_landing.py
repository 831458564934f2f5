"""The landing schema says what OTLP's own descriptors say: same numbers, same types; what it leaves out is documented."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

import store
from store.client import Store

LANDING = Path(store.__file__).parent / "landing" / "opentelemetry.proto"
OPERATING = Path(__file__).parents[2] / "docs" / "operating.md"
ROOTS = {"TraceRecord": TracesData.DESCRIPTOR, "LogRecords": LogsData.DESCRIPTOR, "MetricRecord": MetricsData.DESCRIPTOR}
TABLES = {"TraceRecord": "landing_traces", "LogRecords": "landing_logs", "MetricRecord": "landing_metrics"}
OURS = 1000
"""Fields above are what the collector knew about a request."""
TYPES = {
    FieldDescriptor.TYPE_STRING: "string", FieldDescriptor.TYPE_BYTES: "bytes", FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_INT64: "int64", FieldDescriptor.TYPE_UINT32: "uint32", FieldDescriptor.TYPE_UINT64: "uint64",
    FieldDescriptor.TYPE_SINT32: "sint32", FieldDescriptor.TYPE_FIXED32: "fixed32", FieldDescriptor.TYPE_FIXED64: "fixed64",
    FieldDescriptor.TYPE_SFIXED64: "sfixed64", FieldDescriptor.TYPE_DOUBLE: "double", FieldDescriptor.TYPE_ENUM: "uint32",
}  # fmt: skip
COLUMN_TYPES = {
    "string": "String", "bytes": "String", "bool": "Bool", "int64": "Int64", "uint32": "UInt32", "uint64": "UInt64", "sint32": "Int32",
    "fixed32": "UInt32", "fixed64": "UInt64", "sfixed64": "Int64", "double": "Float64",
}  # fmt: skip
Fields = dict[int, tuple[str, str, bool]]


BODIES: dict[str, str] = dict(re.findall(r"^message (\w+) \{(.*)\}$", LANDING.read_text(), re.MULTILINE))
MESSAGES: dict[str, Fields] = {
    message: {
        int(number): (field, type_, bool(repeated))
        for repeated, type_, field, number in re.findall(r"(repeated )?(\w+) (\w+) = (\d+);", body)
    }
    for message, body in BODIES.items()
}
"""The fields of each message by number: name, type, whether it is repeated."""


def compared(message: str, otlp: Descriptor) -> Iterator[tuple[str, str]]:
    """Yield (field, what is wrong with it); nothing for one that is left out on purpose, which is "left out"."""
    fields = MESSAGES[message]
    for number in fields.keys() - {field.number for field in otlp.fields}:
        if number < OURS:
            yield fields[number][0], "OTLP has no such field"
    for field in otlp.fields:
        if field.number not in fields:
            yield f"{otlp.name}.{field.name}", "left out"
            continue
        name, type_, repeated = fields[field.number]
        wanted = TYPES.get(field.type, "")
        if (name, repeated) != (field.name, field.is_repeated):
            yield f"{otlp.name}.{field.name}", f"is {name}, repeated: {repeated}"
        if field.message_type is None:
            if type_ != wanted:
                yield f"{otlp.name}.{field.name}", f"is {type_}, not {wanted}"
        elif type_ in MESSAGES:
            yield from compared(type_, field.message_type)
        elif type_ != "bytes":
            yield f"{otlp.name}.{field.name}", f"is {type_}"


@pytest.mark.parametrize("message", ROOTS)
def test_the_landing_messages_are_otlps(message: str) -> None:
    assert {(field, why) for field, why in compared(message, ROOTS[message]) if why != "left out"} == set()


def test_what_of_otlp_is_not_kept_is_documented() -> None:
    left_out = {field for message, otlp in ROOTS.items() for field, why in compared(message, otlp) if why == "left out"}
    section = OPERATING.read_text().partition("## What is kept of OTLP\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(\w+\.\w+)`", section)) == left_out


@pytest.mark.parametrize("message", ROOTS)
def test_the_landing_tables_have_a_place_for_every_field_of_their_message(store: Store, message: str) -> None:
    rows = store.rows(f"SELECT name, type FROM system.columns WHERE table = '{TABLES[message]}' AND database = currentDatabase()")
    assert {row["name"]: parsed(row["type"]) for row in rows} == columns_of(message)


def columns_of(message: str) -> dict[str, Any]:
    """Return the columns for a message: a name to a type, or to the columns within; one more says which of a ``oneof`` is given."""
    columns: dict[str, Any] = {}
    for name, type_, repeated in MESSAGES[message].values():
        inner = columns_of(type_) if type_ in MESSAGES else COLUMN_TYPES[type_]
        columns[name] = [inner] if repeated else inner
    for oneof, inside in re.findall(r"oneof (\w+) \{(.*?)\}", BODIES[message]):
        columns[oneof] = {"none": 0, **{name: int(number) for name, number in re.findall(r"(\w+) = (\d+)", inside)}}
    return columns


def parsed(type_: str) -> Any:
    """Return a ClickHouse type as :func:`columns_of` does."""
    if type_.startswith("Array("):
        return [parsed(type_[6:-1])]
    if type_.startswith("Enum8("):
        return {name: int(number) for name, number in re.findall(r"'(\w+)' = (\d+)", type_)}
    if type_.startswith("Tuple("):
        return {name: parsed(inner) for name, _, inner in (part.partition(" ") for part in parts(type_[6:-1]))}
    return type_


def parts(inner: str) -> Iterator[str]:
    """Yield what commas separate that stand in no bracket."""
    begun, depth = 0, 0
    for place, character in enumerate(inner):
        depth += (character == "(") - (character == ")")
        if character == "," and not depth:
            yield inner[begun:place].strip()
            begun = place + 1
    yield inner[begun:].strip()
