"""What a reading finds in a signal, asked of the store's own engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from core.catalog.flow import Fact
from core.catalog.reading import Reading
from core.clock import to_milliseconds
from core.signal import Lane, Record, SignalKind
from core.telemetry import Telemetry
from correlator.engine import Correlator
from store.client import Store
from store.loading.slice import DECODED_MAX, SliceWriter
from store.stages.correlation import StoredCorrelation
from tests.correlator.recording import NOW, catalog
from tests.correlator.test_compile import flow
from tests.otlp_values import any_value

ITEMS = '{"items": [{"delivery": "C1", "x": [1, 2]}, {"delivery": "C2", "x": 3}, {"none": 1}]}'
ONE = '{"items": {"delivery": "C1", "x": 7}}'
LINES = '{"a": [{"b": [{"c": "1"}, {"c": "2"}]}, {"b": {"c": "3"}}]}'


Case = tuple[dict[str, Any], dict[str, Any]]


def milestones_of(store: Store, kind: str, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Return what each signal becomes by a flow of its own, ``(columns, milestone)``; nothing at all is an empty row."""
    flows = []
    for number, (_, milestone) in enumerate(cases):
        match = {kind: f"x{number}"} if kind != "log" else {"log": ".*", "service": f"x{number}"}
        given = {**milestone, "match": {**match, **milestone.get("match", {})}}
        facts = {name: Fact() for name in milestone.get("facts", {})}
        flows.append(flow(given.pop("match"), f"f{number:03}", **given).model_copy(update={"facts": facts}))
    Correlator(StoredCorrelation(store), catalog(*flows), Telemetry())
    named = {"event": ("type", "id", "data"), "log": ("service", "log_id", "body"), "span": ("name", "span_id", "attributes")}[kind]
    count = len(cases)
    columns: dict[str, list[Any]] = {name: [f"x{number}" for number in range(count)] for name in named[:2]}
    columns |= {name: [value] * count for name, value in {"slice": 1, "source": "s", "received_at": NOW}.items()}
    columns |= {} if kind == "span" else {"time": [NOW] * count}
    columns[named[2]] = [row[named[2]] for row, _ in cases]
    store.insert(f"{kind}s", columns)
    found = store.rows("SELECT flow, keys.value AS keys, facts, event_time, time_suspect FROM milestone_events")
    by_flow = {row["flow"]: row for row in found}
    return [by_flow.get(f"f{number:03}", {}) for number in range(count)]


KEYS_OF_EVENTS: list[tuple[str, object, list[str]]] = [
    (ITEMS, "data.items[].delivery", ["C1", "C2"]),
    (ONE, "data.items[].delivery", ["C1"]),
    (ITEMS, "data.items[0].delivery", ["C1"]),
    (ITEMS, "data.items[1].delivery", ["C2"]),
    (ONE, "data.items[0].delivery", ["C1"]),
    (ONE, "data.items[1].delivery", []),
    (ITEMS, "data.items[7].delivery", []),
    (ITEMS, "data.items[].x[]", ["1", "2", "3"]),
    (LINES, "data.a[].b[].c", ["1", "2", "3"]),
    (LINES, "data.a[0].b[1].c", ["2"]),
    ('["A", "B"]', "data[]", ["A", "B"]),
    ('[{"n": "A"}, {"n": "B"}]', "data[1].n", ["B"]),
    ('{"a": {"b": {"c": {"d": {"e-f": "deep"}}}}}', "data.a.b.c.d.e-f", ["deep"]),
    ('{"items": []}', "data.items[].delivery", []),
    ('{"items": null}', "data.items[].delivery", []),
    ("", "data.items[].delivery", []),
    ("no JSON", "data.items[].delivery", []),
    ('{"items": [{"delivery": {"id": 1}}]}', "data.items[].delivery", ['order: {"id":1} is no identifier']),
    ('{"text": "orders 4711, 4712 and 4711"}', {"path": "data.text", "pattern": r"(\d{4})"}, ["4711", "4712"]),
    ('{"text": "nothing here"}', {"path": "data.text", "pattern": r"(\d{4})"}, []),
    ('{"t": ["PO-1", "x", "PO-2"]}', {"path": "data.t[]", "pattern": r"PO-(\d+)"}, ["1", "2"]),
    ('{"year": 2026, "number": "0815"}', {"path": ["data.year", "data.number"]}, ["20260815"]),
]
KEYS_OF_LOGS: list[tuple[str, object, list[str]]] = [
    ('{"order": {"id": "4711"}}', "body.order.id", ["4711"]),
    ('{"orders": [{"id": 1}, {"id": 2}]}', "body.orders[].id", ["1", "2"]),
    ("INVOIC 4711 posted", {"path": "body", "pattern": r"INVOIC (\d+)"}, ["4711"]),
    ("plain text", "body.order.id", []),
]


