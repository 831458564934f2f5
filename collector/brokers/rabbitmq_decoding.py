"""How the client of RabbitMQ reads what a message says besides its body: every timestamp, text and table, whoever wrote them.

The client decodes while it reads the connection: an error there ends the connection before we have a message to quarantine, and the broker
redelivers the same one for ever. So what it would refuse is read as well as it can be, in time that rises with the message's size alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pamqp.decode

from core.clock import EPOCH

DEPTH_MAX = 64
"""Of tables and arrays within one another. What is deeper is empty: Python bounds how deep its functions call themselves."""
_SIZED, _LONGEST = b"SxAF", 9
"""Types of fields that begin with their size in four bytes, and how many bytes any other takes at most, with its type."""
_strict_timestamp = pamqp.decode.timestamp


def read_every_message() -> None:
    """Make the client read every timestamp, text, table and array of a message and its headers, for the whole process."""
    pamqp.decode.METHODS |= {"timestamp": _timestamp, "shortstr": _short_text, "table": _table, "array": _array}
    pamqp.decode.TABLE_MAPPING |= {b"T": _timestamp, b"F": _table, b"A": _array}


def _timestamp(value: bytes) -> tuple[int, datetime]:
    """Return the 8 bytes read and the time. What the client cannot read as (milli)seconds is in microseconds, else in nanoseconds.

    Every 64-bit number is a time in one of these units (the largest is in 2554). Raises ValueError for less than 8 bytes.
    """
    try:
        return _strict_timestamp(value)
    except (ValueError, OverflowError, OSError):  # the last two come from the system's calendar, for years it does not support
        if len(value) < 8:
            raise
    number = int.from_bytes(value[:8], "big")
    try:
        return 8, EPOCH + timedelta(microseconds=number)
    except OverflowError:
        return 8, EPOCH + timedelta(microseconds=number // 1000)


def _short_text(value: bytes) -> tuple[int, str]:
    """Return how many bytes were read and the text; bytes that are no UTF-8 are halves of characters in it, which no event can hold.

    Raises ValueError if there are no bytes.
    """
    if not value:
        raise ValueError("a short text is missing")
    size = value[0]
    return size + 1, value[1 : size + 1].decode("utf-8", "surrogateescape")


def _table(value: bytes, depth: int = 1) -> tuple[int, dict[str, Any]]:
    """Return how many bytes were read and the headers, or a table among them, whatever bytes their names are.

    Raises ValueError if it ends too early, or a field is of no known type.
    """
    at, end, found = 4, _end(value), {}
    while at < end and depth <= DEPTH_MAX:
        size, name = _short_text(value[at : at + 256])
        consumed, found[name] = _field(value, at + size, depth)
        at += size + consumed
    return end, found


def _array(value: bytes, depth: int = 1) -> tuple[int, list[Any]]:
    """Return how many bytes were read and the array. Raises ValueError as a table does."""
    at, end, found = 4, _end(value), []
    while at < end and depth <= DEPTH_MAX:
        consumed, each = _field(value, at, depth)
        at += consumed
        found.append(each)
    return end, found


_NESTED: dict[bytes, Callable[[bytes, int], tuple[int, Any]]] = {b"F": _table, b"A": _array}


def _end(value: bytes) -> int:
    """Return where a table or array ends that says its size at its beginning."""
    end = 4 + int.from_bytes(value[:4], "big")
    if end > len(value):
        raise ValueError("a table or an array is cut short")
    return end


def _field(value: bytes, at: int, depth: int) -> tuple[int, Any]:
    """Return how many bytes a field has, and its value. Only its own bytes are copied: a table may have very many fields."""
    kind = value[at : at + 1]
    size = 5 + int.from_bytes(value[at + 1 : at + 5], "big") if kind in _SIZED else _LONGEST
    if nested := _NESTED.get(kind):
        consumed, found = nested(value[at + 1 : at + size], depth + 1)
        return consumed + 1, found
    return pamqp.decode.embedded_value(value[at : at + size])
