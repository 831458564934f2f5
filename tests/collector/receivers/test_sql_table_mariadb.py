"""The SQL table receiver against a real MariaDB."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pymysql
import pytest
import sqlalchemy as sa

from collector.polling.database import open_engine
from collector.receivers.sql_table import RECEIVER
from core.secrets import resolve_secret
from core.telemetry import M, Telemetry
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.collector.receivers.sql_tables import ids, read, settings
from tests.servers.mariadb import MariaDbServer

Statements = Callable[..., None]


def address() -> str:
    return resolve_secret("env:TEST_DATABASE")


pytestmark = [pytest.mark.server, pytest.mark.xdist_group("mariadb")]


def test_a_row_becomes_an_event_exactly(maria: Statements, tmp_path: Path):
    maria(
        "CREATE TABLE orders (id bigint unsigned PRIMARY KEY, name varchar(50), old varchar(20) CHARACTER SET latin1, amount decimal(20, 4),"
        " raw varbinary(9), due date, at time, local datetime(6), flag bit(1), kinds set('b', 'a', 'c'), doc json, ratio double, ok bool,"
        " nothing text, changed_at timestamp(6))",
        "SET time_zone = '+01:00'",
        "INSERT INTO orders VALUES (18446744073709551615, 'Müller 🏭 \\\\ ''', 'größe', 12345678901234.56, x'00ff', '2026-03-28', '16:00',"
        " '2026-07-01 12:00:00.000001', b'1', 'c,a', '{\"a\": 1}', 0.1234567890123, true, NULL, '2026-03-27 15:50:00.123456')",
    )

    event = read(tmp_path, 1, time_zone="Europe/Berlin")[0]

    assert (event["subject"], event["time"]) == ("18446744073709551615", "2026-03-27T14:50:00.123456+00:00")
    assert event["data"] == {
        "id": 18446744073709551615,
        "name": "Müller 🏭 \\ '",
        "old": "größe",
        "amount": "12345678901234.5600",
        "raw": "AP8=",
        "due": "2026-03-28",
        "at": "16:00:00",
        "local": "2026-07-01T12:00:00.000001+02:00",
        "flag": 1,
        "kinds": ["a", "c"],
        "doc": '{"a": 1}',
        "ratio": 0.1234567890123,
        "ok": 1,
        "nothing": None,
        "changed_at": "2026-03-27T14:50:00.123456+00:00",
    }


@pytest.mark.parametrize("more", [{}, {"table": None, "query": "SELECT id, changed_at FROM orders"}], ids=["table", "query"])
def test_a_timestamp_is_a_moment_whatever_the_zone_of_the_server(maria: Statements, tmp_path: Path, more: dict[str, Any]):
    maria("CREATE TABLE orders (id int PRIMARY KEY, changed_at timestamp NOT NULL)")
    maria("SET time_zone = '-05:00'", *(f"INSERT INTO orders VALUES ({number}, '2026-03-27 09:50:0{number}')" for number in range(8)))

    events = read(tmp_path, 8, page_rows=3, **more)

    assert [event["time"] for event in events] == [f"2026-03-27T14:50:0{number}+00:00" for number in range(8)]
    assert read(tmp_path, 0, page_rows=3, **more) == []
    maria("INSERT INTO orders VALUES (9, '2026-03-27 09:50:30')")
    assert ids(read(tmp_path, 1, page_rows=3, **more)) == [9]


def test_a_transaction_that_commits_late_is_not_skipped(maria: Statements, mariadb_server: MariaDbServer, tmp_path: Path):
    maria("CREATE TABLE orders (id int AUTO_INCREMENT PRIMARY KEY, changed_at timestamp(6) DEFAULT now(6))")
    intake = TestIntake()

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(), intake, tmp_path / "state")):
            maria("START TRANSACTION", "INSERT INTO orders VALUES ()")
            with pymysql.connect(host="127.0.0.1", port=mariadb_server.port, user="root", autocommit=True) as other:
                name = sa.make_url(address()).database
                for _ in range(3):
                    other.cursor().execute(f"INSERT INTO {name}.orders VALUES ()")
                    await asyncio.sleep(0.15)
            await until(lambda: len(intake.events) == 3)
            maria("COMMIT")
            await until(lambda: len(intake.events) == 4)
            await asyncio.sleep(0.3)

    asyncio.run(scenario())

    assert ids(intake.events) == [2, 3, 4, 1]


def test_text_keys_are_paged_under_every_mode_of_the_server(
    maria: Statements, mariadb_server: MariaDbServer, tmp_path: Path, request: pytest.FixtureRequest
):
    maria("CREATE TABLE orders (id varchar(20) PRIMARY KEY, changed_at datetime DEFAULT '2026-03-27 12:00:00')")
    names = ["a\\", "a\\' OR 1=1 -- ", 'b"', "b'", "ü", "🏭", "z"]
    with pymysql.connect(host="127.0.0.1", port=mariadb_server.port, user="root", autocommit=True) as other, other.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {sa.make_url(address()).database}.orders (id) VALUES (%s)", [(name,) for name in names])
    request.addfinalizer(lambda: maria("SET GLOBAL sql_mode = DEFAULT"))
    maria("SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'")

    events = read(tmp_path, len(names), page_rows=1, time_zone="UTC")

    assert sorted(event["data"]["id"] for event in events) == sorted(names)


def test_a_date_that_is_none_is_told_and_waits_for_its_repair(maria: Statements, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    maria("SET sql_mode = ''", "CREATE TABLE orders (id int PRIMARY KEY, due date, changed_at datetime)")
    maria("INSERT INTO orders VALUES (1, '0000-00-00', '2026-03-27 12:00:00'), (2, '2026-02-00', '0000-00-00 00:00:00')")
    intake = TestIntake()

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(time_zone="UTC"), intake, tmp_path / "state")):
            await until(lambda: "paused until it can" in caplog.text)
            maria("UPDATE orders SET changed_at = '2026-03-27 12:00:01' WHERE id = 2")
            await until(lambda: len(intake.events) == 2)

    asyncio.run(scenario())

    assert [event["data"]["due"] for event in intake.events] == ["0000-00-00", "2026-02-00"]
    why = next(record for record in caplog.records if "paused until it can" in record.message).__dict__["fields"]["why"]
    assert "change column 'changed_at' holds" in why


def test_a_server_that_is_killed_is_read_again(maria: Statements, mariadb_server: MariaDbServer, tmp_path: Path):
    maria("CREATE TABLE orders (id int AUTO_INCREMENT PRIMARY KEY, changed_at timestamp(6) DEFAULT now(6))", "INSERT INTO orders VALUES ()")
    intake, telemetry, name = TestIntake(), Telemetry(), sa.make_url(address()).database

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(), intake, tmp_path / "state", telemetry)):
            await until(lambda: len(intake.events) == 1)
            await asyncio.to_thread(mariadb_server.kill)
            await until(lambda: telemetry.value(M.RECEIVER_UP, source="erp") == 0)
            await asyncio.to_thread(mariadb_server.start)
            with pymysql.connect(host="127.0.0.1", port=mariadb_server.port, user="root", autocommit=True) as other:
                other.cursor().execute(f"INSERT INTO {name}.orders VALUES ()")
            await until(lambda: telemetry.value(M.RECEIVER_UP, source="erp") == 1)
            await until(lambda: len(intake.events) == 2)
            await asyncio.sleep(0.3)

    asyncio.run(scenario())

    assert ids(intake.events) == [1, 2]


def test_nothing_is_ever_written(maria: Statements):
    maria("CREATE TABLE orders (id int)")
    with open_engine(address()).connect() as connection, pytest.raises(sa.exc.SQLAlchemyError, match="READ ONLY"):
        connection.execute(sa.text("INSERT INTO orders VALUES (1)"))
