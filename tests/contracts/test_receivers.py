"""The contract of every pull receiver that the registry finds. A new one adds ``receivers/<name>.py`` here or fails by name."""

from __future__ import annotations

import asyncio
import importlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import collector.receivers
from collector.receiver import Receiver
from core.errors import UsageError
from core.registry import discover
from core.signal import Lane
from core.telemetry import M, Telemetry
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.contracts.receivers.harness import Harness, Outside

RECEIVERS = discover(collector.receivers, "RECEIVER", Receiver)
WITH_HARNESS = sorted(name for name in RECEIVERS if (Path(__file__).parent / "receivers" / f"{name}.py").exists())


def grouped(names: list[str]) -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in names]


each_receiver = pytest.mark.parametrize("name", grouped(WITH_HARNESS))
NAMES = [f"order-{number}" for number in range(40)]


def harness_of(name: str) -> Harness:
    found: Harness = importlib.import_module(f"tests.contracts.receivers.{name}").HARNESS
    return found


@pytest.fixture
def outside(name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Outside]:
    with harness_of(name).outside(request, monkeypatch, tmp_path) as found:
        yield found


def read(name: str, outside: Outside, intake: TestIntake, state: Path, wanted: int, seconds: float = 20.0) -> list[str]:
    """Run until ``wanted`` events have come, and a little longer; return their names in order."""

    async def scenario() -> None:
        async with running(RECEIVERS[name], context_of(outside.settings, intake, state)):
            await until(lambda: len(intake.signals) >= wanted, seconds)
            await asyncio.sleep(0.7)

    asyncio.run(scenario())
    return [outside.name_of(event) for event in intake.signals]


@pytest.mark.parametrize("name", sorted(RECEIVERS))
def test_every_receiver_has_a_harness(name: str):
    assert name in WITH_HARNESS, f"add tests/contracts/receivers/{name}.py for the receiver '{name}'"


@each_receiver
def test_it_is_named_as_its_file(name: str):
    assert Path(str(importlib.import_module(f"collector.receivers.{name}").__file__)).stem == name


@each_receiver
def test_wrong_settings_are_refused_naming_the_field(name: str):
    harness = harness_of(name)
    RECEIVERS[name].validate(harness.settings)

    for field in harness.required:
        with pytest.raises(UsageError, match=f"^'{field}' is missing; add it$"):
            RECEIVERS[name].validate({key: value for key, value in harness.settings.items() if key != field})
    with pytest.raises(UsageError, match=r"^'colour' is not a setting of this receiver; "):
        RECEIVERS[name].validate({**harness.settings, "colour": "blue"})


@each_receiver
def test_an_address_with_a_password_is_refused_and_not_repeated(name: str):
    if "url" not in harness_of(name).settings:
        return  # it has no address: what it reads is on this machine
    with pytest.raises(UsageError, match=r"^'url' may hold a secret; write env:NAME") as caught:
        RECEIVERS[name].validate({**harness_of(name).settings, "url": "scheme://user:hunter2@host/"})

    assert "hunter2" not in str(caught.value)


@each_receiver
def test_validation_touches_nothing(name: str, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> Any:
        raise AssertionError("validate must not do any input or output")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(Path, "read_text", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.delenv("BROKER_URL", raising=False)

    RECEIVERS[name].validate(harness_of(name).settings)


@each_receiver
def test_what_is_put_arrives_once_with_source_and_lane(name: str, outside: Outside, tmp_path: Path):
    outside.put(NAMES)
    intake = TestIntake()

    assert sorted(read(name, outside, intake, tmp_path / "state", len(NAMES))) == sorted(NAMES)
    assert {(record.source, record.lane) for record in intake.accepted} == {("erp", Lane.CRITICAL)}
    assert sum(record.count for record in intake.accepted) == len(NAMES)
    assert len({event["id"] for event in intake.signals}) == len(NAMES)
    assert all(event["specversion"] == "1.0" and event["source"] and event["type"] for event in intake.events)


@each_receiver
def test_what_was_accepted_is_acknowledged(name: str, outside: Outside, tmp_path: Path):
    outside.put(NAMES)
    read(name, outside, TestIntake(), tmp_path / "state", len(NAMES))

    assert read(name, outside, TestIntake(), tmp_path / "state", 0) == []


@pytest.mark.parametrize("name", grouped([name for name in WITH_HARNESS if harness_of(name).acknowledges]))
def test_nothing_is_acknowledged_before_it_is_accepted(name: str, outside: Outside, tmp_path: Path):
    outside.put(NAMES)
    blocked = TestIntake(blocked=True)

    async def scenario() -> None:
        async with running(RECEIVERS[name], context_of(outside.settings, blocked, tmp_path / "state")):
            await until(lambda: blocked.calls > 0)

    asyncio.run(scenario())

    assert sorted(read(name, outside, TestIntake(), tmp_path / "state", len(NAMES))) == sorted(NAMES)


@each_receiver
def test_a_full_journal_loses_nothing(name: str, outside: Outside, tmp_path: Path):
    outside.put(NAMES)

    assert sorted(read(name, outside, TestIntake(full=5), tmp_path / "state", len(NAMES))) == sorted(NAMES)


@each_receiver
def test_what_comes_later_is_read_too(name: str, outside: Outside, tmp_path: Path):
    intake = TestIntake()

    async def scenario() -> None:
        async with running(RECEIVERS[name], context_of(outside.settings, intake, tmp_path / "state")):
            for each in NAMES[:5]:
                await asyncio.to_thread(outside.put, [each])
            await until(lambda: len(intake.signals) >= 5)

    asyncio.run(scenario())

    assert sorted(outside.name_of(event) for event in intake.signals) == sorted(NAMES[:5])


@each_receiver
def test_it_goes_on_trying_where_nothing_answers(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    harness, telemetry = harness_of(name), Telemetry()
    monkeypatch.setenv("NOWHERE", harness.nowhere)
    telemetry.set(M.RECEIVER_UP, 1, source="erp")

    async def scenario() -> None:
        where = next(name for name in ("url", "path", "host") if name in harness.settings)
        nowhere = {where: "env:NOWHERE" if where == "url" else harness.nowhere}
        context = context_of({**harness.settings, **nowhere}, TestIntake(), tmp_path / "state", telemetry)
        async with running(RECEIVERS[name], context) as task:
            await until(lambda: telemetry.value(M.RECEIVER_UP, source="erp") == 0)
            await asyncio.sleep(1.5)
            assert not task.done()

    asyncio.run(scenario())
