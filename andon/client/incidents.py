"""What ``andon incident`` shows of incidents, and how it acts on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from andon.client.findings import findings
from andon.client.steps import states
from andon.terminal import printable
from core.catalog.flow import OWN_FLOW
from core.config import Settings
from core.errors import AndonError, UsageError
from core.http.actions import post_action
from core.incident import IncidentStatus, current_status, size_of
from core.incident_history import in_words
from core.money import amount, several
from dashboard.components.time_format import aware, utc
from store.reads import incident_log
from store.reads.connection import Reader

_SHORT = 8
"""As many characters of an id as the list shows; nearly always enough to name an incident."""
_BEFORE = timedelta(days=1)
_AFFECTED = 5
"""As many transactions as an incident's sheet names."""


def act(settings: Settings, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Post an action to the running engine and return its answer. Raises what :func:`core.http.actions.post_action` raises."""
    secret = settings.data / "secrets" / "actions"
    try:
        token = secret.read_text(encoding="ascii").strip()
    except OSError as error:
        raise UsageError(f"{secret} cannot be read: {error.strerror}; name the engine's data folder with --data") from error
    return post_action(settings, path, body, token)


def identity_of(client: Reader, beginning: str) -> str:
    """Return the id of the one incident whose id begins so. Raises :class:`AndonError` if there is none, or more than one."""
    found = incident_log.ids(client, beginning=beginning)
    if not found:
        raise AndonError(f"no incident has an id that begins with '{printable(beginning)}'; see 'andon incident list --all'")
    if len(found) > 1:
        raise AndonError(f"the ids of several incidents begin with '{printable(beginning)}'; give more of it")
    return found[0]


def listed(client: Reader, now: datetime, *, resolved_too: bool) -> pd.DataFrame:
    """Return incidents, worst first: id (its beginning), status, severity, title, affected, late, value, owner, opened (UTC)."""
    rows = incident_log.incidents(client, status="" if resolved_too else "unresolved", now=now)
    return pd.DataFrame([_line(row, now) for row in rows.to_dict("records")])


def _line(row: dict[Any, Any], now: datetime) -> dict[str, Any]:
    size = size_of(row)
    return {
        "id": row["incident_id"][:_SHORT],
        "status": _status(row, now) + (", silenced" if aware(row["silenced_until"]) else ""),
        "severity": row["severity"],
        "title": row["title"],
        "affected": size["members"],
        "late": size["breached"],
        "value": several(size["value"]),
        "owner": row["assignee"] or row["owner"],
        "opened": utc(row["opened_at"]),
    }


def sheet(client: Reader, now: datetime, identity: str) -> Iterator[str]:
    """Yield what is known of an incident, line by line; times are UTC. Raises :class:`AndonError` for an unknown one."""
    row = incident_log.incident(client, incident_id=identity)
    if row is None:
        raise AndonError(f"no incident '{printable(identity)}' is known")
    group: dict[str, Any] = {name: str(row[name]) for name in ("incident_id", "flow", "stage", "cause")}
    reopened = f", reopened {utc(row['reopened_at'])}" if row["reopened_at"] else ""
    resolved = f", resolved {utc(row['resolved_at'])}" if row["resolved_at"] else ""
    yield printable(row["title"])
    yield f"{identity}: {row['severity']}, {_status(row, now)}, opened {utc(row['opened_at'])}{reopened}{resolved}"
    yield _size(row)
    yield _owner(row)
    yield from _acknowledgement(row, now)
    for one in incident_log.silences_of(client, now=now, **group).to_dict("records"):
        yield f"silenced until {utc(one['ends_at'])} by {printable(one['created_by'])}: {printable(one['reason'])} ({one['silence_id']})"
    affected = list(_affected(client, row))
    yield from ["", *affected] if affected else []
    found = list(findings(client, row, now)) if row["flow"] != OWN_FLOW else []
    yield from ["", *found] if found else []
    steps = list(states(client, row))
    yield from ["", *steps] if steps else []
    yield ""
    for line in incident_log.history(client, ended_after=(aware(row["opened_at"]) or now) - _BEFORE, **group).to_dict("records"):
        who = f"{printable(line['who'])} " if line["who"] else ""
        yield f"{utc(line['at'])}  {who}{printable(in_words(line['kind'], line['what'], line['number']))}"


def _size(row: Mapping[Any, Any]) -> str:
    size = size_of(row)
    worst = " at its worst" if row["status"] == IncidentStatus.RESOLVED.value else ""
    said = [f"{size['members']:,} affected", f"{size['breached']:,} late or failed"]
    said += [f"{several(size['value'])} at risk"] if size["value"] else []
    said += [f"{several(size['penalty'])} penalty"] if size["penalty"] else []
    return f"{', '.join(said)}{worst}; {row['members_total']:,} affected in total"


def _owner(row: Mapping[Any, Any]) -> str:
    assignee = f", assigned to {printable(row['assignee'])}" if row["assignee"] else ""
    return f"owner {printable(row['owner'])}{assignee}; runbook {printable(row['runbook']) or 'none'}"


def _affected(client: Reader, row: Mapping[Any, Any]) -> Iterator[str]:
    """Yield the first transactions still in it, in the order of its page."""
    found = incident_log.members(client, incident_id=str(row["incident_id"]), limit=_AFFECTED)
    here = [one for one in found.to_dict("records") if aware(one["left_at"]) is None]
    for one in here:
        due = f", due {utc(one['due_at'])}" if aware(one["due_at"]) else ""
        customer = f", {printable(one['customer'])}" if one["customer"] else ""
        worth = f", {printable(amount(one['value'], one['currency']))}" if one["value"] else ""
        yield f"{printable(one['reference'])}: {one['verdict'].replace('_', ' ')}{due}{worth}{customer}"
    if len(here) == _AFFECTED < row["members"]:
        yield f"and {row['members'] - _AFFECTED:,} more"


def _acknowledgement(row: Mapping[Any, Any], now: datetime) -> Iterator[str]:
    if not row["acknowledged_by"] or row["status"] == IncidentStatus.RESOLVED.value:
        return
    by, until = printable(row["acknowledged_by"]), utc(row["acknowledged_until"])
    held = _status(row, now) == IncidentStatus.ACKNOWLEDGED.value
    yield f"acknowledged by {by} until {until}" if held else f"the acknowledgement by {by} ended {until}"


def _status(row: Mapping[Any, Any], now: datetime) -> str:
    return current_status(str(row["status"]), aware(row["acknowledged_until"]), now)
