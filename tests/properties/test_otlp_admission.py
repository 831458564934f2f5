"""The pre-scan of a whole request never lets pass what the checks of single records would reject."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.otlp import records as otlp_records
from collector.otlp.records import TIME_MAX_NANOSECONDS, TIME_MIN_NANOSECONDS
from collector.otlp.requests import REQUESTS
from collector.rejection import Rejection
from core.protobuf_wire import tag, varint
from core.signal import SignalKind
from tests.collector.requests import START, admit_whole, spans


def delimited(number: int, content: bytes) -> bytes:
    return tag(number, 2) + varint(len(content)) + content


def fixed(number: int, value: int) -> bytes:
    return tag(number, 1) + value.to_bytes(8, "little")


TIMES = [START, 0, TIME_MIN_NANOSECONDS - 1, TIME_MIN_NANOSECONDS, TIME_MAX_NANOSECONDS - 1, TIME_MAX_NANOSECONDS, 2**64 - 1]
IDS = [b"", bytes(8), bytes(16), bytes(15) + b"\1", b"\n\x10" * 8, *(b"i" * size for size in (7, 8, 9, 15, 16, 17))]
COUNTS = [1, 128, 129, 300]
ODD_FIELDS = [
    *(fixed(number, time) for number in (1, 7, 8, 11) for time in TIMES),
    *(delimited(number, id_) for number in (1, 2, 4) for id_ in IDS),
    *(delimited(number, time.to_bytes(8, "little")) for number in (1, 7, 8, 11) for time in TIMES),  # as if packed
    *(tag(number, 0) + varint(value) for number in (1, 7, 2000) for value in (0, START, 2**64 - 1)),
    *(delimited(number, delimited(1, b"a")) * count for number in (6, 9) for count in COUNTS),
    *(
        delimited(part, delimited(number, content) * count)
        for part, number in ((11, 3), (13, 4))
        for content in (b"", b"\n\1a")
        for count in COUNTS
    ),
    *(bytes((number << 3 | 2 | 128, 0, 0)) * count for number in (6, 9) for count in COUNTS),  # a tag in two bytes, no content
    b"\xff",
    tag(100, 3),
]
PLAIN = {
    SignalKind.TRACES: [delimited(1, b"t" * 16), delimited(2, b"s" * 8), delimited(5, b"x"), fixed(7, START), fixed(8, START)],
    SignalKind.LOGS: [fixed(1, START), fixed(11, START)],
}


def request(records: list[bytes]) -> bytes:
    """Return a request with every record in a resource and scope of its own."""
    return b"".join(delimited(1, delimited(2, delimited(2, record))) for record in records)


def outcome(kind: SignalKind, body: bytes) -> Any:
    """What the checks of single records say: how many are good, and how many are bad by fault; or that it is no such request."""
    try:
        request = REQUESTS[kind].FromString(body)
    except Exception as error:
        return type(error).__name__
    _, count, bad = otlp_records.sort_out(kind, request)
    return count, {group.error.reason: group.count for group in bad}


def validated_alike(kind: SignalKind, body: bytes) -> None:
    expected = outcome(kind, body)
    if expected == "DecodeError":
        with pytest.raises(Rejection, match=f"not an OTLP {kind.value} request"):
            admit_whole(kind, body)
        return
    admitted = admit_whole(kind, body)
    assert (admitted.count, {group.error.reason: group.count for group in admitted.bad}) == expected


@pytest.mark.parametrize("kind", PLAIN)
def test_one_odd_field_anywhere_is_validated_as_in_single_records(kind: SignalKind) -> None:
    plain = PLAIN[kind]
    for place in range(len(plain) + 1):
        validated_alike(kind, request([b"".join(plain), b"".join(plain[:place] + plain[place + 1 :])]))
        for odd in ODD_FIELDS:
            validated_alike(kind, request([b"".join(plain), b"".join([*plain[:place], odd, *plain[place:]])]))
            validated_alike(kind, request([b"".join([*plain[:place], odd, *plain[place + 1 :]]), b"".join(plain)]))


@pytest.mark.parametrize("kind", PLAIN)
@settings(max_examples=300, deadline=None, database=None)
@given(data=st.data())
def test_any_fields_are_validated_as_in_single_records(kind: SignalKind, data: st.DataObject) -> None:
    fields = st.lists(st.sampled_from(PLAIN[kind] * 8 + ODD_FIELDS) | st.binary(max_size=4), max_size=4)
    validated_alike(kind, request([b"".join(PLAIN[kind] + data.draw(fields)) for _ in range(2)]))


@pytest.mark.parametrize("parent", [b"", b"p" * 8])
def test_ordinary_requests_are_not_looked_at_record_by_record(monkeypatch: pytest.MonkeyPatch, parent: bytes) -> None:
    monkeypatch.setattr(otlp_records, "sort_out", None)
    traces = spans(*[{"parent_span_id": parent, "trace_state": "a=b", "flags": 1, "kind": 2} for _ in range(50)])
    body = traces.SerializeToString() * 2
    assert (admit_whole(SignalKind.TRACES, body).body, admit_whole(SignalKind.TRACES, body).count) == (body, 100)
    logs = REQUESTS[SignalKind.LOGS]()
    log = logs.resource_logs.add().scope_logs.add().log_records
    log.add(time_unix_nano=START, observed_time_unix_nano=START)
    log.add(observed_time_unix_nano=START, severity_text="INFO").body.string_value = "hello"
    log.add()
    assert admit_whole(SignalKind.LOGS, logs.SerializeToString()).count == 3
