"""Outbox tables: each row is the message that an application left in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from collector.receivers.sql_table import RECEIVER
from core.errors import UsageError
from core.telemetry import M, Telemetry
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.collector.receivers.sql_tables import read, settings

DEBEZIUM = (
    "CREATE TABLE orders (seq INTEGER PRIMARY KEY, id TEXT, aggregatetype TEXT, aggregateid TEXT, type TEXT, payload, headers TEXT,"
    " written DATETIME)"
)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OUTBOX: dict[str, Any] = {"key": "id", "change": "seq", "outbox": {"headers": "headers"}, "time": "written", "time_zone": "UTC"}


def row(seq: int, payload: str = "'{\"order\": 4711}'", headers: str = "NULL") -> str:
    return f"INSERT INTO orders VALUES ({seq}, 'e-{seq}', 'order', '4711', 'OrderPlaced', {payload}, {headers}, '2026-03-27 12:00:00')"


def test_a_row_is_what_its_message_says(small: Callable[..., None], tmp_path: Path):
    small(
        DEBEZIUM,
        row(1, headers=f'\'{{"traceparent": "{TRACE}", "plant": 7}}\''),
        row(2, "'no JSON'"),
        row(3, "x'00ff'"),
        row(4, "NULL", "'odd'"),
    )

    first, text, raw, empty = read(tmp_path, 4, **OUTBOX)

    assert first == {
        "specversion": "1.0",
        "id": "e-1",
        "source": "/tables/orders",
        "type": "OrderPlaced",
        "time": "2026-03-27T12:00:00+00:00",
        "traceparent": TRACE,
        "plant": "7",
        "partitionkey": "4711",
        "datacontenttype": "application/json",
        "data": {"order": 4711},
    }
    assert text["data"] == "no JSON"
    assert raw["data_base64"] == "AP8="
    assert (empty["id"], empty["headers"], empty.get("data")) == ("e-4", "odd", None)


@pytest.mark.server
@pytest.mark.xdist_group("postgresql")
def test_documents_and_bytes_of_postgresql_are_messages_too(erp: psycopg.Connection[Any], tmp_path: Path):
    erp.execute(
        "CREATE TABLE orders (seq serial PRIMARY KEY, id uuid, aggregateid text, type text, payload json, headers jsonb, raw bytea)"
    )
    name = "6f1c0d5e-0a52-4d3e-9c3b-5b0f2a9a1c11"
    erp.execute(
        "INSERT INTO orders VALUES (1, %s, 'a', 't', '{\"n\": [1.5, null, \"half \\ud800\"]}', '{\"plant\": 7}', '\\x00ff')", (name,)
    )
    (event,) = read(tmp_path, 1, **{**OUTBOX, "time": None})
    (raw,) = read(tmp_path, 1, **{**OUTBOX, "time": None, "outbox": {"payload": "raw"}, "change": "seq", "key": ["seq"]})
    assert (event["id"], event["plant"], event["data"]) == (name, "7", {"n": [1.5, None, "half \ufffd"]})
    assert (raw["id"], raw["data_base64"]) == ("1", "AP8=")


def test_columns_have_the_names_that_are_given(small: Callable[..., None], tmp_path: Path):
    small("CREATE TABLE orders (id INTEGER PRIMARY KEY, body TEXT)", "INSERT INTO orders VALUES (1, '{\"a\": 1}')")
    plain = {"payload": "body", "type": None, "subject": None}
    (event,) = read(tmp_path, 1, change="id", outbox=plain, event_type="erp.{table}")
    assert (event["id"], event["type"], event["data"]) == ("1", "erp.orders", {"a": 1})


def test_a_number_that_commits_late_is_waited_for(small: Callable[..., None], tmp_path: Path):
    small(DEBEZIUM, row(1))
    intake = TestIntake()

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(**OUTBOX), intake, tmp_path / "state")):
            await until(lambda: len(intake.events) == 1)
            small(row(3), row(4))
            polled = intake.calls
            await asyncio.sleep(0.5)
            assert intake.calls == polled
            small(row(2))
            await until(lambda: len(intake.events) == 4)

    asyncio.run(scenario())
    assert [event["id"] for event in intake.events] == ["e-1", "e-2", "e-3", "e-4"]


def test_a_number_that_never_comes_is_told_and_waited_for_no_longer(
    small: Callable[..., None], tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    small(DEBEZIUM, row(1))
    intake, telemetry, more = TestIntake(), Telemetry(), {**OUTBOX, "outbox": {"headers": "headers", "gap_seconds": 0.3}, "page_rows": 1}
    telemetry.set(M.SOURCE_LATENESS, 9, source="erp")

    async def scenario() -> None:
        async with running(RECEIVER, context_of(settings(**more), intake, tmp_path / "state", telemetry)):
            await until(lambda: telemetry.value(M.SOURCE_LATENESS, source="erp") == 0)  # the first pass waits for nothing
            small(row(4), row(5), row(8))
            await until(lambda: len(intake.events) == 4)
            small(row(2))
            await until(lambda: len(intake.events) == 5)

    asyncio.run(scenario())
    assert [event["id"] for event in intake.events] == ["e-1", "e-4", "e-5", "e-8", "e-2"], "what comes after all is in the overlap"
    told = [record.__dict__["fields"] for record in caplog.records if "missing" in record.message]
    assert told == [{"first": 2, "last": 3}, {"first": 6, "last": 7}]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"outbox": {"body": "x"}}, "'outbox.body' is not a setting"),
        ({"outbox": {}, "event_type": "{colour}"}, "is wrong: write text with"),
    ],
)
def test_wrong_settings_say_what_to_write(more: dict[str, Any], said: str):
    with pytest.raises(UsageError) as caught:
        RECEIVER.validate(settings(**more))
    assert said in str(caught.value)
