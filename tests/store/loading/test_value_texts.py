"""Values of OTLP as texts."""

from __future__ import annotations

import struct

import pytest
from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue

from store.client import Store
from store.loading.value_texts import double_text, texts_of_list

doubles = st.sampled_from([0.0, -0.0, 1e21, 1e20, 1e-6, 9.99e-7, 5e-324, 1.7976931348623157e308, 2.0**63]) | st.floats()


def test_a_double_is_written_as_the_store_writes_it(store: Store) -> None:
    @settings(max_examples=20, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(doubles, min_size=50, max_size=200))
    def check(values: list[float]) -> None:
        bits = [int.from_bytes(struct.pack("<d", value), "little") for value in values]
        found = store.rows("SELECT arrayMap(n -> toString(reinterpretAsFloat64(n)), {bits:Array(UInt64)}) AS texts", {"bits": bits})
        assert found[0]["texts"] == [double_text(value).decode() for value in values]

    check()


def test_a_list_that_nobody_would_send_so_is_left_to_the_store() -> None:
    sent = ArrayValue(values=[AnyValue(int_value=4711)]).SerializeToString()
    assert list(texts_of_list(sent)) == [b"4711"]
    padded = sent.replace(b"\x18\xe7\x24", b"\x18\xe7\xa4\x00").replace(b"\x0a\x03", b"\x0a\x04")
    assert padded != sent
    for body in (padded, sent + b"\x0a"):
        with pytest.raises((ValueError, DecodeError)):
            list(texts_of_list(body))
