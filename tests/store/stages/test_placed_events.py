"""Where events are placed: in the transactions they are assigned to, in those that take over others, and from shelves."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from store.stages.placed_events import COLUMNS, FOLDED, ids_of, place

_FRAMES = {
    "merges": ["flow", "from_id", "to_id"],
    "copies": ["flow", "from_id", "to_id"],
    "assignments": ["flow", "event_id", "transaction_id"],
}
_TYPES = {
    "event_time": pa.timestamp("ms", "UTC"),
    "received_at": pa.timestamp("ms", "UTC"),
    "time_suspect": pa.uint8(),
    "failure": pa.uint8(),
    "keys": pa.list_(pa.struct({"type": pa.string(), "value": pa.string()})),
    "facts": pa.map_(pa.string(), pa.string()),
}
_SCHEMA = pa.schema([(name, _TYPES.get(name, pa.string())) for name in COLUMNS])


def rows(*named: tuple[str, ...], flow: str = "a") -> pa.Table:
    """Return rows of events in transactions: the id of the transaction, the id of the event."""
    nothing: dict[str, Any] = dict.fromkeys(COLUMNS, "") | dict.fromkeys(_TYPES, 0) | {"keys": [], "facts": []}
    return pa.Table.from_pylist(
        [{**nothing, "flow": flow, "transaction_id": transaction, "event_id": event} for transaction, event in named], _SCHEMA
    )


def fresh(*events: str, flow: str = "a") -> pa.Table:
    """Return milestone events of a batch."""
    return rows(*(("", event) for event in events), flow=flow).drop_columns("transaction_id")


def frames(**given: list[tuple[str, ...]]) -> dict[str, pd.DataFrame]:
    return {name: pd.DataFrame(given.get(name, []), columns=columns, dtype=object) for name, columns in _FRAMES.items()}


def seen(table: pa.Table, *columns: str) -> list[tuple[Any, ...]]:
    return sorted(zip(*(table[name].to_pylist() for name in columns or ("transaction_id", "event_id")), strict=True))


def test_an_event_is_placed_in_every_transaction_it_is_assigned_to() -> None:
    placed = place(fresh("e1", "e2"), rows(("t", "e0")), **frames(assignments=[("a", "e2", "t"), ("a", "e2", "u"), ("a", "e1", "u")]))
    assert seen(placed.arrived, "transaction_id", "event_id", "active") == [("t", "e2", 1), ("u", "e1", 1), ("u", "e2", 1)]
    assert seen(placed.changed) == [("t", "e0"), ("t", "e2"), ("u", "e1"), ("u", "e2")]
    assert placed.changed.column_names == list(FOLDED)
    assert len(placed.moved) == 0


def test_what_a_transaction_has_is_neither_written_nor_a_reason_to_fold() -> None:
    placed = place(fresh("e1"), rows(("t", "e1"), ("u", "e2")), **frames(assignments=[("a", "e1", "t")]))
    assert (len(placed.arrived), len(placed.changed)) == (0, 0)


def test_one_id_in_two_flows_names_two_transactions() -> None:
    history = pa.concat_tables([rows(("t", "e0")), rows(("t", "e0"), ("t", "e1"), flow="b")])
    batch = pa.concat_tables([fresh("e1"), fresh("e1", flow="b")])
    placed = place(batch, history, **frames(assignments=[("a", "e1", "t"), ("b", "e1", "t")]))
    assert seen(placed.arrived, "flow", "event_id") == [("a", "e1")]
    assert seen(placed.changed, "flow", "event_id") == [("a", "e0"), ("a", "e1")]


def test_events_of_a_merged_transaction_move_and_leave_it() -> None:
    history = rows(("old", "e1"), ("old", "e2"), ("new", "e2"), ("new", "e3"))
    placed = place(fresh("e4"), history, **frames(merges=[("a", "old", "new")], assignments=[("a", "e4", "new")]))
    assert seen(placed.moved, "transaction_id", "event_id", "active") == [("new", "e1", 1), ("old", "e1", 0), ("old", "e2", 0)]
    assert seen(placed.arrived) == [("new", "e4")]
    assert seen(placed.changed) == [("new", "e1"), ("new", "e2"), ("new", "e3"), ("new", "e4")]


def test_a_shelf_gives_every_transaction_what_it_has_and_what_it_gets_and_keeps_it() -> None:
    history = rows(("@i:1", "e1"), ("t", "e0"))
    placed = place(
        fresh("e2", "e3"),
        history,
        **frames(copies=[("a", "@i:1", "t"), ("a", "@i:1", "u")], assignments=[("a", "e2", "@i:1"), ("a", "e3", "t")]),
    )
    assert seen(placed.arrived) == [("@i:1", "e2"), ("t", "e1"), ("t", "e2"), ("t", "e3"), ("u", "e1"), ("u", "e2")]
    assert seen(placed.changed) == [("t", "e0"), ("t", "e1"), ("t", "e2"), ("t", "e3"), ("u", "e1"), ("u", "e2")]


def test_what_moves_into_a_transaction_does_not_come_from_a_shelf_as_well() -> None:
    history = rows(("old", "e1"), ("@i:1", "e1"))
    placed = place(fresh(), history, **frames(merges=[("a", "old", "new")], copies=[("a", "@i:1", "new")]))
    assert seen(placed.moved, "transaction_id", "active") == [("new", 1), ("old", 0)]
    assert len(placed.arrived) == 0


def test_everything_a_batch_reads_or_changes_is_named_once() -> None:
    found = ids_of(**frames(merges=[("a", "f", "t")], copies=[("b", "@i:1", "t")], assignments=[("a", "e", "t"), ("a", "e", "u")]))
    assert sorted(found) == ["@i:1", "f", "t", "u"]
