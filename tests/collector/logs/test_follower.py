"""Log files that are renamed, copied, truncated, compressed, half written or gone, read at every look once and whole."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from collector.logs import follower as module
from collector.logs.cutting import LINE_MAX_BYTES
from collector.logs.follower import COPY_SECONDS, QUIET_SECONDS, Follower, Piece
from collector.logs.positions import Positions
from core.pattern import Pattern

OBSERVED = 1_800_000_000_000_000_000


class Logs:
    """A folder of log files, and what was read of it; each look is a second after the one before."""

    def __init__(self, path: Path) -> None:
        self.path = path / "logs"
        self.path.mkdir()
        self.read: list[tuple[str, int, int, str]] = []
        self.gaps: list[str] = []
        self.now = 0.0
        self.settings: dict[str, Any] = {"glob": "*.log", "encoding": None, "first_line": None, "from_end": False}
        self._state = path / "state"
        self.restart()

    def restart(self) -> None:
        """Start anew, as after a crash."""
        chosen = dict(self.settings)
        first_line = Pattern(given) if (given := chosen.pop("first_line")) else None
        positions = Positions(self._state, str(self.path))
        self.follower = Follower(
            str(self.path), chosen["glob"], positions, chosen["encoding"], first_line, self.gap, from_end=chosen["from_end"]
        )

    def gap(self, what: str, **_: object) -> None:
        self.gaps.append(what)

    def write(self, name: str, text: str | bytes) -> None:
        with (self.path / name).open("ab") as file:
            file.write(text if isinstance(text, bytes) else text.encode())

    def pieces(self) -> list[Piece]:
        """Look once, and return what is new without keeping that it was read."""
        self.now += 1
        return [piece for file in self.follower.look(self.now) if (piece := self.follower.piece(file, self.now, OBSERVED + int(self.now)))]

    def look(self, times: int = 1) -> list[str]:
        """Look, and return the new texts."""
        new: list[str] = []
        for _ in range(times):
            while pieces := self.pieces():
                for piece in pieces:
                    for cut in piece.records:
                        self.read.append((piece.file.name, piece.file.turn, piece.file.position + cut.begin, cut.text))
                        new.append(cut.text or f"{len(cut.too_long)} bytes too long")
                    self.follower.done(piece)
        return new


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    return Logs(tmp_path)


def test_lines_are_read_once_and_a_half_written_one_waits(logs: Logs):
    logs.write("a.log", "one\ntwo\nthr")
    assert logs.look(5) == ["one", "two"]
    logs.write("a.log", "ee\n")
    assert (logs.look(), logs.look(3)) == (["three"], [])


def test_a_name_that_is_no_text_keeps_nothing_from_being_read(logs: Logs):
    logs.write("a.log", "one\n")
    logs.write("b\udcfc.log", "two\n")
    assert sorted(logs.look()) == ["one", "two"]
    logs.restart()
    logs.write("b\udcfc.log", "three\n")
    assert logs.look() == ["three"]
    assert [(name, turn) for name, turn, *_ in logs.read[-2:]] == [("b\ufffd.log", 0)] * 2
    assert not any(file.rotated for file in logs.follower.look(logs.now))


def test_a_restart_goes_on_where_it_was(logs: Logs):
    logs.write("a.log", "one\n")
    logs.look()
    logs.restart()
    logs.write("a.log", "two\n")
    assert logs.look(3) == ["two"]


def test_what_was_not_kept_is_read_again_as_if_it_were_the_first_time(logs: Logs):
    logs.write("a.log", "one\ntwo\n")
    (before,) = logs.pieces()
    (logs.path / "a.log").rename(logs.path / "a.log.1")
    logs.restart()
    logs.now += 100
    (again,) = logs.pieces()
    assert again.records == before.records
    assert (again.file.name, again.file.turn, again.file.observed) == (before.file.name, before.file.turn, before.file.observed)


def test_a_renamed_file_is_read_to_its_end_and_its_successor_from_its_beginning(logs: Logs):
    logs.write("a.log", "one\n")
    logs.look()
    logs.write("a.log", "two\nthe last without end")
    (logs.path / "a.log").rename(logs.path / "a.log.1")
    logs.write("a.log", "one\n")  # as the first file began
    assert sorted(logs.look(6)) == ["one", "the last without end", "two"]
    assert len(set(logs.read)) == len(logs.read) == 4
    logs.restart()
    logs.write("a.log", "three\n")
    assert logs.look(3) == ["three"]
    assert logs.gaps == []


def test_a_renamed_file_is_found_after_a_restart_though_its_name_is_not_wanted_any_more(logs: Logs):
    logs.write("a.log", "one\n")
    logs.look()
    logs.write("a.log", "two\n")
    (logs.path / "a.log").rename(logs.path / "a.log.1")
    logs.write("a.log", "three\n")
    logs.restart()
    assert sorted(logs.look(3)) == ["three", "two"]
    assert logs.gaps == []


def test_a_compressed_file_is_left_alone_and_what_it_was_made_of_is_read_to_its_end(logs: Logs):
    logs.settings["glob"] = "a.log*"
    logs.restart()
    logs.write("a.log", "one\n")
    logs.look()
    logs.write("a.log", "two\n")
    (logs.path / "a.log.1.gz").write_bytes(gzip.compress((logs.path / "a.log").read_bytes()))
    (logs.path / "a.log").unlink()
    assert logs.look(6) == ["two"]
    assert logs.gaps == []


@pytest.fixture
def reused(logs: Logs) -> Path:
    """A renamed file that was read to its end and closed: what is written to it now is in the same inode, as after it was deleted."""
    logs.settings["glob"] = "*.log*"
    logs.restart()
    logs.write("a.log", "one\ntwo\n")
    logs.look()
    (logs.path / "a.log").rename(logs.path / "a.log.1")
    assert logs.look(int(QUIET_SECONDS) + 2) == []
    return logs.path / "a.log.1"


def test_a_compressed_file_with_the_inode_of_a_deleted_one_is_left_alone(logs: Logs, reused: Path):
    reused.write_bytes(gzip.compress(b"one\ntwo\n"))
    reused.rename(logs.path / "a.log.2.gz")
    assert logs.look(4) == []
    logs.restart()
    assert (logs.look(4), logs.gaps) == ([], [])


@pytest.mark.parametrize("lines", ["six\nten\n", "six\n", "four\nfive\n"])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_new_file_with_the_inode_of_a_deleted_one_is_read_whole(logs: Logs, reused: Path, lines: str, restarted: bool):
    reused.write_text(lines)
    reused.rename(logs.path / "a.log")
    if restarted:
        logs.restart()
    logs.write("a.log", "sev")
    assert logs.look(4) == lines.split()
    logs.write("a.log", "en\n")
    assert (logs.look(4), logs.gaps) == (["seven"], [])


def test_a_file_that_one_listing_of_its_folder_misses_is_not_read_again(logs: Logs, reused: Path, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as missed:
        missed.setattr(logs.follower, "_listed", dict)
        assert logs.look() == []
    reused.rename(logs.path / "a.log.2")
    assert (logs.look(4), logs.gaps) == ([], [])


def test_a_file_of_the_same_size_with_the_inode_of_a_deleted_one_is_read_though_it_does_not_grow(logs: Logs, reused: Path):
    reused.write_text("six\nten\n")
    reused.rename(logs.path / "a.log")
    assert logs.look(4) == ["six", "ten"]


@pytest.mark.parametrize("glob", ["a.log", "a.log*"])
def test_a_file_that_is_copied_and_truncated_is_read_once(logs: Logs, glob: str):
    logs.settings["glob"] = glob
    logs.restart()
    logs.write("a.log", "one\n")
    logs.look()
    shutil.copy(logs.path / "a.log", logs.path / "a.log.1")
    os.truncate(logs.path / "a.log", 0)
    assert logs.look(3) == []
    logs.write("a.log", "one\n")  # the same again, at the same place
    assert logs.look(3) == ["one"]
    assert len(set(logs.read)) == 2


def test_what_was_written_just_before_a_file_was_truncated_is_read_in_its_copy(logs: Logs):
    logs.settings["glob"] = "a.log*"
    logs.restart()
    logs.write("a.log", "one\n")
    logs.look()
    logs.write("a.log", "two\n")
    shutil.copy(logs.path / "a.log", logs.path / "a.log.1")
    os.truncate(logs.path / "a.log", 0)
    logs.write("a.log", "three\n")
    assert sorted(logs.look(4)) == ["three", "two"]
    assert logs.gaps == []


def test_a_copy_that_is_still_being_made_waits_for_its_original_to_be_truncated(logs: Logs):
    logs.settings["glob"] = "a.log*"
    logs.restart()
    logs.write("a.log", "one\ntwo\n")
    logs.look()
    logs.write("a.log.1", "one\n")
    assert logs.look(3) == []
    logs.write("a.log.1", "two\n")
    assert logs.look(3) == []
    os.truncate(logs.path / "a.log", 0)
    assert logs.look(3) == []


def test_a_copy_of_a_file_that_goes_on_is_not_read(logs: Logs):
    logs.write("a.log", "one\ntwo\n")
    logs.look()
    shutil.copy(logs.path / "a.log", logs.path / "copy.log")
    assert logs.look(int(COPY_SECONDS) + 3) == []


def test_a_file_that_only_begins_as_another_one_is_read_after_a_while(logs: Logs):
    logs.write("a.log", "started\n")
    logs.look()
    logs.write("b.log", "started\nof b\n")
    assert logs.look(int(COPY_SECONDS) + 2) == ["started", "of b"]


def test_a_truncated_file_that_grew_beyond_its_old_size_begins_again(logs: Logs):
    logs.write("a.log", "one\n")
    logs.look()
    os.truncate(logs.path / "a.log", 0)
    logs.write("a.log", "something longer\n")
    assert logs.look() == ["something longer"]


def test_lines_that_were_seen_and_truncated_before_they_were_read_are_told(logs: Logs):
    logs.write("a.log", "one\n")
    logs.look()
    logs.write("a.log", "two\n")
    logs.pieces()
    os.truncate(logs.path / "a.log", 0)
    logs.look()
    assert logs.gaps == ["a log file was truncated before its last lines were read"]


def test_a_file_that_is_gone_while_nobody_looked_is_told(logs: Logs):
    logs.write("a.log", "one\n")
    logs.look()
    (logs.path / "a.log").unlink()
    logs.restart()
    assert logs.look(2) == []
    assert logs.gaps == ["a log file is gone, and nobody read its last lines"]


def test_nuls_before_the_lines_of_a_writer_that_did_not_notice_are_no_text(logs: Logs):
    logs.write("a.log", b"\0" * 5000 + b"one\n")
    assert logs.look() == ["one"]


def test_only_wanted_files_are_read_and_no_links(logs: Logs, tmp_path: Path):
    (tmp_path / "secret.log").write_text("hidden\n")
    (logs.path / "link.log").symlink_to(tmp_path / "secret.log")
    os.mkfifo(logs.path / "pipe.log")
    for name in ("b.txt", ".c.log", "d.log.gz"):
        logs.write(name, "no\n")
    assert logs.look(2) == []
    logs.write("later.log", "yes\n")
    assert logs.look() == ["yes"]


def test_what_was_there_before_is_left_out_if_only_new_lines_are_wanted(logs: Logs):
    logs.settings["from_end"] = True
    logs.restart()
    logs.write("a.log", "old\n")
    logs.look()
    logs.write("a.log", "new\n")
    logs.write("b.log", "first\n")
    assert sorted(logs.look()) == ["first", "new"]


def test_a_stack_trace_belongs_to_the_line_before_it(logs: Logs):
    logs.settings["first_line"] = r"^\d{4}-"
    logs.restart()
    logs.write("a.log", "2026-11-30 failed\n  at a\n  at b\n2026-11-30 went on\n")
    assert logs.look() == ["2026-11-30 failed\n  at a\n  at b"]
    assert logs.look(int(QUIET_SECONDS) + 1) == ["2026-11-30 went on"]


def test_a_trace_without_end_is_cut(logs: Logs):
    logs.settings["first_line"] = "^failed"
    logs.restart()
    logs.write("a.log", "failed\n" + "  at somewhere\n" * 10_000)
    found = logs.look(int(QUIET_SECONDS) + 2)
    assert len(found) > 2
    assert max(map(len, found)) <= LINE_MAX_BYTES
    assert "\n".join(found).count("at somewhere") == 10_000


@pytest.mark.parametrize("end", ["\n", "\nnext\n"])
def test_a_line_that_is_too_long_costs_no_other(logs: Logs, end: str):
    logs.write("a.log", "one\n" + "x" * (3 * module.READ_BYTES) + end)
    assert logs.look(2) == ["one", f"{LINE_MAX_BYTES} bytes too long", *end.split()]


def test_a_line_that_becomes_too_long_is_skipped_to_its_end(logs: Logs):
    logs.write("a.log", "x" * (LINE_MAX_BYTES + 1))
    assert logs.look() == [f"{LINE_MAX_BYTES} bytes too long"]
    logs.restart()
    logs.write("a.log", "xxx")
    assert logs.look() == []
    logs.write("a.log", "xxx\nnext\n")
    assert logs.look() == ["next"]


@pytest.mark.parametrize(
    ("encoding", "named"), [("utf-16-be", "utf-16"), ("utf-16-le", "utf-16"), ("utf-32-le", "utf-32"), ("cp037", "cp037")]
)
def test_an_encoding_is_named(logs: Logs, encoding: str, named: str):
    logs.settings["encoding"] = named
    logs.restart()
    text = "order 4711\nsecond\n"
    logs.write("a.log", text.encode(encoding) if named == encoding else f"\ufeff{text}".encode(encoding))
    assert logs.look() == ["order 4711", "second"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_known_by_its_mark(logs: Logs, encoding: str):
    logs.write("a.log", "\ufeffBestellung 4711 gelöscht\nĊ ist kein Ende\n".encode(encoding))
    assert logs.look(2) == ["Bestellung 4711 gelöscht", "Ċ ist kein Ende"]


def test_a_mark_of_utf_8_and_bytes_that_are_none_cost_nothing(logs: Logs):
    logs.write("a.log", b"\xef\xbb\xbfone\r\nM\xfcller\r\n")
    assert logs.look() == ["one", "Müller"]
