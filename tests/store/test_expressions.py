"""What an expression of a catalog may do: it is written by people of the house, and runs with every right of the engine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from andon.catalog_check import check_catalog
from core.catalog.load import CatalogErrors
from store.client import Store
from store.expressions import ExpressionCheck
from store.read_endpoint.read_only import check_expression

ORDERS = Path(__file__).parent.parent / "catalogs" / "orders"
REFUSED = [
    "substring(file('/etc/passwd'), 1, 40)", "`file`('/etc/passwd')", 'FILE ("a")', "(select file('/etc/passwd'))",
    "(SELECT value FROM system.settings LIMIT 1)", "(WITH 1 AS a SELECT a)", "sleep(3)", "sleepEachRow(1)", "throwIf(1)", "hostName()",
    "displayName()", "service IN system.tables", "service IN quarantine", "service IN (quarantine)", "in(service, quarantine)", "notIn(service, quarantine)", "service IN ('a', (quarantine))", "service -- remark", "service /* remark", "1)), ((1",
    "a; b", "'a', 'b'", "upper(service", "tuple(*) APPLY file", "extract(YEAR FROM time)", "dictGet('a', 'b', 1)", "service \u2014 1",
]  # fmt: skip
ALLOWED = [
    "upper(service)", "extract(name, 'select (.*); from')", "attributes['from']", "service IN ('a', 'b') ? 'x' : 'y'",
    "arrayMap(x -> upper(x), [service])[1]", "CASE WHEN service = 'a' THEN '1' ELSE '2' END", "length(name) > 3 AND NOT status = 'error'",
]  # fmt: skip


@pytest.mark.parametrize("expression", REFUSED)
def test_what_leaves_the_signal_is_refused(store: Store, expression: str) -> None:
    complaint = ExpressionCheck(store)("span", expression)
    assert complaint is not None
    assert "\n" not in complaint
    assert "DB::" not in complaint


@pytest.mark.parametrize("expression", ALLOWED)
def test_values_of_the_signal_are_allowed(store: Store, expression: str) -> None:
    check_expression(expression)
    assert ExpressionCheck(store)("span", expression) is None


def test_a_catalog_is_refused_also_where_nobody_asks_the_store(tmp_path: Path) -> None:
    shutil.copytree(ORDERS, tmp_path / "catalog")
    file = tmp_path / "catalog" / "flows" / "orders.yaml"
    text = file.read_text()
    file.write_text(text.replace("order: data.order", "order: \"substring(file('/etc/passwd'), 1, 40)\"", 1))
    assert file.read_text() != text
    with pytest.raises(CatalogErrors, match=r"orders\.yaml:\d+:\d+: function 'file' reaches outside the store; use an expression over"):
        check_catalog(tmp_path / "catalog")


def test_a_bare_name_is_shown_where_it_is_found(store: Store) -> None:
    complaint = ExpressionCheck(store)("event", "invoiceId")
    assert complaint is not None
    assert complaint.endswith("; did you mean data.invoiceId?")


def test_what_the_store_says_of_an_expression_is_told(store: Store) -> None:
    check = ExpressionCheck(store)
    assert check("log", r"extract(body, '(\d+)')") is None
    assert "extrct" in (check("log", "extrct(body)") or "")
    assert check("span", "1; SELECT 1") is not None
    assert check("span", "1) FROM spans --") is not None
