"""The SQL table receiver against a real PostgreSQL, and SQLite where the database does not matter."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from collector.receivers.sql_table import RECEIVER
from core.errors import UsageError
from core.telemetry import M, Telemetry
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.collector.receivers.sql_tables import ids, read, settings
from tests.servers.postgresql import PostgresServer


@pytest.mark.server
@pytest.mark.xdist_group("postgresql")
def test_a_row_becomes_an_event_exactly(erp: psycopg.Connection[Any], tmp_path: Path):
    erp.execute(
        "CREATE TABLE orders (id int, plant text, amount numeric(20, 4), uid uuid, raw bytea, due date, at time, local timestamp, doc jsonb,"
        " tags text[], ratio float8, span interval, ok bool, nothing text, big bigint, changed_at timestamptz, PRIMARY KEY (plant, id))"
    )
    erp.execute(
        "INSERT INTO orders VALUES (7, 'DE07', 12345678901234.5600, '6f1c0d5e-0a52-4d3e-9c3b-5b0f2a9a1c11', '\\x00ff', '2026-03-28', '16:00',"
        " '2026-07-01 12:00', '{\"a\": [1, null]}', '{x,y}', 'NaN', '90 minutes', true, NULL, 9007199254740993, '2026-03-27 15:50+01')"
    )

    event = read(tmp_path, 1, key=["plant", "id"], time_zone="Europe/Berlin", event_type="erp.{table}")[0]

    assert event.pop("id")
    assert event == {
        "specversion": "1.0",
        "source": "/tables/orders",
        "type": "erp.orders",
        "subject": "DE07/7",
        "time": "2026-03-27T14:50:00+00:00",
        "datacontenttype": "application/json",
        "data": {
            "id": 7,
            "plant": "DE07",
            "amount": "12345678901234.5600",
            "uid": "6f1c0d5e-0a52-4d3e-9c3b-5b0f2a9a1c11",
            "raw": "AP8=",
            "due": "2026-03-28",
            "at": "16:00:00",
            "local": "2026-07-01T12:00:00+02:00",
            "doc": {"a": [1, None]},
            "tags": ["x", "y"],
            "ratio": "nan",
            "span": 5400.0,
            "ok": True,
            "nothing": None,
            "big": 9007199254740993,
            "changed_at": "2026-03-27T14:50:00+00:00",
        },
    }


@pytest.mark.server
@pytest.mark.xdist_group("postgresql")
def test_a_value_that_python_cannot_hold_is_its_text_and_keeps_no_row_from_being_read(erp: psycopg.Connection[Any], tmp_path: Path):
    erp.execute("CREATE TABLE orders (id int PRIMARY KEY, doc jsonb, until date, at timestamptz, changed_at timestamptz DEFAULT now())")
    erp.execute("INSERT INTO orders VALUES (1, (repeat('[', 2000) || repeat(']', 2000))::jsonb, 'infinity', '12026-01-01 00:00Z')")
    erp.execute("INSERT INTO orders VALUES (2, ('[1' || repeat('0', 5000) || ']')::jsonb, '2026-03-28', 'infinity')")
    for each in ("table", "query"):
        (tmp_path / each).mkdir()
    of_table, of_query = (
        [event["data"] for event in read(tmp_path / each, 2, key=["id"], **more)]
        for each, more in (("table", {}), ("query", {"table": None, "query": "SELECT * FROM orders"}))
    )
    assert of_table == of_query
    first, second = of_table
    assert (first["doc"], first["until"], first["at"][:16]) == ("[" * 2_000 + "]" * 2_000, "infinity", "12026-01-01 00:0")
    assert (second["doc"], second["until"], second["at"]) == ("[1" + "0" * 5_000 + "]", "2026-03-28", "infinity")


@pytest.mark.server
@pytest.mark.xdist_group("postgresql")
def test_a_server_that_restarts_is_read_again(
    erp: psycopg.Connection[Any], postgres_server: PostgresServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO")
    erp.execute("CREATE TABLE orders (id int PRIMARY KEY, changed_at timestamptz DEFAULT now())")
    erp.execute("INSERT INTO orders VALUES (1)")
    intake, telemetry, dsn = TestIntake(), Telemetry(), erp.info.dsn

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(), intake, tmp_path / "state", telemetry)):
            await until(lambda: len(intake.events) == 1)
            erp.close()
            await asyncio.to_thread(postgres_server.stop)
            await until(lambda: telemetry.value(M.RECEIVER_UP, source="erp") == 0)
            await asyncio.to_thread(postgres_server.start)
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute("INSERT INTO orders VALUES (2)")
            await until(lambda: len(intake.events) == 2)
            await until(lambda: telemetry.value(M.RECEIVER_UP, source="erp") == 1)
            await asyncio.sleep(0.3)

    asyncio.run(scenario())

    assert ids(intake.events) == [1, 2]
    assert [record.message for record in caplog.records if record.name == "andon.collector.sql_table"][-1] == "the table is read again"


@pytest.mark.server
@pytest.mark.xdist_group("postgresql")
@pytest.mark.parametrize(
    ("damage", "repair", "words"),
    [
        (
            "ALTER TABLE orders DROP COLUMN changed_at",
            "ALTER TABLE orders ADD changed_at timestamptz DEFAULT now()",
            "has no column changed_at",
        ),
        ("ALTER TABLE orders RENAME TO old_orders", "ALTER TABLE old_orders RENAME TO orders", "NoSuchTableError: orders"),
        ("INSERT INTO orders VALUES (NULL, 'x')", "DELETE FROM orders WHERE id IS NULL", "a row has NULL in its key or change column"),
        ("ALTER TABLE orders ALTER changed_at TYPE text", "ALTER TABLE orders ALTER changed_at TYPE timestamptz USING now()", "holds str"),
        ("ALTER TABLE orders DROP COLUMN status", "ALTER TABLE orders ADD status text", "has no column status"),
    ],
    ids=["change column dropped", "table gone", "null key", "change column is text", "chosen column dropped"],
)
def test_a_table_that_breaks_pauses_the_source_until_it_is_repaired(
    erp: psycopg.Connection[Any], tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str, repair: str, words: str
):
    erp.execute("CREATE TABLE orders (id int, status text, changed_at timestamptz DEFAULT now())")
    erp.execute("INSERT INTO orders VALUES (1, 'open')")
    intake, telemetry = TestIntake(), Telemetry()

    async def scenario() -> None:
        context = context_of(settings(columns=["status"]), intake, tmp_path / "state", telemetry)
        async with running(RECEIVER, context):
            await until(lambda: len(intake.events) == 1 and telemetry.value(M.RECEIVER_UP, source="erp") == 1)
            erp.execute(damage)
            await until(lambda: telemetry.value(M.RECEIVER_UP, source="erp") == 0)
            await asyncio.sleep(0.8)
            erp.execute(repair)
            erp.execute("INSERT INTO orders (id, status) VALUES (2, 'open')")
            await until(lambda: 2 in ids(intake.events))
            await until(lambda: telemetry.value(M.RECEIVER_UP, source="erp") == 1)

    asyncio.run(scenario())

    paused = [record for record in caplog.records if "paused until it can" in record.message]
    assert len(paused) == 1, "one line, not one a poll"
    assert words in str(paused[0].__dict__["fields"]["why"])


def test_a_new_column_is_taken_up_without_a_restart(small: Callable[..., None], tmp_path: Path):
    small("CREATE TABLE orders (id INTEGER PRIMARY KEY)", "INSERT INTO orders VALUES (1)")
    intake = TestIntake()

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(change="id"), intake, tmp_path / "state")):
            await until(lambda: len(intake.events) == 1)
            small("ALTER TABLE orders ADD plant TEXT", "INSERT INTO orders VALUES (2, 'DE07')")
            await until(lambda: any(event["data"] == {"id": 2, "plant": "DE07"} for event in intake.events))

    asyncio.run(scenario())


def test_a_time_without_a_zone_needs_the_setting(small: Callable[..., None], tmp_path: Path, caplog: pytest.LogCaptureFixture):
    small("CREATE TABLE orders (id INTEGER PRIMARY KEY, changed_at TIMESTAMP)", "INSERT INTO orders VALUES (1, '2026-03-27 12:00:00')")
    intake = TestIntake()

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(), intake, tmp_path / "state")):
            await until(lambda: "paused until it can" in caplog.text)

    asyncio.run(scenario())

    assert intake.accepted == []
    assert "set 'time_zone'" in str(caplog.records[-1].__dict__["fields"]["why"])
    assert read(tmp_path, 1, time_zone="America/Chicago")[0]["time"] == "2026-03-27T12:00:00-05:00"


def test_a_table_restored_from_a_backup_is_read_from_its_beginning(
    small: Callable[..., None], tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    small("CREATE TABLE orders (id INTEGER PRIMARY KEY, note TEXT)", "INSERT INTO orders VALUES (5000, 'a'), (5001, 'b')")
    assert ids(read(tmp_path, 2, change="id")) == [5000, 5001]

    small("DELETE FROM orders", "INSERT INTO orders VALUES (1, 'new'), (2, 'new')")

    assert ids(read(tmp_path, 2, change="id")) == [1, 2]
    assert "reading from the beginning" in caplog.text


def test_a_query_is_read_like_a_table(small: Callable[..., None], tmp_path: Path):
    small("CREATE TABLE a (id INTEGER, b INTEGER)", "CREATE TABLE b (b INTEGER, name TEXT)")
    small("INSERT INTO a VALUES (1, 7), (2, 8)", "INSERT INTO b VALUES (7, 'x'), (8, 'y')")

    events = read(tmp_path, 2, table=None, query="SELECT a.id, b.name FROM a JOIN b ON a.b = b.b", change="id", page_rows=1)

    assert [event["data"] for event in events] == [{"id": 1, "name": "x"}, {"id": 2, "name": "y"}]
    assert events[0]["source"] == "/tables/query"


def test_only_the_chosen_columns_leave_the_database(small: Callable[..., None], tmp_path: Path):
    small("CREATE TABLE orders (id INTEGER PRIMARY KEY, salary INTEGER, plant TEXT)", "INSERT INTO orders VALUES (1, 90000, 'DE07')")

    assert read(tmp_path, 1, change="id", columns=["plant"])[0]["data"] == {"id": 1, "plant": "DE07"}


def test_another_table_of_the_same_source_begins_anew(small: Callable[..., None], tmp_path: Path):
    small("CREATE TABLE orders (id INTEGER PRIMARY KEY)", "CREATE TABLE invoices (id INTEGER PRIMARY KEY)")
    small("INSERT INTO orders VALUES (900)", "INSERT INTO invoices VALUES (1)")
    read(tmp_path, 1, change="id")

    assert ids(read(tmp_path, 1, change="id", table="invoices")) == [1]


def test_another_database_of_the_same_source_begins_anew(small: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    small("CREATE TABLE orders (id INTEGER PRIMARY KEY)", "INSERT INTO orders VALUES (900)")
    read(tmp_path, 1, change="id", overlap_ids=0)
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as connection, connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
        connection.execute("INSERT INTO orders VALUES (1), (950)")
    monkeypatch.setenv("TEST_DATABASE", f"sqlite:///{tmp_path / 'other.sqlite'}")

    assert ids(read(tmp_path, 2, change="id", overlap_ids=0)) == [1, 950]


def test_a_database_file_that_is_missing_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    monkeypatch.setenv("TEST_DATABASE", f"sqlite:///{tmp_path / 'none.sqlite'}")

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(), TestIntake(), tmp_path / "state")):
            await until(lambda: "paused until it can" in caplog.text)

    asyncio.run(scenario())

    assert not (tmp_path / "none.sqlite").exists()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"query": "SELECT 1"}, "write either 'table' or 'query'"),
        ({"table": None}, "write either 'table' or 'query'"),
        ({"key": []}, "'key' is wrong: name at least one key column"),
        ({"time_zone": "Europe/Berln"}, "'time_zone' is wrong: time zone 'Europe/Berln' is not known"),
        ({"poll_seconds": 0}, "'poll_seconds' is wrong: "),
        ({"colums": ["a"]}, "'colums' is not a setting of this receiver; did you mean 'columns'?"),
    ],
)  # fmt: skip
def test_wrong_settings_say_what_to_write(wrong: dict[str, Any], message: str):
    with pytest.raises(UsageError) as caught:
        RECEIVER.validate(settings(**wrong))

    assert str(caught.value).startswith(message)
