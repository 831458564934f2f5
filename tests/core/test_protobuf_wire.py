"""The wire format as the reference implementation writes it, byte for byte; what does not fit is an error, never other bytes."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from google.protobuf.wrappers_pb2 import BytesValue, DoubleValue, Int32Value, Int64Value, UInt64Value
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1.metrics_pb2 import ExponentialHistogramDataPoint, NumberDataPoint
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from core.protobuf_wire import delimited, double, fixed32, fixed64, int64, sfixed64, tag, varint, zigzag

VARINT, I64, LEN, I32 = 0, 1, 2, 5
UINT64 = st.integers(0, (1 << 64) - 1) | st.integers(0, 63).map(lambda bit: 1 << bit) | st.integers(1, 64).map(lambda bit: (1 << bit) - 1)
INT64 = st.integers(-(1 << 63), (1 << 63) - 1)


@given(UINT64)
def test_unsigned_numbers(value: int) -> None:
    assert tag(1, VARINT) + varint(value) == (UInt64Value(value=value).SerializeToString() or b"\x08\0")
    assert tag(7, I64) + fixed64(value) == (Span(start_time_unix_nano=value).SerializeToString() or b"\x39" + bytes(8))


@given(INT64)
def test_signed_numbers(value: int) -> None:
    assert tag(1, VARINT) + int64(value) == (Int64Value(value=value).SerializeToString() or b"\x08\0")
    assert tag(6, I64) + sfixed64(value) == NumberDataPoint(as_int=value).SerializeToString()


@given(st.integers(-(1 << 31), (1 << 31) - 1))
def test_numbers_of_32_bits(value: int) -> None:
    assert tag(1, VARINT) + int64(value) == (Int32Value(value=value).SerializeToString() or b"\x08\0")
    assert tag(6, VARINT) + zigzag(value) == (ExponentialHistogramDataPoint(scale=value).SerializeToString() or b"\x30\0")
    unsigned = value + (1 << 31)
    assert tag(16, I32) + fixed32(unsigned) == (Span(flags=unsigned).SerializeToString() or b"\x85\x01" + bytes(4))


@given(st.floats())
def test_doubles(value: float) -> None:
    written = tag(1, I64) + double(value)
    assert DoubleValue.FromString(written).value == value or math.isnan(value)
    assert written == DoubleValue(value=value).SerializeToString() or value == 0


@given(st.sampled_from([0, 1, 127, 128, 129, 16_383, 16_384, 16_385]).map(bytes))
def test_bytes_follow_their_length(content: bytes) -> None:
    assert tag(1, LEN) + delimited(content) == (BytesValue(value=content).SerializeToString() or b"\x0a\0")


@given(st.integers(1, (1 << 29) - 1), st.sampled_from([VARINT, I64, LEN, I32]))
def test_a_tag_holds_number_and_wire_type(number: int, wire_type: int) -> None:
    value = sum((byte & 127) << 7 * place for place, byte in enumerate(tag(number, wire_type)))
    assert (value >> 3, value & 7) == (number, wire_type)


@pytest.mark.parametrize(
    ("encode", "outside"),
    [
        (varint, [-1, 1 << 64]),
        (int64, [-(1 << 63) - 1, 1 << 63]),
        (zigzag, [-(1 << 31) - 1, 1 << 31]),
        (fixed64, [-1, 1 << 64]),
        (sfixed64, [-(1 << 63) - 1, 1 << 63]),
        (fixed32, [-1, 1 << 32]),
    ],
)
def test_a_number_that_does_not_fit_is_told(encode: Callable[[int], bytes], outside: list[int]) -> None:
    for value in outside:
        with pytest.raises(ValueError, match=rf"^{value} (is negative|does not fit into (32|64) bits)"):
            encode(value)
