"""A small slice decoded here gives the rows that the store's own views give, byte for byte."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from core.signal import Lane, Record, SignalKind
from store.client import Store
from store.loading import slice as slices
from store.loading.decoder import decode
from store.loading.framing import LANDINGS
from store.loading.slice import SHARES
from tests.faults.recordings import exported

EXAMPLES = int(os.environ.get("ANDON_EXAMPLES", "60"))
A_SLICE = 20
pytestmark = pytest.mark.timeout(900 + EXAMPLES)
many = settings(
    max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
TABLES = {SignalKind.TRACES: "spans", SignalKind.LOGS: "logs", SignalKind.METRICS: "metrics"}
REQUEST = {SignalKind.TRACES: TracesData, SignalKind.LOGS: LogsData, SignalKind.METRICS: MetricsData}

unsigned = st.sampled_from([0, 1, 2**31, 2**63 - 1, 2**63, 2**64 - 1, 1_700_000_000_123_456_789]) | st.integers(0, 2**64 - 1)
signed = st.sampled_from([0, -1, 2**63 - 1, -(2**63)]) | st.integers(-(2**63), 2**63 - 1)
doubles = st.sampled_from([0.0, -0.0, 1e21, 1e20, 1e-6, 9.99e-7, 5e-324, 1.7976931348623157e308, 2.0**63]) | st.floats()
texts = st.sampled_from(["", "service.name", "a\x00b\n\t'\\", "Grüße, 世界", "x" * 200]) | st.text(max_size=6)
SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_STRING: texts,
    FieldDescriptor.TYPE_BYTES: st.sampled_from([b"", b"\x00\xff", bytes(range(16)), bytes(8)]) | st.binary(max_size=20),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_INT64: signed,
    FieldDescriptor.TYPE_SFIXED64: signed,
    FieldDescriptor.TYPE_UINT64: unsigned,
    FieldDescriptor.TYPE_FIXED64: unsigned,
    FieldDescriptor.TYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.TYPE_FIXED32: st.integers(0, 2**32 - 1),
    FieldDescriptor.TYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_SINT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_DOUBLE: doubles,
    FieldDescriptor.TYPE_ENUM: st.integers(0, 30),
}


@st.composite
def requests(draw: st.DrawFn, kind: SignalKind) -> bytes:
    """Draw a request of any content; nothing of it is likely, and all of it is possible."""
    message = REQUEST[kind]()
    _fill(draw, message, 0)
    return message.SerializeToString()


def _fill(draw: st.DrawFn, message: Message, depth: int) -> None:
    for field in _fields(draw, message.DESCRIPTOR):
        fewest = int(depth < 4 and field.message_type is not None)  # most requests are to hold signals
        for _ in range(draw(st.integers(fewest, 2 if field.is_repeated and depth < 8 else 1))):
            if field.message_type is None:
                value = draw(SCALARS[field.type])
                getattr(message, field.name).append(value) if field.is_repeated else setattr(message, field.name, value)
            elif depth < 14:
                inner = getattr(message, field.name)
                inner = inner.add() if field.is_repeated else inner
                inner.SetInParent()
                _fill(draw, inner, depth + 1)


def _fields(draw: st.DrawFn, type_: Descriptor) -> Iterator[FieldDescriptor]:
    """Yield the fields to fill: one of those that exclude each other."""
    yield from (field for field in type_.fields if field.containing_oneof is None)
    yield from (draw(st.sampled_from(list(oneof.fields))) for oneof in type_.oneofs)


def _stored(store: Store, kind: SignalKind, bodies: list[bytes], decoded_max: int, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Return the rows that are there after these records came as one slice."""
    monkeypatch.setitem(slices.DECODED_MAX, kind, decoded_max)
    slice_ = store.revision(SHARES)
    records = [Record(kind, "gateway Ω", Lane.STANDARD, 1_700_000_000_123 + number, 1, body) for number, body in enumerate(bodies)]
    assert slices.SliceWriter(store).write(records, slice_) == []
    found: bytes = store.reader.raw_query(
        f"SELECT * EXCEPT (slice) FROM {TABLES[kind]} WHERE slice = {slice_} ORDER BY ALL FORMAT RowBinaryWithNamesAndTypes"
    )
    return found


@pytest.fixture
def unmerged(store: Store) -> Iterator[Store]:
    """A store that keeps rows whose keys are equal side by side."""
    for table in TABLES.values():
        store.command(f"SYSTEM STOP MERGES {table}")
    yield store
    for table in TABLES.values():
        store.command(f"SYSTEM START MERGES {table}")


