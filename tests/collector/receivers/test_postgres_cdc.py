"""The receiver of PostgreSQL's changes, against a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import psycopg
import pytest

from collector.receivers.postgres_cdc import PAGE_RECORDS, RECEIVER
from core.telemetry import M, Telemetry
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.servers.postgresql import PostgresServer
from tests.waiting import wait_until

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("postgresql")]
ROUNDS = int(os.environ.get("ANDON_ROUNDS", "3"))


class Database:
    """A database of a test's own, with table ``orders`` in publication ``andon``, and the settings that read it."""

    def __init__(self, connection: psycopg.Connection[Any], folder: Path) -> None:
        self.connection = connection
        self.state = folder / "state"
        self.telemetry = Telemetry()
        name = f"slot_of_{connection.info.dbname}"
        self.settings = {"type": "postgres_cdc", "url": "env:TEST_DATABASE", "publication": "andon", "slot": name, "poll_seconds": 0.1}

    def run(self, *statements: str) -> None:
        for statement in statements:
            self.connection.execute(statement.encode())

    def one(self, question: str) -> Any:
        row = self.connection.execute(question.encode()).fetchone()
        return row and row[0]

    @property
    def slot(self) -> str:
        return str(self.settings["slot"])

    def confirmed(self) -> int:
        return int(self.one(f"SELECT confirmed_flush_lsn - '0/0' FROM pg_replication_slots WHERE slot_name = '{self.slot}'") or 0)

    def read(self, wanted: int, **more: Any) -> list[dict[str, Any]]:
        """Read until ``wanted`` events have come and the slot was moved on; the next run goes on there."""
        intake = TestIntake()

        async def scenario() -> None:
            async with running(RECEIVER, context_of({**self.settings, **more}, intake, self.state, self.telemetry)):
                await until(lambda: len(intake.accepted) >= wanted)
                self.run("SELECT pg_logical_emit_message(true, 'andon', '')")
                reached = int(self.one("SELECT pg_current_wal_insert_lsn() - '0/0'"))
                await until(lambda: self.confirmed() >= reached)

        asyncio.run(scenario())
        return intake.events


@pytest.fixture
def database(erp: psycopg.Connection[Any], tmp_path: Path) -> Iterator[Database]:
    found = Database(erp, tmp_path)
    found.run("CREATE TABLE orders (id int PRIMARY KEY, note text)", "CREATE PUBLICATION andon FOR TABLE orders")
    yield found
    if not erp.closed:
        erp.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %s", (found.slot,))


def test_what_commits_becomes_events_in_order(database: Database):
    database.run("INSERT INTO orders VALUES (0, 'before the slot')")
    assert database.read(0) == []
    database.run(
        "INSERT INTO orders VALUES (1, 'Müller 🏭')", "UPDATE orders SET note = NULL WHERE id = 1", "UPDATE orders SET id = 2 WHERE id = 1"
    )
    database.run("DELETE FROM orders WHERE id = 2", "BEGIN", "INSERT INTO orders VALUES (3, 'undone')", "ROLLBACK", "TRUNCATE orders")

    events = database.read(5)

    assert [(event["type"], event.get("subject"), event["data"]) for event in events] == [
        ("orders.inserted", "1", {"row": {"id": 1, "note": "Müller 🏭"}}),
        ("orders.updated", "1", {"row": {"id": 1, "note": None}}),
        ("orders.updated", "2", {"row": {"id": 2, "note": None}, "old": {"id": 1}}),
        ("orders.deleted", "2", {"row": {"id": 2}}),
        ("orders.truncated", None, {}),
    ]
    assert {event["source"] for event in events} == {"/tables/public.orders"}
    assert [event["time"] for event in events] == sorted(event["time"] for event in events)
    assert database.read(0) == []


