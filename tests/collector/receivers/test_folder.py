"""What is special about a folder: files that grow, are replaced, sent again or raced for, and links that lead out of it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from andon.plugins import formats
from collector.files import reader
from collector.files.place import FILE_MAX_BYTES, Found
from collector.receivers.folder import RECEIVER, LocalFolder
from core.errors import WrongSetting
from core.signal import SignalKind
from tests.collector.receivers.driving import TestIntake, context_of, running, until

CSV = {"type": "csv", "columns": ["no", "state"]}


class Drop:
    """A folder that is read, and what came of it."""

    def __init__(self, path: Path) -> None:
        self.path = path / "in"
        self.path.mkdir()
        self.intake = TestIntake()
        self._state = path / "state"

    def put(self, name: str, content: str | bytes) -> Path:
        file = self.path / name
        file.parent.mkdir(exist_ok=True)
        hidden = self.path / f".{os.urandom(4).hex()}"
        hidden.write_bytes(content if isinstance(content, bytes) else content.encode())
        hidden.rename(file)
        return file

    async def reading(self, scenario: Callable[[], Awaitable[None]], form: dict[str, Any] | None = None, **settings: Any) -> None:
        wanted = {"type": "folder", "path": str(self.path), "still_seconds": 0, "poll_seconds": 0.1, **settings}
        context = context_of(wanted, self.intake, self._state)
        self.troubles = context.troubles
        if form:
            context = replace(context, reader=formats()[form["type"]].reader(form))
        async with running(RECEIVER, context):
            await scenario()

    def read(self, wanted: int, form: dict[str, Any] | None = None, **settings: Any) -> list[Any]:
        async def scenario() -> None:
            await until(lambda: len(self.intake.accepted) >= wanted)
            await asyncio.sleep(0.5)  # what would come too often would come now

        asyncio.run(self.reading(scenario, form, **settings))
        return self.intake.events


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    return Drop(tmp_path)


def test_each_document_of_a_file_is_an_event_that_says_where_it_was(drop: Drop):
    drop.put("orders 1.csv", "4711,booked\n4712,booked\n")
    first, second = drop.read(2, CSV)

    assert (first["type"], first["source"], first["file"], first["data"]) == (
        "in",
        "/folders/in",
        "orders 1.csv",
        {"no": "4711", "state": "booked"},
    )
    assert first["id"] != second["id"]


def test_a_folder_that_is_not_there_is_told_by_a_check(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    assert RECEIVER.doubts({"type": "folder", "path": str(tmp_path)}) == []
    for missing in ("nowhere", "file"):
        (doubt,) = RECEIVER.doubts({"type": "folder", "path": str(tmp_path / missing)})
        assert doubt == f"the folder '{tmp_path / missing}' is not there; what is put into it is read once it is"


def test_a_file_without_a_format_is_one_event(drop: Drop):
    drop.put("1.json", '{"no": 4711}')
    drop.put("2.txt", "a note")
    assert [event["data"] for event in drop.read(2)] == [{"no": 4711}, "a note"]


def test_only_wanted_files_are_read(drop: Drop):
    for name in ("a.csv", "b.txt", ".c.csv", "below/d.csv", "done/e.csv"):
        drop.put(name, "1,x\n")
    assert [event["file"] for event in drop.read(1, CSV, glob="*.csv")] == ["a.csv"]
    found = drop.read(2, CSV, glob="*.csv", recursive=True, after="move", move_to="done")
    assert sorted(event["file"] for event in found) == ["a.csv", "below/d.csv"]
    assert sorted(str(file.relative_to(drop.path)) for file in drop.path.rglob("*.csv")) == [".c.csv", "a.csv", "done/d.csv", "done/e.csv"]


def test_what_was_read_is_moved_under_a_name_that_is_free_or_deleted(drop: Drop):
    drop.put("a.csv", "1,x\n")
    drop.read(1, CSV, after="move", move_to="done/today")
    drop.put("a.csv", "2,x\n")
    drop.read(2, CSV, after="move", move_to="done/today")
    assert {file.name: file.read_text() for file in (drop.path / "done" / "today").iterdir()} == {"a.csv": "1,x\n", "a.csv.1": "2,x\n"}
    drop.put("b.csv", "3,x\n")
    drop.read(3, CSV, after="delete")
    assert not (drop.path / "b.csv").exists()


def test_a_file_that_is_written_is_read_when_it_is_still(drop: Drop):
    async def scenario() -> None:
        file = drop.path / "a.csv"
        for number in range(8):
            with file.open("a") as opened:
                opened.write(f"{number},x\n")
            await asyncio.sleep(0.15)
            assert drop.intake.accepted == []
        await until(lambda: len(drop.intake.accepted) == 8)

    asyncio.run(drop.reading(scenario, CSV, still_seconds=1.5))


def test_a_file_with_a_marker_is_read_when_it_has_come(drop: Drop):
    drop.put("a.csv", "1,x\n")
    drop.put("b.csv", "2,x\n")

    async def scenario() -> None:
        await asyncio.sleep(0.5)
        assert drop.intake.accepted == []
        drop.put("b.csv.done", "")
        await until(lambda: len(drop.intake.accepted) == 1)

    asyncio.run(drop.reading(scenario, CSV, marker=".done"))
    assert drop.intake.events[0]["file"] == "b.csv"


def test_of_a_file_that_grows_only_what_is_new_is_handed_over(drop: Drop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reader, "BATCH_RECORDS", 10)
    rows = [f"{number},x\n" for number in range(45)]
    drop.put("a.csv", "".join(rows[:30]))
    drop.read(30, CSV)
    drop.put("a.csv", "".join(rows))
    found = drop.read(45, CSV)

    assert [event["data"]["no"] for event in found] == [str(number) for number in range(45)]
    assert len({event["id"] for event in found}) == 45


def test_a_file_that_is_replaced_is_read_anew_and_one_that_is_sent_again_is_the_same_events(drop: Drop):
    drop.put("a.csv", "1,x\n2,x\n")
    first = drop.read(2, CSV, after="delete")
    drop.put("a.csv", "1,x\n2,y\n")
    second = drop.read(4, CSV, after="delete")[2:]
    drop.put("a.csv", "1,x\n2,x\n")
    again = drop.read(6, CSV, after="delete")[4:]

    assert [event["id"] for event in again] == [event["id"] for event in first]
    assert second[0]["id"] == first[0]["id"]
    assert second[1]["id"] != first[1]["id"]


def test_after_a_restart_nothing_is_read_twice_and_a_truncated_file_is_read_as_it_is(drop: Drop):
    drop.put("a.csv", "1,x\n2,x\n")
    drop.read(2, CSV)
    assert len(drop.read(2, CSV)) == 2
    drop.put("a.csv", "1,x\n")
    assert [event["data"]["no"] for event in drop.read(3, CSV)] == ["1", "2", "1"]


def test_what_cannot_be_read_goes_to_quarantine_with_its_file_and_costs_no_other(drop: Drop):
    drop.put("a.csv", "1,x\n2\n3,x\n")
    drop.put("b.csv", "4,x\n")
    events = drop.read(4, CSV)

    assert [event["data"]["no"] for event in events] == ["1", "3", "4"]
    (bad,) = drop.intake.quarantined
    assert (bad["reason"], bad["message"], bad["peer"]) == ("csv_columns", "line 2 has 1 columns instead of 2", "folder:a.csv/a.csv/in")


def test_links_pipes_and_folders_are_no_files(drop: Drop, tmp_path: Path):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "s.csv").write_text("9,secret\n")
    (drop.path / "link.csv").symlink_to(secret / "s.csv")
    (drop.path / "below").symlink_to(secret)
    (drop.path / "done").symlink_to(secret)
    (drop.path / "folder.csv").mkdir()
    os.mkfifo(drop.path / "pipe.csv")
    drop.put("a.csv", "1,x\n")

    assert [event["data"]["no"] for event in drop.read(1, CSV, recursive=True)] == ["1"]
    drop.put("b.csv", "2,x\n")
    drop.put("c.csv", "3,x\n")
    drop.read(3, CSV, after="move", move_to="done")
    assert [file.name for file in secret.iterdir()] == ["s.csv"], "nothing is moved through a link"


def test_a_file_that_becomes_a_link_or_changes_before_it_is_opened_is_not_read(drop: Drop, tmp_path: Path):
    place = LocalFolder(str(drop.path), recursive=False)
    file = drop.put("a.csv", "1,x\n")
    status = file.stat()
    seen = Found("a.csv", status.st_size, status.st_mtime_ns)
    (tmp_path / "secret").write_text("1,x\n")

    async def scenario() -> None:
        assert await place.read(seen) == b"1,x\n"
        file.unlink()
        file.symlink_to(tmp_path / "secret")
        assert await place.read(seen) is None
        assert not await place.delete(seen)
        file.unlink()
        assert await place.read(seen) is None
        file.write_text("2,xyz\n")
        assert await place.read(seen) is None
        assert not await place.delete(seen)
        assert file.exists()

    asyncio.run(scenario())


def test_a_name_that_is_no_text_and_one_with_a_line_end_do_no_harm(drop: Drop):
    (Path(os.fsdecode(os.fsencode(drop.path) + b"/\xff.json"))).write_text('{"no": 1}')
    drop.put("a\nb.json", '{"no": 2}')
    assert sorted(event["file"] for event in drop.read(2)) == ["a\nb.json", "\ufffd.json"]


def test_a_file_that_may_not_be_read_is_told_once_and_holds_up_no_other(
    drop: Drop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    real = LocalFolder._read

    def refuse(place: LocalFolder, file: Found) -> bytes | None:
        if file.name == "a.csv":
            raise PermissionError(13, "not allowed")
        return real(place, file)

    monkeypatch.setattr(LocalFolder, "_read", refuse)
    drop.put("a.csv", "1,x\n")
    drop.put("b.csv", "2,x\n")
    assert [event["data"]["no"] for event in drop.read(1, CSV)] == ["2"]
    assert [record.__dict__["fields"]["file"] for record in caplog.records if record.name == "andon.collector.files"] == ["a.csv"]


@pytest.mark.parametrize("marker", ["", ".done"])
def test_what_can_be_read_comes_through_whatever_stands_before_it(
    drop: Drop, marker: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as are read at once were asked first for ever, and hid the others."""
    real = LocalFolder._read

    def refuse(place: LocalFolder, file: Found) -> bytes | None:
        if file.name.startswith("bad"):
            raise PermissionError(13, "not allowed")
        return real(place, file)

    monkeypatch.setattr(LocalFolder, "_read", refuse)
    monkeypatch.setattr(reader, "FILES_AT_ONCE", 3)
    monkeypatch.setattr(reader, "TOLD_AT_ONCE", 60)
    for number in range(100):
        drop.put(f"bad{number}.csv", "1,x\n")
    drop.put("a.csv", "2,x\n")
    if marker:
        drop.put("a.csv.done", "")

    assert [event["data"]["no"] for event in drop.read(1, CSV, marker=marker)] == ["2"]
    told = [record.__dict__["fields"] for record in caplog.records if record.name == "andon.collector.files"]
    names = [each["file"] for each in told if "file" in each]
    assert (len(names), len(set(names)), [each["files"] for each in told if "files" in each]) == ((0, 0, []) if marker else (60, 60, [40]))


