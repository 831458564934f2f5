"""Compares what a scenario expects with what the store says. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from andon.rehearsal.scenario import Expected, ExpectedIncident, Moment
from slas.calendar import zone_of


@dataclass(frozen=True)
class Found:
    """What the store says at that moment: rows with aware or naive UTC times; None if there is no such row."""

    transaction: Mapping[str, Any] | None = None
    clock: Mapping[str, Any] | None = None
    reason: str = ""
    incidents: Sequence[Mapping[str, Any]] = ()


def compare(expected: Expected, found: Found) -> list[str]:
    """Return the differences, one phrase each (``verdict is running, expected at_risk: …``); empty if all expectations hold."""
    if found.transaction is None:
        return [] if expected.verdict == "none" else ["no such transaction"]
    row = found.transaction
    problems = _differences({"state": (row["state"], expected.state), "reached": (row["stage"], expected.reached)})
    return problems + _clock_problems(expected, found) + _incident_problems(expected.incident, found.incidents)


def _clock_problems(expected: Expected, found: Found) -> list[str]:
    clock = found.clock
    wanted = (expected.verdict, expected.due, expected.warn, expected.cause, expected.value, expected.penalty)
    if clock is None or expected.verdict == "none":
        absent = clock is None and expected.verdict in {"none", None} and not any(part is not None for part in wanted[1:])
        return [] if absent else [f"verdict is {clock['verdict'] if clock else 'none (no clock has started)'}, expected {expected.verdict}"]
    because = f": {found.reason}" if found.reason else ""
    verdict = _differences({"verdict": (clock["verdict"], expected.verdict)})
    problems = [text + because for text in verdict]
    for name, moment in (("due", expected.due), ("warn", expected.warn)):
        at = clock[f"{name}_at"]
        if moment is not None and (at is None or _utc(at) != moment.utc):
            problems.append(f"{name} is {_shown(at, moment)}, expected {moment.text}")
    for name, amount in (("value", expected.value), ("penalty", expected.penalty)):
        if amount is not None and not _same_money(amount, {clock["currency"]: clock[name]}):
            problems.append(f"{name} is {_plain(clock[name], clock['currency'])}, expected {amount}")
    return problems + _differences({"cause": (clock["cause"], expected.cause)})


def _incident_problems(expected: ExpectedIncident | Literal["none"] | None, incidents: Sequence[Mapping[str, Any]]) -> list[str]:
    if expected is None:
        return []
    if expected == "none":
        unresolved = [row for row in incidents if row["status"] != "resolved"]
        return [f"incident is '{unresolved[0]['title']}', expected none"] if unresolved else []
    if not incidents:
        return ["there is no incident"]
    row = incidents[0]
    names = ("owner", "severity", "status", "cause", "stage", "runbook", "members")
    problems = _differences({f"incident's {name}": (row[name], getattr(expected, name)) for name in names})
    if expected.value is not None and not _same_money(expected.value, row["value"]):
        shown = " and ".join(_plain(amount, currency) for currency, amount in row["value"].items()) or "nothing"
        problems.append(f"incident's value is {shown}, expected {expected.value}")
    return problems


def _differences(pairs: Mapping[str, tuple[Any, Any]]) -> list[str]:
    return [
        f"{name} is {is_ if is_ != '' else 'empty'}, expected {expected}"
        for name, (is_, expected) in pairs.items()
        if expected is not None and str(is_) != str(expected)
    ]


def _same_money(expected: str, found: Mapping[str, float]) -> bool:
    amount, currency = expected.split()
    return abs(float(found.get(currency, 0.0)) - float(amount)) < 0.005


def _plain(amount: float, currency: str) -> str:
    return f"{amount:.2f}".rstrip("0").rstrip(".") + f" {currency}".rstrip()


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _shown(at: datetime | None, like: Moment) -> str:
    """Return a time in the zone that the author of the scenario used."""
    if at is None:
        return "unknown"
    zone = like.text.rpartition(" ")[2]
    if not zone[:1].isalpha():
        return _utc(at).isoformat(timespec="seconds")
    local = _utc(at).astimezone(zone_of(zone))
    return f"{local:%Y-%m-%d %H:%M:%S} {zone}" if local.second else f"{local:%Y-%m-%d %H:%M} {zone}"
