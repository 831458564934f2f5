"""What a line of a log says: when, how grave, and in JSON everything by its name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, field_validator

from collector.json_guard import check_json
from collector.rejection import Rejection
from core.clock import EPOCH
from core.pattern import Pattern
from core.time_format import parse_time_format
from core.time_text import read_time

LOOKED_AT_CHARACTERS = 1_000
"""The time and the severity of a line are looked for at its beginning."""
SEVERITIES = {
    "trace": 1, "debug": 5, "info": 9, "information": 9, "notice": 10, "warn": 13, "warning": 13, "err": 17, "error": 17, "severe": 17,
    "crit": 18, "critical": 18, "alert": 19, "fatal": 21, "emerg": 21, "emergency": 21, "panic": 21,
}  # fmt: skip
"""What systems call severities, in lower case, and OTLP's numbers for it."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|[+-]\d\d:?\d\d))?", re.ASCII)
_WORD = re.compile(rf"\b(?:{'|'.join(SEVERITIES)})\b", re.IGNORECASE)
_TIMES, _SEVERITIES, _TRACES, _SPANS = (
    ("time", "timestamp", "@timestamp", "ts"),
    ("severity", "level", "log.level", "levelname"),
    ("trace_id", "traceId", "trace.id"),
    ("span_id", "spanId", "span.id"),
)
_MICROSECOND = timedelta(microseconds=1)
_SECONDS = re.compile(r"1\d{9}\.\d+", re.ASCII)
"""Since 1970, with a fraction, as some libraries for JSON write it."""


def checked_pattern(text: str | None) -> str | None:
    """Return a regular expression with one group, or none. Raises ``ValueError`` that says what is wrong with it."""
    if text is None:
        return None
    groups = Pattern(text).groups
    if groups != 1:
        raise ValueError(f"'{text}' has {groups} groups; write one around what is meant")
    return text


class LineTime(BaseModel):
    """Where a line says when it was written, and how.

    ``path``: of its JSON. ``pattern``: a regular expression with one group. ``format``: as in a reading (``DD.MM.YYYY hh:mm:ss``).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = ""
    pattern: str | None = None
    format: str | None = None

    @field_validator("pattern")
    @classmethod
    def _one_group(cls, text: str | None) -> str | None:
        return checked_pattern(text)

    @field_validator("format")
    @classmethod
    def _known_format(cls, text: str | None) -> str | None:
        if text is not None:
            parse_time_format(text)
        return text


@dataclass(frozen=True, slots=True)
class Said:
    """What a line says. ``time``: nanoseconds since 1970 UTC, 0 if it cannot be read; ``severity``: OTLP's number, 0 if unknown."""

    body: str | dict[str, Any]
    time: int
    severity: int
    severity_text: str
    trace_id: bytes
    span_id: bytes


class LineReader:
    """Reads lines. ``severity``: a regular expression with one group; without it, the usual words and members are known.

    ``zone``: of times that name none; else UTC.
    """

    def __init__(self, time: LineTime, severity: str | None, zone: ZoneInfo | None) -> None:
        self._path = time.path
        self._time = Pattern(time.pattern) if time.pattern else None
        self._format = parse_time_format(time.format) if time.format else None
        self._zone = zone or UTC
        self._severity = Pattern(severity) if severity else None

    def read(self, line: str) -> Said:
        """Return what a line says; one that is an object in JSON is taken apart."""
        beginning = line[:LOOKED_AT_CHARACTERS]
        said = _object(line)
        if said is None:
            number, text = self._severity_of(beginning)
            return Said(line, self._time_of(beginning), number, text, b"", b"")
        moment = _at(said, self._path) if self._path else _first(said, _TIMES)
        named = beginning if self._severity else _first(said, _SEVERITIES)
        number, text = self._severity_of(named)
        return Said(said, self._time_of(moment), number, text, _identity(said, _TRACES, 16), _identity(said, _SPANS, 8))

    def _time_of(self, text: str) -> int:
        if self._time is not None:
            written = self._time.value(text)
        else:
            found = _TIME.search(text) if self._format is None and not self._path else None
            written = found[0] if found else text
        if written is None:
            return 0
        try:
            if _SECONDS.fullmatch(written):
                return int(written[:10]) * 1_000_000_000 + int(written[11:20].ljust(9, "0"))
            moment = self._format.read(written) if self._format else read_time(written.replace(",", "."))
            return nanoseconds(moment if moment.tzinfo else moment.replace(tzinfo=self._zone))
        except (ValueError, OverflowError):
            return 0

    def _severity_of(self, text: str) -> tuple[int, str]:
        word = self._severity.value(text) if self._severity else _word(text)
        return (SEVERITIES.get(word.lower(), 0), word) if word else (0, "")


def nanoseconds(moment: datetime) -> int:
    """Return an aware time as nanoseconds since 1970 UTC."""
    return (moment - EPOCH) // _MICROSECOND * 1_000


def _word(text: str) -> str | None:
    found = _WORD.search(text)
    return found[0] if found else None


def _object(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(check_json(line.encode()))
    except Rejection:
        return None
    return found if isinstance(found, dict) else None


def _at(said: Mapping[str, Any], path: str) -> str:
    found: Any = said
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return "" if found is None or isinstance(found, (dict, list)) else str(found)


def _first(said: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((str(said[name]) for name in names if isinstance(said.get(name), (str, int, float))), "")


def _identity(said: Mapping[str, Any], names: tuple[str, ...], size: int) -> bytes:
    try:
        found = bytes.fromhex(_first(said, names))
    except ValueError:
        return b""
    return found if len(found) == size and any(found) else b""
