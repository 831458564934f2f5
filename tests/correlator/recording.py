"""A small flow with every relation of keys, its events as rows of the ``events`` table, and transactions as the model writes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from core.catalog.catalog import Catalog
from core.catalog.flow import Flow
from core.clock import from_milliseconds
from store.client import Store
from tests.model.transactions import Heard, Rules

FLOW = Flow.model_validate(
    {
        "flow": "orders",
        "title": "Orders",
        "owner": "team",
        "keys": {
            "order": {"strip_leading": "0", "case": "upper"},
            "ticket": {},
            "delivery": {"relation": "many"},
            "invoice": {"relation": "many-to-many"},
        },
        "facts": {"amount": {"type": "decimal"}},
        "milestones": {
            name: {
                "system": "S",
                "match": {"event": f"test.{name}"},
                "keys": {key: f"data.{key}" for key in ("order", "ticket", "delivery", "invoice")},
                "facts": {"amount": "data.amount"},
                **more,
            }
            for name, more in {
                "captured": {},
                "booked": {},
                "rejected": {"failure": True, "stage": "booked", "cause": "data.cause"},
                "stuck": {"failure": True, "cause": "data.cause"},
                "shipped": {},
                "invoiced": {},
                "withdrawn": {},
            }.items()
        },
        "ends": ["invoiced", "withdrawn"],
        "cancels": ["withdrawn"],
    }
)
RULES = Rules(
    key_types=("order", "ticket", "delivery", "invoice"),
    many=frozenset({"delivery"}),
    loose=frozenset({"invoice"}),
    order=tuple(FLOW.milestones),
    ends=frozenset(FLOW.ends),
    cancels=frozenset(FLOW.cancels),
    stages={"rejected": "booked"},
    end_keys={"invoiced": frozenset({"delivery"})},
)
START = 1_770_000_000_000
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def catalog(*flows: Flow) -> Catalog:
    return Catalog(version="1", flows={flow.flow: flow for flow in flows or (FLOW,)})


def feed(store: Store, events: Sequence[Heard], slice_: int) -> None:
    """Insert events as one slice."""
    rows = [(event, from_milliseconds(START + event.at)) for event in events]
    bodies = [json.dumps({**dict(event.keys), **dict(event.facts), "cause": event.cause}) for event in events]
    store.insert(
        "events",
        {
            "slice": [slice_] * len(rows),
            "source": ["test"] * len(rows),
            "received_at": [from_milliseconds(START + 10_000_000)] * len(rows),
            "event_source": ["/test"] * len(rows),
            "id": [event.event_id for event in events],
            "type": [f"test.{event.milestone}" for event in events],
            "time": [at for _, at in rows],
            "data": bodies,
        },
    )


def in_words(row: dict[str, Any], at: Callable[[datetime | None], int | None]) -> dict[str, Any]:
    """Return a row of ``transactions`` in the model's words, its moments as ``at`` tells them."""
    return {
        "reference": row["reference"],
        "keys": row["keys"],
        "state": row["state"],
        "ended_at": at(row["ended_at"]),
        "stage": row["stage"],
        "first_at": {name: at(moment) for name, moment in row["first_at"].items()},
        "last_at": {name: at(moment) for name, moment in row["last_at"].items()},
        "reached": {
            name: sorted((each["type"], each["value"], at(each["at"])) for each in values) for name, values in row["reached"].items()
        },
        "moments": {name: [at(moment) for moment in moments] for name, moments in row["moments"].items()},
        "facts": row["facts"],
        "failed": (row["failed_milestone"], row["failed_stage"], at(row["failed_at"]), row["cause"]),
        "events": row["events"],
    }


def stored(store: Store) -> list[dict[str, object]]:
    """Return the store's transactions in the model's words; event ids of the model order events of one moment."""
    rows = store.rows("SELECT * FROM transactions FINAL WHERE state != 'merged'")

    def milliseconds(moment: datetime | None) -> int | None:
        return None if moment is None else round(moment.replace(tzinfo=UTC).timestamp() * 1000) - START

    found = []
    for row in rows:
        exclusive = min((name, value) for name, values in row["keys"].items() for value in values if name not in RULES.loose)
        found.append((exclusive, in_words(row, milliseconds)))
    return [state for _, state in sorted(found, key=lambda pair: pair[0])]
