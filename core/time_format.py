"""How a system writes times, as a catalog says it: ``DD.MM.YYYY hh:mm``, ``YYYYMMDD[hhmmss]``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

_PIECE = re.compile(r"YYYY|YY|MM|M|DD|D|hh|h|mm|ss|[TZ]|[\[\]]|[A-Za-z]+|.", re.DOTALL)
_DIGITS = {
    "YYYY": r"(\d{4})", "YY": r"(\d{2})", "MM": r"(\d{2})", "M": r"(\d{1,2})", "DD": r"(\d{2})", "D": r"(\d{1,2})",
    "hh": r"(\d{2})", "h": r"(\d{1,2})", "mm": r"([0-5]\d)", "ss": r"([0-5]\d)",
}  # fmt: skip
_LITERAL_LETTERS = {"T", "Z"}
_DATE, _TIME_OF_DAY = {"Y", "M", "D"}, {"h", "m", "s"}
NOTHING = r"^[0\s:./-]*$"
"""What systems write for no time at all, as a regular expression: zeros, or nothing."""


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """A regular expression (of RE2 and Python alike) and what each of its groups is: ``Y``, ``M``, ``D``, ``h``, ``m``, ``s`` or ``f``.

    A year of two digits is of this century; ``f`` is a fraction of a second, of which milliseconds count.
    """

    pattern: str
    fields: tuple[str, ...]

    @property
    def has_time_of_day(self) -> bool:
        """Whether it says more than a date."""
        return "h" in self.fields

    def group(self, field: str) -> int:
        """Return the number of a field's group, from 1; 0 if it has none."""
        return self.fields.index(field) + 1 if field in self.fields else 0

    def read(self, text: str) -> datetime:
        """Return what a text says, without a zone; a date alone is its first moment. Raises ValueError for any other text."""
        found = re.fullmatch(self.pattern, text.strip())
        if found is None:
            raise ValueError(f"'{text}' is not written so")
        part = {field: int(found[number] or 0) for number, field in enumerate(self.fields, start=1) if field != "f"}
        fraction = found[self.group("f")] if "f" in self.fields else None
        hour = part.get("h", 0)
        try:
            day = datetime.combine(date(part["Y"] + (2000 if part["Y"] < 100 else 0), part["M"], part["D"]), time())
        except ValueError as error:
            raise ValueError(f"'{text}' has no such day") from error
        if hour > 24:
            raise ValueError(f"'{text}' has no such hour")
        milliseconds = int((fraction or "0").ljust(3, "0")[:3])
        return day + timedelta(hours=hour, minutes=part.get("m", 0), seconds=part.get("s", 0), milliseconds=milliseconds)


def parse_time_format(text: str) -> TimeFormat:
    """Return what a format means. Raises ValueError that says what is wrong with it and what to write."""
    pieces: list[str] = []
    fields: list[str] = []
    for piece in _PIECE.findall(text.strip()):
        if piece in _DIGITS:
            if piece[0] in fields:
                raise ValueError(f"has '{piece}' twice; write each of YYYY, MM, DD, hh, mm and ss once")
            fields.append(piece[0])
            pieces.append(_DIGITS[piece])
        elif piece in "[]":
            pieces.append("(?:" if piece == "[" else ")?")
        elif piece[0].isalpha() and piece not in _LITERAL_LETTERS:
            raise ValueError(f"has '{piece}', which means nothing; write YYYY, MM, DD, hh, mm and ss, such as 'DD.MM.YYYY hh:mm[:ss]'")
        else:
            pieces.append(re.escape(piece) if piece != " " else " ")
    if not set(fields) >= _DATE:
        raise ValueError("says no whole date; write YYYY, MM and DD, such as 'YYYYMMDD'")
    if set(fields) & _TIME_OF_DAY and not set(fields) >= {"h", "m"}:
        raise ValueError("says no whole time of day; write hh and mm, such as 'YYYYMMDD hh:mm'")
    pattern = "".join(pieces)
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError("has a bracket without its other one; write '[ss]' for what may be missing") from error
    return TimeFormat(pattern, tuple(fields))


ANY = TimeFormat(r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ]?(\d\d):?([0-5]\d)(?::?([0-5]\d)(?:[.,](\d+))?)?)?", ("Y", "M", "D", "h", "m", "s", "f"))
"""ISO 8601 without a zone, and the same digits without any sign: what needs no format."""
