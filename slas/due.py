"""Due expressions: ``min(promised_at - 8 working hours, next cut-off 16:00)``.

Grammar::

    due    = term { ("+" | "-") duration }
    term   = ("min" | "max") "(" due { "," due } ")" | "next cut-off" [ HH:MM ] | "start" | fact | "(" due ")"

``start`` is the clock's start, a fact is a time, ``next cut-off`` is counted from the start in the calendar's time zone. Time is never
read: ``now`` is not a word of it. A fact that is missing or no time makes the whole expression unknown, and names itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from core.duration import Duration, parse_duration
from core.errors import UsageError
from core.time_text import read_time
from slas.calendar import FIRST_YEAR, LAST_YEAR, CompiledCalendar, Milliseconds

MISSING = np.iinfo(np.int64).min
"""No such moment; the same bits as NaT."""

PARTS_MAX = 50
_TOKEN = re.compile(
    r"\s*(?:(?P<cutoff>next\s+cut-?off)\b|(?P<clock>\d{1,2}:\d{2})|(?P<duration>\d+(?:\.\d+)?\s*(?:working\s+)?[a-zA-Z]+)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_.]*)|(?P<sign>[-+(),]))"
)


class DueError(UsageError):
    """A due expression that cannot be parsed; ``column`` counts from 1 within its text."""

    def __init__(self, column: int, message: str) -> None:
        super().__init__(f"column {column}: {message}")
        self.column = column
        self.message = message


@dataclass(frozen=True, slots=True)
class Resolved:
    """Moments per row, MISSING if a fact is missing; ``lacking`` then names the fact, else it is empty."""

    moments: Milliseconds
    lacking: NDArray[np.object_]


Facts = Callable[[str], list[str | None]]


@dataclass(frozen=True, slots=True)
class Start:
    """The clock's start."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact of type time."""

    name: str


@dataclass(frozen=True, slots=True)
class CutOff:
    """The next cut-off after the start; None stands for the calendar's own."""

    time_of_day: str | None


@dataclass(frozen=True, slots=True)
class Shifted:
    """A due expression shifted by a duration; ``sign`` is 1 or -1."""

    due: Due
    sign: int
    duration: Duration


@dataclass(frozen=True, slots=True)
class Extreme:
    """The earliest or latest of several."""

    name: str
    parts: tuple[Due, ...]


Due = Start | Fact | CutOff | Shifted | Extreme


@lru_cache(maxsize=1_000)
def parse_due(text: str) -> Due:
    """Return the parsed expression. Raises :class:`DueError` with the column of what cannot be parsed."""
    return _Parser(text).parse()


def facts_of(due: Due) -> set[str]:
    """Return the names of the facts that an expression uses."""
    if isinstance(due, Fact):
        return {due.name}
    if isinstance(due, Shifted):
        return facts_of(due.due)
    return set().union(*(facts_of(part) for part in due.parts)) if isinstance(due, Extreme) else set()


def check_due(text: str, facts: Collection[str]) -> str | None:
    """Return what is wrong with an expression over these time facts (``column 5: …``), or None."""
    try:
        parsed = parse_due(text)
    except DueError as error:
        return str(error)
    for name in sorted(facts_of(parsed) - set(facts)):
        known = ", ".join(sorted(facts)) or "none"
        column = re.search(rf"\b{re.escape(name)}\b", text)
        where = f"column {column.start() + 1}: " if column else ""
        return (
            f"{where}'{name}' is not a fact of type time in this flow (known: {known}); you can also write 'start' or 'next cut-off HH:MM'"
        )
    return None


def resolve(due: Due, starts: Milliseconds, facts: Facts, calendar: CompiledCalendar) -> Resolved:
    """Evaluate over rows: ``starts`` in milliseconds, ``facts(name)`` gives the fact's text per row."""
    if isinstance(due, Start):
        return Resolved(starts, _no_lack(len(starts)))
    if isinstance(due, CutOff):
        return Resolved(calendar.next_cut_off(starts, due.time_of_day), _no_lack(len(starts)))
    if isinstance(due, Fact):
        moments = parse_times(facts(due.name), calendar)
        return Resolved(moments, np.where(moments == MISSING, due.name, "").astype(object))
    if isinstance(due, Shifted):
        inner = resolve(due.due, starts, facts, calendar)
        return Resolved(_shift(inner.moments, due.sign, due.duration, calendar), inner.lacking)
    parts = [resolve(part, starts, facts, calendar) for part in due.parts]
    moments, lacking = parts[0].moments, parts[0].lacking
    choose = np.minimum if due.name == "min" else np.maximum
    for part in parts[1:]:
        lacking = np.where(lacking == "", part.lacking, lacking).astype(object)
        moments = choose(moments, part.moments)
    return Resolved(np.where(lacking == "", moments, MISSING), lacking)


