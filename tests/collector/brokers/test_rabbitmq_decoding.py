"""What the client of RabbitMQ reads besides a message's body: whatever its tables hold, in time that rises with their size."""

from __future__ import annotations

import struct
import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pika import data, spec

from collector.brokers.rabbitmq_decoding import DEPTH_MAX, ReadProperties, read_every_message

ODD = b"\x01\xff"


@pytest.fixture(autouse=True)
def _as_a_receiver_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spec, "props", dict(spec.props))
    monkeypatch.setattr(data, "decode_table", data.decode_table)
    monkeypatch.setattr(data, "decode_short_string", data.decode_short_string)
    read_every_message()


def sized(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


def headers(body: bytes) -> object:
    """Return what a table of these fields is read as."""
    table = sized(body)
    found, end = data.decode_table(b"before" + table + b"behind it", 6)
    assert end == 6 + len(table)
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


def test_every_type_of_field_is_read() -> None:
    fields = {
        "t": b"\x01", "b": b"\xff", "B": b"\xff", "U": b"\xff\xfe", "s": b"\xff\xfe", "u": b"\xff\xfe", "I": b"\xff" * 4, "i": b"\xff" * 4,
        "L": b"\xff" * 8, "l": b"\xff" * 8, "f": struct.pack(">f", 1.5), "d": struct.pack(">d", 12000.1), "D": b"\x02" + (1250).to_bytes(4, "big"),
        "S": sized("Größe".encode()), "x": sized(b"\xff"), "T": (1_774_623_000).to_bytes(8, "big"), "V": b"", "\0": b"",
    }  # fmt: skip
    assert headers(b"".join(b"\x01" + kind.encode() + kind.encode() + value for kind, value in fields.items())) == {
        "t": True, "b": -1, "B": 255, "U": -2, "s": -2, "u": 65534, "I": -1, "i": 2**32 - 1,
        "L": -1, "l": -1, "f": 1.5, "d": 12000.1, "D": Decimal("12.50"),
        "S": "Größe", "x": b"\xff", "T": datetime(2026, 3, 27, 14, 50, tzinfo=UTC), "V": None, "\0": None,
    }  # fmt: skip
    assert headers(b"\x01aS" + sized(b"\xff")) == {"a": b"\xff"}


@pytest.mark.parametrize(
    "body",
    [b"", b"\x00\x00\x00\x09\x01a", sized(b"\x01a?"), sized(b"\x01aF\x00\x00\x01\x00"), sized(b"\x01aS\x00\x00\x01\x00"), sized(b"\x09a")],
)
def test_a_table_that_is_cut_short_or_of_no_known_type_is_kept_as_the_reason(body: bytes) -> None:
    """The message then goes to quarantine; an error while the connection is read ended it, and the message came again for ever."""
    properties = ReadProperties().decode(spec.BasicProperties.FLAG_HEADERS.to_bytes(2, "big") + body)
    assert properties.unreadable
