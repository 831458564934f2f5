"""What protobuf's own reader takes, the store takes: also fields whose wire type is not that of their number."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from collector.otlp.admission import admit
from collector.otlp.requests import REQUESTS
from core.clock import to_milliseconds
from core.signal import Lane, Record, SignalKind
from store.client import Store
from store.slice import SHARES, SliceWriter
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
