"""Protobuf wire format, reading only far enough to find where fields begin and end. Source: https://protobuf.dev/programming-guides/encoding/.

``body`` is anything that gives bytes by index. Anything that is not protobuf raises ``DecodeError``.
"""

from __future__ import annotations

from collections.abc import Iterator

from google.protobuf.message import DecodeError

from collector.ingest.content import Bytes

VARINT, FIXED64, LENGTH, GROUP, GROUP_END, FIXED32 = range(6)
_FIXED_BYTES = {FIXED64: 8, FIXED32: 4}


def read_varint(body: Bytes, at: int, end: int) -> tuple[int, int]:
    """Return an integer and the position after it."""
    value = shift = 0
    while at < end and shift < 70:
        byte = body[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
    raise DecodeError


def skip(body: Bytes, tag: int, at: int, end: int) -> int:
    """Return where the field ends whose tag ends at ``at``; a group ends at its own end tag."""
    depth = 0
    while True:
        wire_type = tag & 7
        if tag < 8:
            raise DecodeError
        if wire_type == VARINT:
            _, at = read_varint(body, at, end)
        elif wire_type == LENGTH:
            size, at = read_varint(body, at, end)
            at += size
        elif wire_type in {GROUP, GROUP_END}:
            depth += 1 if wire_type == GROUP else -1
        else:
            at += _FIXED_BYTES.get(wire_type, end + 1)
        if at > end or depth < 0:
            raise DecodeError
        if not depth:
            return at
        tag, at = read_varint(body, at, end)


def fields(body: Bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield for every field of a message its tag, where the field begins, where its content begins, and where both end."""
    while at < end:
        begin = at
        tag, at = read_varint(body, at, end)
        content = at
        if tag & 7 == LENGTH:
            size, content = read_varint(body, at, end)
            at = content + size
            if at > end or tag < 8:
                raise DecodeError
        else:
            at = skip(body, tag, at, end)
        yield tag, begin, content, at
