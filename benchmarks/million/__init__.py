"""A store full of believable transactions, made inside ClickHouse by the statements beside this file, and its real read endpoint.

Per flow of the shipped catalog: transactions of the last 90 days, their keys, milestone events, clocks (each written twice, as running and
as it stands, so that what is current has to be told from what was), verdicts, and one event or three spans for each milestone; incidents
that hold everything late, resolved ones, deliveries, quarantine. Not filled: log records, metrics, landing tables.
"""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn

from core.catalog.flow import Flow
from core.catalog.load import load_catalog
from core.clock import FakeClock, SystemClock, to_milliseconds
from core.http.guard import Guard
from core.limits import FailedAttempts
from core.rejection_log import RejectionLog
from core.statement import statements
from core.telemetry import Telemetry
from store.catalogs import StoredCatalogs
from store.client import Store
from store.migrations import migrate
from store.read_endpoint.endpoint import Readers, read_endpoint
from store.stages.derived import follow_clocks, forget_ended_clocks

CATALOG = Path(__file__).parents[2] / "catalog"
DAYS = 90
CHUNK = 50_000
SHARES = ((0, 11), (11, 16), (16, 20))
_GAP_SECONDS, _GAP_DEVIATION = 43_200, 20_800

_statement = statements(Path(__file__).parent)


def _parameters(flow: Flow, number: int) -> dict[str, Any]:
    names = [name for name, milestone in flow.milestones.items() if not milestone.failure and not milestone.optional]
    step = {name: position for position, name in enumerate(names, 1)}
    slas = {name: sla for name, sla in flow.slas.items() if sla.from_ in step and sla.to in step}
    gaps = [step[sla.to] - step[sla.from_] for sla in slas.values()]
    keys = list(flow.keys)
    return {
        "flow": flow.flow, "names": names, "steps": len(names), "systems": [flow.milestones[name].system for name in names],
        "first_key": keys[0], "second_key": keys[1], "prefix": ("45", "70", "10")[number], "outage": int(number == 0),
        "share_from": SHARES[number][0], "share_to": SHARES[number][1], "slas": list(slas),
        "from_steps": [step[sla.from_] for sla in slas.values()], "to_steps": [step[sla.to] for sla in slas.values()],
        "to_names": [sla.to for sla in slas.values()],
        "allowed": [round(_GAP_SECONDS * gap + 1.7 * _GAP_DEVIATION * math.sqrt(gap)) for gap in gaps],
    }  # fmt: skip


def fill(store: Store, transactions: int, now: datetime) -> dict[str, int]:
    """Write the rows and return how many of them each table holds."""
    moment = to_milliseconds(now)
    whole = {"total": transactions, "spacing": DAYS * 86_400_000 // transactions, "now": moment}
    catalog = load_catalog(CATALOG).catalog
    StoredCatalogs(store, FakeClock(now)).taken(catalog)
    lines = [_parameters(flow, number) for number, flow in enumerate(catalog.flows.values())]
    store.command(_statement("create_runs"))
    earlier: list[dict[str, Any]] = []
    for start in range(0, transactions, CHUNK):
        for bound in earlier:  # what stands now is written after the next ones began, as it is in a running store
            _write_runs(store, bound)
            _write_clocks(store, bound, 2)
        earlier = []
        for line in lines:
            bound = {**whole, **line, "from": start, "count": min(CHUNK, transactions - start), "revision": 1 + start}
            _write_runs(store, bound)
            for name in ("transactions", "transaction_keys", "transaction_events", "events", "spans"):
                store.command(_statement(name), bound)
            _write_clocks(store, bound, 1)
            earlier.append(bound)
    for bound in earlier:
        _write_runs(store, bound)
        _write_clocks(store, bound, 2)
    store.command("DROP TABLE bench_runs SYNC")
    late = {"now": moment, "flow": lines[0]["flow"], "stage": lines[0]["names"][4]}
    for name in (
        "incident_members",
        "incidents",
        "resolved_incidents",
        "resolved_members",
        "deliveries",
        "delivery_attempts",
        "quarantine",
        "cursors",
    ):
        text = _statement(name)
        store.command(text, late if "{now:" in text else None)
    follow_clocks(store)
    forget_ended_clocks(store)
    return {
        row["table"]: row["n"]
        for row in store.rows("SELECT table, sum(rows) AS n FROM system.parts WHERE active GROUP BY table ORDER BY n DESC")
    }


def _write_runs(store: Store, bound: dict[str, Any]) -> None:
    store.command("TRUNCATE TABLE bench_runs")
    store.command(_statement("runs"), bound)


def _write_clocks(store: Store, bound: dict[str, Any], version: int) -> None:
    for table in ("clocks", "verdicts"):
        store.command(_statement("clocks", table=table), {**bound, "version": version, "revision": bound["revision"] + version})


def serve(folder: Path, transactions: int, now: datetime, port: int, password: str, filled: Any) -> None:
    """Fill a store in ``folder`` unless it is filled, put the rows of each table into the queue ``filled``, and serve the read endpoint."""
    store = Store(f"chdb://{folder}")
    migrate(store)
    counts = fill(store, transactions, now) if not store.rows("SELECT count() AS n FROM transactions")[0]["n"] else {}
    filled.put(counts)
    clock = SystemClock()
    guard = Guard(FailedAttempts(clock), RejectionLog(clock, Telemetry()))
    uvicorn.run(read_endpoint(Readers(str(folder)), password, guard), host="127.0.0.1", port=port, log_level="error")
