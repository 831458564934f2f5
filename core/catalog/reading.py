"""How a value is read out of a signal where a path alone does not say it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from pydantic import field_validator, model_validator

from core.catalog.definition import Definition
from core.time_format import TimeFormat, parse_time_format


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """How a number is written: what may stand between its digits, as characters of a regular expression, and what before its decimals."""

    between: str
    point: str

    @property
    def pattern(self) -> str:
        """A regular expression of such a number; some systems write its minus behind it."""
        return rf"^\s*[+-]?[0-9{self.between}]+(?:{re.escape(self.point)}[0-9]+)?\s*-?\s*$"

    @property
    def dropped(self) -> str:
        """A regular expression of what is no digit and no point."""
        return rf"[\s+\-{self.between}]"


NUMBER_FORMATS = {
    "1.234,56": NumberFormat(r"\.", ","),
    "1,234.56": NumberFormat(",", "."),
    "1 234,56": NumberFormat(" \u00a0\u202f", ","),
    "1'234.56": NumberFormat("'\u2019", "."),
}


class Reading(Definition):
    """Where a value is found, and how it is written there, if a path alone does not say it.

    ``path``: a path or a ClickHouse expression, as it would stand alone; of several, the texts are joined (SAP's date and time of day are
    two columns: ``[data.LFDAT, data.LFUHR]``). ``pattern``: a regular expression (RE2) with one group, which is the value; of a key, each
    match is a value. ``format``: how a time is written (``DD.MM.YYYY hh:mm``, ``YYYYMMDD[hhmmss]``: what may be missing is in brackets), or
    a number: ``1.234,56``, ``1,234.56``, ``1 234,56`` or ``1'234.56``. ``time_zone``: of a time that names none.
    """

    path: str | tuple[str, ...]
    pattern: str | None = None
    format: str | None = None
    time_zone: str | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths, in order."""
        return (self.path,) if isinstance(self.path, str) else self.path

    @property
    def time_format(self) -> TimeFormat | None:
        """The format of a time; None if it is one of a number, or there is none."""
        return parse_time_format(self.format) if self.format and self.format not in NUMBER_FORMATS else None

    @field_validator("format")
    @classmethod
    def _known_format(cls, written: str | None) -> str | None:
        if written is not None and written not in NUMBER_FORMATS:
            parse_time_format(written)
        return written

    @model_validator(mode="after")
    def _zone_of_a_time(self) -> Self:
        if self.time_zone is not None and self.format is not None:
            found = self.time_format
            if found is None or not found.has_time_of_day:
                raise ValueError("'time_zone' is of a time of day, and this format has none; add hh and mm to it, or remove 'time_zone'")
        return self


def reading_of(place: str | Reading) -> Reading:
    """Return a path as a reading."""
    return place if isinstance(place, Reading) else Reading(path=place)
