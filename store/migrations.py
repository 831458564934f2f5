"""Brings a store to the current schema: ``schema/*.sql.j2``, one statement per file, each applied once, in order of their numbers.

What was applied is recorded in a table of the store itself, so a released file never changes: what it created is changed by a new file with
a higher number. A start refuses a table without the settings that make it durable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from core.errors import UsageError
from core.statement import statements
from store.client import Store
from store.statement import statement

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
"""Without these a power cut loses merged parts whose sources are already deleted, or keeps the store from opening (see docs/adr)."""

SMALL_PARTS = {
    "min_bytes_for_full_part_storage": "16777216",
    "merge_selector_enable_heuristic_to_remove_small_parts_at_right": "0",
    "merge_selector_base": "8",
}
"""A tick writes several parts of a few rows each (docs/adr/003). Parts below this size (before compression) are one file instead of a
dozen, and about eight of them are merged at a time; by default each new one would be merged with a large one, which is written again."""
SMALL_PARTS_SINCE = (26, 8)
"""The ClickHouse version known to support both."""

_RETENTION = {
    "spans": ("spans",),
    "logs": ("logs",),
    "metrics": ("metrics",),
    "events": ("events", "event_contents"),
    "quarantine": ("quarantine",),
}


def migrate(store: Store, retention_days: dict[str, int] | None = None) -> list[str]:
    """Apply what is missing, give every table its settings and its retention, and return the names of the files that were applied.

    Raises :class:`core.errors.UsageError` for a store made by a newer version, a table that is not durable, or a retention of nothing that
    is stored; the last one before anything is changed.
    """
    if unknown := sorted((retention_days or {}).keys() - _RETENTION.keys()):
        raise UsageError(f"retention_days: '{unknown[0]}' is not a kind of signal; the kinds are: {', '.join(_RETENTION)}")
    small_parts = _small_parts(store)
    settings = DURABILITY | small_parts
    store.command(_with_settings(statement("migrations/create_schema_files"), settings))
    applied = {row["name"] for row in store.rows(statement("migrations/applied"))}
    schema = schema_statements()
    if newer := sorted(applied - schema.keys()):
        raise UsageError(
            f"the store was made by a newer version, with schema files unknown to this one ({', '.join(newer)}); use that version or a newer one"
        )
    done: list[str] = []
    try:
        for name, sql in schema.items():
            if name not in applied:
                store.command(_with_settings(sql, settings))
                done.append(name)
    finally:  # in one insert: one for each file, each synced to disk, was half of the time that a new store takes
        store.insert("schema_files", {"name": done})
    _check_durability(store)
    _apply_small_parts(store, small_parts)
    _apply_retention(store, retention_days or {})
    return done


def schema_statements() -> dict[str, str]:
    """Return the statements of the schema by file name, in the order in which they are applied.

    A statement that creates may be run again; others are written so that they may.
    """
    return dict(_rendered(SCHEMA))


@cache
def _rendered(folder: Path) -> tuple[tuple[str, str], ...]:
    render = statements(folder)
    names = [file.name.removesuffix(".sql.j2") for file in sorted(folder.glob("[0-9]*.sql.j2"))]
    return tuple((name, _repeatable(f"{render(name)}\n")) for name in names)


def note_applied(store: Store) -> None:
    """Record every schema file as applied: the records were lost, and the tables exist."""
    store.insert("schema_files", {"name": list(schema_statements())})


def days_kept(table: str, retention_days: Mapping[str, int]) -> int | None:
    """Return how long rows of a table are kept after they were received; None: for ever."""
    return next((retention_days.get(kind) for kind, tables in _RETENTION.items() if table in tables), None)


def _small_parts(store: Store) -> dict[str, str]:
    version = str(store.rows(statement("migrations/version"))[0]["version"])
    return SMALL_PARTS if tuple(int(number) for number in version.split(".")[:2]) >= SMALL_PARTS_SINCE else {}


def _repeatable(sql: str) -> str:
    """A crash between the statement and its record must not keep the store from opening."""
    return re.sub(r"CREATE (TABLE|MATERIALIZED VIEW|VIEW) (?!IF NOT EXISTS)", r"CREATE \1 IF NOT EXISTS ", sql, count=1)


def _with_settings(sql: str, settings: dict[str, str]) -> str:
    """Add settings to those of a MergeTree table."""
    if not re.search(r"ENGINE = \w*MergeTree", sql):
        return sql
    added = ", ".join(f"{name} = {value}" for name, value in settings.items())
    return f"{sql.rstrip()}, {added}" if re.search(r"^SETTINGS|\sSETTINGS ", sql, re.MULTILINE) else f"{sql.rstrip()}\nSETTINGS {added}"


def _check_durability(store: Store) -> None:
    """Refuse a table that would lose rows in a power cut."""
    for table in store.rows(statement("merge_tree_tables")):
        if missing := [f"{name} = {value}" for name, value in DURABILITY.items() if f"{name} = " not in table["engine_full"]]:
            settings = ", ".join(missing)
            raise UsageError(
                f"table {table['name']} would not survive a power cut; run: ALTER TABLE {table['name']} MODIFY SETTING {settings}"
            )


def _apply_small_parts(store: Store, settings: dict[str, str]) -> None:
    """Give these settings to the tables of a store that was made with others."""
    for table in store.rows(statement("merge_tree_tables")):
        if changed := [f"{name} = {value}" for name, value in settings.items() if f"{name} = {value}" not in table["engine_full"]]:
            store.command(statement("migrations/modify_settings", table=table["name"], settings=", ".join(changed)))


def _apply_retention(store: Store, retention_days: dict[str, int]) -> None:
    """Give the signal tables the TTL from the settings; a changed setting alters them."""
    current = {row["name"]: row["engine_full"] for row in store.rows(statement("merge_tree_tables"))}
    for kind, days in retention_days.items():
        for table in _RETENTION[kind]:
            if f"toIntervalDay({int(days)})" not in current.get(table, ""):
                ttl = statement("migrations/modify_ttl", table=table, days=int(days))
                store.command(ttl, settings={"materialize_ttl_after_modify": 0})
