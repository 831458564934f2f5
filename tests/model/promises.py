"""What the clocks of a catalog say, said again in the plainest way: YAML in, working time by walking the minutes, no code of the product.

All moments are milliseconds since 1970-01-01 UTC. It knows the words that the shipped catalog uses, and stumbles over any other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from tests.model.signals import Definitions

MINUTE = 60_000
UNITS = {"minute": MINUTE, "hour": 60 * MINUTE, "day": 24 * 60 * MINUTE}
HOLIDAYS = {("DE", "BY"): {date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1)}}
"""As printed in the calendar on the wall, for the weeks that tests play in."""
_SLA = {"title", "from", "to", "within", "due", "warn", "calendar", "severity", "owner", "runbook", "impact", "targets", "pause", "penalty"} | {
    "objective", "promised_to",  # of KPIs: no verdict depends on them
}  # fmt: skip
_DURATION = re.compile(r"(\d+) (working )?(minute|hour|day)s?")
_DUE = re.compile(r"(?P<fact>\w+)|next cut-off (?P<hour>\d\d):(?P<minute>\d\d)")
_FOREVER = 1 << 62
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Says:
    """What a clock must say."""

    verdict: str
    cause: str
    warn_at: int | None
    due_at: int | None
    stopped_at: int | None


class Hours:
    """The hours in which all of some calendars work; of none: always."""

    def __init__(self, calendars: list[dict[str, Any]]) -> None:
        self._calendars = calendars
        self.open = cache(self._open)

    def after(self, start: int, amount: int) -> int:
        at, left = start, amount
        while left > 0:
            end = (at // MINUTE + 1) * MINUTE
            step = min(left, end - at)
            if self.open(at // MINUTE):
                left -= step
                end = at + step
            at = end
        return at

    def before(self, end: int, amount: int) -> int:
        at, left = end, amount
        while left > 0:
            begin = (at - 1) // MINUTE * MINUTE
            step = min(left, at - begin)
            if self.open(begin // MINUTE):
                left -= step
                begin = at - step
            at = begin
        return at

    def between(self, start: int, end: int) -> int:
        at, worked = start, 0
        while at < end:
            step = min((at // MINUTE + 1) * MINUTE, end) - at
            worked += step * self.open(at // MINUTE)
            at += step
        return worked

    def cut_off(self, after: int, hour: int, minute: int) -> int:
        at = (after // MINUTE + 1) * MINUTE
        while not (self._shows(at, hour, minute) and all(_works_on(each, _local(each, at).date()) for each in self._calendars)):
            at += MINUTE
        return at

    def _shows(self, at: int, hour: int, minute: int) -> bool:
        local = _local(self._calendars[0], at)
        return (local.hour, local.minute) == (hour, minute)

    def _open(self, minute: int) -> bool:
        return all(_is_open(calendar, minute * MINUTE) for calendar in self._calendars)


def _local(calendar: dict[str, Any], at: int) -> datetime:
    return (_EPOCH + timedelta(milliseconds=at)).astimezone(ZoneInfo(calendar["time_zone"]))


def _works_on(calendar: dict[str, Any], day: date) -> bool:
    rules = calendar["holidays"]
    free = HOLIDAYS[rules["country"], rules["subdivision"]] | set(rules.get("add", ()))
    weekday = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()]
    return day not in free and any(weekday in shift["days"] for shift in calendar["shifts"])


def _is_open(calendar: dict[str, Any], at: int) -> bool:
    local = _local(calendar, at)
    shifts = [shift for shift in calendar["shifts"] if local.strftime("%a").lower() in shift["days"]]
    return _works_on(calendar, local.date()) and any(shift["start"] <= local.strftime("%H:%M") < shift["end"] for shift in shifts)


@dataclass
class Promises:
    """The catalog's promises; ``heard_at``: when each source was heard last."""

    calendars: Definitions
    contracts: Definitions
    sources: Definitions
    heard_at: dict[str, int]
    _hours: dict[tuple[str, ...], Hours] = field(default_factory=dict)

    def say(self, flow: dict[str, Any], transaction: dict[str, Any], now: int) -> dict[str, Says]:
        """Return what each clock of a transaction (as the model of transactions gives it) says at ``now``."""
        begun = {name: sla for name, sla in flow["slas"].items() if sla["from"] in transaction["first_at"]}
        return {name: self._clock(flow, sla, transaction, now) for name, sla in begun.items()}

    def _clock(self, flow: dict[str, Any], sla: dict[str, Any], transaction: dict[str, Any], now: int) -> Says:
        assert sla.keys() <= _SLA, "the model does not know this word of an SLA"
        start = transaction["first_at"][sla["from"]]
        reached = _stopped(flow, sla, transaction)
        called_off = min((transaction["first_at"].get(name, _FOREVER) for name in flow.get("cancels", ())), default=_FOREVER)
        over = called_off < (_FOREVER if reached is None else reached)
        stopped = called_off if over else reached
        hours, wall = self._named(sla.get("calendar")), self._named(None)
        limit = self._limit(sla, transaction["facts"], start)
        if "within" in limit:
            amount, working = _amount(limit["within"])
            measured = hours if working else wall
            due = measured.after(start, amount)
        else:
            measured = hours
            found = _due(limit["due"], start, transaction["facts"], hours, wall)
            if isinstance(found, str):
                return Says("cancelled", "", None, None, stopped) if over else Says("unknown", found, None, None, stopped)
            due = found
        warn = max(start, _warn(sla["warn"], start, due, measured, hours, wall))
        begin, end = _pause(sla, transaction, start, stopped)
        if begin is not None and end is not None:
            held = measured.between(begin, end)
            due, warn = (measured.after(at, held) if begin < at else at for at in (due, warn))
        warn = min(warn, due)
        held_since = begin if begin is not None and end is None and begin <= now and begin < due else None
        if over:
            return Says("cancelled", self._failure(sla, transaction) or "overdue" if called_off > due else "", warn, due, stopped)
        return self._evaluated(flow, sla, transaction, warn, due, stopped, held_since, now)

    @staticmethod
    def _failure(sla: dict[str, Any], transaction: dict[str, Any]) -> str:
        _, failed_stage, _, failure = transaction["failed"]
        return str(failure) if failed_stage == sla["to"] else ""

    def _evaluated(
        self,
        flow: dict[str, Any],
        sla: dict[str, Any],
        transaction: dict[str, Any],
        warn: int,
        due: int,
        stopped: int | None,
        held_since: int | None,
        now: int,
    ) -> Says:
        silent_since, silent = self._silence(flow["milestones"][sla["to"]]["system"])
        passed = due if now >= due else warn
        cause = self._failure(sla, transaction)
        if stopped is not None:
            verdict = "met" if stopped <= due else "met_late"
        elif held_since is not None:
            verdict, cause = "paused", ""
        elif now >= passed and silent_since <= passed:
            verdict, cause = "unknown", f"source-silent:{silent}"
        else:
            verdict = "breached" if now >= due else "at_risk" if now >= warn else "running"
        if verdict == "met":
            cause = ""
        if verdict in {"met_late", "breached", "at_risk"}:
            cause = cause or "overdue"
        return Says(verdict, cause, warn, due, stopped)

    def _limit(self, sla: dict[str, Any], facts: dict[str, str], start: int) -> dict[str, Any]:
        for target in sla.get("targets", ()):
            wanted = all(value == self._fact(name, facts, start) for name, value in target["when"].items())
            if wanted and start >= _midnight(target.get("since")):
                return target
        return sla

    def _fact(self, name: str, facts: dict[str, str], start: int) -> str | None:
        party, _, more = name.partition(".")
        if not more:
            return facts.get(party)
        said = [
            contract["facts"][more]
            for contract in self.contracts.values()
            if facts.get(party) in contract["for"].get(party, ()) and start >= _midnight(contract.get("since"))
        ]
        assert len(said) <= 1, "the model does not know which contract wins"
        return said[0] if said else None

    def _silence(self, system: str) -> tuple[int, str]:
        named = {name: each for name, each in self.sources.items() if each["system"] == system}
        if not named or any("expect" not in each for each in named.values()):
            return _FOREVER, ""
        ends = []
        for name, each in named.items():
            amount, _ = _amount(each["expect"]["every"])
            ends.append((self._named(each["expect"]["calendar"]).after(self.heard_at[name], amount), name))
        return max(ends)

    def _named(self, calendar: str | list[str] | None) -> Hours:
        names = () if calendar is None else (calendar,) if isinstance(calendar, str) else tuple(calendar)
        if names not in self._hours:
            self._hours[names] = Hours([self.calendars[name] for name in names])
        return self._hours[names]


