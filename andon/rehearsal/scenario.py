"""A user's scenario: the signals given, and the verdicts and incidents expected.

A file holds one scenario, or several separated by ``---``::

    test: A late order is seen before it is late       # the file's name when left out
    given:
      - {at: "2026-03-27 15:50 Europe/Berlin", event: crm.order.captured, data: {orderId: "4711"}}
    expect:
      - {at: "2026-03-27 16:00 Europe/Berlin", transaction: {sales_order: "4711"}, sla: book-in-time, verdict: at_risk}
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from collector.message import is_attribute
from core.catalog.definition import Definition, Severity
from core.errors import UsageError
from core.verdict import TransactionState, Verdict
from slas.calendar import zone_of

_HINT = 'write a local time and its zone, quoted: "2026-03-27 15:50 Europe/Berlin"'
_OFFSET = re.compile(r"(?<=\d)\s?[+-](\d\d):?(\d\d)$")
_MONEY = re.compile(r"\d+(\.\d+)? [A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as the scenario's author wrote it, and the same moment in UTC."""

    text: str
    utc: datetime


def parse_moment(value: Any) -> Moment:
    """Return the moment of ``2026-03-27 15:50 Europe/Berlin`` or of an ISO 8601 time with an offset. Raises ``ValueError``."""
    if isinstance(value, Moment):
        return value
    text = value.strip() if isinstance(value, str) else ""
    before, _, zone_name = text.rpartition(" ")
    named = bool(before) and zone_name[:1].isalpha()
    if (offset := _OFFSET.search(text)) and not (int(offset[1]) < 24 and int(offset[2]) < 60):
        raise ValueError(f"'{value}' has the offset {offset[0].strip()}, which no time zone has; {_HINT}")
    try:
        local = datetime.fromisoformat(before if named else text)
        zone = zone_of(zone_name) if named else local.tzinfo
    except UsageError as error:
        raise ValueError(str(error)) from error
    except ValueError as error:
        raise ValueError(f"'{value}' is not a time; {_HINT}") from error
    if zone is None or (named and local.tzinfo is not None):
        raise ValueError(f"'{value}' must have one time zone; {_HINT}")
    try:
        found = local.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"'{text}' is too far away; the years 1970 to 2199 will do") from error
    if found.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise ValueError(f"'{text}' does not exist: the clocks of {zone_name} skip it")
    return Moment(text, found)


At = Annotated[Moment, BeforeValidator(parse_moment), PlainSerializer(lambda moment: moment.text)]
Money = Annotated[str, Field(pattern=_MONEY.pattern)]
"""``12000 EUR``."""


_NAMES = {"event": "an event", "span": "a span", "log": "a log record"}
_OWN_FIELDS = {"event": {"subject", "data"}, "span": {"service", "status"}, "log": {"service", "severity"}}


class Given(Definition):
    """One signal: exactly one of ``event`` (CloudEvents type), ``span`` (name) and ``log`` (body).

    ``at`` is the signal's own time, ``received`` its time of arrival (by default the same). ``source`` is the configured source; by default
    it is the one that the catalog assigns to the ``service``, else ``default``. ``attributes`` of an event are its extension attributes.
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
        kind = next(kind for kind in _OWN_FIELDS if getattr(self, kind) is not None)
        foreign = sorted(name for own in _OWN_FIELDS.values() for name in own & self.model_fields_set - _OWN_FIELDS[kind])
        if foreign:
            raise ValueError(f"{_NAMES[kind]} has no '{foreign[0]}'; remove it")
        if kind == "event" and (wrong := [name for name in self.attributes if not is_attribute(name)]):
            raise ValueError(f"'{wrong[0]}' is no name of an event's own attribute: it is made of a to z and 0 to 9")
        return self

    @property
    def arrives(self) -> datetime:
        """When the pipeline receives it."""
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

    ``transaction`` and ``sla`` default to those of the previous line. ``verdict: none`` means no such clock; ``incident: none`` means no
    unresolved one. ``value`` and ``penalty`` are the clock's, ``state`` and ``reached`` the transaction's.
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
        """Whether it says anything about an SLA's clock."""
        return any(part is not None for part in (self.verdict, self.due, self.warn, self.cause, self.value, self.penalty, self.incident))


class Scenario(Definition):
    """One scenario. Sources count as seen, whatever it leaves out; those in ``silent`` are evaluated by what is given."""

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
