"""What every pull receiver gets: settings with errors that name the field, waiting times, and a way in that holds on while there is no room."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from collector.receiver import Backoff, ReceiverSettings, parse_settings
from collector.rejection import ValidationError
from core.errors import WrongSetting
from core.signal import Lane, SignalKind
from core.telemetry import M, Telemetry
from tests.collector.receivers.driving import TestIntake, context_of

EVENT = b'{"specversion": "1.0"}'


class Settings(ReceiverSettings):
    queue: str
    prefetch: int = 10


@pytest.mark.parametrize(
    ("given", "path", "says"),
    [
        ({"queues": "orders"}, "queue", "is missing; add it"),
        ({"queue": "orders", "prefech": 1}, "prefech", "is no setting of this receiver; did you mean 'prefetch'?"),
        ({"queue": "orders", "prefetch": "many"}, "prefetch", "is wrong: "),
        ({"queue": "orders", "url": "amqp://user:secret@host/"}, "url", "may hold a password; write env:NAME or file:PATH"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not_shown(given: dict[str, object], path: str, says: str) -> None:
    with pytest.raises(WrongSetting) as caught:
        parse_settings(Settings, {"type": "queue", "url": "env:BROKER", **given})
    assert path in str(caught.value)
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "many" not in str(caught.value)


def test_settings_are_typed_and_have_their_defaults() -> None:
    assert parse_settings(Settings, {"type": "queue", "url": "env:BROKER", "queue": "orders"}).prefetch == 10


def test_waiting_times_double_up_to_the_last_and_begin_again_when_something_worked() -> None:
    backoff = Backoff(first=1, last=5)
    for whole in (1, 2, 4, 5, 5):
        assert whole / 2 <= backoff.next() <= whole
    backoff.reset()
    assert 0.5 <= backoff.next() <= 1


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


def test_what_cannot_be_used_is_kept_as_the_sources(tmp_path: Path) -> None:
    context = context_of({"type": "test"}, TestIntake(), tmp_path)
    error = ValidationError("bad_cloudevent", "no event")
    record = context.quarantined(error, b"{", kind="message", content_type="text/plain", peer="amqp:orders")
    assert (record.kind, record.source, record.lane, record.body) == (SignalKind.QUARANTINE, "erp", Lane.CRITICAL, b"{")
    assert '"peer":"amqp:orders"' in record.detail
