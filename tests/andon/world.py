"""A shop whose engine can end and begin, in which everything has happened that can be lost."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from alerts import actions
from andon.engine.pipeline import Pipeline
from andon.engine.rebuild import replay_journal
from andon.wiring.pipeline import pipeline_on
from core.catalog.catalog import Catalog
from core.catalog.runbook import Runbook, Step
from core.config import Settings
from core.telemetry import Telemetry
from store import scratch
from store.client import Store
from store.recovery.keeping import kept_in_journal, note_rebuilding
from tests.andon.shop import Shop

RESUBMIT = Step(step="resubmit", title="Resubmit", post="http://middleware/")
KEYS = {
    "transactions": "flow, transaction_id",
    "transaction_keys": "flow, key_type, key_value, transaction_id",
    "clocks": "flow, sla, transaction_id",
    "verdicts": "flow, sla, transaction_id, version",
    "incidents": "incident_id",
    "incident_members": "incident_id, transaction_id, sla",
    "deliveries": "delivery_id",
    "delivery_attempts": "delivery_id, attempt",
    "silences": "silence_id",
    "actions": "at, action, target",
    "events": "event_source, id",
    "spans": "trace_id, span_id",
    "open_clocks": "flow, sla, transaction_id",
    "catalogs": "version",
    "source_hours": "hour, source, kind",
}
"""The tables that must be the same afterwards, row by row; of merged transactions only the ids go on, as keys."""
_NOT = {"clocks": ", previous", "spans": ", slice", "events": ", slice", "source_hours": ""}


def content(store: Store) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for table, key in KEYS.items():
        numbers = "" if table == "source_hours" else "slice" if table in {"spans", "events"} else "revision" + _NOT.get(table, "")
        chosen = f"* EXCEPT ({numbers})" if numbers else "*"
        final = "" if table in {"actions", "catalogs"} else "FINAL"
        where = "WHERE state != 'merged'" if table == "transactions" else "WHERE active" if table == "transaction_keys" else ""
        found[table] = store.rows(f"SELECT {chosen} FROM {table} {final} {where} ORDER BY {key}")
    return found


class World:
    """A shop whose engine can end and begin, with what is kept in the journal."""

    def __init__(self, store: Store, folder: Path, definitions: Catalog) -> None:
        self.shop = Shop(store, Settings(data=folder / "data", journal_keep_seconds=86_400))
        self.definitions = definitions
        self._stack: ExitStack | None = None

    def begin(self, *, rebuilding: bool = False) -> Pipeline:
        self.end()
        shop = self.shop
        self._stack = ExitStack()
        keeping = self._stack.enter_context(kept_in_journal(shop.store, shop.settings, shop.clock))
        if rebuilding:
            note_rebuilding(shop.store, going_on=True)
        pipeline = pipeline_on(shop.store, shop.settings, self.definitions, shop.clock, Telemetry(), keeping)
        return self._stack.enter_context(pipeline)

    def end(self) -> None:
        if self._stack:
            self._stack.close()
            self._stack = None

    def lose_all(self) -> None:
        self.end()
        scratch.empty(self.shop.store)

    def rebuild(self) -> Pipeline:
        pipeline = self.begin(rebuilding=True)
        replay_journal(pipeline, threading.Event(), lambda _: None)
        return pipeline


def live(world: World) -> Pipeline:
    """Let orders be met, late and lost on the way, in several batches, and people act on what comes of it."""
    shop, pipeline = world.shop, world.begin()
    for number in range(1, 7):
        shop.send(shop.event("shop.captured", str(number), amount=100 * number))
        shop.settle(pipeline)
        shop.pass_time(minutes=1)
    shop.send(*(shop.span(str(number), number) for number in (1, 2)))
    shop.settle(pipeline)
    for minutes in (4, 20):
        shop.pass_time(minutes=minutes)
        shop.settle(pipeline)
    shop.send(shop.span("3", 3), shop.event("shop.captured", "4", id_="earlier", at=shop.clock.now() - timedelta(hours=1)))
    shop.settle(pipeline)
    pipeline.alerting.deliver(shop.clock.now())
    pipeline.alerting.settle()
    shop.pass_time(minutes=5)
    (incident,) = [one for one in pipeline.alerting.open_incidents(shop.clock.now()) if one.stage == "booked"]
    now = shop.clock.now()
    until = now + timedelta(days=2)
    pipeline.alerting.act(lambda incidents, _: actions.acknowledge(incidents, incident.incident_id, "Ana", "on it", until, now), now)
    pipeline.alerting.act(lambda incidents, _: actions.assign(incidents, incident.incident_id, "Ana", "Ben", now), now)
    pipeline.alerting.act(lambda _, __: actions.note(incident.incident_id, "Ana", "the queue stood", now, known=True), now)
    done = (Runbook(runbook="book", title="Book", steps=[RESUBMIT]), RESUBMIT)
    pipeline.alerting.act(lambda incidents, _: actions.sends(incidents, incident.incident_id, "Ana", done, "POST", "stuck", now), now)
    pipeline.alerting.act(lambda _, __: actions.came_of(incident.incident_id, "Ana", done, "worked", "HTTP 202", now), now)
    ends = now + timedelta(hours=8)
    match = {"flow": "orders", "stage": "shipped"}
    pipeline.alerting.act(lambda incidents, known: actions.silence(incidents, known, match, "Ana", "strike", ends, now), now)
    shop.settle(pipeline)
    pipeline.loader.write_progress()
    return pipeline
