"""How the values of a change column rise: each as a whole number, its rank, and back."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from collector.polling.paused import PausedError
from collector.polling.row_json import with_zone
from collector.polling.table_settings import SqlTableSettings
from core.clock import EPOCH, from_milliseconds
from core.time_format import parse_time_format

ROWVERSION_BYTES = 8
_MICROSECOND = timedelta(microseconds=1)
_HOUR = 3_600_000_000
_REPEATED_HOURS = 2 * _HOUR
_COARSE_HOURS = 25 * _HOUR
_DIRECTIVES = {"YYYY": "%Y", "MM": "%m", "DD": "%d", "hh": "%H", "mm": "%M", "ss": "%S"}
_FIELD = re.compile("|".join(_DIRECTIVES))
Moment = datetime | date


@dataclass(frozen=True)
class ChangeOrder:
    """Times and dates rank by their microseconds since 1970, in UTC; numbers, and SQL Server's ``rowversion``, by themselves.

    ``as_text``: the database keeps times as text in whatever form they were written (SQLite), so that texts are compared with texts.
    """

    settings: SqlTableSettings
    as_text: bool = False

    def zoned(self, value: datetime) -> datetime:
        """Return a time with its zone. Raises :class:`PausedError` if neither it nor the settings name one."""
        return with_zone(value, self.settings.time_zone)

    def moment(self, value: Any) -> Moment | None:
        """Return a change value as the time or date that it is; None for a number. Raises :class:`PausedError` for what cannot rise."""
        if isinstance(value, date):
            return value
        if isinstance(value, str) and self.settings.change_format is not None:
            return self._read(value, self.settings.change_format)
        if not self._is_number(value):
            raise PausedError(self._unusable(value))
        return None

    def rank(self, value: Any) -> int:
        """Return a change value as a number that rises with it. Raises :class:`PausedError` for what cannot rise."""
        found = self.moment(value)
        if isinstance(found, datetime):
            return (self.zoned(found) - EPOCH) // _MICROSECOND
        if found is not None:
            return (datetime.combine(found, time(), UTC) - EPOCH) // _MICROSECOND
        return int.from_bytes(value, "big") if isinstance(value, bytes) else math.floor(value)

    def value(self, rank: int, example: Any) -> Any:
        """Return the change value for a rank, of the same type as ``example``; for SQLite as the shortest text of it."""
        shape = self.moment(example)
        if shape is None:
            return max(rank, 0).to_bytes(ROWVERSION_BYTES, "big") if isinstance(example, bytes) else rank
        moment = EPOCH + timedelta(microseconds=rank)
        if isinstance(shape, datetime) and shape.tzinfo is None:
            moment = self._local(moment)
        if isinstance(example, str):
            return moment.strftime(_FIELD.sub(lambda found: _DIRECTIVES[found[0]], self.settings.change_format or ""))
        if not isinstance(shape, datetime):
            return moment.date().isoformat() if self.as_text else moment.date()
        return f"{moment:%Y-%m-%d %H:%M:%S}" if self.as_text else moment

    def overlapped(self, rank: int, example: Any) -> int:
        """Return the rank an overlap before another; an hour that local time repeats is read again, too."""
        if self.moment(example) is None:
            return rank - self.settings.overlap_ids
        low = rank - self._overlap
        if self.settings.time_zone is not None:
            moment = from_milliseconds(rank // 1000).astimezone(ZoneInfo(self.settings.time_zone))
            before, after = ((moment + timedelta(hours=hours)).utcoffset() for hours in (-4, 4))
            low -= max(0, round(((before or timedelta()) - (after or timedelta())) / _MICROSECOND))
        return low

    def kept_from(self, low: int, example: Any) -> int:
        """Return a rank below that of every row that a pass from ``low`` reads: those must be remembered.

        A date is compared whole, and a text with 'T' sorts after every text of its day with a space: such a pass reads the whole day of
        ``low``, by the local clock.
        """
        shape = self.moment(example)
        if shape is None:
            return low
        coarse = self.as_text or not isinstance(shape, datetime)
        return low - _REPEATED_HOURS - (_COARSE_HOURS if coarse else 0)

    def share(self, late: int, example: Any) -> float:
        """Return how much of the overlap a difference of ranks is; 0 if there is no overlap."""
        overlap = self.settings.overlap_ids if self.moment(example) is None else self._overlap
        return late / overlap if overlap else 0.0

    @property
    def _overlap(self) -> int:
        return round(self.settings.overlap_seconds * 1_000_000)

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.settings.time_zone or "UTC")).replace(tzinfo=None)

    def _read(self, text: str, format_: str) -> Moment:
        layout = parse_time_format(format_)
        try:
            found = layout.read(text)
        except (ValueError, OverflowError) as error:
            raise PausedError(
                f"change column '{self.settings.change}' holds what is no time as {format_}: {error}; mend it, or exclude such rows with 'query'"
            ) from error
        return found if layout.has_time_of_day else found.date()

    def _is_number(self, value: Any) -> bool:
        number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
        return number or (isinstance(value, bytes) and len(value) == ROWVERSION_BYTES)

    def _unusable(self, value: Any) -> str:
        column, kind = self.settings.change, type(value).__name__
        if isinstance(value, str):
            return (
                f"change column '{column}' holds {kind}; if all of it is a time, write how under 'change_format' (YYYYMMDD), "
                "else name another column, or exclude such rows with 'query'"
            )
        return f"change column '{column}' holds {kind}, neither a time nor a date nor a whole number; name another"