def parse_times(values: list[str | None], calendar: CompiledCalendar) -> Milliseconds:
    """Return the milliseconds of times as systems write them (:func:`core.time_text.read_time`), MISSING if there is none.

    A time without a zone is in the calendar's local time; a date alone means the end of that local day. A year that no calendar covers is
    not a time.
    """
    known: dict[str | None, int] = {None: MISSING}
    for value in values:
        if value not in known:
            known[value] = _parse_time(str(value).strip(), calendar)
    return np.array([known[value] for value in values], np.int64)


def _parse_time(text: str, calendar: CompiledCalendar) -> int:
    try:
        moment = read_time(text)
    except (ValueError, OverflowError):
        return MISSING
    if not FIRST_YEAR <= moment.year < LAST_YEAR:  # such as 9999-12-31, which systems write to mean "no date"
        return MISSING
    if re.fullmatch(r"\d{4}-?\d\d-?\d\d", text):
        moment = datetime.combine(moment.date() + timedelta(days=1), time(), calendar.zone)
    elif moment.tzinfo is None:
        moment = moment.replace(tzinfo=calendar.zone)
    return int((moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))


def _shift(moments: Milliseconds, sign: int, duration: Duration, calendar: CompiledCalendar) -> Milliseconds:
    known = moments != MISSING
    result = moments.copy()
    if not duration.working:
        result[known] = moments[known] + sign * duration.milliseconds
    elif known.any():
        move = calendar.add if sign > 0 else calendar.subtract
        result[known] = move(moments[known], duration.milliseconds)
    return result


def _no_lack(rows: int) -> NDArray[np.object_]:
    return np.full(rows, "", dtype=object)


class _Parser:
    """Recursive descent over one expression."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._parts = 0

    def parse(self) -> Due:
        due = self._due()
        kind, token, column = self._peek()
        if kind:
            self._fail(column, f"'{token}' is not expected here")
        return due

    def _due(self) -> Due:
        due = self._term()
        while self._peek()[1] in {"+", "-"}:
            sign = 1 if self._take()[1] == "+" else -1
            kind, token, column = self._take()
            self._count(column)
            if kind == "clock":
                self._fail(
                    column, f"'{token}' is a time of day; a due time is shifted by a duration, such as '8 working hours' or '90 minutes'"
                )
            if kind != "duration":
                self._fail(column, "expected a duration such as '8 working hours'")
            try:
                due = Shifted(due, sign, parse_duration(token))
            except UsageError as error:
                self._fail(column, str(error))
        return due

    def _term(self) -> Due:
        kind, word, column = self._take()
        self._count(column)
        if kind == "cutoff":
            return CutOff(self._take()[1].zfill(5) if self._clock_follows() else None)
        if kind == "name" and word in {"min", "max"}:
            return self._extreme(word)
        if kind == "name" and word == "now":
            self._fail(column, "'now' is not allowed because a due time must not move; write 'start'")
        if kind == "name":
            return Start() if word == "start" else Fact(word)
        if word == "(":
            due = self._due()
            self._expect(")")
            return due
        return self._fail(column, "expected a fact of type time, 'start', 'next cut-off HH:MM', min(…) or max(…)")

    def _count(self, column: int) -> None:
        """Keep the expression short enough that nothing recurses too deeply over it."""
        self._parts += 1
        if self._parts > PARTS_MAX:
            self._fail(column, f"a due time may have at most {PARTS_MAX} parts; shorten it")

    def _extreme(self, name: str) -> Due:
        self._expect("(")
        parts = [self._due()]
        while self._peek()[1] == ",":
            self._take()
            parts.append(self._due())
        self._expect(")")
        return Extreme(name, tuple(parts))

    def _clock_follows(self) -> bool:
        kind, token, column = self._peek()
        if kind == "clock" and not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", token):
            self._fail(column, f"'{token}' is not a time of day; write, for example, 16:00")
        return kind == "clock"

    def _expect(self, token: str) -> None:
        _, found, column = self._take()
        if found != token:
            self._fail(column, f"expected '{token}'")

    def _peek(self) -> tuple[str, str, int]:
        found = _TOKEN.match(self._text, self._at)
        rest = self._text[self._at :]
        column = self._at + len(rest) - len(rest.lstrip()) + 1
        if found:
            return str(found.lastgroup), found.group(str(found.lastgroup)), column
        if rest.strip():
            self._fail(column, f"'{rest.strip()[:12]}' is not allowed here")
        return "", "", len(self._text.rstrip()) + 1

    def _take(self) -> tuple[str, str, int]:
        peeked = self._peek()
        found = _TOKEN.match(self._text, self._at)
        self._at = found.end() if found else len(self._text)
        return peeked

    def _fail(self, column: int, message: str) -> NoReturn:
        raise DueError(column, message)
