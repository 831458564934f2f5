"""Users' own tests of flows and SLAs: what a test file says, and what of it did not come true. Pure.

A file holds one test, or several separated by ``---``::

    test: A late order is seen before it is late       # the file's name when left out
    given:
      - {at: "2026-03-27 15:50 Europe/Berlin", event: crm.order.captured, data: {orderId: "4711"}}
    expect:
      - {at: "2026-03-27 16:00 Europe/Berlin", transaction: {sales_order: "4711"}, sla: book-in-time, verdict: at_risk}
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from core.catalog.definition import Definition, Severity
from core.errors import UsageError
from core.verdict import TransactionState, Verdict
from slas.calendar import zone_of

Signal: TypeAlias = Literal["event", "span", "log"]
_HINT = 'write a local time and its zone, quoted: "2026-03-27 15:50 Europe/Berlin"'
_MONEY = re.compile(r"\d+(\.\d+)? [A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as the test's author wrote it, and what it is in UTC."""

    text: str
    utc: datetime


def parse_moment(value: Any) -> Moment:
    """Return the moment of ``2026-03-27 15:50 Europe/Berlin`` or of an ISO 8601 time with an offset. Raises ``ValueError``."""
    if isinstance(value, Moment):
        return value
    text = value.strip() if isinstance(value, str) else ""
    before, _, zone_name = text.rpartition(" ")
    named = bool(before) and zone_name[:1].isalpha()
    try:
        local = datetime.fromisoformat(before if named else text)
        zone = zone_of(zone_name) if named else local.tzinfo
    except UsageError as error:
        raise ValueError(str(error)) from error
    except ValueError as error:
        raise ValueError(f"'{value}' is no time; {_HINT}") from error
    if zone is None or (named and local.tzinfo is not None):
        raise ValueError(f"'{value}' must have one time zone; {_HINT}")
    found = local.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise ValueError(f"'{text}' does not exist: the clocks of {zone_name} skip it")
    return Moment(text, found)


At = Annotated[Moment, BeforeValidator(parse_moment), PlainSerializer(lambda moment: moment.text)]
Money = Annotated[str, Field(pattern=_MONEY.pattern)]
"""``12000 EUR``."""


class Given(Definition):
    """One signal: exactly one of ``event`` (CloudEvents type), ``span`` (name) and ``log`` (body).

    ``at`` is the signal's own time, ``received`` when it arrives (the same when left out). ``source`` is the configured source; left out,
    it is the one that the catalog gives the ``service``, else ``default``.
    """

    at: At
    received: At | None = None
    event: str | None = None
    span: str | None = None
    log: str | None = None
    source: str | None = None
    subject: str | None = None
    data: dict[str, Any] | None = None
    service: str = ""
    status: Literal["ok", "error", "unset"] = "ok"
    severity: str = "INFO"
    attributes: dict[str, str | int | float | bool] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_signal(self) -> Self:
        if sum(text is not None for text in (self.event, self.span, self.log)) != 1:
            raise ValueError("give exactly one of 'event', 'span' and 'log'")
        return self

    @property
    def arrives(self) -> datetime:
        """When the pipeline sees it."""
        return (self.received or self.at).utc


class ExpectedIncident(Definition):
    """The incident that holds the transaction for this SLA."""

    owner: str | None = None
    severity: Severity | None = None
    status: Literal["open", "acknowledged", "resolved"] | None = None
    cause: str | None = None
    stage: str | None = None
    runbook: str | None = None
    value: Money | None = None
    members: int | None = None


class Expected(Definition):
    """What must hold at a moment, after everything given at that same moment.

    ``transaction`` and ``sla`` stay those of the line before when they are left out. ``verdict: none`` is: no such clock;
    ``incident: none``: no unresolved one. ``value`` and ``penalty`` are of the clock, ``state`` and ``reached`` of the transaction.
    """

    at: At
    transaction: dict[str, str] | None = Field(default=None, min_length=1, max_length=1)
    sla: str | None = None
    verdict: Verdict | Literal["none"] | None = None
    due: At | None = None
    warn: At | None = None
    cause: str | None = None
    value: Money | None = None
    penalty: Money | None = None
    state: TransactionState | None = None
    reached: str | None = None
    incident: ExpectedIncident | Literal["none"] | None = None

    @property
    def of_clock(self) -> bool:
        """Whether it says anything of an SLA's clock."""
        return any(part is not None for part in (self.verdict, self.due, self.warn, self.cause, self.value, self.penalty, self.incident))


class UnitTest(Definition):
    """One test. Sources are taken as heard, whatever the test leaves out; those in ``silent`` are evaluated by what is given."""

    test: str = ""
    given: list[Given] = Field(min_length=1)
    expect: list[Expected] = Field(min_length=1)
    silent: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _first_names_all(self) -> Self:
        if self.expect[0].transaction is None:
            raise ValueError("the first line of 'expect' must name its transaction, as {sales_order: \"4711\"}")
        known = None
        for number, line in enumerate(self.expect, start=1):
            known = line.sla or known
            if known is None and line.of_clock:
                raise ValueError(f"line {number} of 'expect' must name its sla")
        return self


@dataclass(frozen=True)
class Found:
    """What the store says at the moment: rows with aware or naive UTC times; None where there is no such row."""

    transaction: Mapping[str, Any] | None = None
    clock: Mapping[str, Any] | None = None
    reason: str = ""
    incidents: Sequence[Mapping[str, Any]] = ()


def compare(expected: Expected, found: Found) -> list[str]:
    """Return what differs, one phrase each (``verdict is running, expected at_risk: …``); empty when all holds."""
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
        return [] if absent else [f"verdict is {clock['verdict'] if clock else 'none (no clock has begun)'}, expected {expected.verdict}"]
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
    """Return a time as the author of the test writes it: in the same zone."""
    if at is None:
        return "unknown"
    zone = like.text.rpartition(" ")[2]
    if not zone[:1].isalpha():
        return _utc(at).isoformat(timespec="seconds")
    local = _utc(at).astimezone(zone_of(zone))
    return f"{local:%Y-%m-%d %H:%M:%S} {zone}" if local.second else f"{local:%Y-%m-%d %H:%M} {zone}"