def _stopped(flow: dict[str, Any], sla: dict[str, Any], transaction: dict[str, Any]) -> int | None:
    first: int | None = transaction["first_at"].get(sla["to"])
    many = [key for key in flow["milestones"][sla["to"]]["keys"] if flow["keys"][key].get("relation") == "many"]
    wanted = {(key, value) for key in many for value in transaction["keys"].get(key, ())}
    if first is None or not wanted:
        return first
    done = {(key, value): at for key, value, at in transaction["reached"].get(sla["to"], ())}
    return max(done[pair] for pair in wanted) if wanted <= done.keys() else None


def _pause(sla: dict[str, Any], transaction: dict[str, Any], start: int, stopped: int | None) -> tuple[int | None, int | None]:
    """Return the pause inside of the clock's time, its end None while it lasts; the plant blocks an order once at most."""
    if "pause" not in sla:
        return None, None
    first, last = transaction["first_at"], transaction["last_at"]
    end = first.get(sla["pause"]["to"], _FOREVER)
    begin = first.get(sla["pause"]["from"], start if end != _FOREVER else _FOREVER)  # a release alone held it from the start
    assert begin == last.get(sla["pause"]["from"], begin), "the model knows one pause"
    assert begin <= end, "the model knows no release before a block"
    begin, end = max(begin, start), min(end, _FOREVER if stopped is None else stopped)
    if begin >= end:
        return None, None
    return begin, None if end == _FOREVER else end


def _due(text: str, start: int, facts: dict[str, str], hours: Hours, wall: Hours) -> int | str:
    base, _, sooner = text.partition(" - ")
    found = _DUE.fullmatch(base)
    assert found is not None, f"the model does not know '{text}'"
    if found["fact"] is None:
        at = hours.cut_off(start, int(found["hour"]), int(found["minute"]))
    elif found["fact"] in facts:
        at = round(datetime.fromisoformat(facts[found["fact"]]).timestamp() * 1000)
    else:
        return f"fact-missing:{found['fact']}"
    if not sooner:
        return at
    amount, working = _amount(sooner)
    return (hours if working else wall).before(at, amount)


def _warn(text: str, start: int, due: int, measured: Hours, hours: Hours, wall: Hours) -> int:
    if text.endswith("%"):
        return measured.after(start, round(measured.between(start, due) * int(text[:-1]) / 100))
    amount, working = _amount(text)
    return (hours if working else wall).before(due, amount)


def _amount(text: str) -> tuple[int, bool]:
    found = _DURATION.fullmatch(text)
    assert found is not None, f"the model does not know '{text}'"
    return int(found[1]) * UNITS[found[3]], bool(found[2])


def _midnight(day: date | None) -> int:
    return -_FOREVER if day is None else round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
