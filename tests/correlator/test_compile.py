"""Flows compile to one SELECT per signal kind; the SQL of a small catalog is pinned."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from core.business_key import visible
from core.catalog.flow import Fact, Flow, is_named
from core.catalog.review import listed
from core.signal import Lane, Record, SignalKind
from core.telemetry import M, Telemetry
from correlator.compile import NO_KEY, compile_catalog, signal_of
from correlator.engine import Correlator
from store.client import Store
from store.loading.slice import SliceWriter
from store.stages.correlation import StoredCorrelation
from tests.correlator.golden import SMALL, check_golden
from tests.correlator.recording import NOW, catalog, feed, stored
from tests.model.transactions import Heard


def _text(value: str) -> AnyValue:
    return AnyValue(string_value=value)


def _list(*values: AnyValue) -> AnyValue:
    return AnyValue(array_value=ArrayValue(values=values))


def flow(match: dict[str, object], name: str = "one", **more: object) -> Flow:
    """A flow of one milestone."""
    milestone: dict[str, object] = {"system": "S", "match": match, "keys": {"order": "source"}, **more}
    return Flow.model_validate(
        {"flow": name, "title": name, "owner": "team", "keys": {"order": {}}, "milestones": {"done": milestone}, "ends": ["done"]}
    )


@pytest.mark.parametrize("kind", ["span", "log", "event"])
def test_sql_is_the_pinned_one(kind: str) -> None:
    check_golden(f"milestones_of_{kind}s", compile_catalog(catalog(SMALL)).selects[kind])


def test_what_no_rule_may_match_does_not_reach_the_view_that_finds_milestones(store: Store) -> None:
    """Planning it takes longer than a few spans or log records, most of which are no milestones."""
    Correlator(StoredCorrelation(store), catalog(flow({"span": "BOOK*"})), Telemetry())
    store.command("CREATE TABLE planned (name String) ENGINE = Memory")
    store.command("CREATE MATERIALIZED VIEW planned_for TO planned AS SELECT name FROM candidate_spans")
    try:
        for slice_, names in enumerate((["ship"], ["BOOK.fast", "pay", "BOOK"]), start=1):
            rows = {"name": names, "span_id": names, "slice": [slice_] * len(names), "received_at": [NOW] * len(names)}
            store.insert("spans", rows)
        assert [row["name"] for row in store.rows("SELECT name FROM planned ORDER BY name")] == ["BOOK", "BOOK.fast"]
        assert store.rows("SELECT count() AS n FROM milestone_events")[0]["n"] == 2
    finally:
        store.command("DROP VIEW planned_for SYNC")
        store.command("DROP TABLE planned SYNC")


def test_events_and_kinds_with_a_rule_that_looks_at_all_are_not_sifted() -> None:
    assert compile_catalog(catalog(SMALL)).sifted.keys() == {"span", "log"}
    assert not compile_catalog(catalog(flow({"span": "*", "attributes": {"a": "b"}}), flow({"span": "BOOK"}, "two"))).sifted
    assert not compile_catalog(catalog(flow({"log": "booked"}))).sifted, "it goes by the text of any log record"


def test_span_conditions_all_hold(store: Store) -> None:
    Correlator(StoredCorrelation(store), catalog(SMALL), Telemetry())
    spans = [
        ("BOOK", "erp", "ok", {"order.id": " 007 ", "tenant": "abc"}),  # the only whole one; its prefix twin is the next
        ("book.fast", "erp", "ok", {"order.id": "8", "tenant": "a"}),
        ("BOOK", "erp", "error", {"order.id": "1", "tenant": "abc"}),
        ("BOOK", "crm", "ok", {"order.id": "2", "tenant": "abc"}),
        ("BOOK", "erp", "ok", {"order.id": "3", "tenant": "b"}),
        ("BOOK", "erp", "ok", {"order.id": "4", "tenant": "abc", "test": ""}),
        ("BOOKS", "erp", "ok", {"order.id": "5", "tenant": "abc"}),
    ]
    columns = list(zip(*spans, strict=True))
    store.insert(
        "spans",
        {
            "slice": [1] * len(spans),
            "name": columns[0],
            "service": columns[1],
            "status": columns[2],
            "attributes": columns[3],
            "span_id": [str(number) for number in range(len(spans))],
            "received_at": [NOW] * len(spans),
        },
    )
    found = store.rows("SELECT keys, time_suspect, event_time = received_at AS replaced FROM milestone_events ORDER BY signal_id")
    assert [row["keys"][0]["value"] for row in found] == ["7", "8"]
    assert all(row["time_suspect"] and row["replaced"] for row in found)  # they carry no start time


def test_a_span_that_ends_before_it_starts_is_suspect_and_counts_from_its_start(store: Store) -> None:
    Correlator(StoredCorrelation(store), catalog(SMALL), Telemetry())
    ends = [NOW - timedelta(microseconds=1), NOW, datetime(1970, 1, 1, tzinfo=UTC)]  # the last one was never set
    store.insert(
        "spans",
        {
            "slice": [1] * len(ends),
            "name": ["BOOK"] * len(ends),
            "service": ["erp"] * len(ends),
            "status": ["ok"] * len(ends),
            "attributes": [{"order.id": "1", "tenant": "a"}] * len(ends),
            "span_id": [str(number) for number in range(len(ends))],
            "start_time": [NOW] * len(ends),
            "end_time": ends,
            "received_at": [NOW + timedelta(seconds=1)] * len(ends),
        },
    )
    found = store.rows("SELECT time_suspect, event_time < received_at AS from_start FROM milestone_events ORDER BY signal_id")
    assert [(row["time_suspect"], row["from_start"]) for row in found] == [(1, 1), (0, 1), (0, 1)]


def test_a_key_of_nothing_but_padding_keeps_one_and_a_blank_one_counts_as_keyless(store: Store) -> None:
    telemetry = Telemetry()
    correlator = Correlator(StoredCorrelation(store), catalog(), telemetry)
    values = ["0", "000", " 00 ", "0010", "0a0", " ", ""]
    feed(store, [Heard(f"e{n}", "captured", n, (("order", value),)) for n, value in enumerate(values)], store.revision())
    correlator.run(NOW)
    found = store.rows("SELECT keys.value AS keys FROM milestone_events ORDER BY event_time")
    assert [row["keys"] for row in found] == [["0"], ["0"], ["0"], ["10"], ["A0"], [], []]
    assert [row["reference"] for row in stored(store)] == ["0", "10", "A0"]
    assert telemetry.value(M.KEYLESS) == 2


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        ('{"order": ["C1", " C2 ", "C1", ""]}', [("order", "C1"), ("order", "C2")]),
        ('{"order": [1, 2]}', [("order", "1"), ("order", "2")]),
        ('{"order": []}', [("bad_correlation_id", "order: [] is no identifier")]),
        ('{"order": ["C1", {"a": 1}]}', [("order", "C1"), ("bad_correlation_id", 'order: {"a":1} is no identifier')]),
        ('{"order": {"id": 1}}', [("bad_correlation_id", 'order: {"id":1} is no identifier')]),
        ('{"order": true}', [("bad_correlation_id", "order: true is no identifier")]),
        ('{"order": "TRUE-1"}', [("order", "TRUE-1")]),
        ('{"order": "[x"}', [("bad_correlation_id", "order: [x is no identifier")]),
        ('{"order": null}', []),
        ('{"order": 7}', [("order", "7")]),
    ],
)
def test_several_values_are_several_keys_and_what_is_no_identifier_is_told(store: Store, data: str, keys: list[tuple[str, str]]) -> None:
    Correlator(StoredCorrelation(store), catalog(flow({"event": "x"}, keys={"order": "data.order"})), Telemetry())
    row = {"type": ["x"], "id": ["1"], "source": ["s"], "slice": [1], "received_at": [NOW], "time": [NOW], "data": [data]}
    store.insert("events", row)
    (found,) = store.rows("SELECT keys FROM milestone_events")
    assert [(key["type"], key["value"]) for key in found["keys"]] == keys


def test_a_fact_of_blanks_is_none_and_blanks_around_one_do_not_count(store: Store) -> None:
    facts = {"blank": "data.blank", "customer": "data.customer"}
    with_facts = flow({"event": "x"}, keys={"order": "subject"}, facts=facts).model_copy(
        update={"facts": {"blank": Fact(), "customer": Fact()}}
    )
    Correlator(StoredCorrelation(store), catalog(with_facts), Telemetry())
    row = {"type": ["x"], "id": ["1"], "source": ["s"], "subject": ["1"], "slice": [1], "received_at": [NOW], "time": [NOW]}
    store.insert("events", {**row, "data": ['{"blank": " \\t\\n", "customer": " ACME \\n"}']})
    (found,) = store.rows("SELECT facts FROM milestone_events")
    assert found["facts"] == {"customer": "ACME"}


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        (_list(_text("C1"), _text(" C2 "), _text("C1")), [("order", "C1"), ("order", "C2")]),
        (_list(_text("[x")), [("bad_correlation_id", "order: [x is no identifier")]),
        (_list(_list()), [("bad_correlation_id", "order: [list] is no identifier")]),
        (_list(), [("bad_correlation_id", "order: [] is no identifier")]),
        (
            AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key="a", value=_text("b"))])),
            [("bad_correlation_id", "order: {map} is no identifier")],
        ),
    ],
)
@pytest.mark.parametrize("root", ["attributes", "resource"])
def test_a_list_of_an_attribute_is_several_keys_and_a_map_is_told(
    store: Store, root: str, value: AnyValue, keys: list[tuple[str, str]]
) -> None:
    Correlator(StoredCorrelation(store), catalog(flow({"span": "x"}, keys={"order": f"{root}.order"})), Telemetry())
    attributes = {"attributes": [KeyValue(key="order", value=value)]}
    spans: list[dict[str, Any]] = [{"name": "x", **(attributes if root == "attributes" else {})}]
    request = TracesData(resource_spans=[{"resource": attributes, "scope_spans": [{"spans": spans}]}])
    SliceWriter(store).write([Record(SignalKind.TRACES, "s", Lane.STANDARD, 5, 1, request.SerializeToString())], 1)
    (found,) = store.rows("SELECT keys FROM milestone_events")
    assert [(key["type"], key["value"]) for key in found["keys"]] == keys


@pytest.mark.parametrize(("data", "is_there"), [('{"a": 1}', True), ('{"a": null}', False), ("{}", False), ('{"a": false}', True)])
@pytest.mark.parametrize("path", ["data.a", "data.a[0]"])
def test_null_in_json_is_nothing(store: Store, path: str, data: str, is_there: bool) -> None:
    named = {
        str(wanted): {"system": "S", "match": {"event": "x", "attributes": {path: wanted}}, "keys": {"order": "subject"}}
        for wanted in (True, False)
    }
    both = flow({"event": "x"}).model_dump(exclude_defaults=True) | {"milestones": named, "ends": ["True"]}
    Correlator(StoredCorrelation(store), catalog(Flow.model_validate(both)), Telemetry())
    row = {"type": ["x"], "id": ["1"], "source": ["s"], "subject": ["1"], "slice": [1], "received_at": [NOW], "time": [NOW]}
    store.insert("events", {**row, "data": [data]})
    assert [found["milestone"] for found in store.rows("SELECT milestone FROM milestone_events")] == [str(is_there)]


def test_a_key_is_what_people_see_of_it(store: Store) -> None:
    """The store's SQL and the search agree, whatever the text."""
    Correlator(StoredCorrelation(store), catalog(flow({"event": "x"}, keys={"order": "subject"})), Telemetry())

    @settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), min_size=1, max_size=8))
    def check(values: list[str]) -> None:
        store.command("TRUNCATE TABLE milestone_events")
        count = len(values)
        row = {
            "type": ["x"] * count,
            "id": [str(n) for n in range(count)],
            "source": ["s"] * count,
            "slice": [1] * count,
            "subject": values,
        }
        store.insert("events", {**row, "received_at": [NOW] * count, "time": [NOW] * count})
        found = store.rows("SELECT keys FROM milestone_events ORDER BY toUInt32(splitByChar(' ', signal_id)[2])")
        stored_keys = [key["value"] for each in found for key in each["keys"] if key["type"] == "order"]
        assert stored_keys == [visible(value) for value in values if visible(value) and not re.match(NO_KEY, visible(value))]

    check()


