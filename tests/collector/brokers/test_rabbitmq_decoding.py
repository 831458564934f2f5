"""What the client of RabbitMQ reads besides a message's body: whatever its tables hold, in time that rises with their size."""

from __future__ import annotations

import time

import pytest
from pamqp import decode

from collector.brokers.rabbitmq_decoding import DEPTH_MAX, read_every_message

ODD = b"\x01\xff"


@pytest.fixture(autouse=True)
def _as_a_receiver_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "METHODS", dict(decode.METHODS))
    monkeypatch.setattr(decode, "TABLE_MAPPING", dict(decode.TABLE_MAPPING))
    read_every_message()


def sized(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


def headers(body: bytes) -> object:
    """Return what a table of these fields is read as."""
    table = sized(body)
    consumed, found = decode.by_type(table + b"behind it", "table")
    assert consumed == len(table)
    return found


def deep(levels: int, kind: bytes = b"F") -> bytes:
    """Return fields: a name that is no UTF-8 behind a table, or an array, within one another."""
    body = b""
    for _ in range(levels):
        body = (b"\x01aF" + sized(body) if kind == b"F" else b"\x01aA" + sized(b"F" + sized(body))) + ODD + b"V"
    return body


def depth_of(found: object) -> int:
    depth = 0
    while isinstance(found, (dict, list)) and found:
        found = found["a"] if isinstance(found, dict) else found[0]
        depth += 1
    return depth


def test_a_table_is_read_whatever_its_names_are_and_wherever_they_stand() -> None:
    inner = b"\x02maF" + sized(b"\x01xI\x00\x00\x00\x07") + ODD + b"S" + sized(b"seven") + b"\x01lA" + sized(b"t\x01V")
    assert headers(inner + b"\x01T" + b"T" + (1).to_bytes(8, "big"))["ma"] == {"x": 7}  # type: ignore[index]  # a header may be of any type, and this is a table
    assert headers(inner) == {"ma": {"x": 7}, "\udcff": "seven", "l": [True, None]}


@pytest.mark.parametrize("kind", [b"F", b"A"])
def test_tables_within_one_another_cost_no_more_than_their_length_and_are_empty_beyond_a_bound(kind: bytes) -> None:
    began = time.process_time()
    assert depth_of(headers(deep(60 if kind == b"F" else 30, kind))) == 60
    assert depth_of(headers(deep(5_000, kind))) == DEPTH_MAX
    assert time.process_time() - began < 5  # each level doubled it, and one that was very deep ended the connection


def test_many_fields_cost_no_more_than_their_length() -> None:
    began = time.process_time()
    assert headers(b"\x00V" * 500_000) == {"": None}
    assert time.process_time() - began < 10  # each copied all that was behind it


@pytest.mark.parametrize("body", [b"", b"\x00\x00\x00\x09\x01a", sized(b"\x01a?"), sized(b"\x01aF\x00\x00\x01\x00")])
def test_what_is_cut_short_or_of_no_known_type_is_a_wrong_value(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"cut short|Unknown type"):
        decode.by_type(body, "table")
    with pytest.raises(ValueError, match="missing"):
        decode.by_type(b"", "shortstr")
