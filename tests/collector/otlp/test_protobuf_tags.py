"""Where fields begin and end is where protobuf's own reader finds them, and what is no protobuf is an error."""

from __future__ import annotations

import mmap

import pytest
from google.protobuf.message import DecodeError

from collector.otlp.protobuf_tags import fields, read_varint, skip
from core import protobuf_wire as wire
from tests.collector.requests import spans

GROUP, GROUP_END = 3, 4


def tag(number: int, wire_type: int) -> bytes:
    return wire.varint(number << 3 | wire_type)


@pytest.mark.parametrize("value", [0, 1, 127, 128, 300, (1 << 35) - 1, (1 << 64) - 1])
def test_integers_are_read_as_they_are_written(value: int) -> None:
    written = wire.varint(value)
    assert read_varint(b"x" + written + b"x", 1, 1 + len(written)) == (value, 1 + len(written))
    with pytest.raises(DecodeError):
        read_varint(written, 0, len(written) - 1)


def test_an_integer_has_ten_bytes_at_the_most() -> None:
    assert read_varint(b"\x80" * 9 + b"\x00", 0, 10) == (0, 10)
    with pytest.raises(DecodeError):
        read_varint(b"\x80" * 10 + b"\x00", 0, 11)


CONTENTS = {
    "varint": (0, wire.varint(300)),
    "fixed64": (1, bytes(8)),
    "length": (2, wire.delimited(b"text")),
    "group": (GROUP, tag(2, 0) + b"\x01" + tag(9, GROUP) + tag(9, GROUP_END) + tag(1, GROUP_END)),
    "fixed32": (5, bytes(4)),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_every_type_is_skipped_whole_or_not_at_all(name: str) -> None:
    wire_type, content = CONTENTS[name]
    assert skip(content + b"more", 1 << 3 | wire_type, 0, len(content) + 4) == len(content)
    for end in range(len(content)):
        with pytest.raises(DecodeError):
            skip(content, 1 << 3 | wire_type, 0, end)


@pytest.mark.parametrize(("number", "wire_type"), [(0, 0), (0, 2), (1, GROUP_END), (1, 6), (1, 7)])
def test_what_no_field_can_be_is_an_error(number: int, wire_type: int) -> None:
    with pytest.raises(DecodeError):
        list(fields(tag(number, wire_type) + bytes(20), 0, 21))


def test_fields_cover_a_message_without_a_gap_also_in_a_file() -> None:
    body = b"".join(tag(7, wire_type) + content for wire_type, content in CONTENTS.values()) + spans(count=3).SerializeToString()
    with mmap.mmap(-1, len(body)) as file:
        file.write(body)
        for source in (body, file):
            found = list(fields(source, 0, len(body)))
            assert [begin for _, begin, _, _ in found] == [0, *(end for _, _, _, end in found)][:-1]
            assert found[-1][3] == len(body)
            assert body[found[2][2] : found[2][3]] == b"text"
