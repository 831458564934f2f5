"""Sorts and fields of what has arrived; no value leaves the store."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from store.client import Store
from store.read_endpoint.read_only import question
from store.reads import discovery
from store.statement import statement

AT = datetime(2026, 3, 20, 12, tzinfo=UTC)
STATEMENTS = ("newest", "sorts", "paths", "fields", "sample")


def put_spans(store: Store, names: list[str], **columns: Any) -> None:
    count = len(names)
    given = {
        "slice": [1] * count, "source": ["shop"] * count, "received_at": [AT] * count, "service": ["erp"] * count, "name": names,
        "trace_id": [f"{n:032x}" for n in range(count)], "span_id": [f"{n:016x}" for n in range(count)], "start_time": [AT] * count,
    }  # fmt: skip
    store.insert("spans", given | columns)


def put_logs(store: Store, bodies: list[str]) -> None:
    count = len(bodies)
    store.insert(
        "logs",
        {
            "slice": [1] * count, "source": ["shop"] * count, "received_at": [AT] * count, "service": ["erp"] * count, "body": bodies,
            "log_id": [str(n) for n in range(count)], "time": [AT] * count, "body_type": ["string"] * count,
        },
    )  # fmt: skip


def put_events(store: Store, data: list[str], received: list[datetime] | None = None) -> None:
    count = len(data)
    store.insert(
        "events",
        {
            "slice": [1] * count, "source": ["shop"] * count, "received_at": received or [AT] * count, "event_source": ["/x"] * count,
            "id": [str(n) for n in range(count)], "type": ["placed"] * count, "time": [AT] * count, "data": data,
        },
    )  # fmt: skip


def looked(store: Store, kind: str) -> tuple[discovery.Window, discovery.Rows]:
    windows, _ = discovery.newest(store.reader, kind=kind, seconds=86_400, limit=1_000)
    whole = windows[0][0], windows[-1][1]
    return whole, discovery.sorts(store.reader, kind=kind, window=whole, least=1)


@pytest.mark.parametrize("kind", discovery.TABLES)
def test_the_read_endpoint_allows_every_statement(kind: str) -> None:
    """A store that another process has open is asked through it."""
    parameters = {"kind": kind, "table": discovery.TABLES[kind], "signals": discovery.SIGNALS_LOOKED_AT}
    for name in STATEMENTS:
        assert question(statement(f"discovery/{name}", **parameters)).sql


def test_the_newest_signals_are_so_many_and_so_old_at_most(store: Store) -> None:
    put_events(store, ["{}"] * 100, [AT - timedelta(minutes=n) for n in range(100)])
    windows, count = discovery.newest(store.reader, kind="event", seconds=3_600, limit=1_000)
    assert (count, len(windows)) == (61, 10)
    assert windows[0][0] == (AT - timedelta(hours=1)).replace(tzinfo=None)
    assert windows[-1][1] == (AT + timedelta(milliseconds=1)).replace(tzinfo=None)
    assert discovery.newest(store.reader, kind="event", seconds=3_600, limit=7)[1] == 7
    assert discovery.newest(store.reader, kind="log", seconds=3_600, limit=7) == ([], 0)


def test_names_with_numbers_are_one_sort(store: Store) -> None:
    names = ["GET /orders/4711", "GET /orders/12/items", "BAPI_CREATEFROMDAT2", "order-4711 book", "order-4712 book", "a?token=x", "a?b"]
    put_spans(store, names)
    found = {row["name"]: row["seen"] for row in looked(store, "span")[1]}
    assert found == {"GET /orders/*": 2, "BAPI_CREATEFROMDAT2": 1, "order-*": 2, "a*": 2}


def test_messaging_spans_are_told_apart_by_destination_and_operation(store: Store) -> None:
    """Not by their names, whose order of words the conventions changed."""
    new = {"messaging.destination.name": "orders", "messaging.operation.type": "process"}
    old = {"messaging.destination.name": "orders", "messaging.operation": "process"}
    put_spans(store, ["orders process", "process orders"], attributes=[new, {**new, "a": "b"}])
    put_spans(store, ["send"], trace_id=["f" * 32], attributes=[{"messaging.destination.name": "orders"}])
    put_spans(store, ["x"], trace_id=["e" * 32], attributes=[old], status=["error"])
    found = {(row["name"], row["destination"], row["operation"], row["failed"]): row["seen"] for row in looked(store, "span")[1]}
    assert found == {("", "orders", "process", 0): 2, ("send", "", "", 0): 1, ("", "orders", "process", 1): 1}


def test_log_records_with_the_same_words_are_one_sort(store: Store) -> None:
    put_logs(store, ["Order 4711 booked by RFC_1.", "Order AB-4712 booked by RFC_2.", 'User "anna" has 2', "User 'x y' has 3", "pwd: abc"])
    found = {row["name"]: row["seen"] for row in looked(store, "log")[1]}
    assert found == {"Order \x01 booked by \x01.": 2, "User \x02 has \x01": 2, "pwd: \x02": 1}


def test_fields_say_how_values_look_but_none_of_them(store: Store) -> None:
    same = {"at": "2026-03-20", "total": 1.5, "ok": True, "a b": 1}
    put_events(store, [json.dumps({"order": f"0047{n:02d}", "lines": [{"item": n}, {"item": n + 50}], **same}) for n in range(20)])
    whole, (sort,) = looked(store, "event")
    numbers = {"kind": "event", "window": whole, "sorts": [sort["sort"]]}
    paths = discovery.paths(store.reader, **numbers)[sort["sort"]]
    assert sorted(paths) == ["data.at", "data.lines[].item", "data.order", "data.total"]
    fields = discovery.field_numbers(store.reader, [(sort["sort"], path) for path in paths])
    found = {row["path"]: row for row in discovery.fields(store.reader, fields=fields, **numbers)}
    order = found["data.order"]
    assert (order["signals"], order["values"], order["distinct_values"], order["identifiers"], order["padded"]) == (20, 20, 20, 20, 20)
    assert (order["shape"], found["data.at"]["times"], found["data.total"]["fractions"]) == ("999999", 20, 20)
    assert (found["data.lines[].item"]["signals"], found["data.lines[].item"]["values"]) == (20, 40)

    sample = discovery.sample(store.reader, fields=fields[:1], **numbers)
    assert (sample.num_rows, sample.column_names) == (20, ["signal", "sort", "at", "fields", "values"])
    assert sample["at"][0].as_py() == AT.timestamp() * 1_000


def test_lists_among_the_attributes_of_spans_are_read_as_the_catalog_reads_them(store: Store) -> None:
    attributes = [{"deliveries": "CgA=", "order": f"47{n:02d}", "tags": ""} for n in range(20)]
    types = [{"deliveries": "array", "tags": "kvlist"}] * 20
    lists = [{"deliveries": [f"D{n}", str(n), "{map}", "[list]", "[more than 200 values]"]} for n in range(20)]
    put_spans(store, ["ship"] * 20, attributes=attributes, attribute_types=types, attribute_lists=lists)
    whole, (sort,) = looked(store, "span")
    numbers = {"kind": "span", "window": whole, "sorts": [sort["sort"]]}
    paths = discovery.paths(store.reader, **numbers)[sort["sort"]]
    assert sorted(paths) == ["attributes.deliveries[]", "attributes.order"]
    fields = discovery.field_numbers(store.reader, [(sort["sort"], path) for path in paths])
    found = {row["path"]: row for row in discovery.fields(store.reader, fields=fields, **numbers)}
    assert (found["attributes.deliveries[]"]["signals"], found["attributes.deliveries[]"]["values"]) == (20, 40)


def test_zeros_in_front_make_no_other_value(store: Store) -> None:
    put_events(store, ['{"order": "00000815"}', '{"order": 815}', '{"order": " 815 "}'])
    whole, (sort,) = looked(store, "event")
    fields = discovery.field_numbers(store.reader, [(sort["sort"], "data.order")])
    values = discovery.sample(store.reader, kind="event", window=whole, sorts=[sort["sort"]], fields=fields)["values"].to_pylist()
    assert len({tuple(each) for each in values}) == 1
