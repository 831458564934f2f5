"""The checks of JSON take time in proportion to the body, whatever is in it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from collector.json_guard import check_depth, check_digits, check_json
from collector.otlp.json import convert
from collector.rejection import Rejection
from core.signal import SignalKind

SIZE = 2_000_000
DEEP = b"[" * 65
HOSTILE = {
    "escaped quotes in a string that never ends": DEEP + b'"' + b'\\"' * (SIZE // 2),
    "backslashes in a string that never ends": b'["' + b"\\" * SIZE,
    "backslashes before a NUL": b'["' + b"\\" * SIZE + b'\\u0000"]',
    "rows of backslashes before an escape": b'["' + (b"\\" * 1001 + b"u") * (SIZE // 1002),
    "quotes": DEEP + b'"' * SIZE,
    "numbers just short enough": b"[" + (b"1" * 64 + b",") * (SIZE // 65),
    "one number": b"1" * SIZE,
}


def outcome(check: Callable[[bytes], object], body: bytes) -> str:
    try:
        check(body)
    except Rejection as rejection:
        return rejection.error.reason
    return "taken"


def test_hostile_bodies_take_no_longer_than_others() -> None:
    began = time.process_time()
    for body in HOSTILE.values():
        for check in (check_json, check_digits, lambda body: convert(SignalKind.TRACES, body)):
            outcome(check, body)
    assert time.process_time() - began < 8  # one of them took minutes


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a":"' + b"[" * 100 + b'"}', "taken"),
        (b'{"a":"\\"' + b"[" * 100 + b'\\\\"}', "taken"),
        (b'["' + b"[" * 100, "bad_json:syntax"),
        (b'["\\"' + b"[" * 100 + b"\\", "bad_json:syntax"),
        (b'["a\\\\"' + b"[" * 100, "bad_json:too_deep"),
        (b'{"a":"b","c":' + b"[" * 64 + b"]" * 64 + b"}", "bad_json:too_deep"),
        (b'["' + b"1" * 100 + b'"]', "taken"),
        (b"[-" + b"1" * 64 + b"]", "bad_json:long_number"),
        (b'["' + b"\\\\" * 40 + b'\\u0000"]', "taken"),
    ],
)
def test_what_stands_in_a_string_does_not_count(body: bytes, reason: str) -> None:
    assert outcome(check_json, body) == reason


def test_a_string_that_never_ends_hides_what_it_holds() -> None:
    assert outcome(check_depth, b'"' + b"[" * 100) == "taken"
    assert outcome(check_depth, b'""' + b"[" * 65) == "bad_json:too_deep"
    assert outcome(check_digits, b'"' + b"1" * 100) == "taken"


def test_nuls_are_replaced_behind_any_even_row_of_backslashes() -> None:
    assert check_json(b'["\\\\\\\\\\u0000"]') == b'["\\\\\\\\\\ufffd"]'
    assert check_json(b'["\\\\\\\\u0000"]') == b'["\\\\\\\\u0000"]'
