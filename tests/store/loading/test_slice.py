"""What protobuf's own reader takes, the store takes: also fields whose wire type is not that of their number."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.otlp.admission import admit
from collector.otlp.requests import REQUESTS
from core.clock import to_milliseconds
from core.signal import Lane, Record, SignalKind
from store.client import Store
from store.loading.slice import (
    INPUT_CODES,
    SHARE_MIN_BYTES,
    SHARES,
    STORE_CODES,
    SliceWriter,
    _is_store_failure,
    _shares,
    has_unknown_fields,
    refused_as_quarantine,
    without_unknown_fields,
)
from tests.faults.recordings import exported
from tests.store.journals import NOW

WIRE_TYPES = {
    FieldDescriptor.TYPE_STRING: 2, FieldDescriptor.TYPE_BYTES: 2, FieldDescriptor.TYPE_MESSAGE: 2, FieldDescriptor.TYPE_DOUBLE: 1,
    FieldDescriptor.TYPE_FIXED64: 1, FieldDescriptor.TYPE_SFIXED64: 1, FieldDescriptor.TYPE_FIXED32: 5,
}  # fmt: skip
VALUES = {0: b"\1", 1: b"\1" * 8, 2: b"\1a", 5: b"\1" * 4}
TABLES = {SignalKind.TRACES: "spans", SignalKind.LOGS: "logs", SignalKind.METRICS: "metrics"}


def messages(message: Message, seen: set[str]) -> Iterator[Message]:
    """Yield the first message of each type in a message."""
    if message.DESCRIPTOR.full_name not in seen:
        seen.add(message.DESCRIPTOR.full_name)
        yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if field.is_repeated else [value]:
                yield from messages(inner, seen)


def with_wrong_wire_types(kind: SignalKind, body: bytes) -> Iterator[bytes]:
    """Yield the request with one more field, of every number that OTLP has in it and every wire type that is not this number's."""
    types = [message.DESCRIPTOR for message in messages(REQUESTS[kind].FromString(body), set())]
    for number, type_ in enumerate(types):
        for field in type_.fields:
            for wire_type, value in VALUES.items():
                if wire_type == WIRE_TYPES.get(field.type, 0) or (field.is_repeated and wire_type == 2):
                    continue
                request = REQUESTS[kind].FromString(body)
                tag = field.number << 3 | wire_type
                changed = list(messages(request, set()))[number]
                changed.MergeFromString((bytes([tag]) if tag < 128 else bytes([tag & 127 | 128, tag >> 7])) + value)
                yield request.SerializeToString()


@pytest.mark.parametrize("kind", TABLES)
def test_fields_of_a_wrong_wire_type_are_left_out_and_all_else_is_stored(store: Store, kind: SignalKind) -> None:
    good = exported()[kind]
    bodies = [admitted.body for body in with_wrong_wire_types(kind, good) for admitted in admit(kind, body)]
    assert len(bodies) > 100
    assert all(REQUESTS[kind].FromString(body).SerializeToString() != good for body in bodies)
    records = [Record(kind, "gateway", Lane.STANDARD, to_milliseconds(NOW), 1, body) for body in [good, *bodies]]
    writer = SliceWriter(store)
    assert writer.write(records[:1], store.revision(SHARES)) == []
    columns = "* EXCEPT (slice)"
    before = store.rows(f"SELECT DISTINCT {columns} FROM {TABLES[kind]} ORDER BY ALL")
    assert writer.write(records[1:], store.revision(SHARES)) == []
    assert store.rows(f"SELECT DISTINCT {columns} FROM {TABLES[kind]} ORDER BY ALL") == before
    assert store.rows("SELECT count() AS n FROM quarantine") == [{"n": 0}]


RECORDS = st.lists(st.integers(0, 3 << 20), min_size=1, max_size=8).map(
    lambda sizes: [Record(SignalKind.TRACES, "gateway", Lane.STANDARD, number, 1, bytes(size)) for number, size in enumerate(sizes)]
)


@settings(deadline=None, max_examples=50)
@given(RECORDS)
def test_shares_are_all_records_in_their_order_and_none_is_small(records: list[Record]) -> None:
    shares = _shares(records)
    assert [record for share in shares for record in share] == records
    assert 1 <= len(shares) <= SHARES
    assert all(shares)
    total = sum(len(record.body) for record in records)
    assert len(shares) <= max(1, total // SHARE_MIN_BYTES)


def record_of(kind: SignalKind, body: bytes) -> Record:
    return Record(kind, "gateway", Lane.STANDARD, 5, 3, body)


@pytest.mark.parametrize(
    ("kind", "body"), [(SignalKind.TRACES, b"\x0a\xff\xff\xff\xff\x0f"), (SignalKind.EVENT, b"\x3a\x01a"), (SignalKind.TRACES, b"")]
)
def test_what_is_no_otlp_or_has_no_unknown_field_stays_as_it_is(kind: SignalKind, body: bytes) -> None:
    record = record_of(kind, body)
    assert without_unknown_fields(record) is record


def test_an_unknown_field_is_left_out() -> None:
    assert has_unknown_fields(record_of(SignalKind.TRACES, b"\x3a\x01a"))
    assert not has_unknown_fields(record_of(SignalKind.TRACES, exported()[SignalKind.TRACES]))
    assert without_unknown_fields(record_of(SignalKind.TRACES, b"\x3a\x01a")).body == b""


@pytest.mark.parametrize(
    ("kind", "content_type"), [(SignalKind.EVENT, "application/cloudevents+json"), (SignalKind.LOGS, "application/x-protobuf")]
)
def test_what_the_store_refused_is_kept_as_it_came_with_the_first_line_of_why(kind: SignalKind, content_type: str) -> None:
    record = record_of(kind, b"body")
    found = refused_as_quarantine(record, "Code: 27. " + "x" * 2_000 + "\nsecond line")
    detail = json.loads(found.detail)
    assert (found.kind, found.body, found.source, found.received_at) == (SignalKind.QUARANTINE, b"body", "gateway", 5)
    assert (detail["kind"], detail["content_type"], detail["count"], detail["reason"]) == (kind.value, content_type, 3, "store_refused")
    assert len(detail["message"]) == 1_000
    assert detail["quarantine_id"] == json.loads(refused_as_quarantine(record, "again").detail)["quarantine_id"], (
        "loaded again it is the same"
    )
    other = Record(kind, "another", Lane.STANDARD, 5, 3, b"body")
    assert detail["quarantine_id"] != json.loads(refused_as_quarantine(other, "").detail)["quarantine_id"]


@pytest.mark.parametrize(
    ("message", "is_the_store"),
    [
        ("Code: 27. DB::Exception: Cannot parse input", False),
        ("Code: 241. DB::Exception: Memory limit exceeded", True),
        ("Code: 243. DB::Exception: NOT_ENOUGH_SPACE", True),
        ("Connection refused", True),
        ("Code: . nothing", True),
    ],
)
def test_input_and_store_are_told_apart_by_the_code(message: str, is_the_store: bool) -> None:
    assert _is_store_failure(DatabaseError(message)) is is_the_store


def test_no_code_is_both() -> None:
    assert not INPUT_CODES & STORE_CODES
