"""The store's SQL: what its templates render is pinned in ``rendered/``, and the store's own parser takes every statement.

``UPDATE_GOLDEN=1 .venv/bin/python -m pytest tests/store/test_statement.py`` writes what is rendered now; read the difference.
"""

from __future__ import annotations

import json
import os
from itertools import combinations
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from jinja2.meta import find_undeclared_variables

from core.statement import environment_of
from store.client import Store
from store.reads.detail import MILESTONES, SIGNALS, USUAL_LEAST, USUAL_MOST
from store.reads.discovery import SIGNALS_LOOKED_AT
from store.reads.preview import COLUMNS, TABLES
from store.statement import statement

SQL = Path(__file__).parents[2] / "store" / "sql"
RENDERED = Path(__file__).parent / "rendered"
ENVIRONMENT = environment_of(SQL)
NAMES = sorted(str(file.relative_to(SQL)).removesuffix(".sql.j2") for file in SQL.rglob("*.sql.j2") if file.name != "macros.sql.j2")
FLAGS = (False, True)


def each(name: str, values: tuple[object, ...]) -> list[dict[str, object]]:
    return [{name: value} for value in values]


def columns_of(*names: str) -> list[dict[str, object]]:
    return [{"columns": chosen} for count in (0, 1, len(names)) for chosen in combinations(names, count)]


LISTING = {
    "columns": (), "by_id": False, "awaited": False, "failed": False, "verdict": False, "clock_is_open": True, "in_window": True, "promises": False,
    "order": "newest", "reverse": False,
}  # fmt: skip
RANKED = {"columns": (), "awaited": False, "verdict": False, "in_window": True, "promises": False, "reverse": False}
SELECT = {"select": "SELECT 1"}
BEHIND: list[dict[str, object]] = [
    {"missed": True, "columns": (), "promised": "", "one_flow": False},
    {"missed": True, "columns": ("sla", "cause", "plant", "customer", "supplier", "carrier"), "promised": "IN", "one_flow": True},
    {"missed": False, "columns": (), "promised": "NOT IN", "one_flow": False},
]
BROKEN_DOWN: list[dict[str, object]] = [{"one_flow": False, "column": ""}, {"one_flow": True, "column": "plant"}]
KINDS: list[dict[str, object]] = [
    {"kind": kind, "deep": deep} for kind in TABLES for deep in ((False, True) if kind != "event" else (False,))
]
CASES: dict[str, list[dict[str, object]]] = {
    "attainment/next_due": columns_of("flow", "sla"),
    "attainment/still_late": columns_of("flow", "sla"),
    "clocks/changed_transactions": each("bounded", FLAGS),
    "correlation/create_view": [{"name": "milestones_of_spans", "target": "milestone_events", **SELECT}],
    "correlation/drop_view": each("name", ("milestones_of_spans",)),
    "correlation/events_of": each("wide", FLAGS),
    "correlation/keep_milestones": each("table", ("spans",)),
    "correlation/read_again": [SELECT],
    "detail/events": each("limit", (SIGNALS,)),
    "detail/how_many": each("kind", ("spans", "logs", "events")),
    "detail/logs": each("limit", (SIGNALS,)),
    "detail/milestones": each("limit", (MILESTONES,)),
    "detail/spans": each("limit", (SIGNALS,)),
    "detail/usual": [{"most": USUAL_MOST, "least": USUAL_LEAST}],
    "discovery/deep": each("kind", ("span", "log")),
    "discovery/fields": [{**case, "signals": SIGNALS_LOOKED_AT} for case in KINDS],
    "discovery/newest": each("table", tuple(TABLES.values())),
    "discovery/paths": [{**case, "signals": SIGNALS_LOOKED_AT} for case in KINDS],
    "discovery/sample": KINDS,
    "discovery/sorts": KINDS,
    "expressions/analyse": [{"expression": "attributes['a']", "table": "spans"}],
    "incident_log/query": [{"query": "SELECT 1"}],
    "incident_log/incidents": [{**case, "unresolved": flag} for flag in FLAGS for case in columns_of("status", "flow", "owner")],
    "keeping/columns": each("table", ("verdicts",)),
    "keeping/reached": each("table", ("verdicts",)),
    "keeping/rows_above": each("table", ("verdicts",)),
    "leadership/at_risk": [{"columns": (), "one_flow": False}, {"columns": ("plant", "supplier"), "one_flow": True}],
    "leadership/behind": BEHIND,
    "leadership/behind_counts": BEHIND,
    "leadership/by_clock": [{"one_flow": True, "by": by} for by in ("", "sla", "cause")],
    "leadership/by_transaction": BROKEN_DOWN,
    "leadership/cycle": BROKEN_DOWN,
    "leadership/slowest": [{"columns": (), "one_flow": False}, {"columns": ("plant", "customer"), "one_flow": True}],
    "leadership/value_at_risk": [{"column": "''", "one_flow": False}, {"column": "supplier", "one_flow": True}],
    "losses/detach_part": [{"table": "spans", "part": "all_1_1_0"}],
    "losses/drop_part": [{"table": "spans", "part": "all_1_1_0"}],
    "losses/read_part": each("table", ("spans",)),
    "migrations/modify_settings": [{"table": "spans", "settings": "merge_selector_base = 8"}],
    "migrations/modify_ttl": [{"table": "spans", "days": 30}],
    "next_rows": each("table", ("clocks", "transactions")),
    "origins/quarantined": each("some_sources", FLAGS),
    "parts_ledger/listed": [{"active": active, "of_tables": of_tables} for active in FLAGS for of_tables in FLAGS],
    "parts_ledger/reached": [{"table": "verdicts", "column": "revision"}],
    "preview/asked": [{"table": "events", "signal_id": "id", "expression": "JSONExtract(data, 'a', 'String')"}],
    "preview/latest": [{"table": TABLES[kind], "columns": COLUMNS[kind]} for kind in TABLES],
    "preview/signals": [{"table": TABLES[kind], "kind": kind} for kind in TABLES],
    "rebuild/count_hours": each("table", ("spans",)),
    "rebuild/count_rows": [{"table": "spans", "in_window": flag} for flag in FLAGS],
    "rebuild/oldest_hour": each("table", ("spans",)),
    "sampled/drop": each("table", ("sampled_signals",)),
    "search/by_value": [
        {**LISTING, "order": "value"},
        {**LISTING, "order": "value", "columns": ("flow", "state", "customer"), "promises": True, "reverse": True, "in_window": False},
    ],
    "search/find": [{"beginnings": ("beginning_0", "beginning_1")}],
    "search/listing": [
        LISTING,
        {**LISTING, "by_id": True, "in_window": False},
        {**LISTING, "columns": ("flow", "state", "stage", "customer", "supplier", "carrier", "plant")},
        {**LISTING, "failed": True, "verdict": True},
        {**LISTING, "failed": True, "verdict": True, "awaited": True},
        {**LISTING, "awaited": True},
        {**LISTING, "verdict": True, "in_window": False},
        {**LISTING, "verdict": True, "awaited": True, "clock_is_open": False},
        {**LISTING, "promises": True, "clock_is_open": False},
        *({**LISTING, "order": order} for order in ("reference", "flow", "stage", "state", "updated")),
        {**LISTING, "order": "customer", "reverse": True},
    ],
    "search/ranked": [
        {**RANKED, "order": "worst"},
        {**RANKED, "order": "due", "columns": ("flow", "customer"), "verdict": True, "in_window": False},
        {**RANKED, "order": "due", "reverse": True, "columns": ("state", "stage", "plant"), "awaited": True, "promises": True},
    ],
    "search/suggested": [{"beginnings": ("beginning_0", "beginning_1")}],
    "search/worst_clocks": each("promises", FLAGS),
    "truncate": each("table", ("open_clocks",)),
}
"""With which parameters a template is rendered by the code, one of each kind."""