def test_values_are_those_of_the_tables_receiver(database: Database):
    database.run(
        "CREATE TABLE exact (id bigint PRIMARY KEY, amount numeric(20, 4), uid uuid, raw bytea, due date, at time, local timestamp, doc jsonb,"
        " tags text[], ratio float8, span interval, ok bool, never timestamptz, far date)",
        "ALTER PUBLICATION andon ADD TABLE exact",
    )
    database.read(0)
    database.run(
        "INSERT INTO exact VALUES (9007199254740993, 12345678901234.56, '6f1c0d5e-0a52-4d3e-9c3b-5b0f2a9a1c11', '\\x00ff', '2026-03-28',"
        " '16:00', '2026-07-01 12:00', '{\"a\": [1, null]}', '{x,y}', 'NaN', '90 minutes', true, 'infinity', '12026-01-01')"
    )
    (event,) = database.read(1, time_zone="Europe/Berlin")
    assert event["data"]["row"] == {
        "id": 9007199254740993,
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
        "never": "infinity",
        "far": "12026-01-01",
    }


def test_a_document_that_no_event_can_hold_is_its_text_and_stops_nothing(database: Database):
    database.run("CREATE TABLE docs (id int PRIMARY KEY, doc json)", "ALTER PUBLICATION andon ADD TABLE docs")
    database.read(0)
    database.run(
        "INSERT INTO docs SELECT number, (repeat('[', 2000) || number || repeat(']', 2000))::json FROM generate_series(1, 2) number",
        r"""INSERT INTO docs VALUES (3, '["half \ud800"]'), (4, '[1e999]')""",
    )
    *deep, half, endless = [event["data"]["row"]["doc"] for event in database.read(4)]
    assert [text.strip("[]") for text in deep] == ["1", "2"]
    assert (half, endless) == (["half \ufffd"], "[1e999]")


def test_a_large_value_that_an_update_left_alone_is_named_or_taken_from_the_old_row(database: Database):
    database.run("ALTER TABLE orders ADD large text", "ALTER TABLE orders ALTER large SET STORAGE EXTERNAL")
    database.run(f"INSERT INTO orders VALUES (1, 'a', '{'x' * 10_000}')")
    database.read(0)
    database.run(
        "UPDATE orders SET note = 'b'", "ALTER TABLE orders REPLICA IDENTITY FULL", "UPDATE orders SET note = 'c'", "DELETE FROM orders"
    )

    named, full, deleted = database.read(3)

    assert named["data"] == {"row": {"id": 1, "note": "b"}, "unchanged": ["large"]}
    assert full["data"]["row"] == {"id": 1, "note": "c", "large": "x" * 10_000}
    assert full["data"]["old"]["note"] == "b"
    assert deleted["data"]["row"] == {"id": 1, "note": "c", "large": "x" * 10_000}


def test_rows_that_were_copied_in_are_told_apart(database: Database):
    database.read(0)
    with database.connection.cursor() as cursor, cursor.copy("COPY orders FROM STDIN") as rows:
        for number in range(50):
            rows.write_row((number, "the same"))
    database.run("UPDATE orders SET note = 'b' WHERE id = 7", "UPDATE orders SET note = 'the same' WHERE id = 7")
    events = database.read(52)
    assert len({event["id"] for event in events}) == 52


def test_a_large_transaction_is_read_in_pages_and_confirmed_whole(database: Database):
    database.read(0)
    began = database.confirmed()
    database.run("INSERT INTO orders SELECT n, repeat('x', 100) FROM generate_series(1, 30000) n")
    intake, confirmed = TestIntake(), []

    async def scenario() -> None:
        async with running(RECEIVER, context_of(database.settings, intake, database.state)):
            await until(lambda: len(intake.accepted) >= 5 * PAGE_RECORDS)
            confirmed.append(database.confirmed())
            await until(lambda: len(intake.accepted) == 30_000)

    asyncio.run(scenario())

    assert max(intake.batches) == PAGE_RECORDS
    assert confirmed == [began], "while half of it is on disk, nothing is confirmed"
    assert len({event["id"] for event in intake.events}) == 30_000


def test_a_database_in_which_nothing_of_ours_happens_keeps_no_log_for_us(database: Database):
    database.read(0)
    began = database.confirmed()
    database.run("CREATE TABLE other AS SELECT repeat('x', 100) FROM generate_series(1, 1000)")
    database.read(0)
    assert database.confirmed() > began + 100_000
    assert (database.telemetry.value(M.SOURCE_HELD_BYTES, source="erp") or 0) > 0


