"""Migrations: applied once, durable tables only, retention as the settings say."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from core.errors import UsageError
from store.client import Store
from store.migrations import DURABILITY, SCHEMA, SMALL_PARTS, days_kept, migrate, note_applied, schema_statements


def test_schema_files_have_numbers_of_their_own_in_steps_of_ten() -> None:
    numbers = [name.partition("_")[0] for name in schema_statements()]
    assert numbers == [f"{10 * place:03d}" for place in range(1, len(numbers) + 1)]


def test_every_schema_file_is_applied_once_and_durable(unmigrated_store: Store) -> None:
    assert migrate(unmigrated_store) == list(schema_statements())
    assert migrate(unmigrated_store) == []
    tables = unmigrated_store.rows(
        "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"
    )
    assert {"spans", "events", "transactions", "clocks", "incidents", "schema_files"} <= {table["name"] for table in tables}
    for table in tables:
        missing = [name for name, value in DURABILITY.items() if f"{name} = {value}" not in table["engine_full"]]
        assert not missing, f"{table['name']} lacks {missing}"
    _retention_follows_the_settings(unmigrated_store)
    _a_store_made_with_other_settings_gets_ours(unmigrated_store)
    _a_crash_before_the_note_is_made_up_for(unmigrated_store)
    _a_newer_store_is_refused(unmigrated_store)
    _a_table_that_is_not_durable_is_refused(unmigrated_store)


def _retention_follows_the_settings(store: Store) -> None:
    def ttl(table: str) -> str:
        found: str = store.rows(
            "SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = {t:String}", {"t": table}
        )[0]["engine_full"]
        return found

    assert "TTL" not in ttl("events")
    migrate(store, {"events": 400, "spans": 30})
    assert "toIntervalDay(400)" in ttl("events")
    assert "toIntervalDay(30)" in ttl("spans")
    migrate(store, {"events": 40, "spans": 30})
    assert "toIntervalDay(40)" in ttl("events")
    assert "toIntervalDay(400)" not in ttl("events")
    assert "fsync_after_insert = 1" in ttl("events")
    with pytest.raises(UsageError, match="'traces' is not a kind"):
        migrate(store, {"traces": 3})


def _a_store_made_with_other_settings_gets_ours(store: Store) -> None:
    def given() -> dict[str, str]:
        tables = store.rows("SELECT name, engine_full FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'")
        return {table["name"]: table["engine_full"] for table in tables}

    store.command("ALTER TABLE clocks RESET SETTING merge_selector_base")
    store.command("ALTER TABLE verdicts MODIFY SETTING merge_selector_base = 5")
    migrate(store)
    for table, engine in given().items():
        missing = [name for name, value in SMALL_PARTS.items() if f"{name} = {value}" not in engine]
        assert not missing, f"{table} lacks {missing}"


def _a_crash_before_the_note_is_made_up_for(store: Store) -> None:
    """Whichever statement it was after: each can be run again."""
    store.command("TRUNCATE TABLE schema_files")
    assert migrate(store) == list(schema_statements())


def _a_newer_store_is_refused(store: Store) -> None:
    store.insert("schema_files", {"name": ["999_from_the_future"]})
    with pytest.raises(UsageError, match="999_from_the_future"):
        migrate(store)
    store.command("DELETE FROM schema_files WHERE name = '999_from_the_future'")


def _a_table_that_is_not_durable_is_refused(store: Store) -> None:
    store.command("CREATE TABLE careless (a UInt8) ENGINE = MergeTree ORDER BY a")
    with pytest.raises(
        UsageError, match="careless would not survive a power cut; run: ALTER TABLE careless MODIFY SETTING fsync_after_insert = 1"
    ):
        migrate(store)


def test_a_later_file_changes_a_table_with_its_rows(unmigrated_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(unmigrated_store)
    unmigrated_store.insert("cursors", {"stage": ["load"], "position": [7], "revision": [1]})
    schema = shutil.copytree(SCHEMA, tmp_path / "schema")
    (schema / "990_cursor_notes.sql.j2").write_text("ALTER TABLE cursors ADD COLUMN IF NOT EXISTS note String DEFAULT 'none'")
    monkeypatch.setattr("store.migrations.SCHEMA", schema)
    assert migrate(unmigrated_store) == ["990_cursor_notes"]
    assert unmigrated_store.rows("SELECT stage, position, note FROM cursors") == [{"stage": "load", "position": 7, "note": "none"}]
    assert migrate(unmigrated_store) == []


def test_what_was_applied_before_a_file_that_fails_is_not_applied_again(
    unmigrated_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = shutil.copytree(SCHEMA, tmp_path / "schema")
    (schema / "990_wrong.sql.j2").write_text("ALTER TABLE there_is_none ADD COLUMN note String")
    monkeypatch.setattr("store.migrations.SCHEMA", schema)
    with pytest.raises(ClickHouseError, match="there_is_none"):
        migrate(unmigrated_store)
    (schema / "990_wrong.sql.j2").unlink()
    monkeypatch.setattr("store.migrations.SCHEMA", SCHEMA)
    assert migrate(unmigrated_store) == []


@pytest.mark.parametrize(
    ("table", "days"), [("spans", 30), ("events", 400), ("event_contents", 400), ("quarantine", None), ("clocks", None), ("nothing", None)]
)
def test_only_signals_have_a_retention_and_what_belongs_to_them_has_the_same(table: str, days: int | None) -> None:
    assert days_kept(table, {"spans": 30, "events": 400}) == days


def test_a_kind_of_signal_that_there_is_not_is_told_before_anything_is_made(unmigrated_store: Store) -> None:
    with pytest.raises(UsageError, match="retention_days: 'verdicts' is not a kind of signal; the kinds are: spans, logs, "):
        migrate(unmigrated_store, {"verdicts": 3})
    assert unmigrated_store.rows("SHOW TABLES") == []


def test_notes_that_were_lost_are_made_again(store: Store) -> None:
    store.command("TRUNCATE TABLE schema_files")
    note_applied(store)
    assert migrate(store) == []