def test_a_match_speaks_of_one_kind_of_signal_and_of_spans_where_it_does_not_say() -> None:
    matches = [{"event": "x"}, {"log": "x"}, {"span": "x"}, {"service": "erp"}]
    assert [signal_of(flow(match).milestones["done"].match) for match in matches] == ["event", "log", "span", "span"]


def test_a_kind_that_no_flow_uses_has_no_select() -> None:
    compiled = compile_catalog(catalog(flow({"event": "x"})))
    assert set(compiled.selects) == {"event"}
    assert compile_catalog(catalog(SMALL)).selects.keys() == {"span", "log", "event"}


@pytest.mark.parametrize(
    ("match", "said"),
    [
        ({"event": "*", "service": "erp"}, "'service' cannot be matched on signal kind 'event'; use 'source'"),
        ({"event": "x", "service": "erp"}, "'service' cannot be matched on signal kind 'event'"),
        ({"event": "x", "status": "ok"}, "'status' cannot be matched on signal kind 'event'"),
        ({"log": "x", "status": ["ok"]}, "'status' cannot be matched on signal kind 'log'"),
        ({"log": "x", "attributes": {"data.kind": "a"}}, "'data.kind' is not a path in signal kind 'log'"),
        ({"event": "x", "attributes": {"kind": "a"}}, "'kind' is not a path in signal kind 'event'"),
    ],
)
def test_a_match_that_its_signals_cannot_answer_is_refused(match: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        compile_catalog(catalog(flow(match)))


def test_rules_are_rows_numbered_by_signal_kind() -> None:
    rules = compile_catalog(catalog(flow({"event": "a"}), flow({"event": "b"}, "two"), flow({"span": "c"}, "three", failure=True))).rules
    assert list(zip(rules["signal"], rules["rule"], rules["flow"], rules["failure"], strict=True)) == [
        ("span", 1, "three", 1),
        ("event", 1, "one", 0),
        ("event", 2, "two", 0),
    ]


def test_the_select_grows_with_what_rules_ask_and_not_with_how_many_there_are() -> None:
    """Rules are looked up by name and are data, so the cost of a signal that none of them matches stays the same."""
    few, many = (
        compile_catalog(catalog(*(flow({"span": f"s{n}", "attributes": {"a": "b"}}, f"f{n}") for n in range(count)))).selects["span"]
        for count in (2, 50)
    )
    assert len(many) - len(few) < 48 * len("'s00', 00, ")


def test_names_of_the_catalog_cannot_leave_their_literal(store: Store) -> None:
    names = ["it's", "back\\slash", "\\'); DROP TABLE spans --", "{{ x }}"]
    Correlator(StoredCorrelation(store), catalog(*(flow({"event": name}, f"f{n}") for n, name in enumerate(names))), Telemetry())
    store.insert("events", {"type": names, "id": names, "source": ["s"] * 4, "slice": [1] * 4, "received_at": [NOW] * 4, "time": [NOW] * 4})
    found = store.rows("SELECT flow, signal_id FROM milestone_events ORDER BY flow")
    assert [row["flow"] for row in found] == ["f0", "f1", "f2", "f3"]
    assert [row["signal_id"].endswith(name) for row, name in zip(found, names, strict=True)] == [True] * 4


def test_a_name_that_several_rules_have_or_begin_with_is_a_milestone_of_each(store: Store) -> None:
    matches = [{"event": "a.b"}, {"event": "a.b"}, {"event": "a.*"}, {"event": ["a.*", "a.b"]}, {"event": "*"}, {"event": "A.B"}]
    Correlator(StoredCorrelation(store), catalog(*(flow(match, f"f{n}") for n, match in enumerate(matches))), Telemetry())
    store.insert("events", {"type": ["a.b"], "id": ["1"], "source": ["s"], "slice": [1], "received_at": [NOW], "time": [NOW]})
    assert [row["flow"] for row in store.rows("SELECT flow FROM milestone_events ORDER BY flow")] == ["f0", "f1", "f2", "f3", "f4"]


NAMES = st.sampled_from(["a", "ab", "abc", "b", "ä", "äb", "a'b"])
PATTERNS = st.one_of(NAMES, NAMES.map(lambda name: f"{name}*"))
WANTED = st.one_of(PATTERNS, st.lists(PATTERNS, min_size=1, max_size=3), st.just("*"))
ASKED = st.one_of(st.booleans(), PATTERNS, st.lists(PATTERNS, min_size=1, max_size=2))
SPAN_MATCHES = st.fixed_dictionaries(
    {},
    optional={
        "span": WANTED,
        "service": WANTED,
        "source": WANTED,
        "status": st.sampled_from(["ok", "error", ["ok", "unset"]]),
        "attributes": st.dictionaries(st.sampled_from(["x", "attributes.y.z", "resource.x"]), ASKED, min_size=1, max_size=2),
    },
)
SPANS = st.fixed_dictionaries(
    {
        "name": NAMES,
        "service": NAMES,
        "source": NAMES,
        "status": st.sampled_from(["ok", "error", "unset"]),
        "attributes": st.dictionaries(st.sampled_from(["x", "y.z"]), NAMES),
        "resource": st.dictionaries(st.just("x"), NAMES),
    }
)


def meant(match: dict[str, Any], span: dict[str, Any]) -> bool:
    """Say whether a match means a span: every condition on its own, one after the other."""
    for name, column in (("span", "name"), ("service", "service"), ("source", "source"), ("status", "status")):
        if name in match and not is_named(span[column], listed(match[name])):
            return False
    for path, wanted in match.get("attributes", {}).items():
        root, _, rest = path.partition(".")
        held, key = (span[root], rest) if root in {"attributes", "resource"} else (span["attributes"], path)
        if isinstance(wanted, bool):
            if (key in held) != wanted:
                return False
        elif not is_named(held.get(key, ""), listed(wanted)):
            return False
    return True


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(SPAN_MATCHES, min_size=1, max_size=8), st.lists(SPANS, min_size=1, max_size=12))
def test_a_span_is_a_milestone_of_every_match_that_means_it(
    store: Store, matches: list[dict[str, Any]], spans: list[dict[str, Any]]
) -> None:
    """Look-ups, prefixes, conditions as data: together they say what each match says alone."""
    for table in ("spans", "milestone_events"):
        store.command(f"TRUNCATE TABLE {table}")
    Correlator(StoredCorrelation(store), catalog(*(flow(match, f"f{n}") for n, match in enumerate(matches))), Telemetry())
    columns = {name: [span[name] for span in spans] for name in spans[0]}
    count = len(spans)
    ids = {"span_id": [f"{number:03}" for number in range(count)], "trace_id": [""] * count}
    store.insert("spans", {**columns, **ids, "slice": [1] * count, "received_at": [NOW] * count, "start_time": [NOW] * count})
    rows = store.rows("SELECT flow, signal_id FROM milestone_events")
    found = {(row["flow"], int(row["signal_id"].rpartition("/")[2])) for row in rows}
    assert len(rows) == len(found), "a milestone is found once"
    assert found == {(f"f{n}", number) for n, match in enumerate(matches) for number, span in enumerate(spans) if meant(match, span)}
