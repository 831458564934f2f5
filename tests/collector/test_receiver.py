"""What every pull receiver gets: a way in that holds on while there is no room, and records that are its source's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.brokers.queue_series import QueueState
from collector.receiver import PART_RECORDS
from collector.rejection import ValidationError
from core.signal import Lane, Record, SignalKind
from core.telemetry import M, Telemetry
from tests.collector.receivers.driving import TestIntake, context_of

EVENT = b'{"specversion": "1.0"}'


def test_records_are_held_while_there_is_no_room_and_the_source_counts_as_down(tmp_path: Path) -> None:
    intake, telemetry, up = TestIntake(full=3), Telemetry(), []
    context = context_of({"type": "test"}, intake, tmp_path, telemetry)
    asyncio.run(context.accept([context.event(EVENT)], lambda: up.append(telemetry.value(M.RECEIVER_UP, source="erp"))))
    assert up == [0, 0, 0]
    assert telemetry.value(M.RECEIVER_UP, source="erp") == 1
    assert [(record.kind, record.source, record.lane, record.body) for record in intake.accepted] == [
        (SignalKind.EVENT, "erp", Lane.CRITICAL, EVENT)
    ]


def test_who_waits_may_give_up(tmp_path: Path) -> None:
    def lost() -> None:
        raise ConnectionError

    context = context_of({"type": "test"}, TestIntake(full=3), tmp_path)
    with pytest.raises(ConnectionError):
        asyncio.run(context.accept([context.event(EVENT)], lost))


def test_what_one_message_becomes_is_never_in_memory_all_at_once(tmp_path: Path) -> None:
    """16 MiB of short lines took gigabytes, and the collector with them, each time that the broker sent them again."""
    intake, made, most = TestIntake(), 0, 0
    context = context_of({"type": "test"}, intake, tmp_path)

    def records() -> Iterator[Record]:
        nonlocal made, most
        for _ in range(25_000):
            made += 1
            most = max(most, made - len(intake.accepted))
            yield context.event(EVENT)

    asyncio.run(context.accept(records()))
    assert len(intake.accepted) == 25_000
    assert most <= PART_RECORDS
    large = context.event(b"x" * (3 << 20))
    intake.batches.clear()
    asyncio.run(context.accept([large] * 7))
    assert intake.batches == [3, 3, 1]
    asyncio.run(context.accept([]))
    assert intake.batches == [3, 3, 1]


def test_what_cannot_be_used_is_kept_as_the_sources(tmp_path: Path) -> None:
    context = context_of({"type": "test"}, TestIntake(), tmp_path)
    error = ValidationError("bad_cloudevent", "no event")
    record = context.quarantined(error, b"{", kind="message", content_type="text/plain", peer="amqp:orders")
    assert (record.kind, record.source, record.lane, record.body) == (SignalKind.QUARANTINE, "erp", Lane.CRITICAL, b"{")
    assert '"peer":"amqp:orders"' in record.detail


def test_what_a_broker_does_not_tell_of_a_queue_has_no_figure(tmp_path: Path) -> None:
    telemetry = Telemetry()
    context_of({"type": "test"}, TestIntake(), tmp_path, telemetry).tell_queue(QueueState("orders", "import", waiting=3))
    labels = {"source": "erp", "queue": "orders", "reader": "import"}
    assert telemetry.value(M.QUEUE_WAITING, **labels) == 3
    assert telemetry.registry.get_sample_value(M.QUEUE_UNACKNOWLEDGED.value.name, labels) is None
    context_of({"type": "test"}, TestIntake(), tmp_path, telemetry).tell_queue(QueueState("orders", "import"))
    assert telemetry.registry.get_sample_value(M.QUEUE_WAITING.value.name, labels) is None, "nor the one of before"


def test_why_a_source_cannot_be_read_and_what_was_missing_are_kept_for_the_store(tmp_path: Path) -> None:
    context = context_of({"type": "test"}, TestIntake(), tmp_path)
    context.tell_up(up=False)
    assert context.troubles.due(0) == [], "the journal is full, which is not the source's trouble"
    context.tell_up(up=False, why="the broker refuses us")
    context.tell_gap("the stream dropped them", after=3)
    gap, unread = context.troubles.due(0)
    assert gap.attributes == {"source": "erp", "what": "the stream dropped them", "place": "after 3"}
    assert unread.attributes == {"source": "erp", "why": "the broker refuses us"}
    context.tell_up(up=True)
    assert [(point.value, point.attributes["why"]) for point in context.troubles.due(0) if "why" in point.attributes] == [(0.0, "")]
