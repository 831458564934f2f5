"""In which order the SQL table receiver reads rows: none is skipped or handed over twice, whatever commits late or is dated wrongly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from collector.polling.database import open_engine
from collector.polling.open_transactions import open_seconds
from collector.polling.table_statement import SETTLED
from collector.receivers.sql_table import RECEIVER
from core.secrets import resolve_secret
from core.telemetry import M, Telemetry
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.collector.receivers.sql_tables import WallClock, ids, read, settings


@pytest.mark.server
@pytest.mark.xdist_group("postgresql")
def test_a_transaction_that_commits_late_is_not_skipped(erp: psycopg.Connection[Any], tmp_path: Path):
    erp.execute("CREATE TABLE orders (id serial PRIMARY KEY, changed_at timestamptz NOT NULL DEFAULT now())")
    intake = TestIntake()

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(), intake, tmp_path / "state")):
            with psycopg.connect(erp.info.dsn) as late:
                late.execute("INSERT INTO orders DEFAULT VALUES")  # its timestamp is taken now, its commit comes last
                await asyncio.sleep(0.05)
                for _ in range(5):
                    erp.execute("INSERT INTO orders DEFAULT VALUES")
                    await asyncio.sleep(0.15)
                await until(lambda: len(intake.events) == 5)
                late.commit()
            await until(lambda: len(intake.events) == 6)
            await asyncio.sleep(0.5)

    asyncio.run(scenario())

    assert ids(intake.events) == [2, 3, 4, 5, 6, 1]
    stamps = [event["time"] for event in intake.events]
    assert stamps[-1] < min(stamps[:-1])


@pytest.mark.server
@pytest.mark.xdist_group("postgresql")
def test_a_rising_id_that_commits_late_is_not_skipped(erp: psycopg.Connection[Any], tmp_path: Path):
    erp.execute("CREATE TABLE orders (id serial PRIMARY KEY)")
    intake = TestIntake()

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(change="id"), intake, tmp_path / "state")):
            with psycopg.connect(erp.info.dsn) as late:
                late.execute("INSERT INTO orders DEFAULT VALUES")
                erp.execute("INSERT INTO orders DEFAULT VALUES")
                await until(lambda: ids(intake.events) == [2])
                late.commit()
            await until(lambda: ids(intake.events) == [2, 1])
            await asyncio.sleep(0.4)

    asyncio.run(scenario())

    assert ids(intake.events) == [2, 1]


@pytest.mark.server
@pytest.mark.xdist_group("postgresql")
@pytest.mark.parametrize("change", ["changed_at", "id"])
def test_a_transaction_that_stays_open_longer_than_the_overlap_is_waited_for_and_told(
    erp: psycopg.Connection[Any], tmp_path: Path, caplog: pytest.LogCaptureFixture, change: str
):
    erp.execute("CREATE TABLE orders (id serial PRIMARY KEY, changed_at timestamptz NOT NULL DEFAULT now())")
    erp.execute("INSERT INTO orders DEFAULT VALUES")
    intake, telemetry = TestIntake(), Telemetry()
    more = {"change": change, "overlap_seconds": 0.2, "overlap_ids": 1, "time": "changed_at"}

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(**more), intake, tmp_path / "state", telemetry)):
            await until(lambda: len(intake.events) == 1)
            await asyncio.sleep(0.3)
            with psycopg.connect(erp.info.dsn) as late:
                late.execute("INSERT INTO orders DEFAULT VALUES")
                for _ in range(8):
                    erp.execute("INSERT INTO orders DEFAULT VALUES")
                    await asyncio.sleep(0.15)
                await until(lambda: len(intake.events) == 9 and (telemetry.value(M.SOURCE_LATENESS, source="erp") or 0) > 1)
                assert "has been open for" in RECEIVER.doubts(settings(**more))[-1]
                late.commit()
            await until(lambda: len(intake.events) == 10)
            await until(lambda: telemetry.value(M.SOURCE_LATENESS, source="erp") == 0)

    asyncio.run(scenario())

    assert ids(intake.events) == [1, *range(3, 11), 2]
    assert len([record for record in caplog.records if record.message.startswith("rows come late")]) == 1


@pytest.mark.server
@pytest.mark.xdist_group("postgresql")
def test_an_open_transaction_is_unknown_to_a_user_who_may_not_see_it(erp: psycopg.Connection[Any]):
    erp.execute("CREATE ROLE reader LOGIN")
    engine = open_engine(resolve_secret("env:TEST_DATABASE").replace("erp@", "reader@"))
    with psycopg.connect(erp.info.dsn) as late, engine.connect() as reader:
        assert open_seconds(reader) == 0
        late.execute("CREATE TABLE orders (id int)")
        assert open_seconds(reader) is None
        erp.execute("GRANT pg_read_all_stats TO reader")
        assert (open_seconds(reader) or 0) > 0


def test_a_row_that_comes_late_is_measured_by_the_overlap(small: Callable[..., None], tmp_path: Path):
    small("CREATE TABLE orders (id INTEGER PRIMARY KEY)", "INSERT INTO orders VALUES (100)")
    intake, telemetry = TestIntake(), Telemetry()
    telemetry.set(M.SOURCE_LATENESS, 9, source="erp")

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(change="id", overlap_ids=50), intake, tmp_path / "state", telemetry)):
            await until(lambda: ids(intake.events) == [100] and telemetry.value(M.SOURCE_LATENESS, source="erp") == 0)
            small("INSERT INTO orders VALUES (60)")
            await until(lambda: telemetry.value(M.SOURCE_LATENESS, source="erp") == 0.8)

    asyncio.run(scenario())


def test_what_commits_late_while_the_journal_is_full_is_not_skipped(small: Callable[..., None], tmp_path: Path):
    small("CREATE TABLE orders (id INTEGER PRIMARY KEY)", "INSERT INTO orders VALUES (100)")
    intake = TestIntake()

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(change="id", overlap_ids=10, page_rows=1), intake, tmp_path / "state")):
            await until(lambda: ids(intake.events) == [100])
            intake.full = 1_000_000
            small("INSERT INTO orders VALUES (102)")
            refused = intake.calls
            await until(lambda: intake.calls > refused + 2)
            small("INSERT INTO orders VALUES (101)", *(f"INSERT INTO orders VALUES ({number})" for number in range(103, 163)))
            intake.full = 0
            await until(lambda: 101 in ids(intake.events))

    asyncio.run(scenario())

    assert sorted(ids(intake.events)) == [100, *range(101, 163)]


@pytest.mark.server
@pytest.mark.xdist_group("postgresql")
def test_many_rows_of_one_change_value_are_paged_by_key(erp: psycopg.Connection[Any], tmp_path: Path):
    erp.execute("CREATE TABLE orders (plant text, id int, changed_at timestamptz, PRIMARY KEY (plant, id))")
    erp.execute("INSERT INTO orders SELECT chr(65 + n % 3), n, '2026-03-27 12:00Z' FROM generate_series(1, 20000) n")

    events = read(tmp_path, 20_000, key=["plant", "id"], page_rows=700)
    later = read(tmp_path, 0, key=["plant", "id"], page_rows=700, patience=1.0)

    assert sorted(ids(events)) == list(range(1, 20_001))
    assert later == []


@pytest.mark.server
@pytest.mark.xdist_group("postgresql")
def test_a_changed_row_is_another_event_and_an_unchanged_one_is_not_sent_again(erp: psycopg.Connection[Any], tmp_path: Path):
    erp.execute("CREATE TABLE orders (id int PRIMARY KEY, status text, changed_at timestamptz DEFAULT now())")
    erp.execute("INSERT INTO orders VALUES (1, 'open'), (2, 'open')")
    first = read(tmp_path, 2)
    erp.execute("UPDATE orders SET status = 'shipped', changed_at = now() WHERE id = 2")
    erp.execute("UPDATE orders SET status = 'fixed by hand' WHERE id = 1")  # nobody touched changed_at, but it lies in the overlap

    second = read(tmp_path, 2)

    assert ids(first) == [1, 2]
    assert [(event["data"]["id"], event["data"]["status"]) for event in second] == [(1, "fixed by hand"), (2, "shipped")]
    assert not {event["id"] for event in first} & {event["id"] for event in second}


def test_times_that_sqlite_keeps_as_text_page_rightly_in_every_form(small: Callable[..., None], tmp_path: Path):
    small("CREATE TABLE orders (id INTEGER PRIMARY KEY, changed_at TIMESTAMP)")
    forms = ["2026-03-27 12:00:00", "2026-03-27 12:00:00.000000", "2026-03-27 12:00:00.5", "2026-03-27T12:00:00"]
    small(*(f"INSERT INTO orders VALUES ({number}, '{forms[number % len(forms)]}')" for number in range(100)))

    events = read(tmp_path, 100, page_rows=7, time_zone="UTC")
    again = read(tmp_path, 0, page_rows=7, time_zone="UTC")

    assert sorted(ids(events)) == list(range(100))
    assert again == []
    assert events[0]["time"] == "2026-03-27T12:00:00+00:00"


def test_a_row_dated_in_the_future_hides_nothing(small: Callable[..., None], tmp_path: Path):
    small("CREATE TABLE orders (id INTEGER PRIMARY KEY, changed_at TIMESTAMP)", "INSERT INTO orders VALUES (1, '2099-01-01 00:00:00')")
    clock, intake = WallClock(datetime(2026, 3, 27, 12, tzinfo=UTC)), TestIntake()

    async def scenario() -> None:
        context = context_of(settings(time_zone="UTC", overlap_seconds=60), intake, tmp_path / "state", clock=clock)
        async with running(RECEIVER, context):
            await until(lambda: ids(intake.events) == [1])
            clock.advance(timedelta(hours=1))
            small("INSERT INTO orders VALUES (2, '2026-03-27 13:00:00')")
            await until(lambda: ids(intake.events) == [1, 2])
            await asyncio.sleep(0.4)

    asyncio.run(scenario())

    assert ids(intake.events) == [1, 2]


def test_an_overlap_with_very_many_rows_does_not_hold_up_what_is_new(
    small: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    small("CREATE TABLE orders (id INTEGER PRIMARY KEY)", "INSERT INTO orders VALUES (1), (2), (3)")
    monkeypatch.setattr("collector.receivers.sql_table.OVERLAP_SHARE", 1_000_000)
    intake = TestIntake()

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(change="id"), intake, tmp_path / "state")):
            await until(lambda: ids(intake.events) == [1, 2, 3])
            small("INSERT INTO orders VALUES (-5), (10)")
            await until(lambda: 10 in ids(intake.events))
            await asyncio.sleep(0.4)

    asyncio.run(scenario())

    assert ids(intake.events) == [1, 2, 3, 10], "the late one waits for the next look at the whole overlap"


def test_the_hour_that_local_time_repeats_is_read_whole(small: Callable[..., None], tmp_path: Path):
    small("CREATE TABLE orders (id INTEGER PRIMARY KEY, changed_at TIMESTAMP)", "INSERT INTO orders VALUES (1, '2026-10-25 02:59:00')")
    clock, intake = WallClock(datetime(2026, 10, 25, 0, 59, 30, tzinfo=UTC)), TestIntake()

    async def scenario() -> None:
        context = context_of(settings(time_zone="Europe/Berlin", overlap_seconds=60), intake, tmp_path / "state", clock=clock)
        async with running(RECEIVER, context):
            await until(lambda: ids(intake.events) == [1])
            clock.advance(timedelta(minutes=2))
            small("INSERT INTO orders VALUES (2, '2026-10-25 02:01:00')")  # one minute past two, for the second time
            await until(lambda: ids(intake.events) == [1, 2])

    asyncio.run(scenario())


@pytest.mark.parametrize("value", ["2026-03-27", "7", "7.0"])
def test_dates_and_numbers_rise_too(small: Callable[..., None], tmp_path: Path, value: str):
    kind = "DATE" if "-" in value else "DECIMAL(10, 2)" if "." in value else "INTEGER"
    small(f"CREATE TABLE orders (id INTEGER PRIMARY KEY, changed_at {kind})", f"INSERT INTO orders VALUES (1, '{value}'), (2, '{value}')")

    assert ids(read(tmp_path, 2, page_rows=1)) == [1, 2]
    small(f"INSERT INTO orders VALUES (3, '{value}')")
    assert ids(read(tmp_path, 1, page_rows=1)) == [3]


def test_a_date_kept_as_text_rises_too(small: Callable[..., None], tmp_path: Path):
    small("CREATE TABLE orders (id INTEGER PRIMARY KEY, aedat CHAR(8))", "INSERT INTO orders VALUES (2, '20260327'), (1, '20260331')")
    more = {"change": "aedat", "change_format": "YYYYMMDD", "time_zone": "Europe/Berlin", "page_rows": 1}

    events = read(tmp_path, 2, **more)
    small("INSERT INTO orders VALUES (3, '20260331'), (4, '20260401')")

    assert [(event["data"]["id"], event["time"]) for event in events] == [
        (2, "2026-03-27T00:00:00+01:00"),
        (1, "2026-03-31T00:00:00+02:00"),
    ]
    assert ids(read(tmp_path, 2, **more)) == [3, 4]
    assert RECEIVER.doubts(settings(**more)) == []
    assert "'change_format'" in RECEIVER.doubts(settings(change="aedat"))[0]


def test_rowversions_rise_and_those_of_transactions_under_way_are_left_for_later(
    small: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    small("CREATE TABLE orders (id INTEGER PRIMARY KEY, changed_at BLOB)")
    small(*(f"INSERT INTO orders VALUES ({number}, x'{250 + number:016x}')" for number in (1, 2, 7, 9)))
    active = (250 + 8).to_bytes(8, "big")  # SQLite stands in for SQL Server: row 8 is not committed yet
    monkeypatch.setitem(SETTLED, "sqlite", lambda: sa.literal(active, sa.LargeBinary))

    assert ids(read(tmp_path, 3, page_rows=1)) == [1, 2, 7]
    small("INSERT INTO orders VALUES (8, x'0000000000000102')")
    active = (250 + 20).to_bytes(8, "big")
    assert ids(read(tmp_path, 2, page_rows=1, overlap_ids=0)) == [8, 9]


@pytest.mark.parametrize(
    ("kind", "early", "late"), [("DATE", "", ""), ("TIMESTAMP", "T00:10:00", "T11:00:00"), ("TIMESTAMP", " 00:10:00", " 11:00:00")]
)
def test_rows_of_earlier_times_are_handed_over_once(small: Callable[..., None], tmp_path: Path, kind: str, early: str, late: str):
    small(f"CREATE TABLE orders (id INTEGER PRIMARY KEY, changed_at {kind})")
    moments = ["2026-03-24" + late, "2026-03-26" + early, "2026-03-26" + late, "2026-03-27" + early, "2026-03-27" + late]
    small(*(f"INSERT INTO orders VALUES ({number}, '{moment}')" for number, moment in enumerate(moments)))
    clock, intake = WallClock(datetime(2026, 3, 27, 12, tzinfo=UTC)), TestIntake()

    async def scenario() -> None:
        context = context_of(settings(time_zone="UTC", poll_seconds=0.05), intake, tmp_path / "state", clock=clock)
        async with running(RECEIVER, context):
            await until(lambda: len(intake.events) >= 5)
            await asyncio.sleep(1)
            small(f"INSERT INTO orders VALUES (5, '2026-03-27{late}')", f"INSERT INTO orders VALUES (6, '2026-03-28{early}')")
            await until(lambda: len(intake.events) >= 7)
            clock.advance(timedelta(days=1))
            await asyncio.sleep(1)

    asyncio.run(scenario())

    assert sorted(ids(intake.events)) == [0, 1, 2, 3, 4, 5, 6]
