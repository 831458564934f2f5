"""The checks of JSON take time in proportion to the body, whatever is in it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from collector import json_guard
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


ODD = [
    *(
        b"1",
        b"-2.5E-3",
        b"true",
        b"null",
        b'""',
        b'"a:b"',
        b'"x\\"y:"',
        b'"\xc3\xa4"',
        b'"\\u00fc"',
        b'"\\ud83d\\ude00"',
        b"12345678901234567890123",
    ),
    *(
        b'"\\u003a:"',
        b'"\\u0000"',
        b'"\\\\u0000"',
        b'"\\ud800"',
        b'"\xff"',
        b'"\n"',
        b"\0",
        b"1e400",
        b"-1e400",
        b"NaN",
        b"01",
        b"1.",
        b"9" * 64,
        b"9" * 65,
    ),
    *(b'"' + b"9" * 65 + b'"', b"0." + b"3" * 60 + b"e10"),
]
KEYS = [b'"a"', b'"b"', b'"c:"', b'"\\u0061"', b'"\\u003a"', b'":"', b'""']


def made(choose: random.Random, depth: int = 0) -> bytes:
    """Return JSON, or what is nearly JSON."""
    kind = choose.random()
    if depth > 4 or kind < 0.3:
        return choose.choice(ODD)
    parts = [made(choose, depth + 1) for _ in range(choose.randrange(4))]
    if kind < 0.6:
        return b"[" + b",".join(parts) + b"]"
    return b"{" + b", ".join(choose.choice(KEYS) + b": " + part for part in parts) + b"}"


def found(body: bytes) -> object:
    try:
        return check_json(body)
    except Rejection as rejection:
        return rejection.error


def test_the_quick_look_at_json_says_what_the_slow_one_says(monkeypatch: pytest.MonkeyPatch) -> None:
    choose = random.Random(4711)
    bodies = [made(choose) for _ in range(5000)]
    bodies += [body[:at] + bytes([choose.randrange(256)]) + body[at + 1 :] for body in bodies if (at := choose.randrange(len(body))) >= 0]
    quick = [found(body) for body in bodies]
    with monkeypatch.context() as patched:
        patched.setattr(json_guard, "PLAIN_MAX_BYTES", -1)
        slow = [found(body) for body in bodies]
    assert [(body, one, other) for body, one, other in zip(bodies, quick, slow, strict=True) if one != other] == []
    assert 2000 < sum(isinstance(one, bytes) for one in quick) < 8000


@pytest.mark.parametrize("before", range(20))
def test_a_number_that_is_too_long_is_found_wherever_it_stands(before: int) -> None:
    longest = b'{"n":' + b" " * before + b"0." + b"3" * 62 + b"}"
    assert found(longest) == longest
    assert outcome(check_json, longest[:-1] + b"3}") == "bad_json:long_number"


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
