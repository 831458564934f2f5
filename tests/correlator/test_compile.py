"""Flows compile to one SELECT per signal kind; the SQL of a small catalog is pinned."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.catalog.flow import Flow
from core.telemetry import M, Telemetry
from correlator import engine
from correlator.compile import compile_catalog
from correlator.engine import Correlator
from correlator.fold import fold_statement
from correlator.paths import Root, as_expression, resolve_path
from store.client import Store
from store.correlation import StoredCorrelation
from store.expressions import ExpressionCheck
from tests.correlator.recording import NOW, catalog, feed, stored
from tests.model.transactions import Heard

GOLDEN = Path(__file__).parents[1] / "golden"

SMALL = Flow.model_validate(
    {
        "flow": "small",
        "title": "Small",
        "owner": "team",
        "keys": {"order": {"strip_leading": "0"}},
        "facts": {"amount": {}},
        "milestones": {
            "booked": {
                "system": "ERP",
                "match": {"span": ["BOOK", "book.*"], "service": "erp", "status": "ok", "attributes": {"tenant": "a*", "test": False}},
                "keys": {"order": "attributes.order.id"},
                "facts": {"amount": "resource.amount"},
            },
            "posted": {"system": "ERP", "match": {"log": r"^INVOIC \d+", "service": "idoc"}, "keys": {"order": r"extract(body, '(\d+)')"}},
            "sent": {"system": "TMS", "match": {"event": "tms.sent", "where": "data.kind = 'x'"}, "keys": {"order": "data.order.id"}},
        },
        "ends": ["sent"],
    }
)


@pytest.mark.parametrize("kind", ["span", "log", "event"])
def test_sql_is_the_pinned_one(kind: str) -> None:
    check_pinned(f"milestones_of_{kind}s", compile_catalog(catalog(SMALL)).selects[kind])


def test_fold_is_the_pinned_one() -> None:
    check_pinned("fold", fold_statement(compile_catalog(catalog(SMALL)).flows))


def check_pinned(name: str, sql: str) -> None:
    """Compare with a file of ``golden``; ``UPDATE_GOLDEN=1`` writes it."""
    file = GOLDEN / f"{name}.sql"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(sql + "\n", encoding="utf-8")
    assert file.read_text(encoding="utf-8") == sql + "\n"


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


def test_oversized_keys_are_quarantined_and_keyless_events_counted(store: Store) -> None:
    telemetry = Telemetry()
    correlator = Correlator(StoredCorrelation(store), catalog(), telemetry)
    feed(store, [Heard("long", "captured", 0, (("order", "X" * 513),)), Heard("none", "captured", 1, ())], store.revision())
    correlator.run(NOW)
    assert stored(store) == []
    assert telemetry.value(M.QUARANTINED, reason="bad_correlation_id") == 1
    assert telemetry.value(M.KEYLESS) == 2
    assert [row["reason"] for row in store.rows("SELECT reason FROM quarantine FINAL")] == ["bad_correlation_id"]


def test_a_batch_that_is_full_says_that_there_may_be_more(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BATCH", 2)
    correlator = Correlator(StoredCorrelation(store), catalog(), Telemetry())
    for number in (0, 1, 1, 2, 3):  # one signal twice: two rows, one event
        feed(store, [Heard(f"e{number}", "captured", number, (("order", f"O{number}"),))], store.revision())
    assert [correlator.run(NOW) for _ in range(3)] == [True, True, False]
    assert len(stored(store)) == 4


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


def test_a_changed_flow_is_read_again_from_history(store: Store) -> None:
    Correlator(StoredCorrelation(store), catalog(), Telemetry())
    feed(store, [Heard("a", "captured", 0, (("order", "A"),)), Heard("b", "shipped", 1, (("ticket", "T"),))], store.revision())
    correlator = Correlator(StoredCorrelation(store), catalog(), Telemetry())
    correlator.run(NOW)
    assert len(stored(store)) == 2
    changed = catalog().flows["orders"].model_dump(mode="json", by_alias=True)
    del changed["milestones"]["shipped"]
    correlator.reload(catalog(Flow.model_validate(changed)))
    while correlator.run(NOW):
        pass
    assert [row["reference"] for row in stored(store)] == ["A"]
    assert store.rows("SELECT DISTINCT milestone FROM milestone_events") == [{"milestone": "captured"}]


def test_paths_and_expressions() -> None:
    assert resolve_path("event", "data.a.b") == (Root.DATA, ["a", "b"])
    assert resolve_path("span", "attributes.order.id") == (Root.ATTRIBUTES, ["order.id"])
    assert resolve_path("event", "subject") == (Root.COLUMN, ["subject"])
    assert resolve_path("log", "lower(body)")[0] is Root.EXPRESSION
    assert as_expression("event", "concat(data.a.b, 'data.c')") == "concat(JSONExtract(data, 'a', 'b', 'String'), 'data.c')"


def test_expressions_are_validated_by_the_engine(store: Store) -> None:
    check = ExpressionCheck(store)
    assert check("log", r"extract(body, '(\d+)')") is None
    assert "extrct" in (check("log", "extrct(body)") or "")
    assert check("span", "1; SELECT 1") is not None
    assert check("span", "1) FROM spans --") is not None
