"""What becomes of the lines of log files."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from getpass import getuser
from grp import getgrgid
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from collector.logs.cutting import LINE_MAX_BYTES
from collector.logs.follower import Follower, Piece
from collector.logs.positions import Positions
from collector.receivers.log_file import RECEIVER
from core.errors import WrongSetting
from core.signal import SignalKind
from core.telemetry import M, Telemetry
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.waiting import wait_until


def read(path: Path, wanted: int, intake: TestIntake | None = None, telemetry: Telemetry | None = None, **settings: Any) -> TestIntake:
    intake = intake or TestIntake()
    chosen = {"type": "log_file", "path": str(path / "logs"), "poll_seconds": 0.05, **settings}

    async def scenario() -> None:
        async with running(RECEIVER, context_of(chosen, intake, path / "state", telemetry)):
            await until(lambda: len({record["id"] for record in intake.log_records}) + len(intake.quarantined) >= wanted)

    asyncio.run(scenario())
    return intake


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


def test_a_line_says_when_it_was_written_how_grave_it_is_and_where_it_was(logs: Path):
    (logs / "erp.log").write_text("2026-03-27 13:00:00 ERROR order 4711 not posted\n\nsecond\n")
    first, second = read(logs.parent, 2, time_zone="Europe/Berlin", service="legacy").log_records
    assert (first["body"], first["severityText"], first["severityNumber"]) == (
        "2026-03-27 13:00:00 ERROR order 4711 not posted", "ERROR", "SEVERITY_NUMBER_ERROR",
    )  # fmt: skip
    assert first["timeUnixNano"] == "1774612800000000000"
    assert first["attributes"] == {"log.file.name": "erp.log", "log.file.path": str(logs / "erp.log"), "andon.position": 0}
    assert (second["body"], "timeUnixNano" in second, second["attributes"]["andon.position"]) == ("second", False, 49)


def test_a_time_that_no_record_can_hold_keeps_no_line_from_being_read(logs: Path):
    (logs / "erp.log").write_text("condition is valid until 9999-12-31 23:59:59\nnext\n")
    first, second = read(logs.parent, 2).log_records
    assert (first["body"], "timeUnixNano" in first) == ("condition is valid until 9999-12-31 23:59:59", False)
    assert second["body"] == "next"


def test_lines_that_are_alike_stay_several(logs: Path):
    (logs / "erp.log").write_text("again\nagain\n")
    assert len({record["id"] for record in read(logs.parent, 2).log_records}) == 2


def test_a_line_of_json_is_a_structured_body(logs: Path):
    (logs / "erp.log").write_text('{"order": {"id": "4711", "items": [1, 2.5, null, true]}, "big": 123456789012345678901}\n')
    (record,) = read(logs.parent, 1).log_records
    assert record["body"] == {"order": {"id": "4711", "items": [1, 2.5, None, True]}, "big": "123456789012345678901"}


@pytest.mark.parametrize(("begin", "end"), [('{"a":', "}"), ('{"a":[', "]}")])
def test_a_line_that_is_nested_deeply_spoils_no_other(logs: Path, begin: str, end: str):
    deep = begin * 60 + "1" + end * 60
    (logs / "erp.log").write_text(f"before\n{deep}\nafter\n")
    intake = read(logs.parent, 3)
    assert not intake.quarantined
    assert [record["body"] for record in intake.log_records][::2] == ["before", "after"]


def test_a_line_that_is_too_long_goes_to_quarantine_with_the_reason(logs: Path):
    (logs / "erp.log").write_text("x" * 100_000 + "\nnext\n")
    intake = read(logs.parent, 2)
    (kept,) = [record for record in intake.accepted if record.kind is SignalKind.QUARANTINE]
    assert (json.loads(kept.detail)["reason"], kept.body) == ("line_too_long", b"x" * LINE_MAX_BYTES)
    assert [record["body"] for record in intake.log_records] == ["next"]


def test_a_file_and_a_folder_may_appear_later(logs: Path):
    logs.rmdir()
    intake, telemetry = TestIntake(), Telemetry()
    settings = {"type": "log_file", "path": str(logs), "poll_seconds": 0.05}

    async def scenario() -> None:
        telemetry.set(M.RECEIVER_UP, 1, source="erp")
        async with running(RECEIVER, context_of(settings, intake, logs.parent / "state", telemetry)):
            await until(lambda: telemetry.value(M.RECEIVER_UP, source="erp") == 0)
            await asyncio.to_thread(logs.mkdir)
            await asyncio.to_thread((logs / "erp.log").write_text, "here\n")
            await until(lambda: len(intake.accepted) == 1)
            assert telemetry.value(M.RECEIVER_UP, source="erp") == 1

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("path", "logs", "write it from the root"),
        ("first_line", "(", "is not a valid regular expression (RE2): missing )"),
        ("first_line", "(?<!at )ERROR", "RE2 has no look-around: write it without"),
        ("severity", r"(a)\1", "RE2 has no backreferences"),
        ("severity", "ERROR", "has 0 groups; write one around what is meant"),
        ("time", {"pattern": "(a)(b)"}, "has 2 groups; write one around what is meant"),
        ("time", {"format": "soon"}, "means nothing"),
        ("encoding", "runes", "encoding 'runes' is not known"),
        *(("encoding", name, f"encoding '{name}' is not known") for name in ("hex", "punycode", "unicode_escape", "idna")),
        ("time_zone", "Mars", "time zone 'Mars' is not known"),
    ],
)
def test_a_wrong_setting_is_named(field: str, value: object, message: str):
    with pytest.raises(WrongSetting, match=field) as caught:
        RECEIVER.validate({"type": "log_file", "path": "/var/log/erp", field: value})
    assert message in str(caught.value)


def test_what_the_journal_has_is_known_though_the_source_is_stopped_at_that_moment(logs: Path, monkeypatch: pytest.MonkeyPatch):
    def slowly(follower: Follower, piece: Piece) -> None:
        began.set()
        assert go_on.wait(60)
        done(follower, piece)

    async def scenario() -> None:
        async with running(RECEIVER, context_of({"type": "log_file", "path": str(logs)}, TestIntake(), logs.parent / "state")) as run:
            assert await asyncio.to_thread(began.wait, 60)
            run.cancel()
            await asyncio.sleep(0)
            go_on.set()
            await asyncio.wait({run})  # or it would be cancelled a second time, which waits for nothing
        positions.extend(file.position for file in Positions(logs.parent / "state", str(logs)).files())

    done, began, go_on = Follower.done, Event(), Event()
    positions: list[int] = []
    (logs / "erp.log").write_text("order 1\n")
    monkeypatch.setattr(Follower, "done", slowly)
    asyncio.run(scenario())
    assert positions == [8]


def test_a_disk_that_hangs_holds_nobody_else_up_when_the_source_is_stopped(logs: Path, monkeypatch: pytest.MonkeyPatch):
    def hanging(*_: object) -> None:
        began.set()
        released_by.append("us" if go_on.wait(30) else "the time")

    async def scenario() -> None:
        async with running(RECEIVER, context_of({"type": "log_file", "path": str(logs)}, TestIntake(), logs.parent / "state")) as run:
            assert await asyncio.to_thread(began.wait, 60)
            run.cancel()
            for _ in range(10):
                await asyncio.sleep(0)
            go_on.set()

    began, go_on = Event(), Event()
    released_by: list[str] = []
    (logs / "erp.log").write_text("order 1\n")
    monkeypatch.setattr(Follower, "_piece", hanging)
    asyncio.run(scenario())
    assert released_by == ["us"]


@pytest.mark.skipif(shutil.which("logrotate") is None, reason="logrotate is not installed")
def test_what_logrotate_renames_and_compresses_under_load_is_read_once(logs: Path):
    logrotate = str(shutil.which("logrotate"))
    rules, status, file = logs.parent / "rules", logs.parent / "status", logs / "erp.log"
    rules.write_text(
        f"{file} {{\n  rotate 50\n  create\n  compress\n  delaycompress\n  missingok\n  su {getuser()} {getgrgid(os.getgid()).gr_name}\n}}\n"
    )
    rules.chmod(0o600)

    intake = TestIntake()

    def write() -> None:
        for number in range(2_000):
            if number % 250 == 249:  # what is compressed before anybody looks is lost, as it is to everybody
                wait_until(lambda before=number: len(intake.log_records) >= before - 250, 60, "the last file but one is read")  # type: ignore[misc]
                subprocess.run([logrotate, "--force", "--state", str(status), str(rules)], check=True, timeout=60)
            with file.open("a") as opened:
                opened.write(f"order {number}\n")

    writing = Thread(target=write)
    writing.start()
    for wanted in (300, 900, 2_000):  # a restart in between
        read(logs.parent, wanted, intake)
    writing.join()
    # what was handed over just before a restart may be so again: as the same record, which the store keeps once
    told = {record["id"]: record["body"] for record in intake.log_records}
    assert sorted(told.values()) == sorted(f"order {number}" for number in range(2_000))
    assert len(list(logs.glob("*.gz"))) >= 6
