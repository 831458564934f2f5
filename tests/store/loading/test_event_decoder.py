"""A small slice's events decoded here give the rows that the store's own view gives; what may be read otherwise is left to it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.signal import Lane, Record, SignalKind
from store.client import Store
from store.loading import slice as slices
from store.loading.event_decoder import decode_events
from store.loading.slice import SliceWriter
from tests.store.journals import event
from tests.store.loading.test_decoder import doubles, many, texts

RECEIVED_AT = 1_700_000_000_123
numbers = [
    "0", "-0", "-0.0", "1.50", "1e5", "1E+2", "-12.25e-3", "1e-400", "123456789012345678", "1234567890123456789", "18446744073709551616", "1E400",
]  # fmt: skip
times = [
    "2026-11-29T10:00:00Z", "2026-11-29t10:00:00.5z", "2026-11-29T10:00:00.123456789+05:30", "2026-11-29T10:00:00.1234567891-12:45",
    "2026-11-29T10:00:60Z", "2026-11-29T23:59:60.5Z", "1969-12-31T23:59:59Z", "1971-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z",
    "2261-12-31T23:59:59.999999999-23:59", "9999-12-31T23:59:59Z", "2024-02-29 12:00:00Z", "", "never",
]  # fmt: skip
strings = (
    texts | st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(["\u2028\u2029", "a/b", "\x7f\x1f", '"\\'])
)
json_texts = st.recursive(
    st.sampled_from([*numbers, "true", "false", "null", '"\\u00fc\\/\\ud83d\\ude00"', '"\\ud800"', '"\\u0000"'])
    | strings.map(lambda text: msgspec.json.encode(text).decode())
    | doubles.map(repr).filter(lambda text: text[-1].isdigit()),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda all_: f"[ {', '.join(all_)}]")
        | st.lists(st.tuples(st.sampled_from(["a", "b", "\\u00e4"]), inner), max_size=3).map(
            lambda pairs: "{" + " ,".join(f'"{name}" :\n{value}' for name, value in pairs) + "}"
        )
    ),
    max_leaves=6,
)
traceparents = st.sampled_from([f"00-{'ab' * 16}-{'cd' * 8}-01", f"00-{'AB' * 16}-{'cd' * 8}-01", f"00-{'ab' * 16}-{'cd' * 8}", ""])
events = st.fixed_dictionaries(
    {"specversion": st.just("1.0"), "id": strings, "source": strings, "type": strings},
    optional={
        "subject": strings | st.none(),
        "time": st.sampled_from(times) | st.none(),
        "traceparent": traceparents | st.integers(),
        "datacontenttype": st.sampled_from(["application/json", "", None]),
        "data": json_texts.map(lambda text: msgspec.Raw(text.encode())),
        "data_base64": st.sampled_from(["aGk=", "", None]),
        "partitionkey": strings | st.integers(-(2**70), 2**70) | st.booleans() | st.none(),
        "zone": st.just(""),
    },
)


def record_of(body: bytes, received_at: int = RECEIVED_AT) -> Record:
    return Record(SignalKind.EVENT, "gateway Ω", Lane.STANDARD, received_at, 1, body)


def _stored(store: Store, bodies: list[bytes], decoded_max: int, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Return the rows that are there after these records came as one slice."""
    monkeypatch.setitem(slices.DECODED_MAX, SignalKind.EVENT, decoded_max)
    slice_ = store.revision()
    assert SliceWriter(store).write([record_of(body, RECEIVED_AT + number) for number, body in enumerate(bodies)], slice_) == []
    found: bytes = store.reader.raw_query(
        f"SELECT * EXCEPT (slice) FROM events WHERE slice = {slice_} ORDER BY ALL FORMAT RowBinaryWithNamesAndTypes"
    )
    return found


def test_both_ways_give_the_same_rows(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.command("SYSTEM STOP MERGES events")  # a merge leaves one of equal keys

    @many
    @given(st.lists(events, min_size=1, max_size=3))
    @example([{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "time": times[2], "data": {"a": [1.5, None, "ü\n"]}}])
    def check(drawn: list[dict[str, Any]]) -> None:
        bodies = [msgspec.json.encode(fields) for fields in drawn]
        here, view = (_stored(store, bodies, most, monkeypatch) for most in (1 << 30, 0))
        assert here == view

    check()
    store.command("SYSTEM START MERGES events")


@pytest.mark.parametrize("time", times[:3])
def test_what_systems_send_is_decoded_here(time: str) -> None:
    rows = decode_events([event("1", {"total": 12.5, "name": "Grüße", "lines": [1, None]}, time=time, partitionkey="7")], 7)
    assert rows.table == "events"
    assert rows.content.startswith((7).to_bytes(8, "little") + b"\x04shop")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{broken",
        b'{"id": "1"}',
        b'{"id":"1","id":"2"}',
        b'{"id":"\xff"}',
        b'{"id":"\\ud800"}',
        b'{"data":1E400}',
        b'{"data":123456789012345678901}',
        b'{"time":"1969-12-31T23:59:59Z"}',
        b'{"time":"2026-11-29T10:00:60Z"}',
    ],
)
def test_what_the_store_may_read_otherwise_is_left_to_it(body: bytes) -> None:
    assert slices._decoded(SignalKind.EVENT, [record_of(body)], 7) is None
