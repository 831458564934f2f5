"""The period that figures are of, and the one they are compared with: the last days, a calendar month or quarter, or the viewer's own days.

It is kept in the address: ``?period=30d``, ``?period=2026-11``, ``?period=2026-q4`` or ``?period=own&from=2026-11-01&to=2026-11-17``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.components import filters
from dashboard.page import Context

_OWN = "own"
_ALL = "all"
_DRAWN, _WRITTEN = "own-period", "own-period-written"
_LONGEST = timedelta(days=400)
_LAST = {"24h": "24 hours", "7d": "7 days", "30d": "30 days", "90d": "90 days"}
_LENGTHS = {"24h": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30), "90d": timedelta(days=90)}
_NAMED = re.compile(r"(?P<year>20\d\d)-(?:(?P<month>0[1-9]|1[0-2])|q(?P<quarter>[1-4]))")


@dataclass(frozen=True)
class Period:
    """[``start``, ``end``) and, to compare with, [``earlier``, ``start``); UTC. ``title`` and ``before`` are their names."""

    start: datetime
    end: datetime
    earlier: datetime
    title: str
    before: str

    @property
    def last(self) -> datetime:
        """The last moment of it: the one whose rates its money is told at."""
        return max(self.start, self.end - timedelta(microseconds=1))

    @property
    def during(self) -> str:
        """When it is: ``in November 2026``, ``on 3 November 2026``, ``from 3 to 5 November 2026``."""
        return during(self.title)


def during(title: str) -> str:
    """Return the title of a period with its preposition."""
    if not title[:1].isdigit():
        return f"in {title}"
    return f"from {title.replace(' – ', ' to ')}" if " – " in title else f"on {title}"


def choose(context: Context, default: str = "30d") -> Period:
    """Let the viewer choose a period."""
    today = _today(context)
    with _place():
        return _of(context, _chosen(default, [*_LAST, *_months(today), *_quarters(today), _OWN], today), today)


def choose_or_all(context: Context, default: str, label: str) -> Period | None:
    """Let the viewer choose a period, or all time: None. ``label``: what happened in it."""
    today = _today(context)
    with _place():
        chosen = _chosen(default, [*_LAST, _ALL, *_months(today), *_quarters(today), _OWN], today, label)
        return None if chosen == _ALL else _of(context, chosen, today)


def _place() -> DeltaGenerator:
    """Return where the boxes go: beside each other as far as there is room, so that they fill one row with the other filters."""
    return st.container(horizontal=True)


def _today(context: Context) -> date:
    return context.now.astimezone(context.zone.info).date()


def _chosen(default: str, known: list[str], today: date, label: str = "Period") -> str:
    now = st.query_params.get("period", default)
    if now not in known:
        known, now = ([*known, now], now) if _NAMED.fullmatch(now) else (known, default)
    return filters.select(label, "period", known, now, lambda name: _words(name, today)) or default


def _of(context: Context, chosen: str, today: date) -> Period:
    return _own(context, today) if chosen == _OWN else of(chosen, context.minute, context.zone.info)


def of(name: str, now: datetime, zone: ZoneInfo) -> Period:
    """Return the period of that name as it is at ``now``; what is not over ends with ``now``. Months and quarters are those of ``zone``."""
    if name in _LAST:
        length = _LENGTHS[name]
        return Period(now - length, now, now - 2 * length, f"the last {_LAST[name]}", f"the {_LAST[name]} before")
    first, months = _beginning(name)
    following, preceding = _shifted(first, months), _shifted(first, -months)
    start, over, earlier = (_midnight(day, zone) for day in (first, following, preceding))
    so_far = " so far" if start <= now < over else ""
    return Period(min(start, now), min(over, now), earlier, f"{_title(first, months)}{so_far}", _title(preceding, months))


def own(first: date, last: date, now: datetime, zone: ZoneInfo) -> Period:
    """Return the days from ``first`` to ``last``, both included, in ``zone``; to compare with, as many days before."""
    days = (last - first).days + 1
    earlier = first - timedelta(days=days)
    start, end = _midnight(first, zone), min(_midnight(last + timedelta(days=1), zone), now)
    before = _days(earlier, first - timedelta(days=1))
    return Period(min(start, now), end, _midnight(earlier, zone), _days(first, last), before)


def _own(context: Context, today: date) -> Period:
    first, last = _day("from", today.replace(day=1)), _day("to", today)
    if st.session_state.get(_WRITTEN) != (first, last):  # a link, a saved view or the browser's back button goes before what was chosen
        st.session_state[_DRAWN] = (first, last)
    given = st.date_input("From – to", max_value=max(today, last), key=_DRAWN)
    if isinstance(given, tuple) and len(given) == 2:
        first, last = given[0], min(given[1], given[0] + _LONGEST)
    st.query_params["from"], st.query_params["to"] = first.isoformat(), last.isoformat()
    st.session_state[_WRITTEN] = (first, last)
    return own(min(first, last), max(first, last), context.minute, context.zone.info)


def _day(name: str, default: date) -> date:
    try:
        return date.fromisoformat(st.query_params.get(name, ""))
    except ValueError:
        return default


def _months(today: date) -> list[str]:
    return [f"{_shifted(today.replace(day=1), -back):%Y-%m}" for back in range(13)]


def _quarters(today: date) -> list[str]:
    first = date(today.year, today.month - (today.month - 1) % 3, 1)
    begins = [_shifted(first, -3 * back) for back in range(5)]
    return [f"{day.year}-q{(day.month + 2) // 3}" for day in begins]


def _words(name: str, today: date) -> str:
    if name == _OWN:
        return "Own range"
    if name == _ALL:
        return "All time"
    if name in _LAST:
        return f"Last {_LAST[name]}"
    first, months = _beginning(name)
    title = _title(first, months)
    return title[:1].upper() + title[1:] + (" so far" if first <= today < _shifted(first, months) else "")


def _beginning(name: str) -> tuple[date, int]:
    """Return the first day and the number of months of ``2026-11`` or ``2026-q4``."""
    found = _NAMED.fullmatch(name)
    if found is None:
        raise ValueError(f"'{name}' is no month and no quarter")
    month = int(found["month"] or 3 * int(found["quarter"]) - 2)
    return date(int(found["year"]), month, 1), 1 if found["month"] else 3


def _title(first: date, months: int) -> str:
    return f"{first:%B %Y}" if months == 1 else f"quarter {(first.month + 2) // 3} of {first.year}"


def _days(first: date, last: date) -> str:
    if first == last:
        return f"{first.day} {first:%B %Y}"
    begin = f"{first.day}" if (first.year, first.month) == (last.year, last.month) else f"{first.day} {first:%B}"
    return f"{begin}{'' if first.year == last.year else f' {first.year}'} – {last.day} {last:%B %Y}"


def _shifted(first: date, months: int) -> date:
    """Return the first day of the month so many months later."""
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