@pytest.mark.parametrize(("kind", "column", "cases"), [("event", "data", KEYS_OF_EVENTS), ("log", "body", KEYS_OF_LOGS)])
def test_several_values_are_several_keys(store: Store, kind: str, column: str, cases: list[tuple[str, object, list[str]]]) -> None:
    found = milestones_of(store, kind, [({column: text}, {"keys": {"order": place}}) for text, place, _ in cases])
    assert [(*case[:2], row["keys"]) for case, row in zip(cases, found, strict=True)] == cases


def test_the_keys_of_a_span_from_an_attribute_that_holds_json(store: Store) -> None:
    row = {"attributes": {"order.items": '[{"id": "A"}, {"id": "B"}]'}}
    assert milestones_of(store, "span", [(row, {"keys": {"order": "attributes.order.items[].id"}})])[0]["keys"] == ["A", "B"]


BODY = {"order": {"id": "4711", "n": [1, -2, {"x": "é"}], "when": None}, "ok": True, "share": 0.5}
LISTS: list[tuple[object, str, list[str]]] = [
    (["A1", "A2", "A1", ""], "[]", ["A1", "A2"]),
    (["A1", "A2"], "[1]", ["A2"]),
    (["A1"], "[7]", []),
    ([1, -2, 2**62, True, 1.5], "[]", ["1", "-2", str(2**62), "order: true is no identifier", "1.5"]),
    (["b" * 200, "c" * 20_000], "[0]", ["b" * 200]),
    ([], "[]", []),
    ([["x"], {"y": 1}], "[]", ["order: [list] is no identifier", "order: {map} is no identifier"]),
    ([[["x"]]], "[][][]", ["x"]),
    ([{"id": "A"}, {"id": "B"}, {"other": "C"}, "D"], "[].id", ["A", "B"]),
    ({"id": "A"}, "[].id", ["A"]),  # one alone is a list of one
    ([f"k{number}" for number in range(202)], "[200]", ["order: [more than 200 values] is no identifier"]),
]
BODIES: list[tuple[object, str, list[str]]] = [
    (BODY, "body.order.id", ["4711"]),
    (BODY, "body.order.n[]", ["1", "-2", "order: {map} is no identifier"]),
    (BODY, "body.order.n[2].x", ["é"]),
    (BODY, "body.share", ["0.5"]),
    (BODY, "body.order.when", []),
    (BODY, "body.none.id", []),
    ([{"order": "7"}, {"order": "8"}], "body[].order", ["7", "8"]),
]


