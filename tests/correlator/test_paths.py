"""Where a rule finds a value: a path, a column, or an expression of the store."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlator.paths import COLUMNS, Found, Root, Signal, Step, as_expression, find, is_path, resolve_path
from store.client import Store


@pytest.mark.parametrize(
    ("kind", "path", "found"),
    [
        ("event", "data.a.b", (Root.DATA, ["a", "b"])),
        ("event", " data.a ", (Root.DATA, ["a"])),
        ("event", "data.a.b.c.d", (Root.DATA, ["a", "b", "c", "d"])),
        ("event", "extensions.plant", (Root.EXTENSIONS, ["plant"])),
        ("event", "subject", (Root.COLUMN, ["subject"])),
        ("span", "attributes.order.id", (Root.ATTRIBUTES, ["order.id"])),  # an attribute's name has dots of its own
        ("span", "resource.service.name", (Root.RESOURCE, ["service.name"])),
        ("span", "attributes", (Root.COLUMN, ["attributes"])),
        ("log", "attributes.k8s.pod/uid", (Root.ATTRIBUTES, ["k8s.pod/uid"])),
        ("log", "body", (Root.COLUMN, ["body"])),
    ],
)
def test_paths_and_columns(kind: Signal, path: str, found: tuple[Root, list[str]]) -> None:
    assert resolve_path(kind, path) == found


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("log", "lower(body)"),
        ("event", "attributes.order"),  # an event has no attributes
        ("span", "data.order"),  # and a span no data
        ("log", "extensions.plant"),
        ("span", "body"),  # a column of logs
        ("event", "data.a.b.c.d.e"),  # deeper than what is looked up by path
        ("event", "data.a..b"),
        ("event", "data."),
        ("span", "attributes.größe"),
        ("span", "attributes.a'b"),
        ("span", "attributes.a b"),
        ("span", ""),
    ],
)
def test_everything_else_is_an_expression(kind: Signal, path: str) -> None:
    assert resolve_path(kind, path) == (Root.EXPRESSION, [])


@pytest.mark.parametrize(
    ("kind", "path", "found"),
    [
        ("event", "data.a", Found("data", (Step(("a",), "none"),))),
        ("event", "data.a.b[].c", Found("data", (Step(("a", "b"), "all"), Step(("c",), "none")))),
        ("event", "data[0]", Found("data", (Step((), 0),))),
        ("event", "subject", Found("toString(subject)")),
        ("event", "upper(subject)", Found("toString(upper(subject))")),
        ("log", "body.a", Found("body", (Step(("a",), "none"),), "body_type")),
        ("span", "attributes.a.b[]", Found("attributes['a.b']", (Step((), "all"),), "attribute_types['a.b']")),
        ("span", "resource.a[1].b", Found("resource['a']", (Step((), 1), Step(("b",), "none")), "resource_types['a']")),
        ("span", "attributes.a", Found("attributes['a']")),
    ],
)
def test_where_a_path_begins_and_how_it_goes_on(kind: Signal, path: str, found: Found) -> None:
    assert find(kind, path) == found
    assert found.several == ("[]" in path)


def test_a_path_into_json_is_one_of_a_signal_that_has_it() -> None:
    paths = {"event": ["data[]", "data.a.b.c.d.e"], "log": ["body[0].x", "attributes.x[]"], "span": ["attributes.x[]", "resource.y[0]"]}
    assert all(is_path(kind, path) for kind, each in paths.items() for path in each)  # type: ignore[arg-type]
    none = {"event": ["body.x", "attributes.x[]"], "log": ["data.x", "data[]"], "span": ["body.x", "data[0]", "attributes.x[-1]"]}
    assert not any(is_path(kind, path) for kind, each in none.items() for path in each)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "sql"),
    [
        ("data.kind = 'x'", "JSONExtract(data, 'kind', 'String') = 'x'"),
        ("concat(data.a.b, 'data.c')", "concat(JSONExtract(data, 'a', 'b', 'String'), 'data.c')"),
        (
            "data.a = 'it''s data.b' AND data.c = 1",
            "JSONExtract(data, 'a', 'String') = 'it''s data.b' AND JSONExtract(data, 'c', 'String') = 1",
        ),
        (r"data.a = 'it\'s data.b'", r"JSONExtract(data, 'a', 'String') = 'it\'s data.b'"),
        ("length(data)", "length(data)"),
        ("metadata.a", "metadata.a"),
    ],
)
def test_data_of_an_event_becomes_a_look_up_in_its_json(written: str, sql: str) -> None:
    assert as_expression("event", written) == sql


@pytest.mark.parametrize("kind", ["span", "log"])
def test_expressions_over_spans_and_logs_stay_as_they_are(kind: Signal) -> None:
    assert as_expression(kind, "data.a = 'x'") == "data.a = 'x'"


@settings(deadline=None)
@given(st.text(alphabet="da t.'\\x()=", max_size=30))
def test_what_stands_between_quotes_is_never_changed(inside: str) -> None:
    literal = "'" + inside.replace("\\", "\\\\").replace("'", "''") + "'"
    assert as_expression("event", f"data.a = {literal}") == f"JSONExtract(data, 'a', 'String') = {literal}"


@settings(deadline=None)
@given(st.sampled_from(sorted(COLUMNS)), st.text(max_size=40))
def test_a_path_never_holds_what_could_leave_a_literal(kind: Signal, path: str) -> None:
    root, parts = resolve_path(kind, path)
    assert (root is Root.EXPRESSION) == (parts == [])
    assert not any(set("'\"\\`(); \n") & set(part) for part in parts)


@pytest.mark.parametrize(("kind", "table"), [("span", "spans"), ("log", "logs"), ("event", "events")])
def test_every_column_that_a_path_may_name_is_there(store: Store, kind: Signal, table: str) -> None:
    there = {
        row["name"]
        for row in store.rows("SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {t:String}", {"t": table})
    }
    assert set(COLUMNS[kind]) <= there
