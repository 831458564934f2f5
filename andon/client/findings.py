"""What ``andon incident show`` finds out about an incident: the sentences of its page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from andon.terminal import printable
from core.catalog.catalog import catalog_from_json
from core.catalog.flow import Flow
from core.incident import IncidentStatus
from core.incident_findings import (
    Rhythm,
    awaited_next,
    change_in_words,
    compared_facts,
    error_in_words,
    from_opening,
    rhythm_in_words,
    standing_in_words,
    trait_in_words,
    trait_title,
    value_in_words,
)
from core.money import amount
from core.plural import counted
from dashboard.components.time_format import aware, utc
from store.reads import catalogs
from store.reads import incident_findings as reads
from store.reads.connection import Reader

_VICTIMS = 5


def findings(client: Reader, row: Mapping[str, Any], now: datetime) -> Iterator[str]:
    """Yield what there is to find out about an incident, line by line; times are UTC, hours of the day too. ``row``: of ``incidents``."""
    definitions = catalogs.in_force(client)["definitions"]
    flow = catalog_from_json(definitions).flows.get(str(row["flow"])) if definitions else None
    if flow is None:
        return
    opened = aware(row["opened_at"]) or now
    asked: dict[str, Any] = {
        "incident_id": str(row["incident_id"]),
        "flow": flow.flow,
        "resolved": row["status"] == IncidentStatus.RESOLVED.value,
    }
    yield from _where(client, flow, row, asked, now)
    compared: dict[str, Any] = {"cause": str(row["cause"]), "opened": opened, "names": compared_facts(flow), "zone": "UTC"}
    for one in reads.outstanding(client, **asked, **compared).to_dict("records"):
        yield f"{trait_title(flow, one['trait'])} {printable(value_in_words(one['trait'], one['value'], 'UTC'))}: {trait_in_words(one)}"
    for one in reads.first_errors(client, **asked).head(1).to_dict("records"):
        yield f"first error {utc(one['at'])}, {from_opening(aware(one['at']) or now, opened)}: {printable(error_in_words(one))}"
    for one in reads.changes(client, opened=opened, **asked).to_dict("records"):
        yield f"before it, {utc(one['at'])}: {printable(change_in_words(one['kind'], one['what']))}"
    group: dict[str, Any] = {name: str(row[name]) for name in ("incident_id", "flow", "stage", "cause")}
    for one in reads.similar(client, opened=opened, **group).to_dict("records"):
        note = f"; {printable(one['actor'])}: {printable(one['detail'])}" if one["actor"] else ""
        yield f"like {one['incident_id'][:8]}, {utc(one['opened_at'])} to {utc(one['resolved_at'])}{note}"


def _where(client: Reader, flow: Flow, row: Mapping[str, Any], asked: dict[str, Any], now: datetime) -> Iterator[str]:
    standing = reads.standing(client, **asked)
    if asked["resolved"] or standing.empty:
        return
    wanted = str(row["stage"])
    yield standing_in_words(flow, list(zip(standing["stage"], standing["transactions"], strict=True)), wanted)
    if milestone := awaited_next(flow, str(standing["stage"].iloc[0]), wanted):
        found = reads.rhythm(client, flow=flow.flow, milestone=milestone, since=now - 2 * reads.BEFORE, now=now)
        if found and (last_at := aware(found["last_at"])):
            yield rhythm_in_words(flow, Rhythm(milestone, last_at, float(found["usual_seconds"])), now, utc)
    stages = tuple(standing["stage"].head(3))
    victims = reads.victims(client, flow=flow.flow, stage=wanted, stages=stages, until=now + reads.AHEAD, limit=_VICTIMS)
    for position, one in enumerate(victims.to_dict("records")):
        if not position:
            yield f"next: {counted(int(one['total']), flow.noun, flow.nouns)} due within a day, not yet warned of"
        yield f"  {printable(one['reference'])}, due {utc(one['due_at'])}, {printable(amount(one['value'], one['currency']))}"