def test_lists_and_maps_of_otlp_are_read_as_those_of_json(store: Store) -> None:
    """By the whole way of a signal: decoded, stored and matched, a small slice in Python and a large one by the store's views."""
    flows = [flow({"span": f"x{n}"}, f"s{n:03}", keys={"order": f"attributes.order{path}"}) for n, (_, path, _) in enumerate(LISTS)]
    flows += [flow({"log": ".*", "service": f"x{n}"}, f"t{n:03}", keys={"order": path}) for n, (_, path, _) in enumerate(BODIES)]
    Correlator(StoredCorrelation(store), catalog(*flows), Telemetry())
    spans = [
        Span(
            name=f"x{n}",
            trace_id=bytes([n + 1] * 16),
            span_id=bytes([n + 1] * 8),
            attributes=[KeyValue(key="order", value=any_value(value))],
        )
        for n, (value, *_) in enumerate(LISTS)
    ]
    traces = ExportTraceServiceRequest(resource_spans=[ResourceSpans(scope_spans=[ScopeSpans(spans=spans)])])
    logs = ExportLogsServiceRequest(
        resource_logs=[
            ResourceLogs(
                resource=Resource(attributes=[KeyValue(key="service.name", value=any_value(f"x{n}"))]),
                scope_logs=[ScopeLogs(log_records=[LogRecord(body=any_value(value))])],
            )
            for n, (value, *_) in enumerate(BODIES)
        ]
    )
    expected = {f"s{n:03}": keys for n, (*_, keys) in enumerate(LISTS)} | {f"t{n:03}": keys for n, (*_, keys) in enumerate(BODIES)}
    for count in (1, DECODED_MAX[SignalKind.TRACES] + 1):
        for table in ("spans", "logs", "milestone_events"):
            store.command(f"TRUNCATE TABLE {table}")
        received = to_milliseconds(NOW)
        records = [
            Record(kind, "s", Lane.STANDARD, received, count, request.SerializeToString())
            for kind, request in ((SignalKind.TRACES, traces), (SignalKind.LOGS, logs))
        ]
        assert SliceWriter(store).write(records, 1) == []
        found = store.rows("SELECT flow, keys.value AS keys FROM milestone_events")
        assert {row["flow"]: row["keys"] for row in found} == expected


def test_one_of_several_values_is_enough_for_a_match(store: Store) -> None:
    cases: list[tuple[object, str, bool]] = [
        ("C2", ITEMS, True),
        ("C*", ITEMS, True),
        (["x", "C1"], ITEMS, True),
        ("C3", ITEMS, False),
        (True, ITEMS, True),
        (True, "{}", False),
        (False, ITEMS, False),
        (False, "{}", True),
    ]
    asked: list[Case] = [({"data": data}, {"match": {"attributes": {"data.items[].delivery": wanted}}}) for wanted, data, _ in cases]
    found = milestones_of(store, "event", asked)
    assert [(*case[:2], bool(row)) for case, row in zip(cases, found, strict=True)] == cases


DATS = {"path": ["data.d", "data.t"], "format": "YYYYMMDD[hhmmss]"}


FACTS: list[tuple[str, object, str | None]] = [
    ('{"d": "20260327", "t": "145000"}', DATS, "2026-03-27T14:50:00"),
    ('{"d": "20260327", "t": "240000"}', DATS, "2026-03-27T24:00:00"),
    ('{"d": "20260327"}', DATS, "2026-03-27"),
    ('{"d": "00000000", "t": "000000"}', DATS, None),
    ('{"d": "20260231", "t": "145000"}', DATS, "20260231145000"),  # no such day: shown as it is
    ('{"d": "20260327", "t": "145000"}', {**DATS, "time_zone": "Europe/Berlin"}, "2026-03-27T13:50:00Z"),
    ('{"d": "20260327", "t": "240000"}', {**DATS, "time_zone": "Europe/Berlin"}, "2026-03-27T23:00:00Z"),
    ('{"d": "27.03.2026 14:50"}', {"path": "data.d", "format": "DD.MM.YYYY[ hh:mm[:ss]]"}, "2026-03-27T14:50:00"),
    ('{"d": "7.3.2026"}', {"path": "data.d", "format": "D.M.YYYY"}, "2026-03-07"),
    ('{"d": "03/27/26"}', {"path": "data.d", "format": "MM/DD/YY"}, "2026-03-27"),
    ('{"d": "2026-03-27 14:50"}', {"path": "data.d", "time_zone": "Europe/Berlin"}, "2026-03-27T13:50:00Z"),
    ('{"d": "2026-03-27 14:50:00.25"}', {"path": "data.d", "time_zone": "Europe/Berlin"}, "2026-03-27T13:50:00.25Z"),
    ('{"d": "2026-07-27T14:50:00+09:00"}', {"path": "data.d", "time_zone": "Europe/Berlin"}, "2026-07-27T14:50:00+09:00"),
    ('{"d": "next week"}', {"path": "data.d", "format": "YYYYMMDD"}, "next week"),
    ('{"d": "1.234.567,89"}', {"path": "data.d", "format": "1.234,56"}, "1234567.89"),
    ('{"d": "-12,5"}', {"path": "data.d", "format": "1.234,56"}, "-12.5"),
    ('{"d": "1.234,56-"}', {"path": "data.d", "format": "1.234,56"}, "-1234.56"),
    ('{"d": "1,234.5"}', {"path": "data.d", "format": "1,234.56"}, "1234.5"),
    ('{"d": "1\\u00a0234,5"}', {"path": "data.d", "format": "1 234,56"}, "1234.5"),
    ('{"d": "1\'234.50"}', {"path": "data.d", "format": "1'234.56"}, "1234.50"),
    ('{"d": "a lot"}', {"path": "data.d", "format": "1.234,56"}, "a lot"),
    ('{"d": "12 pieces"}', {"path": "data.d", "pattern": r"^(\d+) pieces$"}, "12"),
    (ITEMS, "data.items[0].delivery", "C1"),
]


