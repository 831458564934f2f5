"""A row's values as JSON, exactly."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from collector.json_guard import check_depth, repaired
from collector.polling.paused import PausedError
from collector.rejection import Rejection

PLAIN = frozenset({str, int, bool, type(None)})
"""Types of values that JSON says as they are."""


def json_value(value: Any, zoned: Callable[[datetime], datetime]) -> Any:
    """Return a column's value for JSON.

    Decimals and UUIDs become text, bytes base64, times ISO 8601 with the zone that ``zoned`` gives them.

    An interval is in seconds. Anything that JSON cannot express (NaN, infinities, database types) becomes its text.
    """
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            found: Any = value if math.isfinite(value) else str(value)
        case datetime():
            found = zoned(value).isoformat()
        case date() | time():
            found = value.isoformat()
        case timedelta():
            found = value.total_seconds()
        case bytes() | bytearray() | memoryview():
            found = base64.b64encode(bytes(value)).decode()
        case dict():
            found = {str(name): json_value(each, zoned) for name, each in value.items()}
        case list() | tuple():
            found = [json_value(each, zoned) for each in value]
        case set() | frozenset():  # of MySQL; its own order differs from one process to the next
            found = sorted(str(each) for each in value)
        case _:
            found = str(value)
    return found


def json_document(text: str | bytes) -> Any:
    """Return what a column of JSON says; the text that it is if it is deeper than an event may be, or says numbers without end.

    Halves of characters and NULs in it, which no event can hold, are U+FFFD.
    """
    body = text.encode("utf-8", "replace") if isinstance(text, str) else text
    try:
        check_depth(body)
        return json.loads(repaired(body).decode("utf-8-sig"), parse_float=_finite, parse_constant=_refused)
    except (Rejection, ValueError):
        return body.decode("utf-8", "replace")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refused(text)


def _refused(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number that JSON can say")


def with_zone(value: datetime, name: str | None) -> datetime:
    """Return a time with its zone; ``name``: that of times without one. Raises :class:`PausedError` if there is none."""
    if value.tzinfo is not None:
        return value
    if name is None:
        raise PausedError("the table has times without a zone; set 'time_zone'")
    return value.replace(tzinfo=ZoneInfo(name))
