"""Brings a store to the current schema: ``schema/*.sql``, one statement a file, applied once in the order of their numbers.

What was applied is a table of the store itself. Every table keeps its parts durable: a start refuses a table without these settings.
"""

from __future__ import annotations

import re
from pathlib import Path

from core.errors import UsageError
from store.client import Store

SCHEMA = Path(__file__).parent / "schema"
DURABILITY = {
    "fsync_after_insert": "1",
    "fsync_part_directory": "1",
    "min_rows_to_fsync_after_merge": "1",
    "min_compressed_bytes_to_fsync_after_merge": "1",
    "old_parts_lifetime": "480",
    "max_suspicious_broken_parts": "1000000",
    "max_suspicious_broken_parts_bytes": "1000000000000",
}
"""Without them a power cut loses merged parts whose sources are already deleted, or keeps the store from opening (see docs/adr)."""

_APPLIED = "CREATE TABLE IF NOT EXISTS schema_files (name String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3)) ENGINE = MergeTree ORDER BY name"
_RETENTION = {
    "spans": ("spans", "received_at"),
    "logs": ("logs", "received_at"),
    "metrics": ("metrics", "received_at"),
    "events": ("events", "received_at"),
    "quarantine": ("quarantine", "received_at"),
}


def migrate(store: Store, retention_days: dict[str, int] | None = None) -> list[str]:
    """Apply what is missing and return its names. Raises :class:`core.errors.UsageError` for a store made by a newer version."""
    store.command(_with_durability(_APPLIED))
    applied = {row["name"] for row in store.rows("SELECT DISTINCT name FROM schema_files")}
    files = {file.stem: file for file in sorted(SCHEMA.glob("*.sql"))}
    if newer := sorted(applied - files.keys()):
        raise UsageError(
            f"the store has schema files this version does not know ({', '.join(newer)}); use the version that made it, or a newer one"
        )
    done = []
    for name, file in files.items():
        if name not in applied:
            store.command(_with_durability(_repeatable(file.read_text(encoding="utf-8"))))
            store.insert("schema_files", {"name": [name]})
            done.append(name)
    _check_durability(store)
    _apply_retention(store, retention_days or {})
    return done


def _repeatable(sql: str) -> str:
    """A crash between the statement and its note must not keep the store from opening."""
    return re.sub(r"CREATE (TABLE|MATERIALIZED VIEW|VIEW) (?!IF NOT EXISTS)", r"CREATE \1 IF NOT EXISTS ", sql, count=1)


def _with_durability(sql: str) -> str:
    """Add the durability settings to a MergeTree table's own ones."""
    if not re.search(r"ENGINE = \w*MergeTree", sql):
        return sql
    settings = ", ".join(f"{name} = {value}" for name, value in DURABILITY.items())
    return (
        f"{sql.rstrip()}, {settings}" if re.search(r"^SETTINGS|\sSETTINGS ", sql, re.MULTILINE) else f"{sql.rstrip()}\nSETTINGS {settings}"
    )


def _check_durability(store: Store) -> None:
    tables = store.rows("SELECT name, engine_full FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'")
    for table in tables:
        missing = [name for name in DURABILITY if name not in table["engine_full"]]
        if missing:
            raise UsageError(
                f"table {table['name']} does not carry {', '.join(missing)}; it would not survive a power cut: ALTER TABLE … MODIFY SETTING"
            )


def _apply_retention(store: Store, retention_days: dict[str, int]) -> None:
    """Give the signal tables the TTL the settings ask for; a changed setting alters them."""
    engines = store.rows("SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()")
    current = {row["name"]: row["engine_full"] for row in engines}
    for kind, days in retention_days.items():
        if kind not in _RETENTION:
            raise UsageError(f"retention_days: '{kind}' is not a kind of signal; the kinds are: {', '.join(_RETENTION)}")
        table, column = _RETENTION[kind]
        if f"toIntervalDay({int(days)})" not in current.get(table, ""):
            store.command(
                f"ALTER TABLE {table} MODIFY TTL toDateTime({column}) + toIntervalDay({int(days)})",
                settings={"materialize_ttl_after_modify": 0},
            )
