"""When a row says that it happened: a column, or several, as the database types them or as text in a format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from core.time_format import parse_time_format
from core.time_text import read_time


class EventTime(BaseModel):
    """``columns``: those that together say when a row happened; texts are joined. ``format``: how they are written (``YYYYMMDDhhmmss``)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: tuple[str, ...]
    format: str | None = None

    @field_validator("columns", mode="before")
    @classmethod
    def _one_alone(cls, written: object) -> object:
        return (written,) if isinstance(written, str) else written

    @field_validator("columns")
    @classmethod
    def _some_column(cls, columns: tuple[str, ...]) -> tuple[str, ...]:
        if not columns or "" in columns:
            raise ValueError("name at least one column")
        return columns

    @field_validator("format")
    @classmethod
    def _known_format(cls, written: str | None) -> str | None:
        if written is not None:
            parse_time_format(written)
        return written

    def of(self, row: Mapping[str, Any], zoned: Callable[[datetime], datetime]) -> datetime:
        """Return when a row happened, with the zone that ``zoned`` gives to a time without one; a date alone is its first moment.

        Raises ValueError or OverflowError for a row that says no time that can be read.
        """
        values = [row[name] for name in self.columns]
        found = _typed(values)
        if found is None:
            text = "".join("" if value is None else str(value) for value in values)
            found = parse_time_format(self.format).read(text) if self.format else read_time(text)
        return zoned(found)


def _typed(values: Sequence[Any]) -> datetime | None:
    """Return what a time, a date, or a date and a time of day say; None for anything else."""
    match values:
        case [datetime() as moment]:
            return moment
        case [date() as day]:
            return datetime.combine(day, time())
        case [date() as day, time() as hour] if not isinstance(day, datetime):
            return datetime.combine(day, hour)
    return None
