"""All SQL is in files, one statement each, in lines that a reader can read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("alerts", "andon", "collector", "core", "correlator", "dashboard", "journal", "plant", "slas", "store")
LONGEST_LINE = 140
STATEMENT = re.compile(
    r"^\s*(SELECT|WITH \w+ AS|INSERT INTO|DELETE FROM|TRUNCATE|OPTIMIZE|SYSTEM|EXPLAIN|DETACH|(CREATE|ALTER|DROP) (TABLE|VIEW|MATERIALIZED))\b"
    r"|\bSELECT .*\bFROM\b"
)
NOT_SQL = re.compile(r"--.*|'[^']*'|\{#[\s\S]*?#\}")
ALLOWED = {
    "collector/files/known.py": "SQLite, not the store: what was read of which file",
    "collector/files/waiting.py": "SQLite, not the store: which files wait to be read",
    "collector/logs/positions.py": "SQLite, not the store: what was read of which file",
    "collector/polling/cdc_doubts.py": "PostgreSQL, not the store: what is wrong with a database before its changes are read",
    "collector/polling/cursor.py": "SQLite, not the store: what the receiver of a table has seen",
    "collector/polling/postgres_slot.py": "PostgreSQL, not the store: its replication slot",
    "journal/format.py": "SQLite, not the store: a segment of the journal",
    "journal/reader.py": "SQLite, not the store: a segment of the journal",
    "journal/segment.py": "SQLite, not the store: a segment of the journal",
    "journal/segments.py": "SQLite, not the store: a segment of the journal",
    "store/read_endpoint/endpoint.py": "a check that a connection answers, and a reader's own statement that is explained to tell which tables it names",
    "store/recovery/engine_journal.py": "SQLite, not the store: a segment of the engine's journal",
}
"""Python files that hold statements, and why."""


def sql_files() -> list[Path]:
    return [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.sql.j2"))]


def test_sql_files_hold_one_statement():
    several = [
        str(file.relative_to(ROOT)) for file in sql_files() if ";" in NOT_SQL.sub("", file.read_text(encoding="utf-8")).strip().rstrip(";")
    ]

    assert several == []


def test_no_line_of_sql_is_too_long():
    too_long = [
        f"{file.relative_to(ROOT)}:{number}: {len(line)} characters"
        for file in sql_files()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > LONGEST_LINE
    ]

    assert too_long == []


def test_no_python_file_holds_a_statement():
    files = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
    found = {str(file.relative_to(ROOT)) for file in files if any(STATEMENT.search(text) for text in texts(file))}

    assert found == set(ALLOWED)


def texts(file: Path) -> Iterator[str]:
    """Yield the strings of a file, those that are put together as one, docstrings not."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "?" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value
