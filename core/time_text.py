"""Times as systems write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COUNTED = re.compile(r"/Date\((?P<odata>-?\d{1,14})(?:[+-]\d{4})?\)/|(?P<milliseconds>1\d{12})|(?P<seconds>1\d{9})", re.ASCII)
"""Since 1970. Without a frame around it only from 2001 to 2033: beyond, ten digits may be a year, month, day and hour."""
_DIGITS = re.compile(r"(19|20)\d{10}(\d\d)?", re.ASCII)
_MIDNIGHT = re.compile(r"(\d{4}-?\d\d-?\d\d[T ])24((?::?00){0,2}(?:\.0+)?(?:Z|[+-]\d\d:?\d\d)?)", re.ASCII)
"""The end of a day, written as its 24th hour."""


def read_time(text: str) -> datetime:
    """Return what a text says, with a zone if it names one; a date alone is its first moment. Raises ValueError and OverflowError.

    ISO 8601, also with the hour 24; the same digits without any sign, to the minute or the second; seconds or milliseconds since 1970; and
    ``/Date(milliseconds)/`` of OData.
    """
    text = text.strip()
    if counted := _COUNTED.fullmatch(text):  # OData's offset says where it was written; the moment is the same
        return _EPOCH + timedelta(milliseconds=int(counted["odata"] or counted["milliseconds"] or f"{counted['seconds']}000"))
    if midnight := _MIDNIGHT.fullmatch(text):
        return datetime.fromisoformat(f"{midnight[1]}00{midnight[2]}") + timedelta(days=1)
    return datetime.fromisoformat(f"{text[:8]}T{text[8:]}" if _DIGITS.fullmatch(text) else text)
