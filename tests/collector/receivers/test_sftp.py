"""What is special about SFTP: the other machine's key, its crashes, and links there; the rest is tested with the folder."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import asyncssh
import pytest

from collector.receivers import sftp
from collector.receivers.sftp import RECEIVER
from core.errors import WrongSetting
from core.telemetry import M, Telemetry
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.contracts.receivers.sftp import HOST_KEY, RemoteFolder
from tests.servers.sftp import SftpServer

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("sftp")]


@pytest.fixture
def remote(tmp_path: Path, sftp_server: SftpServer, monkeypatch: pytest.MonkeyPatch) -> RemoteFolder:
    monkeypatch.setenv("TEST_SFTP", sftp_server.url)
    (tmp_path / "in").mkdir()
    return RemoteFolder(tmp_path / "in", sftp_server)


def reading(
    remote: RemoteFolder,
    folder: Path,
    intake: TestIntake,
    scenario: Callable[[], Awaitable[None]],
    telemetry: Telemetry | None = None,
    **more: Any,
) -> None:
    async def run() -> None:
        async with running(RECEIVER, context_of({**remote.settings, **more}, intake, folder / "state", telemetry)):
            await scenario()

    asyncio.run(run())


def test_a_machine_with_another_key_is_not_read(remote: RemoteFolder, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    remote.put(["a"])
    intake, telemetry = TestIntake(), Telemetry()

    async def scenario() -> None:
        await until(lambda: "Host key is not trusted" in "".join(str(getattr(record, "fields", "")) for record in caplog.records))

    reading(remote, tmp_path, intake, scenario, telemetry, host_key=HOST_KEY)
    assert (intake.accepted, telemetry.value(M.RECEIVER_UP, source="erp")) == ([], 0)


def test_what_was_read_is_moved_or_deleted_there(remote: RemoteFolder, tmp_path: Path):
    intake = TestIntake()
    there = tmp_path / "in"

    async def moved() -> None:
        (there / "a.json").write_text('{"name": "a"}')
        await until((there / "done" / "a.json").exists)
        (there / "a.json").write_text('{"name": "b"}')
        await until((there / "done" / "a.json.1").exists)

    async def deleted() -> None:
        (there / "c.json").write_text('{"name": "c"}')
        await until(lambda: not (there / "c.json").exists())

    reading(remote, tmp_path, intake, moved, after="move", move_to="done")
    reading(remote, tmp_path, intake, deleted, after="delete")
    assert [event["data"]["name"] for event in intake.events] == ["a", "b", "c"]
    assert [event["file"] for event in intake.events] == ["a.json", "a.json", "c.json"]


def test_links_there_are_not_followed(remote: RemoteFolder, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "s.json").write_text('{"name": "secret"}')
    (tmp_path / "in" / "link.json").symlink_to(tmp_path / "secret" / "s.json")
    (tmp_path / "in" / "below").symlink_to(tmp_path / "secret")
    remote.put(["a"])
    intake = TestIntake()

    async def scenario() -> None:
        await until(lambda: bool(intake.accepted))
        await asyncio.sleep(0.5)

    reading(remote, tmp_path, intake, scenario, recursive=True)
    (tmp_path / "in" / "done").symlink_to(tmp_path / "secret")
    remote.put(["b"])

    async def told() -> None:
        await until(lambda: "nothing is moved out" in "".join(str(getattr(record, "fields", "")) for record in caplog.records))

    reading(remote, tmp_path, TestIntake(), told, after="move", move_to="done")
    assert [file.name for file in (tmp_path / "secret").iterdir()] == ["s.json"]
    assert [event["data"]["name"] for event in intake.events] == ["a"]


def test_a_folder_below_that_may_not_be_read_and_a_name_that_is_no_text_hide_no_other(
    remote: RemoteFolder, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither was answered, and so nothing of the whole folder was read."""
    real = asyncssh.SFTPClient.scandir

    def refused(client: asyncssh.SFTPClient, path: Any = ".") -> Any:
        if path.endswith("/closed"):
            raise asyncssh.SFTPPermissionDenied("Permission denied")
        return real(client, path)

    monkeypatch.setattr(asyncssh.SFTPClient, "scandir", refused)
    (tmp_path / "in" / "closed").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "in") + b"/m\xfcller.json")).write_text('{"name": "a"}')
    remote.put(["b"])
    intake = TestIntake()

    async def scenario() -> None:
        await until(lambda: len(intake.accepted) == 2)

    reading(remote, tmp_path, intake, scenario, recursive=True)
    assert sorted((event["data"]["name"], event["file"]) for event in intake.events) == [("a", "m\ufffdller.json"), ("b", ANY)]
    (told,) = [record.__dict__["fields"] for record in caplog.records if record.name == "andon.collector.sftp"]
    assert told == {"path": f"{tmp_path}/in/closed", "why": "Permission denied"}


def test_a_machine_that_crashes_again_and_again_loses_and_repeats_nothing(remote: RemoteFolder, tmp_path: Path, sftp_server: SftpServer):
    intake = TestIntake()
    names = [f"order-{number}" for number in range(60)]

    async def scenario() -> None:
        for number in range(3):
            await asyncio.to_thread(remote.put, names[number * 20 : number * 20 + 20])
            await until(lambda: len(intake.events) > number * 20)  # noqa: B023 - awaited at once
            await asyncio.to_thread(sftp_server.kill)
            await asyncio.to_thread(sftp_server.start)
        await until(lambda: len({event["id"] for event in intake.events}) == 60 and not list((tmp_path / "in").glob("*.json")))

    reading(remote, tmp_path, intake, scenario, after="delete")
    found = {event["id"]: event["data"]["name"] for event in intake.events}
    assert sorted(found.values()) == sorted(names)


def test_a_machine_that_is_there_and_answers_nothing_is_told_and_read_again(
    remote: RemoteFolder, tmp_path: Path, sftp_server: SftpServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its keep-alives were answered, so it was waited for without end, as if there were no files."""
    intake, telemetry = TestIntake(), Telemetry()

    async def scenario() -> None:
        remote.put(["a"])
        await until(lambda: len(intake.accepted) == 1)
        serving = sftp_server.serving()
        try:
            monkeypatch.setattr(sftp, "ANSWER_SECONDS", 0.5)
            for process in serving:
                os.kill(process, signal.SIGSTOP)
            await until(lambda: "has not answered within" in "".join(str(getattr(record, "fields", "")) for record in caplog.records))
            assert telemetry.value(M.RECEIVER_UP, source="erp") == 0
            monkeypatch.setattr(sftp, "ANSWER_SECONDS", 30.0)
        finally:
            for process in serving:
                os.kill(process, signal.SIGKILL)
        remote.put(["b"])
        await until(lambda: len(intake.accepted) == 2)

    reading(remote, tmp_path, intake, scenario, telemetry)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"host_key": "ssh-ed25519 nonsense"}, "'host_key' is wrong: write what ssh-keyscan prints"),
        ({"private_key": "-----BEGIN OPENSSH PRIVATE KEY-----"}, "'private_key' may hold a secret; write env:NAME or file:PATH"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any], why: str):
    with pytest.raises(WrongSetting, match=why):
        RECEIVER.validate({"type": "sftp", "url": "env:SFTP_URL", "path": "/out", "host_key": HOST_KEY, **wrong})
