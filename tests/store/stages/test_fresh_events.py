"""What correlation reads: each event once, and a row for each of its keys and each transaction that a key names."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from store.stages.fresh_events import distinct, key_values, keys_with_transactions

KEYS = pa.list_(pa.struct([("type", pa.string()), ("value", pa.string())]))
KNOWN = pa.schema([(name, pa.string()) for name in ("flow", "key_type", "key_value", "transaction_id")])


def events(*rows: tuple[int, str, str, int, list[tuple[str, str]]]) -> pa.Table:
    """Return events: slice, flow, id, receipt, keys."""
    slices, flows, ids, received, keys = zip(*rows, strict=True)
    return pa.table(
        {
            "slice": pa.array(slices, pa.uint64()),
            "flow": flows,
            "event_id": ids,
            "received_at": pa.array(received, pa.timestamp("ms", "UTC")),
            "keys": pa.array([[{"type": type_, "value": value} for type_, value in each] for each in keys], KEYS),
            "candidate_id": [f"f{name}" for name in ids],
        }
    )


def known(*rows: tuple[str, str, str, str]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(KNOWN.names, row, strict=True)) for row in rows], KNOWN)


def joined(*args: Any) -> list[tuple[str, ...]]:
    return sorted(keys_with_transactions(*args)[["event_id", "key_type", "key_value", "transaction_id"]].itertuples(index=False, name=None))


def test_an_event_counts_as_its_earliest_slice_has_it_and_of_one_slice_as_it_was_received_first() -> None:
    found = distinct(events((7, "a", "e", 1, []), (5, "a", "e", 9, []), (5, "a", "e", 3, []), (5, "b", "e", 4, []), (6, "a", "f", 1, [])))
    seen = zip(
        *(found[name].to_pylist() for name in ("flow", "event_id", "slice")), found["received_at"].cast("int64").to_pylist(), strict=True
    )
    assert list(seen) == [("a", "e", 5, 3), ("b", "e", 5, 4), ("a", "f", 6, 1)]


def test_a_key_stands_there_once_for_each_transaction_it_names_and_once_if_it_names_none() -> None:
    batch = events((1, "a", "e1", 0, [("invoice", "I"), ("order", "A")]), (1, "a", "e2", 0, [("invoice", "I")]))
    names = known(("a", "invoice", "I", "t1"), ("a", "order", "B", "t3"), ("a", "invoice", "I", "t2"))
    assert joined(batch, names) == [
        ("e1", "invoice", "I", "t1"), ("e1", "invoice", "I", "t2"), ("e1", "order", "A", ""), ("e2", "invoice", "I", "t1"), ("e2", "invoice", "I", "t2"),
    ]  # fmt: skip
    assert sorted(key_values(batch)) == ["A", "I"]


def test_a_key_names_a_transaction_of_its_own_flow_and_type_only() -> None:
    batch = events((1, "a", "e1", 0, [("order", "A")]))
    assert joined(batch, known(("b", "order", "A", "t1"), ("a", "ticket", "A", "t2"), ("a", "order", "AA", "t3"))) == [
        ("e1", "order", "A", "")
    ]


def test_an_event_without_keys_has_a_row_too() -> None:
    batch = events((1, "a", "e1", 0, []), (1, "a", "e2", 0, [("order", "A")]), (1, "a", "e3", 0, []))
    assert joined(batch, known(("a", "order", "A", "t"))) == [("e1", "", "", ""), ("e2", "order", "A", "t"), ("e3", "", "", "")]
    assert joined(events((1, "a", "e1", 0, [])), known()) == [("e1", "", "", "")]