def test_a_fact_is_read_as_its_system_writes_it(store: Store) -> None:
    found = milestones_of(store, "event", [({"data": data}, {"facts": {"f": place}}) for data, place, _ in FACTS])
    assert [(*case[:2], row["facts"].get("f")) for case, row in zip(FACTS, found, strict=True)] == FACTS


MOMENTS: list[tuple[str, object, str, int]] = [
    ("20260227145000", {"path": "data.d", "format": "YYYYMMDDhhmmss", "time_zone": "Europe/Berlin"}, "2026-02-27T13:50:00", 0),
    ("202602271450", "data.d", "2026-02-27T14:50:00", 0),
    ("2026-02-27", {"path": "data.d", "time_zone": "Europe/Berlin"}, "2026-02-26T23:00:00", 0),
    ("2026-02-27T14:50:00.5+02:00", "data.d", "2026-02-27T12:50:00.500", 0),
    ("2026-02-27T14:50:00Z", "data.d", "2026-02-27T14:50:00", 0),
    ("2026-02-27 14:50:00.394000000", "data.d", "2026-02-27T14:50:00.394", 0),
    ("2026-02-27T14:50:00,5", {"path": "data.d", "time_zone": "Europe/Berlin"}, "2026-02-27T13:50:00.500", 0),
    ("/Date(1772203800000+0100)/", "data.d", "2026-02-27T14:50:00", 0),
    ("1772203800", "data.d", "2026-02-27T14:50:00", 0),
    ("1772203800000", "data.d", "2026-02-27T14:50:00", 0),
    ("yesterday", "data.d", "2026-03-01T00:00:00", 1),
    ("", "data.d", "2026-03-01T00:00:00", 1),
    ("00000000", "data.d", "2026-03-01T00:00:00", 1),
    ("2036-02-27T14:50:00Z", "data.d", "2026-03-01T00:00:00", 1),  # long after it was received
]


def test_a_milestone_says_when_it_happened(store: Store) -> None:
    found = milestones_of(store, "event", [({"data": f'{{"d": "{said}"}}'}, {"time": place}) for said, place, *_ in MOMENTS])
    told = [row["event_time"].strftime("%Y-%m-%dT%H:%M:%S.%f").removesuffix("000").removesuffix(".000") for row in found]
    assert [(*case[:2], time, row["time_suspect"]) for case, time, row in zip(MOMENTS, told, found, strict=True)] == MOMENTS


def test_only_the_milestone_that_says_so_has_another_time(store: Store) -> None:
    flows = [flow({"event": "x"}, "own"), flow({"event": "x"}, "told", time=Reading(path="data.d").model_dump())]
    Correlator(StoredCorrelation(store), catalog(*flows), Telemetry())
    row = {"type": ["x"], "id": ["1"], "source": ["s"], "slice": [1], "received_at": [NOW], "time": [NOW]}
    store.insert("events", {**row, "data": ['{"d": "2026-02-01T00:00:00Z"}']})
    found = store.rows("SELECT flow, toDate(event_time) AS day, time_suspect FROM milestone_events ORDER BY flow")
    assert [(each["flow"], str(each["day"]), each["time_suspect"]) for each in found] == [
        ("own", "2026-03-01", 0),
        ("told", "2026-02-01", 0),
    ]