@pytest.mark.parametrize("kind", TABLES)
def test_both_ways_give_the_same_rows(unmerged: Store, kind: SignalKind, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many requests make a slice, because the store plans the views anew for each; only if it differs they are compared one by one."""
    drawn: list[bytes] = [exported()[kind]]

    @many
    @given(st.lists(requests(kind), min_size=1, max_size=3))
    def draw(bodies: list[bytes]) -> None:
        drawn.extend(bodies)

    def both_ways(bodies: list[bytes]) -> list[bytes]:
        return [_stored(unmerged, kind, bodies, most, monkeypatch) for most in (1 << 30, 0)]

    draw()
    for start in range(0, len(drawn), A_SLICE):
        bodies = drawn[start : start + A_SLICE]
        here, views = both_ways(bodies)
        if here != views:
            assert [body for body in bodies if not operator.eq(*both_ways([body]))] == [], "these give other rows"
        assert here == views, "other rows only together"


def test_what_is_in_a_list_is_kept_apart_in_both_ways(unmerged: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is in it: longer ones are cut, and two attributes may have one name."""
    any_list = AnyValue(array_value=ArrayValue(values=[AnyValue(string_value="a")]))
    values = (
        [AnyValue(string_value="Ω\0"), AnyValue(string_value=""), AnyValue()],
        [AnyValue(int_value=-1), AnyValue(int_value=0), AnyValue(double_value=1e21), AnyValue(bool_value=True), AnyValue(bool_value=False)],
        [AnyValue(bytes_value=b"\xff"), any_list, AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key="k")]))],
        [AnyValue(string_value="x" * size) for size in (126, 127, 128, 16_383, 16_384)],
        [AnyValue(int_value=number) for number in range(200)],
        [AnyValue(int_value=number) for number in range(201)],
        [],
    )
    bodies = [_span(KeyValue(key="order", value=AnyValue(array_value=ArrayValue(values=each)))) for each in values]
    bodies.append(_span(KeyValue(key="order", value=AnyValue(string_value="a")), KeyValue(key="order", value=any_list)))
    here, views = (_stored(unmerged, SignalKind.TRACES, bodies, most, monkeypatch) for most in (1 << 30, 0))
    assert here == views
    assert decode(SignalKind.TRACES, [Record(SignalKind.TRACES, "gateway", Lane.STANDARD, 5, 1, body) for body in bodies], 7)
    lists = {tuple(row["found"]) for row in unmerged.rows("SELECT attribute_lists['order'] AS found FROM spans")}
    assert {("Ω\0", "", ""), ("-1", "0", "1e21", "true", "false"), ("/w==", "[list]", "{map}"), ()} <= lists
    assert (*map(str, range(200)), "[more than 200 values]") in lists


def _span(*attributes: KeyValue) -> bytes:
    return TracesData(resource_spans=[{"scope_spans": [{"spans": [{"name": "x", "attributes": attributes}]}]}]).SerializeToString()


@pytest.mark.parametrize("kind", TABLES)
def test_what_senders_send_is_decoded_here(kind: SignalKind) -> None:
    rows = decode(kind, [Record(kind, "gateway", Lane.STANDARD, 5, 3, exported()[kind])], 7)
    assert rows.table == TABLES[kind]
    assert rows.content.startswith((7).to_bytes(8, "little") + b"\x07gateway")


def test_what_is_no_otlp_is_told() -> None:
    with pytest.raises(DecodeError):
        decode(SignalKind.TRACES, [Record(SignalKind.TRACES, "gateway", Lane.STANDARD, 5, 3, b"\x0a\xff\xff\xff\xff\x0f")], 7)


@pytest.mark.parametrize("kind", TABLES)
def test_small_slices_are_decoded_here_and_others_by_the_store(store: Store, kind: SignalKind, monkeypatch: pytest.MonkeyPatch) -> None:
    tables: list[str] = []
    monkeypatch.setattr(store, "insert_raw", lambda table, *_: tables.append(table))
    most = slices.DECODED_MAX[kind]
    for count, body in ((most, b""), (most + 1, b""), (1, b"\x0a\xff\xff\xff\xff\x0f")):
        slices.SliceWriter(store).write([Record(kind, "gateway", Lane.STANDARD, 5, count, body)], 7)
    landing = LANDINGS[kind].table
    assert tables == [TABLES[kind], landing, landing], "what cannot be read is left to the store, which says why"
