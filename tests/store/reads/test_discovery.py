"""Sorts and fields of what has arrived; no value leaves the store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.signal import Record
from store.client import Store
from store.loading.slice import SliceWriter
from store.read_endpoint.read_only import question
from store.reads import discovery
from store.statement import statement
from tests.otlp_values import logs, traces

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


def looked(store: Store, kind: str) -> tuple[dict[str, Any], discovery.Rows]:
    """Return what to ask further with, and the sorts."""
    windows, _ = discovery.newest(store.reader, kind=kind, seconds=86_400, limit=1_000)
    whole = windows[0][0], windows[-1][1]
    asked: Any = {"kind": kind, "window": whole, "deep": discovery.is_deep(store.reader, kind=kind, window=whole)}
    return asked, discovery.sorts(store.reader, least=1, **asked)


def looked_into(store: Store, kind: str) -> Iterator[tuple[dict[str, Any], str, dict[str, Any]]]:
    """Yield each field of each sort: the sort, its path, and how its values look."""
    asked, sorts = looked(store, kind)
    by_number = {row["sort"]: row for row in sorts}
    asked["sorts"] = list(by_number)
    places = [(sort, path) for sort, paths in discovery.paths(store.reader, **asked).items() for path in paths]
    for row in discovery.fields(store.reader, fields=discovery.field_numbers(store.reader, places), **asked):
        yield by_number[row["sort"]], row["path"], row


def write(store: Store, *records: Record) -> None:
    assert SliceWriter(store).write(list(records), 1) == []


@pytest.mark.parametrize("kind", discovery.TABLES)
def test_the_read_endpoint_allows_every_statement(kind: str) -> None:
    """A store that another process has open is asked through it."""
    parameters = {"kind": kind, "table": discovery.TABLES[kind], "signals": discovery.SIGNALS_LOOKED_AT, "deep": kind != "event"}
    for name in STATEMENTS if kind == "event" else (*STATEMENTS, "deep"):
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
    asked, (sort,) = looked(store, "event")
    numbers = {**asked, "sorts": [sort["sort"]]}
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


def test_lists_and_maps_of_otlp_are_read_as_the_catalog_reads_them(store: Store) -> None:
    """Also a map within a map, and those in a list; a name that no path can say is left out, and so is what is broken."""
    spans = [
        {
            "deliveries": [f"D{n}", str(n), ["x"]],
            "items": [{"no": n}, "I1"],
            "order": {"id": f"47{n}", "of": {"plant": 7}, "a b": 1},
            "tags": {},
        }
        for n in range(20)
    ]
    bodies = [
        {"event": "booked", "order": {"items": [{"id": f"I{n}", "ok": True}, {"id": "I0", "none": None}]}, "share": 0.5} for n in range(20)
    ]
    texts = [json.dumps({"msg": f"order {n} booked", "order": {"id": n}}) for n in range(20)]
    write(store, traces(spans), logs([*bodies, *texts]))
    put_spans(store, ["broken"], attributes=[{"order": "MgEK//8="}], attribute_types=[{"order": "kvlist"}])
    found = {
        kind: {(row["name"], path): (field["signals"], field["values"]) for row, path, field in looked_into(store, kind)}
        for kind in ("span", "log")
    }
    assert found["span"] == {
        ("ship", "attributes.deliveries[]"): (20, 40), ("ship", "attributes.items[]"): (20, 20), ("ship", "attributes.items[].no"): (20, 20),
        ("ship", "attributes.order[].id"): (20, 20), ("ship", "attributes.order[].of.plant"): (20, 20),
    }  # fmt: skip
    assert found["log"] == {
        ("booked", "body.event"): (20, 20), ("booked", "body.order.items[].id"): (20, 40), ("booked", "body.share"): (20, 20),
        ("order *", "body.msg"): (20, 20), ("order *", "body.order.id"): (20, 20),
    }  # fmt: skip


def test_structured_log_records_are_told_apart_by_what_they_say_they_are_about(store: Store) -> None:
    said: list[object] = [{"event": "order.booked", "message": "x"}, {"event": "order.booked"}, '{"message": "order.booked"}']
    said += [
        {"msg": "Order 4711 of token abc"},
        {"msg": "Order 4712 of password=x"},
        {"msg": "4711 is unknown"},
        {"event": ""},
        {"level": "x"},
    ]
    write(store, logs(said), logs([{"order": "1"}, "named and not structured"], event_name="order.billed"))
    found = {(row["told_by"], row["name"]): row["seen"] for row in looked(store, "log")[1]}
    assert found == {
        ("body.event", "order.booked"): 2, ("body.message", "order.booked"): 1, ("body.msg", "Order *"): 2, ("event_name", "order.billed"): 1,
        ("", "named and not structured"): 1,
    }  # fmt: skip


def test_zeros_in_front_make_no_other_value(store: Store) -> None:
    put_events(store, ['{"order": "00000815"}', '{"order": 815}', '{"order": " 815 "}'])
    asked, (sort,) = looked(store, "event")
    fields = discovery.field_numbers(store.reader, [(sort["sort"], "data.order")])
    values = discovery.sample(store.reader, sorts=[sort["sort"]], fields=fields, **asked)["values"].to_pylist()
    assert len({tuple(each) for each in values}) == 1