def test_much_log_kept_for_us_is_warned_of(database: Database, caplog: pytest.LogCaptureFixture):
    database.read(0)
    database.read(0, warn_held_bytes=1)
    assert "the database keeps much of its log for us" in caplog.text


@pytest.mark.parametrize("how", ["dropped", "invalidated"])
def test_a_slot_that_is_lost_is_told_and_made_anew(database: Database, caplog: pytest.LogCaptureFixture, how: str):
    database.read(0)
    if how == "dropped":
        active = f"SELECT active FROM pg_replication_slots WHERE slot_name = '{database.slot}'"
        wait_until(lambda: database.one(active) is False, 60, "the database has noticed that the reader is gone")
        database.run(f"SELECT pg_drop_replication_slot('{database.slot}')")
    else:
        database.run("ALTER SYSTEM SET max_slot_wal_keep_size = 0", "SELECT pg_reload_conf()")
        lost = f"SELECT wal_status = 'lost' FROM pg_replication_slots WHERE slot_name = '{database.slot}'"

        def invalidated() -> bool:
            database.run("SELECT txid_current()", "SELECT pg_switch_wal()", "CHECKPOINT")
            return bool(database.one(lost))

        wait_until(invalidated, 30, "the slot is lost")
        assert "was invalidated" in RECEIVER.doubts(database.settings)[0]
        database.run("ALTER SYSTEM RESET max_slot_wal_keep_size", "SELECT pg_reload_conf()")
    database.run("INSERT INTO orders VALUES (1, 'in the gap')")

    assert database.read(0) == []
    database.run("INSERT INTO orders VALUES (2, 'after it')")

    assert [event["subject"] for event in database.read(1)] == ["2"]
    assert database.telemetry.value(M.SOURCE_GAPS, source="erp") == 1
    assert "the slot was lost, changes that it had not told are not read" in caplog.text


def test_a_publication_that_is_made_late_is_waited_for(database: Database, caplog: pytest.LogCaptureFixture):
    intake = TestIntake()
    database.run("DROP PUBLICATION andon")

    async def scenario() -> None:
        async with running(RECEIVER, context_of(database.settings, intake, database.state, database.telemetry)):
            await until(lambda: any("there is no publication 'andon'" in str(record.__dict__.get("fields")) for record in caplog.records))
            database.run("INSERT INTO orders VALUES (1, 'before')", "CREATE PUBLICATION andon FOR TABLE orders")
            await until(lambda: database.confirmed() > 0)
            database.run("INSERT INTO orders VALUES (2, 'after')")
            await until(lambda: len(intake.accepted) == 1)

    asyncio.run(scenario())

    assert intake.events[0]["subject"] == "2"
    assert not database.telemetry.value(M.SOURCE_GAPS, source="erp")


def test_a_publication_that_was_gone_for_a_time_is_told_and_only_that_time_is_missing(database: Database, caplog: pytest.LogCaptureFixture):
    database.read(0)
    database.run("INSERT INTO orders VALUES (1, 'before')", "INSERT INTO orders VALUES (2, 'before')", "DROP PUBLICATION andon")
    database.run("INSERT INTO orders VALUES (3, 'meanwhile')", "CREATE PUBLICATION andon FOR TABLE orders")

    assert [event["subject"] for event in database.read(2)] == ["1", "2"]
    database.run("INSERT INTO orders VALUES (4, 'after')")

    assert [event["subject"] for event in database.read(1)] == ["4"]
    assert database.telemetry.value(M.SOURCE_GAPS, source="erp") == 1
    assert "the publication was gone for a time, changes from then until now are not read" in caplog.text


