"""Cross-checks of calendars, sources, contracts, routes and owners."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from core.catalog.calendar import Calendar, Holidays
from core.catalog.catalog import Catalog
from core.catalog.contract import Contract
from core.catalog.definition import Severity
from core.catalog.flow import Flow
from core.catalog.positions import Document, Path
from core.catalog.rates import Rates
from core.catalog.review import CheckSettings, Review, listed
from core.catalog.routing import FALLBACKS_MAX, ROUTE_VARIABLES, Owners, Route, Routes
from core.catalog.source import Source
from core.duration import parse_duration

_CEL_FUNCTIONS = frozenset(
    (
        "size",
        "contains",
        "startsWith",
        "endsWith",
        "matches",
        "int",
        "uint",
        "double",
        "string",
        "bool",
        "bytes",
        "duration",
        "timestamp",
        "type",
        "dyn",
        "has",
        "all",
        "exists",
        "exists_one",
        "map",
        "filter",
    )
)
_CEL_PLACE = re.compile(r"<input>:\d+:(\d+): (?:Syntax error: )?([^\n{]*)")


def check_calendar(review: Review, document: Document, calendar: Calendar) -> None:
    """Report every error in one calendar."""
    review.time_zone(document, ("time_zone",), calendar.time_zone)
    given = calendar.holidays
    if given.subdivision and not given.country:
        review.wrong(document, ("holidays", "subdivision"), "a subdivision needs a country; add 'country: DE'", at_key=True)
    if given.country:
        _check_holidays(review, document, given)
    elif "categories" in given.model_fields_set:
        review.wrong(document, ("holidays", "categories"), "categories need a country; add 'country: DE'", at_key=True)


def _check_holidays(review: Review, document: Document, given: Holidays) -> None:
    """Report a country, subdivision or category that has no holidays."""
    from holidays import country_holidays  # noqa: PLC0415 - takes a second to import, only for catalogs that need it

    what, key = f"country '{given.country}'", "country"
    try:
        known = country_holidays(str(given.country)).supported_categories
        what, key = f"subdivision '{given.subdivision}' of {given.country}", "subdivision"
        country_holidays(str(given.country), subdiv=given.subdivision)
    except NotImplementedError:
        message = f"no public holidays are known for {what}; write an ISO 3166 code such as DE, or list dates under 'add'"
        review.wrong(document, ("holidays", key), message)
        return
    for index, category in enumerate(given.categories):
        if category not in known:
            message = f"{given.country} has no holidays of the category '{category}'"
            review.unknown(document, ("holidays", "categories", index), message, category, known)


def check_source(review: Review, document: Document, source: Source) -> None:
    """Report every error in one source."""
    review.refers(document, ("owner",), "owner", source.owner, " in owners.yaml")
    for index, reference in enumerate(source.tokens):
        review.secret(document, ("tokens", index), reference)
    for index, reference in enumerate(source.webhook.secrets if source.webhook else []):
        review.secret(document, ("webhook", "secrets", index), reference)
    if source.redact:
        review.secret(document, ("redact", "key"), source.redact.key)
    if source.expect:
        review.calendars(document, ("expect", "calendar"), source.expect.calendar)
        if parse_duration(source.expect.every).working and not source.expect.calendar:
            message = f"'{source.expect.every}' counts working time, but no calendar is named; add 'calendar:' or remove 'working'"
            review.wrong(document, ("expect", "every"), message)
    _check_plugin(review, document, "receiver", source.receiver, review.validators.receiver, "rabbitmq")
    _check_plugin(review, document, "format", source.format, review.validators.format, "xml")
    _check_plugin(review, document, "resubmit", source.resubmit, review.validators.resubmit, "rabbitmq")
    if source.format and not source.receiver:
        review.wrong(document, ("format",), "a format is of what a receiver reads; add 'receiver:' or remove 'format'", at_key=True)


def _check_plugin(
    review: Review, document: Document, key: str, settings: dict[str, Any] | None, check: CheckSettings | None, example: str
) -> None:
    if settings is None:
        return
    if isinstance(settings.get("type"), str) and settings["type"]:
        review.settings(document, (key,), check, settings, f"{key} '{settings['type']}'")
    else:
        review.wrong(document, (key,), f"the {key} has no type; add for example 'type: {example}'", at_key=True)


def check_shared(review: Review, sources: Iterable[tuple[Document, Source]]) -> None:
    """Report services and tokens that two sources claim: their signals could belong to either."""
    claimed: dict[tuple[str, str], str] = {}
    for document, source in sources:
        claims = [("services", "service", index, name) for index, name in enumerate(source.services)]
        claims += [("tokens", "token", index, name) for index, name in enumerate(source.tokens)]
        for key, noun, index, name in claims:
            first = claimed.setdefault((noun, name), source.source)
            if first != source.source:
                review.wrong(document, (key, index), f"{noun} '{name}' already belongs to source '{first}'; name it in only one source")


def check_rhythms(review: Review, documents: Mapping[str, Document], catalog: Catalog) -> None:
    """Report sources whose rhythm changes no verdict: what they should have brought is late, and not unknown, when they are silent."""
    by_milestone = [catalog.sources_of(milestone) for flow in catalog.flows.values() for milestone in flow.milestones.values()]
    for name, document in documents.items():
        mine = [sources for sources in by_milestone if name in sources]
        others = {other for sources in mine for other in sources if not catalog.sources[other].expect}
        if catalog.sources[name].expect is None or any(others.isdisjoint(sources) for sources in mine):
            continue
        why = "no milestone has its 'system', or names it under 'source' of its match"
        if mine:
            why = f"its milestones may also come from {', '.join(sorted(others))}, without a rhythm; name under 'source' of their match where from"
        review.doubtful(document, ("expect",), f"while '{name}' is silent, what waits for it is late and not unknown: {why}")


def check_contract(review: Review, document: Document, contract: Contract, facts: set[str]) -> None:
    """Report every error in one contract; ``facts`` are those of all flows."""
    for part, given in (("for", contract.for_), ("facts", contract.facts)):
        if not given:
            review.wrong(
                document, (part,), f"'{part}' is empty; write, for example, {'{customer: ACME}' if part == 'for' else '{tier: gold}'}"
            )
    for name in contract.for_:
        if facts and name not in facts:
            review.unknown(document, ("for", name), f"fact '{name}' is not declared in any flow", name, facts)
    if contract.since and contract.until and contract.since >= contract.until:
        review.wrong(
            document, ("until",), f"the contract ends on {contract.until}, which is not after its start on {contract.since}; swap the dates"
        )


def check_owners(review: Review, document: Document, owners: Owners) -> None:
    """Report every error in ``owners.yaml``."""
    review.names(document, ("owners",), owners.owners, "team")
    for name, owner in owners.owners.items():
        if owner.email is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+", owner.email):
            review.wrong(document, ("owners", name, "email"), f"'{owner.email}' is not an e-mail address; write name@example.com")


def check_rates(review: Review, document: Document, rates: Rates) -> None:
    """Report every error in ``rates.yaml``."""
    if rates.currency in rates.rates:
        path = ("rates", rates.currency)
        review.wrong(document, path, f"{rates.currency} is the currency that totals are reported in; remove its rate", at_key=True)


def check_routes(review: Review, document: Document, routes: Routes) -> None:
    """Report every error in ``routes.yaml``."""
    review.names(document, ("channels",), routes.channels, "channel")
    for name, channel in routes.channels.items():
        review.refers(document, ("channels", name, "fallback"), "channel", channel.fallback, " under 'channels'")
        written = {"type": channel.type, "settings": channel.settings}
        review.settings(document, ("channels", name), review.validators.channel, written, f"channel '{name}'")
        if len(chain := routes.fallbacks(name)) > FALLBACKS_MAX:
            message = f"more than {FALLBACKS_MAX} fallbacks of '{name}' form a chain; end it with a channel that has none"
            review.wrong(document, ("channels", name, "fallback"), message)
        elif name in chain:
            message = f"the fallbacks of '{name}' form a cycle ({' → '.join([name, *chain])}); end it with a channel that has none"
            review.wrong(document, ("channels", name, "fallback"), message)
    seen: set[str] = set()
    closed: str | None = None
    for index, route in enumerate(routes.routes):
        path: Path = ("routes", index)
        if route.name in seen:
            review.wrong(document, (*path, "name"), f"route '{route.name}' is already defined above; choose another name")
        seen.add(route.name)
        _check_route(review, document, path, route)
        if closed is not None:
            review.doubtful(
                document, path, f"route '{route.name}' is never reached: '{closed}' above matches everything and has no 'continue: true'"
            )
        elif _takes_everything(route):
            closed = route.name


def check_told(review: Review, document: Document, flow: Flow, routes: Routes) -> None:
    """Report incidents of a flow that no route can match. Conditions that depend on the moment (``when``, ``active``) count as true.

    Such incidents go to the first channel; without any channel nobody is notified.
    """
    incidents = _incidents_of(flow)
    untold = sorted(f"{severity}, owner {owner}" for severity, owner in incidents if not any(
        (route.flow is None or flow.flow in listed(route.flow))
        and (route.severity is None or severity in listed(route.severity))
        and (route.owner is None or owner in listed(route.owner))
        for route in routes.routes
    ))  # fmt: skip
    if untold:
        instead = f"they go to the first channel, '{next(iter(routes.channels))}'" if routes.channels else "nobody will be notified"
        review.doubtful(document, ("flow",), f"no route in routes.yaml matches its incidents ({'; '.join(untold)}); {instead}")


def _incidents_of(flow: Flow) -> set[tuple[Severity, str]]:
    """Return the severity and owner of everything a flow may notify about: its missed SLAs, its early warnings, its failures."""
    found = {(sla.severity, sla.owner or flow.owner) for sla in flow.slas.values()}
    found |= {(Severity.WARNING, owner) for severity, owner in found if severity is Severity.CRITICAL}
    for milestone in flow.milestones.values():
        if milestone.failure:
            # as severe as the most severe SLA it endangers, and the responsibility of that SLA's owner
            endangered = [sla for sla in flow.slas.values() if sla.to == milestone.stage]
            severities = [sla.severity for sla in endangered] or [Severity.WARNING]
            found.add((max(severities, key=list(Severity).index), next((sla.owner for sla in endangered if sla.owner), flow.owner)))
    return found


def _takes_everything(route: Route) -> bool:
    conditions = (route.flow, route.severity, route.owner, route.when, route.active)
    return not route.continue_ and all(each is None for each in conditions)


def _check_route(review: Review, document: Document, path: Path, route: Route) -> None:
    for index, name in enumerate(route.channels):
        review.refers(document, (*path, "channels", index), "channel", name, " under 'channels'")
    for key, noun, where in (("flow", "flow", " in flows/"), ("owner", "owner", " in owners.yaml")):
        value = getattr(route, key)
        for index, name in enumerate(listed(value)):
            review.refers(document, (*path, key, index) if isinstance(value, list) else (*path, key), noun, name, where)
    if route.active is not None:
        review.time_zone(document, (*path, "active", "time_zone"), route.active.time_zone)
        if route.active.start == route.active.end:
            review.wrong(
                document,
                (*path, "active", "end"),
                f"the route is active from {route.active.start} to {route.active.end}, which never applies; write another end",
            )
    if route.repeat_every and parse_duration(route.repeat_every).working:
        review.wrong(document, (*path, "repeat_every"), "repeats are in wall-clock time; remove 'working'")
    if route.when is not None:
        _check_cel(review, document, (*path, "when"), route.when)


def _check_cel(review: Review, document: Document, path: Path, text: str) -> None:
    import cel  # noqa: PLC0415 - its package imports a whole terminal library; only for catalogs that need it

    try:
        program = cel.compile(text)
    except ValueError as error:
        found = _CEL_PLACE.search(str(error))
        what = found[2].removesuffix("expecting ").strip(" ,") if found else str(error).splitlines()[0]
        where = f"column {found[1]}: " if found else ""
        review.validated(document, path, f"{where}'{text}' is not a CEL expression: {what}; write, for example, 'value > 10000.0'")
        return
    for name in program.variables():
        if name not in ROUTE_VARIABLES:
            review.unknown(document, path, f"'{name}' is not a field of an incident", name, ROUTE_VARIABLES)
    for name in program.functions():
        if name[0].isalpha() and name not in _CEL_FUNCTIONS:
            review.unknown(document, path, f"'{name}' is not a CEL function", name, _CEL_FUNCTIONS)
