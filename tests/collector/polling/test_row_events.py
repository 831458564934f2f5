"""Rows that are read together become what each becomes alone."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from collector.polling.change_order import ChangeOrder
from collector.polling.row_events import RowEvents
from collector.polling.table_settings import SqlTableSettings
from tests.collector.receivers.driving import TestIntake, context_of

RECEIVER = {"type": "sql_table", "url": "env:ERP", "table": "orders", "key": "id", "change": "changed"}
CHANGED = datetime(2026, 3, 27, 14, 50, tzinfo=UTC)
ANY_KIND = (
    None,
    1,
    True,
    "4711",
    1.5,
    float("nan"),
    Decimal("12.50"),
    CHANGED,
    b"\0",
    {"a": [1]},
    ["C1"],
    {"C2", "C1"},
    1 << 70,
    "a\0b",
    "\ud800",
)


def events_of(folder: Path) -> RowEvents:
    return RowEvents(context_of(RECEIVER, TestIntake(), folder), ChangeOrder(SqlTableSettings.model_validate(RECEIVER)))


def test_what_stands_above_and_below_in_a_column_changes_nothing(tmp_path: Path) -> None:
    events = events_of(tmp_path)
    rows: list[dict[str, Any]] = [
        {"id": number, "changed": CHANGED, "value": value, "plain": "EUR"} for number, value in enumerate(ANY_KIND)
    ]
    together, alone = events.data_of(rows), [events.data_of([row])[0] for row in rows]
    assert [(each.key, each.json) for each in together] == [(each.key, each.json) for each in alone]
    assert together[6].json == b'{"id":6,"changed":"2026-03-27T14:50:00+00:00","value":"12.50","plain":"EUR"}'
    made = [
        [events.record(events.identity(data), row, data, 1).body for row, data in zip(rows, each, strict=True)]
        for each in (together, alone)
    ]
    assert made[0] == made[1]


def test_no_rows_become_nothing(tmp_path: Path) -> None:
    assert events_of(tmp_path).data_of([]) == []