def test_the_database_is_asked_before_the_start(database: Database):
    def ask(**more: Any) -> list[str]:
        return RECEIVER.doubts({**database.settings, **more})

    assert ask() == []
    assert "there is no publication 'none'" in ask(publication="none")[0]
    database.run("CREATE PUBLICATION nothing", "CREATE TABLE keyless (id int)", "ALTER PUBLICATION andon ADD TABLE keyless")
    assert "the publication 'nothing' has no table" in ask(publication="nothing")[0]
    assert "ALTER TABLE public.keyless REPLICA IDENTITY FULL" in ask()[0]
    database.run("ALTER TABLE keyless REPLICA IDENTITY FULL")
    assert ask() == []
    database.run(f"SELECT pg_create_logical_replication_slot('{database.slot}', 'test_decoding')")
    assert "of another database or another plugin" in ask()[0]


def test_our_user_may_read_the_log_and_need_not_read_the_tables(database: Database, monkeypatch: pytest.MonkeyPatch):
    database.run("CREATE ROLE clerk LOGIN")
    monkeypatch.setenv("TEST_DATABASE", os.environ["TEST_DATABASE"].replace("erp@", "clerk@"))
    assert "ALTER ROLE … REPLICATION" in RECEIVER.doubts(database.settings)[0]
    database.run("ALTER ROLE clerk REPLICATION")
    assert RECEIVER.doubts(database.settings) == []
    assert database.read(0) == []
    database.run("INSERT INTO orders VALUES (1, 'a')")
    assert len(database.read(1)) == 1


class Load:
    """A client that inserts orders for ever, and a process that reads them, each of which may be killed."""

    def __init__(self, database: Database, address: str, file: Path) -> None:
        self.committed: set[int] = set()
        self.stop = threading.Event()
        self._command = [sys.executable, "-m", "tests.collector.receivers.reading_process", "postgres_cdc", json.dumps(database.settings)]
        self._command += [str(database.state), str(file)]
        self._address = address
        self._file = file
        self._writer = threading.Thread(target=self._write)

    def __enter__(self) -> Self:
        self._reader = subprocess.Popen(self._command)
        self._writer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end_writing()
        self._reader.kill()
        self._reader.wait()

    def end_writing(self) -> None:
        self.stop.set()
        self._writer.join()

    def kill_reader(self) -> None:
        self._reader.kill()
        self._reader.wait()
        self._reader = subprocess.Popen(self._command)

    def events(self) -> list[dict[str, Any]]:
        lines = self._file.read_bytes().split(b"\n") if self._file.exists() else []
        return [json.loads(line) for line in lines if line.endswith(b"}}}")]

    def orders(self) -> list[int]:
        return [event["data"]["row"]["id"] for event in {event["id"]: event for event in self.events()}.values()]

    def _write(self) -> None:
        number = 0
        while not self.stop.is_set():
            try:
                with psycopg.connect(self._address, autocommit=True) as connection:
                    while not self.stop.wait(0.02):
                        number += 1
                        connection.execute("INSERT INTO orders SELECT %s + n, 'x' FROM generate_series(0, 19) n", (number * 20,))
                        self.committed.update(range(number * 20, number * 20 + 20))
            except psycopg.OperationalError:
                self.stop.wait(0.05)


def test_kills_of_both_sides_under_load_lose_nothing(database: Database, postgres_server: PostgresServer, tmp_path: Path):
    database.read(0)
    address = f"host=127.0.0.1 port={postgres_server.port} user=erp dbname={database.connection.info.dbname}"
    database.connection.close()
    chance = random.Random(7)
    with Load(database, address, tmp_path / "events") as load:
        for number in range(ROUNDS):
            before = len(load.events())
            wait_until(lambda known=before: len(load.events()) > known + 100, 60, "it reads")
            load.stop.wait(chance.random() / 2)
            if number % 2:
                postgres_server.kill()
                postgres_server.start()
            else:
                load.kill_reader()
        load.end_writing()
        wait_until(lambda: set(load.orders()) >= load.committed, 60, "all are read")

    ids = Counter(load.orders())
    assert max(ids.values()) == 1, "an order that is read again is the same event"
    with psycopg.connect(address, autocommit=True) as connection:
        assert {row[0] for row in connection.execute("SELECT id FROM orders")} == set(ids)
        connection.execute("SELECT pg_drop_replication_slot(%s)", (database.slot,))