def test_a_folder_that_lets_its_files_be_listed_and_not_looked_at_hides_no_other(
    drop: Drop, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop.put("closed/b.csv", "1,x\n")
    drop.put("closed/c.csv", "1,x\n")
    drop.put("open/a.csv", "2,x\n")
    real = os.stat

    def refused(path: Any, *given: Any, **named: Any) -> os.stat_result:
        if path in {"b.csv", "c.csv"}:
            raise PermissionError(13, "Permission denied", path)
        return real(path, *given, **named)

    monkeypatch.setattr(os, "stat", refused)
    assert [event["file"] for event in drop.read(1, CSV, recursive=True)] == ["open/a.csv"]
    (told,) = [record.__dict__["fields"]["why"] for record in caplog.records if record.name == "andon.collector.folder"]
    assert told == f"[Errno 13] Permission denied: '{drop.path}/closed'"


def test_of_a_file_beyond_the_limit_the_beginning_is_kept(drop: Drop):
    with (drop.path / "large.csv").open("wb") as opened:
        opened.write(b"1,x\n")
        opened.truncate(FILE_MAX_BYTES + 1)

    drop.read(1, CSV)
    (record,) = drop.intake.accepted
    assert (record.kind, json.loads(record.detail)["reason"], record.body[:4]) == (SignalKind.QUARANTINE, "file_too_large", b"1,x\n")


def test_a_folder_that_comes_late_is_read_then(drop: Drop, tmp_path: Path):
    async def scenario() -> None:
        await until(lambda: any("FileNotFoundError" in point.attributes["why"] for point in drop.troubles.due(0)))
        (tmp_path / "late").mkdir()
        (tmp_path / "late" / "a.csv").write_text("1,x\n")
        await until(lambda: len(drop.intake.accepted) == 1)
        await until(lambda: [point.attributes["why"] for point in drop.troubles.due(0)] == [""])

    asyncio.run(drop.reading(scenario, CSV, path=str(tmp_path / "late")))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"path": "in"}, "'path' is wrong: write it from the root"),
        ({"after": "move"}, "'after: move' and 'move_to' belong together"),
        ({"after": "move", "move_to": "../out"}, "'move_to' is wrong: write a folder below 'path'"),
        ({"marker": "done"}, "'marker' is wrong"),
        ({"event_type": "{queue}"}, r"'event_type' is wrong: write text with {type}, {path}, {name}, {folder}"),
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any], why: str):
    with pytest.raises(WrongSetting, match=why.replace("{", r"\{")):
        RECEIVER.validate({"type": "folder", "path": "/srv/in", **wrong})


def test_no_file_of_a_large_folder_is_passed_over(tmp_path: Path):
    for number in range(2_100):
        (tmp_path / f"{number}.json").touch()

    async def listed() -> set[str]:
        return {file.path async for file in LocalFolder(str(tmp_path), recursive=False).files()}

    assert asyncio.run(listed()) == {f"{number}.json" for number in range(2_100)}
