"""How the client of RabbitMQ reads what a message says besides its body: every timestamp, text and table, whoever wrote them.

The client decodes while it reads the connection: an error there ends the connection before we have a message to quarantine, and the broker
redelivers the same one for ever. So what it would refuse is read as well as it can be, in time that rises with the size alone, and
why something cannot be read is kept. The client also makes whole numbers of fractions, and bytes of names that are no UTF-8: fields are
read here. Their types: https://www.rabbitmq.com/amqp-0-9-1-errata#section_3.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pika.data
import pika.spec

from core.clock import EPOCH

DEPTH_MAX = 64
"""Of tables and arrays within one another. What is deeper is empty: Python bounds how deep its functions call themselves."""
_NUMBERS = {
    kind: struct.Struct(form)
    for kind, form in {
        b"b": ">b", b"B": ">B", b"U": ">h", b"s": ">h", b"u": ">H", b"I": ">i", b"i": ">I", b"L": ">q", b"l": ">q", b"f": ">f", b"d": ">d",
        b"t": ">?",
    }.items()
}  # fmt: skip
_MANY_SECONDS = 0xFFFFFFFF
"""A larger number of seconds is after 2106, and rather in a smaller unit."""


class ReadProperties(pika.spec.BasicProperties):  # type: ignore[misc]  # the client has no types
    """The properties of a message; ``timestamp`` is a time. ``unreadable``: why not all of them could be read."""

    unreadable = ""
    timestamp: Any

    def decode(self, encoded: bytes, offset: int = 0) -> ReadProperties:
        """Read the properties at ``offset``. Raises nothing for what a sender wrote."""
        try:
            super().decode(encoded, offset)
            if self.timestamp is not None:
                self.timestamp = _time(self.timestamp)
        except (ArithmeticError, IndexError, ValueError, struct.error) as error:
            self.unreadable = f"{type(error).__name__}: {error}"
        return self


def read_every_message() -> None:
    """Make the client read every timestamp, text, table and array of a message and its headers, for the whole process."""
    pika.spec.props[ReadProperties.INDEX] = ReadProperties
    pika.data.decode_short_string = _short_text
    pika.data.decode_table = _headers


def _time(number: int) -> datetime:
    """Return the time of a number of seconds; of milli-, micro- or nanoseconds, the first that gives a year that there is, if it is large.

    Every 64-bit number is a time in one of these units (the largest is in 2554).
    """
    if number <= _MANY_SECONDS:
        return EPOCH + timedelta(seconds=number)
    for microseconds in (number * 1000, number):
        with contextlib.suppress(OverflowError):
            return EPOCH + timedelta(microseconds=microseconds)
    return EPOCH + timedelta(microseconds=number // 1000)


def _short_text(encoded: bytes, offset: int) -> tuple[str, int]:
    """Return the text at ``offset`` and where it ends; bytes that are no UTF-8 are halves of characters in it, which no event can hold.

    Raises IndexError if there are no bytes.
    """
    end = offset + 1 + encoded[offset]
    return encoded[offset + 1 : end].decode("utf-8", "surrogateescape"), end


def _headers(encoded: bytes, offset: int) -> tuple[dict[str, Any], int]:
    """Return the table at ``offset`` and where it ends. Raises as :func:`_table` does."""
    return _table(encoded, offset, len(encoded), 1)


def _table(encoded: bytes, offset: int, limit: int, depth: int) -> tuple[dict[str, Any], int]:
    """Return a table and where it ends, whatever bytes its names are; it may go up to ``limit``.

    Raises ValueError or another error of these here if it ends too early, or a field is of no known type.
    """
    found: dict[str, Any] = {}
    end = _end(encoded, offset, limit)
    offset += 4
    while offset < end and depth <= DEPTH_MAX:
        name, offset = _short_text(encoded, offset)
        found[name], offset = _field(encoded, offset, end, depth)
    return found, end


def _array(encoded: bytes, offset: int, limit: int, depth: int) -> tuple[list[Any], int]:
    """Return an array and where it ends; it may go up to ``limit``. Raises as a table does."""
    found = []
    end = _end(encoded, offset, limit)
    offset += 4
    while offset < end and depth <= DEPTH_MAX:
        each, offset = _field(encoded, offset, end, depth)
        found.append(each)
    return found, end


_NESTED: dict[bytes, Callable[[bytes, int, int, int], tuple[Any, int]]] = {b"F": _table, b"A": _array}


def _end(encoded: bytes, offset: int, limit: int) -> int:
    """Return where a field ends that says its size in its first four bytes."""
    end = offset + 4 + int.from_bytes(encoded[offset : offset + 4], "big")
    if end > limit:
        raise ValueError("a table, an array or a text is cut short")
    return end


def _field(encoded: bytes, offset: int, limit: int, depth: int) -> tuple[Any, int]:
    """Return the field at ``offset`` and where it ends; what says its own size may go up to ``limit``."""
    kind = encoded[offset : offset + 1]
    offset += 1
    if number := _NUMBERS.get(kind):
        return number.unpack_from(encoded, offset)[0], offset + number.size
    if nested := _NESTED.get(kind):
        return nested(encoded, offset, limit, depth + 1)
    if kind in (b"S", b"x"):
        end = _end(encoded, offset, limit)
        value = encoded[offset + 4 : end]
        return _text_or_bytes(value) if kind == b"S" else bytearray(value), end
    if kind == b"T":
        return _time(int.from_bytes(encoded[offset : offset + 8], "big")), offset + 8
    if kind == b"D":
        decimals, unscaled = struct.unpack_from(">Bi", encoded, offset)
        return Decimal(unscaled).scaleb(-decimals), offset + 5
    if kind in (b"V", b"\0"):
        return None, offset
    raise ValueError(f"a field has the unknown type {kind!r}")


def _text_or_bytes(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value
