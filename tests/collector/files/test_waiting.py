"""Which of the waiting files are read next: none hides those behind it, however many there are, and whatever is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.files.place import Found
from collector.files.waiting import AGAIN_SECONDS, WaitingFiles


@pytest.fixture
def waiting(tmp_path: Path) -> WaitingFiles:
    return WaitingFiles(tmp_path)


def look(waiting: WaitingFiles, now: float, *files: Found, markers: tuple[str, ...] = ()) -> None:
    waiting.begin()
    waiting.add(files, markers, now)
    waiting.end()


def ready(waiting: WaitingFiles, now: float, still: float = 10.0, at_most: int = 2, *, marked: bool = False) -> list[str]:
    return [file.path for file in waiting.ready(now, still, at_most, marked=marked)]


def test_the_oldest_that_are_still_come_first_and_those_that_are_written_hide_none(waiting: WaitingFiles) -> None:
    written = [Found(f"written{number}", number, 0) for number in range(9)]
    look(waiting, 0.0, *written, Found("b", 1, 2), Found("a", 1, 2), Found("z", 1, 1))
    assert ready(waiting, 0.0) == []
    look(waiting, 10.0, *(Found(file.path, 100, 0) for file in written), Found("b", 1, 2), Found("a", 1, 2), Found("z", 1, 1))
    assert ready(waiting, 10.0) == ["z", "a"]


def test_what_has_its_marker_is_ready_whatever_waits_for_one(waiting: WaitingFiles) -> None:
    look(waiting, 0.0, *(Found(f"{number}", 1, 0) for number in range(9)), Found("with", 1, 5), markers=("with", "gone"))
    assert ready(waiting, 0.0, marked=True) == ["with"]
    look(waiting, 1.0, Found("with", 1, 5))
    assert ready(waiting, 1.0, marked=True) == [], "its marker was taken away"


def test_what_cannot_be_read_waits_ever_longer_and_behind_the_others(waiting: WaitingFiles) -> None:
    bad, good = Found("bad", 1, 1), Found("good", 1, 2)
    now, waits, told = 0.0, [], []
    for _ in range(12):
        look(waiting, now, bad)
        assert ready(waiting, now, 0.0) == ["bad"]
        told.append(waiting.refuse(bad, now, 5.0))
        until = now
        while ready(waiting, until, 0.0) == []:
            until += 5.0
        waits.append(until - now)
        now = until
    assert told == [True] + [False] * 11
    assert waits[:4] == [5.0, 10.0, 20.0, 40.0]
    assert waits[-1] == AGAIN_SECONDS
    look(waiting, now, bad, good)
    assert ready(waiting, now, 0.0) == ["good", "bad"]


def test_what_could_not_be_read_is_tried_at_once_when_it_is_replaced_and_new_when_it_was_gone(waiting: WaitingFiles) -> None:
    look(waiting, 0.0, Found("a", 1, 1))
    assert waiting.refuse(Found("a", 1, 1), 0.0, 60.0)
    look(waiting, 1.0, Found("a", 1, 2))
    assert ready(waiting, 1.0, 0.0) == ["a"]
    assert not waiting.refuse(Found("a", 1, 2), 1.0, 60.0), "its name was told"
    look(waiting, 2.0)
    look(waiting, 3.0, Found("a", 1, 2))
    assert ready(waiting, 3.0, 0.0) == ["a"]
    assert waiting.refuse(Found("a", 1, 2), 3.0, 60.0)


def test_names_that_are_no_text_are_what_they_were_and_nothing_is_kept_over_a_start(waiting: WaitingFiles, tmp_path: Path) -> None:
    look(waiting, 0.0, Found("\udcff", 1, 0), Found("\udcfe", 1, 0))
    assert ready(waiting, 0.0, 0.0) == ["\udcfe", "\udcff"]
    waiting.remove(Found("\udcfe", 1, 0))
    assert ready(waiting, 0.0, 0.0) == ["\udcff"]
    assert ready(WaitingFiles(tmp_path), 0.0, 0.0) == []
