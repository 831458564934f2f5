"""The pieces of a large request say together what the whole says, and none of them is large."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.otlp import pieces as otlp_pieces
from collector.otlp.pieces import pieces
from collector.otlp.records import _LEVELS, _points
from collector.otlp.requests import REQUESTS
from collector.rejection import Rejection
from core.signal import SignalKind
from tests.collector.requests import records_in, spans
from tests.faults.bodies import empty
from tests.properties.test_otlp_part_count import made


def records(kind: SignalKind, body: bytes) -> Counter[bytes]:
    """Return every record, or data point, with all that is said around it."""
    resources_name, scopes_name, records_name = _LEVELS[kind]
    found: Counter[bytes] = Counter()
    for resource in getattr(REQUESTS[kind].FromString(body), resources_name):
        for scope in getattr(resource, scopes_name):
            for record in getattr(scope, records_name):
                for point in _points(record) if kind is SignalKind.METRICS else [None]:
                    found[around(resource, scope, record, point)] += 1
    return found


def around(*parts: Any) -> bytes:
    said = b""
    for outer, inner in zip(parts, (*parts[1:], None), strict=True):
        if outer is None:
            continue
        alone = type(outer)()
        alone.CopyFrom(outer)
        for field, value in outer.ListFields():
            holds_the_next = inner is not None and field.is_repeated and field.message_type is inner.DESCRIPTOR
            holds_points = inner is not None and not field.is_repeated and hasattr(value, "data_points")
            if holds_the_next:
                alone.ClearField(field.name)
            elif holds_points:
                getattr(alone, field.name).ClearField("data_points")
        said += alone.SerializeToString(deterministic=True) + b"|"
    return said


@given(st.sampled_from(list(REQUESTS)), st.integers(0, 1 << 60), st.sampled_from([1, 10, 50, 200]))
@settings(max_examples=150, deadline=None)
def test_the_pieces_say_what_the_whole_says(kind: SignalKind, seed: int, most: int) -> None:
    body = made(kind, seed).SerializeToString()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(otlp_pieces, "PIECE_BYTES", most)
        found = list(pieces(kind, body))
    together: Counter[bytes] = Counter()
    for piece in found:
        together += records(kind, piece)
    assert together == records(kind, body)


def test_a_piece_is_small_and_all_of_them_are_little_more_than_the_whole() -> None:
    request = spans(*[{"name": "x" * 1000}] * 3000)
    request.resource_spans[0].resource.attributes.add(key="k").value.string_value = "y" * 100_000
    for _ in range(3000):
        request.resource_spans.add().scope_spans.add().spans.add(name="z" * 300)
    body = request.SerializeToString()
    found = list(pieces(SignalKind.TRACES, body))
    assert max(map(len, found)) < otlp_pieces.PIECE_BYTES + 110_000

    assert sum(map(len, found)) < len(body) * 1.3
    assert len(found) < 15


def test_what_cannot_be_divided_has_a_bound() -> None:
    for name, size, says in (("name", otlp_pieces.RECORD_MAX_BYTES, "4194304"), ("trace_state", 4 << 20, "4194304")):
        with pytest.raises(Rejection, match=says):
            list(pieces(SignalKind.TRACES, spans({name: "x" * size}).SerializeToString()))
    request = spans(count=1)
    request.resource_spans[0].scope_spans[0].scope.name = "x" * otlp_pieces.HEAD_MAX_BYTES
    with pytest.raises(Rejection, match="1048576"):
        list(pieces(SignalKind.TRACES, request.SerializeToString()))
    assert len(list(pieces(SignalKind.TRACES, spans({"name": "x" * (otlp_pieces.RECORD_MAX_BYTES - 1000)}).SerializeToString()))) == 1


@pytest.mark.parametrize("count", [110_000, 250_000, 499_990])
def test_a_piece_holds_only_so_many_records_however_short_they_are(count: int) -> None:
    found = list(pieces(SignalKind.TRACES, empty("span", count)))
    held = [records_in(SignalKind.TRACES, piece) for piece in found]
    assert sum(held) == count
    assert max(held) <= otlp_pieces.PIECE_PARTS_MAX
