"""Tables that a statement names, as the store's own parser sees them; a name that is none tells nothing about files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import Permanent
from store.client import Store
from store.read_endpoint.endpoint import Readers
from store.read_endpoint.named_tables import Named, UnknownTableError, read_tree

TABLES = {"spans", "clocks"}


@pytest.fixture(scope="module")
def named(engine_folder: Path, admin: Store) -> Iterator[Callable[[str], Named]]:
    """Return what a statement names, by the parser of the embedded engine."""
    assert admin.rows("SELECT 1 AS one"), "it is open"
    readers = Readers(str(engine_folder), 1)
    yield lambda sql: read_tree(readers.query(f"EXPLAIN AST {sql}", "TSVRaw", {}).decode())
    readers.close()


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT 1", set()),
        ("SELECT * FROM spans", {"spans"}),
        ("SELECT * FROM andon.spans AS s JOIN clocks USING (flow)", {"andon.spans", "clocks"}),
        ("SELECT (SELECT max(a) FROM clocks), b FROM (SELECT * FROM spans)", {"clocks", "spans"}),
        ("WITH x AS (SELECT * FROM spans) SELECT * FROM x UNION ALL SELECT * FROM clocks", {"spans", "x", "clocks"}),
        ("SELECT a IN spans, b NOT IN clocks FROM system.one", {"spans", "clocks", "system.one"}),
        ("SELECT in(a, spans), globalNotIn(a, clocks)", {"spans", "clocks"}),
        ("SELECT a IN (1, 2), b IN ('x')", set()),
        ("DESCRIBE spans", {"spans"}),
        ("SHOW CREATE TABLE andon.spans", {"andon.spans"}),
        ("SHOW TABLES", set()),
        ("SELECT * FROM numbers(3)", set()),
        ("SELECT * FROM `0abc`", {"0abc"}),
    ],
)
def test_every_table_is_found_wherever_it_stands(named: Callable[[str], Named], sql: str, names: set[str]) -> None:
    assert {name for name in named(sql).names if name} == names


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("DROP TABLE spans", "DropQuery"),
        ("INSERT INTO spans SELECT 1", "InsertQuery"),
        ("EXISTS TABLE spans", "ExistsTableQuery|ExistsQuery"),
        ("SELECT * FROM file('a')", "table function file"),
        ("SELECT * FROM (SELECT * FROM url('http://a', CSV))", "table function url"),
        ("SELECT 1 UNION ALL SELECT * FROM executable('a', CSV, 'b String')", "table function executable"),
        ("SYSTEM FLUSH LOGS", "not allowed in readonly mode"),
    ],
)
def test_statements_and_table_functions_that_do_more_than_read_are_refused(named: Callable[[str], Named], sql: str, why: str) -> None:
    with pytest.raises(Permanent, match=why):
        named(sql)


def test_nothing_is_no_statement() -> None:
    with pytest.raises(Permanent, match="this is not allowed in readonly mode"):
        read_tree("")


@pytest.mark.parametrize(
    ("name", "is_unknown"),
    [
        ("spans", False),
        ("andon.spans", False),
        ("x", False),
        ("system.one", False),
        ("SYSTEM.tables", False),
        ("information_schema.tables", False),
        ("INFORMATION_SCHEMA.columns", False),
        ("system.processes", True),
        ("other.spans", True),
        ("andon.x", True),
        ("/etc/passwd", True),
        ("Spans", True),
        ("", True),
    ],
)
def test_a_name_is_a_table_of_the_store_of_the_system_or_of_the_statement(name: str, is_unknown: bool) -> None:
    assert Named(frozenset({"spans", name})).unknown(TABLES, "andon", {"x"}) is is_unknown


def test_the_words_are_the_same_whatever_there_is() -> None:
    assert str(UnknownTableError()) == str(UnknownTableError())
    assert isinstance(UnknownTableError(), Permanent)
