"""What the walk over an OTLP request's bytes counts is what protobuf's own reader then finds."""

from __future__ import annotations

import random
from typing import Any

import pytest
from google.protobuf.message import DecodeError, Message
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.otlp import part_count
from collector.otlp.part_count import check_parts, parts_at_most
from collector.otlp.requests import REQUESTS
from collector.rejection import Rejection
from core import protobuf_wire as wire
from core.signal import SignalKind
from tests.collector.test_hostile_bytes import sample

HOLDERS = part_count._HOLDERS


def found(message: Message) -> tuple[int, int, int]:
    """Return how many holders, parts in the fullest holder, and parts of all a parsed message has."""
    holders, fullest, parts = 0, 0, 0
    for field, value in message.ListFields():
        if field.message_type is None:
            parts += len(value) if field.is_repeated and field.type in {field.TYPE_STRING, field.TYPE_BYTES} else 0
            continue
        for each in value if field.is_repeated else [value]:
            below = found(each)
            outer = field.message_type.name in HOLDERS or field.name == "metadata"
            holders, parts = holders + below[0] + outer, parts + below[2] + 1
            fullest = max(fullest, below[1], below[2] if outer and not below[0] else 0)
    return holders, fullest, parts


def made(kind: SignalKind, seed: int) -> Any:
    """Return a request with any of its messages, at any depth, some of them often."""
    request = REQUESTS[kind]()
    _fill(random.Random(seed), request, 60)
    return request


def _fill(chance: random.Random, message: Any, budget: int) -> int:
    """Return what is left of a budget of messages."""
    fields = [field for field in message.DESCRIPTOR.fields if field.message_type is not None]
    while fields and budget > 0 and chance.random() < 0.8:
        field = chance.choice(fields)
        for _ in range(chance.choice([1, 1, 2, 5]) if field.is_repeated else 1):
            inner = getattr(message, field.name)
            if field.is_repeated:
                inner = inner.add()
            else:
                inner.SetInParent()
            budget = _fill(chance, inner, budget - 1)
    return budget


def limits(monkeypatch: pytest.MonkeyPatch, holders: int, inside: int, parts: int) -> None:
    monkeypatch.setattr(part_count, "HOLDERS_MAX", holders)
    monkeypatch.setattr(part_count, "INSIDE_MAX", inside)
    monkeypatch.setattr(part_count, "PARTS_MAX", parts)


def check_all(kind: SignalKind, body: bytes) -> None:
    """Walk through all of a body, however small it is."""
    part_count._Walk(body, counts_all=True).through(part_count._ROOTS[kind])


def refused(kind: SignalKind, body: bytes) -> bool:
    try:
        check_all(kind, body)
    except Rejection:
        return True
    return False


@given(st.sampled_from(list(REQUESTS)), st.integers(0, 1 << 60))
@settings(max_examples=100, deadline=None)
def test_what_is_counted_is_what_is_there(kind: SignalKind, seed: int) -> None:
    request = made(kind, seed)
    body = request.SerializeToString()
    holders, fullest, parts = found(request)
    assert parts_at_most(body) >= parts
    most = 1 << 40
    with pytest.MonkeyPatch.context() as patch:
        for held, inside, in_all, too_much in (
            (holders, fullest, parts, False),
            (holders - 1, most, most, holders > 0),
            (most, fullest - 1, most, fullest > 0),
            (most, most, parts - 1, parts > 0),
        ):
            limits(patch, held, inside, in_all)
            assert refused(kind, body) == too_much


ODD = [
    b"\x8a\x00\x00",  # a tag and a length in more bytes than they need
    b"\x0a\x80\x00",
    b"\x9b\x06\x0a\x05hello\x9c\x06",  # a group that nobody knows, with a field
    b"\x9b\x06\xa3\x06\xa4\x06\x9c\x06",
    b"\x08\x96\x01",  # a number where a message belongs
    b"\x0d1234",
    b"\x0912345678",
    b"\x98\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
]
BROKEN = [b"\x0a\x05", b"\x0f", b"\x00\x00", b"\x9b\x06", b"\x9c\x06", b"\x08", b"\xff" * 11, b"\x0a\xff\xff\xff\xff\x0f", b"\x091234"]


@given(st.sampled_from(list(REQUESTS)), st.lists(st.sampled_from(ODD), max_size=3), st.sampled_from([*BROKEN, b""]))
@settings(max_examples=100, deadline=None)
def test_odd_bytes_are_read_as_protobuf_reads_them(kind: SignalKind, odd: list[bytes], last: bytes) -> None:
    body = sample(kind).SerializeToString() + b"".join(odd) + last
    outcomes = []
    for read in (lambda: check_all(kind, body), lambda: REQUESTS[kind].FromString(body)):
        try:
            read()
        except DecodeError:
            outcomes.append("broken")
        else:
            outcomes.append("read")
    assert outcomes in (["read"] * 2, ["broken"] * 2)


def test_a_packed_number_counts_by_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    request = REQUESTS[SignalKind.METRICS]()
    point = request.resource_metrics.add().scope_metrics.add().metrics.add().exponential_histogram.data_points.add()
    point.positive.bucket_counts.extend([1] * 300)
    body = request.SerializeToString()
    # resource, scope, metric, histogram, point, buckets, and a part for two bytes of their numbers
    for parts, too_much in ((156, False), (155, True)):
        limits(monkeypatch, 1 << 30, 1 << 30, parts)
        assert refused(SignalKind.METRICS, body) == too_much


@pytest.mark.parametrize("unit", [b"\x0a\x00", b"\x8a\x80\x80\x00\x80\x00"])
def test_a_request_holds_so_many_and_no_more(unit: bytes) -> None:
    check_parts(SignalKind.TRACES, unit * part_count.HOLDERS_MAX)
    with pytest.raises(Rejection, match=f"{part_count.HOLDERS_MAX} resources, scopes and records"):
        check_parts(SignalKind.TRACES, unit * (part_count.HOLDERS_MAX + 1))


@pytest.mark.parametrize("part", [9, 11, 13])
def test_a_span_holds_so_many_and_no_more(part: int) -> None:
    empty = bytes((part << 3 | 2, 0))
    check_parts(SignalKind.TRACES, in_span(empty * part_count.INSIDE_MAX))
    with pytest.raises(Rejection, match="record may hold 100000"):
        check_parts(SignalKind.TRACES, in_span(empty * (part_count.INSIDE_MAX + 1)))


def test_all_spans_together_hold_so_many_and_no_more() -> None:
    full = in_span(b"\x5a\x00" * part_count.INSIDE_MAX)
    each = part_count.INSIDE_MAX + 3
    check_parts(SignalKind.TRACES, full * (part_count.PARTS_MAX // each))
    with pytest.raises(Rejection, match="2000000"):
        check_parts(SignalKind.TRACES, full * (part_count.PARTS_MAX // each + 1))


def in_span(content: bytes) -> bytes:
    """Return a request with one span, in a resource and a scope of its own."""
    for number in (2, 2, 1):
        content = wire.tag(number, 2) + wire.delimited(content)
    return content
