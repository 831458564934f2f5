"""The steps of an incident's runbook on the command line: what each is about, what came of it, and what it needs to be done."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from andon.terminal import printable
from core.catalog.catalog import Catalog, catalog_from_json
from core.catalog.causes import lacking
from core.catalog.runbook import Step, filled
from core.errors import AndonError
from core.plural import counted
from dashboard.components.time_format import utc
from store.reads import catalogs, detail, incident_log, resubmission
from store.reads.connection import Reader

_LATELY = timedelta(days=90)


@dataclass(frozen=True)
class Prepared:
    """A step of an incident's runbook, and the identifiers and facts of the affected transaction with the most at stake."""

    incident_id: str
    step: Step
    values: dict[str, str]


def prepare(client: Reader, identity: str, name: str) -> Prepared:
    """Find a step. Raises :class:`AndonError` that names the steps there are."""
    row = incident_log.incident(client, incident_id=identity)
    runbook = _catalog(client).runbooks.get(str(row["runbook"])) if row else None
    known = {one.step: one for one in runbook.steps} if runbook else {}
    if name not in known:
        raise AndonError(f"the incident's runbook has no step '{printable(name)}'; known: {', '.join(known) or 'none'}")
    members = incident_log.members(client, incident_id=identity, limit=1)
    found = detail.transaction(client, transaction_id=members["transaction_id"].iloc[0]) if len(members) else None
    if found is None:
        return Prepared(identity, known[name], {})
    keys = {key: str(values[0]) for key, values in found["keys"].items() if len(values)}
    values = {**found["facts"], **keys, "reference": found["reference"], "transaction_id": found["transaction_id"]}
    return Prepared(identity, known[name], values)


def told(client: Reader, prepared: Prepared) -> Iterator[str]:
    """Yield what the step is about: the question, the address, or the first rows that its query finds."""
    step = prepared.step
    yield printable(step.title)
    if step.ask:
        yield printable(step.ask)
    elif step.query:
        rows = incident_log.run_query(client, query=step.query, values=tuple(sorted(prepared.values.items())))
        for one in rows.to_dict("records"):
            yield "  " + ", ".join(f"{printable(name)} {printable(value)}" for name, value in one.items())
        yield counted(len(rows), "row")
    elif step.resubmit:
        letters = resubmission.given_up(client, incident_id=prepared.incident_id, source=step.resubmit).to_dict("records")
        for one in letters:
            yield f"  {printable(one['reference'])}: andon resubmit {shlex.quote(printable(one['id']))}"
        among = int(letters[0]["among"]) if letters else 0
        latest = f"the latest {len(letters):,} of " if among > len(letters) else ""
        yield f"{latest}{counted(among, 'dead letter')} of {printable(step.resubmit)}"
    elif not step.changes:  # what it sends is the engine's to say
        yield printable(filled(step.link or step.http, prepared.values))


def states(client: Reader, row: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each step of the incident's runbook: what came of it here, and how often it worked."""
    runbook = _catalog(client).runbooks.get(str(row["runbook"]))
    if runbook is None or not runbook.steps:
        return
    done = incident_log.steps(client, incident_id=str(row["incident_id"]), runbook=runbook.runbook)
    for step in runbook.steps:
        found = done.get(step.step)
        here = f"; {found['outcome']}, {printable(found['actor'])} {utc(found['at'])}" if found and found["outcome"] else ""
        often = f"; worked {found['worked']} of {found['runs']} times" if found else ""
        yield f"step {step.step}: {printable(step.title)}{here}{often}"


def unanswered(client: Reader, now: datetime) -> Iterator[str]:
    """Yield the causes of incidents of the last 90 days that no runbook is written for, the most frequent first."""
    catalog = _catalog(client)
    for row in incident_log.causes(client, since=now - _LATELY).to_dict("records"):
        if lacks := lacking(catalog, row["cause"], row["runbook"]):
            yield f"{row['flow']} {row['stage']} {printable(row['cause'])}: {row['incidents']:,} incidents, {lacks}"


def _catalog(client: Reader) -> Catalog:
    definitions = catalogs.in_force(client)["definitions"]
    return catalog_from_json(definitions) if definitions else Catalog()
