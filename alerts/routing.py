"""Routing: which channels are notified of an incident. The first route that matches wins unless it says ``continue``."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import cel

from alerts.incidents import Incident
from alerts.stage import ActiveHours
from core.catalog.flow import OWN_FLOW
from core.catalog.routing import ActiveTime, Route, Routes
from core.duration import parse_duration
from core.errors import UsageError

logger = logging.getLogger("andon.alerts")

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DEFAULT_ROUTE = "default"
_CEL_ERRORS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What evaluating an expression raises if it fails: https://github.com/hardbyte/python-common-expression-language"""


@dataclass(frozen=True)
class CompiledRoute:
    """A compiled route. ``when`` is a compiled CEL program or None."""

    name: str
    flows: frozenset[str]
    severities: frozenset[str]
    owners: frozenset[str]
    when: Any
    active: ActiveHours | None
    channels: tuple[str, ...]
    repeat_every_seconds: float | None
    goes_on: bool


@dataclass(frozen=True)
class RouteMatch:
    """One channel of one matching route."""

    channel: str
    route: str
    active: ActiveHours | None = None
    repeat_every_seconds: float | None = None


def compile_routes(routes: Routes) -> tuple[CompiledRoute, ...]:
    """Compile the routes. Raises :class:`UsageError` that names the route and the field."""
    return tuple(_compile(route) for route in routes.routes)


def match_routes(incident: Incident, compiled: tuple[CompiledRoute, ...], channels: tuple[str, ...]) -> list[RouteMatch]:
    """Return which channels are notified of an incident, and by which routes; without a match, the first channel; without channels, none.

    Andon's own incidents go to the first channel only, whatever the routes say: routes are written for transactions.

    A channel has several matches if routes lead to it at different hours or repeat at different times.
    """
    if incident.flow == OWN_FLOW:
        return [RouteMatch(channels[0], OWN_FLOW)] if channels else []
    matches: dict[tuple[str, ActiveHours | None, float | None], RouteMatch] = {}
    matched = False
    for route in compiled:
        if not _matches(route, incident):
            continue
        matched = True
        for channel in route.channels:
            key = (channel, route.active, route.repeat_every_seconds)
            matches.setdefault(key, RouteMatch(channel, route.name, route.active, route.repeat_every_seconds))
        if not route.goes_on:
            break
    if not matched and channels:
        return [RouteMatch(channels[0], DEFAULT_ROUTE)]
    return list(matches.values())


def _compile(route: Route) -> CompiledRoute:
    try:
        when = None if route.when is None else cel.compile(route.when)
    except ValueError as error:
        raise UsageError(f"routes.yaml: route '{route.name}': when: {str(error).splitlines()[0]}") from error
    return CompiledRoute(
        route.name,
        _set(route.flow),
        _set(route.severity),
        _set(route.owner),
        when,
        None if route.active is None else _hours(route.active),
        tuple(route.channels),
        _repeat_seconds(route),
        route.continue_,
    )


def _set(value: Any) -> frozenset[str]:
    return frozenset() if value is None else frozenset(map(str, value if isinstance(value, list) else [value]))


def _hours(active: ActiveTime) -> ActiveHours:
    days = frozenset(_WEEKDAYS.index(day) for day in active.days) or frozenset(range(7))
    return ActiveHours(days, _minutes(active.start), _minutes(active.end), active.time_zone)


def _minutes(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def _repeat_seconds(route: Route) -> float | None:
    if route.repeat_every is None:
        return None
    every = parse_duration(route.repeat_every)
    if every.working:
        raise UsageError(f"routes.yaml: route '{route.name}': repeat_every: repeats are in wall-clock time; remove 'working'")
    return every.milliseconds / 1000


def _matches(route: CompiledRoute, incident: Incident) -> bool:
    pairs = ((route.flows, incident.flow), (route.severities, incident.severity), (route.owners, incident.owner))
    if any(wanted and found not in wanted for wanted, found in pairs):
        return False
    if route.when is None:
        return True
    try:
        return bool(route.when.execute(facts_of(incident)))
    except _CEL_ERRORS:  # a user's expression; a failing one must not swallow an alert
        logger.exception("route's 'when' failed and counts as a match", extra={"fields": {"route": route.name}})
        return True


def facts_of(incident: Incident) -> dict[str, Any]:
    """Return what ``when`` may use. ``value`` is the largest amount in one currency, ``values`` all amounts by currency."""
    return {
        "flow": incident.flow,
        "stage": incident.stage,
        "cause": incident.cause,
        "severity": incident.severity,
        "owner": incident.owner,
        "runbook": incident.runbook,
        "members": incident.members,
        "breached": incident.breached,
        "value": max(incident.value.values(), default=0.0),
        "values": dict(incident.value),
        "customers": list(incident.customers),
        "plants": list(incident.plants),
    }
