"""Records framed for the store: a stream of valid messages, with the bodies as they were received."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from core.signal import Lane, Record, SignalKind
from store.loading.framing import LANDINGS, frame, insert_settings
from tests.collector.requests import spans

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
NUMBERS = st.integers(0, (1 << 63) - 1)
INPUTS = st.lists(
    st.builds(
        Record,
        kind=st.just(SignalKind.EVENT),
        source=TEXTS,
        lane=st.sampled_from(Lane),
        received_at=NUMBERS,
        count=st.just(1),
        body=st.binary(max_size=300),
        detail=TEXTS,
    ),
    max_size=5,
)


def varint(stream: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = stream[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at


def messages(stream: bytes) -> Iterator[bytes]:
    """Yield the messages of a stream in which each follows its length."""
    at = 0
    while at < len(stream):
        size, at = varint(stream, at)
        assert at + size <= len(stream)
        yield stream[at : at + size]
        at += size


def ours(message: bytes) -> dict[int, bytes | int]:
    """Return the fields above 1000 of a message: bytes, and integers of eight bytes."""
    found: dict[int, bytes | int] = {}
    at = 0
    while at < len(message):
        key, at = varint(message, at)
        match key & 7:
            case 0:
                value, at = varint(message, at)
            case 1:
                value, at = int.from_bytes(message[at : at + 8], "little"), at + 8
            case 2:
                size, at = varint(message, at)
                value, at = message[at : at + size], at + size
            case other:
                raise AssertionError(f"wire type {other}")
        if key >> 3 > 1000:
            found[key >> 3] = value
    assert at == len(message)
    return found


@given(INPUTS, NUMBERS)
def test_an_input_is_kept_byte_for_byte_with_all_that_is_known_of_it(records: list[Record], slice_: int) -> None:
    assert [ours(message) for message in messages(frame(records, slice_))] == [
        {
            1001: record.source.encode(),
            1002: record.received_at,
            1003: slice_,
            1004: record.lane.value.encode(),
            1005: record.detail.encode(),
            1006: record.body,
        }
        for record in records
    ]


@given(st.lists(st.integers(0, 3), max_size=4), TEXTS, NUMBERS, NUMBERS)
def test_an_otlp_request_stays_the_message_it_is(counts: list[int], source: str, received_at: int, slice_: int) -> None:
    sent = [spans(count=count) for count in counts]
    records = [Record(SignalKind.TRACES, source, Lane.BULK, received_at, 1, one.SerializeToString()) for one in sent]
    found = list(messages(frame(records, slice_)))
    assert len(found) == len(sent)
    for message, request in zip(found, sent, strict=True):
        assert message.startswith(request.SerializeToString())
        assert ours(message) == {1001: source.encode(), 1002: received_at, 1003: slice_}
        read: Message = TracesData.FromString(message)
        read.DiscardUnknownFields()
        assert read.SerializeToString() == request.SerializeToString()


def test_nothing_is_framed_as_nothing() -> None:
    assert frame([], 1) == b""


@pytest.mark.parametrize("kind", LANDINGS)
def test_each_kind_lands_in_a_message_that_its_schema_has(kind: SignalKind) -> None:
    settings = insert_settings(kind)
    assert f"message {settings['format_schema_message_name']} {{" in str(settings["format_schema"])
    assert LANDINGS[kind].table.startswith("landing_")


def test_what_the_engine_keeps_itself_does_not_land() -> None:
    assert set(SignalKind) - set(LANDINGS) == {SignalKind.ROWS}
