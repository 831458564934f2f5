"""What a store holds, as rows that another version of the code can be asked for again."""

from __future__ import annotations

import json
from typing import Any

from store.client import Store
from tests.andon.world import content

MORE = {
    "logs": ("log_id", "slice"),
    "metrics": ("metric_id", "slice"),
    "quarantine": ("quarantine_id", "slice"),
    "event_contents": ("key, content", "slice"),
    "transaction_events": ("flow, transaction_id, milestone, event_id", "revision"),
    "transaction_outcomes": ("flow, transaction_id", "revision"),
    "loaded_segments": ("segment", "slice, updated_at"),
}
"""More tables, each with its key and the columns that a rebuild gives anew."""


def content_of(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the tables that people, pages and stages rely on, as JSON has them."""
    more = {table: store.rows(f"SELECT * EXCEPT ({anew}) FROM {table} FINAL ORDER BY {key}") for table, (key, anew) in MORE.items()}
    whole: dict[str, list[dict[str, Any]]] = json.loads(json.dumps({**content(store), **more}, default=str))
    return whole


def as_known_to(release: dict[str, list[dict[str, Any]]], found: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Return what was found in the tables and columns that a release had."""
    return {
        table: [{name: value for name, value in row.items() if name in (rows[0] if rows else row)} for row in found[table]]
        for table, rows in release.items()
    }