def source(name: str) -> str:
    return (SQL / f"{name}.sql.j2").read_text(encoding="utf-8")


def rendered(name: str) -> list[str]:
    return [statement(name, **case) for case in CASES.get(name, [{}])]


def test_every_template_with_parameters_is_rendered_here() -> None:
    parametrized = [name for name in NAMES if find_undeclared_variables(ENVIRONMENT.parse(source(name)))]

    assert sorted(CASES) == parametrized


@pytest.mark.parametrize("name", [name for name in NAMES if "{{" in source(name) or "{%" in source(name)])
def test_a_template_renders_the_pinned_sql(name: str) -> None:
    parts = zip(CASES.get(name, [{}]), rendered(name), strict=True)
    text = "".join(f"-- with {json.dumps(case)}\n{sql}\n\n" for case, sql in parts)
    file = RENDERED / f"{name}.sql"
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    assert file.read_text(encoding="utf-8") == text


def test_nothing_is_pinned_that_is_no_template() -> None:
    assert {str(file.relative_to(RENDERED)).removesuffix(".sql") for file in RENDERED.rglob("*.sql")} <= set(NAMES)


def test_the_store_parses_every_statement(store: Store) -> None:
    for name in NAMES:
        for sql in rendered(name):
            assert store.rows("SELECT formatQuery({sql:String}) AS formatted", {"sql": sql})[0]["formatted"], name


def test_a_parameter_that_is_not_given_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="'table' is undefined"):
        statement("next_rows")


def test_the_same_parameters_are_rendered_once() -> None:
    assert statement("next_rows", table="clocks") is statement("next_rows", table="clocks")
