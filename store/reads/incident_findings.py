"""What there is to find out about an incident: where its transactions stand, what sets them apart, what happened before and who is next.

All answers are bounded: of many transactions the latest are looked at, and as many healthy ones to compare them with.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from core.incident import FAILED, OVERDUE
from core.incident_findings import STANDING_MAX
from store.reads.connection import Reader
from store.reads.frame import frame
from store.reads.search import first_id
from store.statement import statement

BEFORE = timedelta(days=1)
"""How far before an incident things are looked for that may have led to it."""
AHEAD = timedelta(days=1)
"""How far ahead deadlines are looked at: what is due later has its time, whatever is wrong now."""


def standing(client: Reader, *, incident_id: str, flow: str, resolved: bool) -> pd.DataFrame:
    """Return how many of its latest ``STANDING_MAX`` transactions reached which milestone last: stage, transactions; the most first."""
    asked = {"id": incident_id, "flow": flow, "resolved": resolved, "most": STANDING_MAX}
    return frame(client, statement("incident_findings/standing"), parameters=asked)


def rhythm(client: Reader, *, flow: str, milestone: str, since: datetime, now: datetime) -> dict[str, Any] | None:
    """Return when any transaction last reached a milestone (``last_at``, UTC), and the median of ``usual_seconds`` between two.

    Of the last 1,000 between ``since`` and ``now``; None if there are fewer than three.
    """
    bound = {"flow": flow, "milestone": milestone, "since": since, "now": now}
    (row,) = client.query(statement("incident_findings/rhythm"), parameters=bound).named_results()
    return dict(row) if row["times"] >= 3 else None


def outstanding(
    client: Reader, *, incident_id: str, flow: str, cause: str, resolved: bool, opened: datetime, names: tuple[str, ...], zone: str
) -> pd.DataFrame:
    """Return what is more frequent among its transactions than among healthy ones of the flow, beyond chance; the largest difference first.

    Columns: trait (a fact, hour, error, version, node), value, affected and affected_total, healthy and healthy_total (transactions), and
    lift, how many times as frequent it is (inf: no healthy one has it). ``names``: of the facts to compare; ``zone``: of the hours.
    """
    bound = _group(incident_id, flow, resolved, opened) | {"cause": cause, "facts": list(names), "zone": zone}
    parts = [frame(client, statement(f"incident_findings/{name}"), parameters=bound) for name in ("facts", "signals")]
    found = [part for part in parts if len(part)]
    if not found:
        return pd.DataFrame()
    both = pd.concat(found, ignore_index=True)
    apart = both["affected_share"] - both["healthy_share"]
    return both.iloc[(-apart).argsort(kind="stable")].head(8).reset_index(drop=True)


def first_errors(client: Reader, *, incident_id: str, flow: str, resolved: bool) -> pd.DataFrame:
    """Return the first three failed spans and error logs in the traces of its transactions that these have not overcome.

    Columns: at (UTC), kind, service, what, said, transaction_id. Overcome is what ended before the milestone that a transaction had reached
    when it joined the incident.
    """
    return frame(client, statement("incident_findings/errors"), parameters={"id": incident_id, "flow": flow, "resolved": resolved})


def changes(client: Reader, *, incident_id: str, flow: str, resolved: bool, opened: datetime) -> pd.DataFrame:
    """Return what changed within a day before it opened, the latest first: at (UTC), kind (catalog, refused, version, silent), what.

    Versions are those of services that the flow's transactions passed through.
    """
    window = {"since": opened - BEFORE, "opened": opened}
    versions = frame(client, statement("incident_findings/versions"), parameters=_group(incident_id, flow, resolved, opened))
    catalogs = frame(client, statement("incident_findings/catalogs"), parameters=window)
    silent = frame(client, statement("incident_findings/silent"), parameters={**window, "until": opened})
    rows = [(row["at"], "version", f"{row['service']} {row['version']}") for row in versions.to_dict("records")]
    rows += [(row["looked_at"], "refused" if row["problem"] else "catalog", row["version"]) for row in catalogs.to_dict("records")]
    rows += [(row["silent_since"], "silent", row["source"]) for row in silent.to_dict("records")]
    found = pd.DataFrame(rows, columns=["at", "kind", "what"])
    found["at"] = pd.to_datetime(found["at"], utc=True)
    return found[found["at"] <= pd.Timestamp(opened)].sort_values("at", ascending=False, ignore_index=True)


def victims(client: Reader, *, flow: str, stage: str, stages: tuple[str, ...], until: datetime, limit: int = 20) -> pd.DataFrame:
    """Return transactions whose clock towards ``stage`` runs, is due by ``until``, and that stand at one of ``stages``, earliest due first.

    Columns: transaction_id, reference, sla, due_at, warn_at (UTC), value, currency, customer, plant, total (of the next 500 clocks).
    """
    bound = {"flow": flow, "stage": stage, "stages": list(stages), "until": until, "limit": limit}
    return frame(client, statement("incident_findings/victims"), parameters=bound)


def similar(client: Reader, *, incident_id: str, flow: str, stage: str, cause: str, opened: datetime, limit: int = 5) -> pd.DataFrame:
    """Return earlier incidents of the flow with the same stage or cause: incident_id, title, opened_at, resolved_at, how large they were.

    ``same``: stage and cause; ``actor`` and ``detail``: the last note on it.
    """
    bound = {"id": incident_id, "flow": flow, "stage": stage, "cause": cause, "opened": opened, "limit": limit}
    bound["anonymous"] = [OVERDUE, FAILED]
    return frame(client, statement("incident_findings/similar"), parameters=bound)


def _group(incident_id: str, flow: str, resolved: bool, opened: datetime) -> dict[str, Any]:
    return {"id": incident_id, "flow": flow, "resolved": resolved, "first": first_id(opened - BEFORE)}
