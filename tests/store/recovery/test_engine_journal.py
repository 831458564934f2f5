"""Rows that no signal can bring back: on disk in their order, read whole, swept only where signals bring them back, and damage told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.clock import FakeClock, to_milliseconds
from core.errors import NoRoom, Retryable, UsageError
from journal.segment import SegmentWriter
from store.recovery.engine_journal import ACTS, APPENDED, DECISIONS, FOLDER_OF, EngineJournal, Kept

NOW = datetime(2026, 3, 27, 14, 50, tzinfo=UTC)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


def opened(folder: Path, clock: FakeClock, segment_max_bytes: int = 1 << 20) -> EngineJournal:
    return EngineJournal(folder, clock, segment_max_bytes)


def rows(*revisions: int, **columns: list[Any]) -> dict[str, list[Any]]:
    return {"revision": list(revisions), **columns}


def test_what_was_appended_is_read_in_its_order_by_the_next_engine(tmp_path: Path, clock: FakeClock) -> None:
    journal = opened(tmp_path, clock)
    journal.append({"actions": rows(3, 7, actor=["ana", "ben"]), "verdicts": rows(5, verdict=["met"])})
    journal.append({"actions": rows(8, actor=["cem"]), "clocks": rows(9)})
    journal.close()
    clock.advance(timedelta(seconds=5))
    later = opened(tmp_path, clock)
    later.append({"incidents": rows(11, title=["Grüße\n'\0"])})
    assert list(later.read("acts")) == [
        Kept("actions", 7, rows(3, 7, actor=["ana", "ben"])),
        Kept("actions", 8, rows(8, actor=["cem"])),
        Kept("incidents", 11, rows(11, title=["Grüße\n'\0"])),
    ]
    assert list(later.read("decisions")) == [Kept("verdicts", 5, rows(5, verdict=["met"]))], "of other tables nothing is kept"
    reached = later.reached()
    assert reached.keys() == FOLDER_OF.keys()
    assert {table: revision for table, revision in reached.items() if revision} == {"actions": 8, "verdicts": 5, "incidents": 11}
    later.close()


def test_numbers_of_numpy_are_numbers_and_what_json_does_not_have_is_refused(tmp_path: Path, clock: FakeClock) -> None:
    journal = opened(tmp_path, clock)
    journal.append({"actions": {"revision": np.array([1, 2]), "value": np.array([1.5, 2.5]), "flag": [np.True_, np.False_]}})
    assert [kept.columns for kept in journal.read("acts")] == [rows(1, 2, value=[1.5, 2.5], flag=[True, False])]
    with pytest.raises(TypeError, match="a complex cannot be kept in the journal"):
        journal.append({"actions": rows(3, value=[1j])})
    assert journal.reached()["actions"] == 2
    journal.close()


def test_a_journal_has_one_engine_at_a_time(tmp_path: Path, clock: FakeClock) -> None:
    first = opened(tmp_path, clock)
    with pytest.raises(UsageError, match=r"another engine writes the journal .*@engine; stop it first"):
        opened(tmp_path, clock)
    first.close()
    opened(tmp_path, clock).close()


def test_segments_rotate_by_size_and_no_number_comes_back(tmp_path: Path, clock: FakeClock) -> None:
    journal = opened(tmp_path, clock, segment_max_bytes=1)
    for revision in range(1, 4):
        journal.append({"actions": rows(revision)})
    journal.close()
    names = sorted(path.stem for path in (tmp_path / "@engine" / "acts").glob("*.journal"))
    assert [int(name) for name in names] == [to_milliseconds(NOW) // 1000 + number for number in range(3)]
    assert [kept.revision for kept in opened(tmp_path, clock).read("acts")] == [1, 2, 3]


def test_only_decisions_are_swept_and_never_what_is_being_written(tmp_path: Path, clock: FakeClock) -> None:
    journal = opened(tmp_path, clock, segment_max_bytes=1)
    journal.append({"actions": rows(1), "verdicts": rows(2)})
    clock.advance(timedelta(days=1))
    journal._writers["decisions"]._max_bytes = 1 << 20
    journal.append({"verdicts": rows(3)})
    deleted = journal.sweep(to_milliseconds(clock.now() + timedelta(days=9)))
    assert [path.parent.name for path in deleted] == ["decisions"]
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(deleted[0].stem) and path.parent.name == "decisions"]
    assert [kept.revision for name in ("acts", "decisions") for kept in journal.read(name)] == [1, 3]
    journal.close()


def test_what_ended_later_than_asked_stays(tmp_path: Path, clock: FakeClock) -> None:
    journal = opened(tmp_path, clock, segment_max_bytes=1)
    journal.append({"verdicts": rows(2)})
    assert journal.sweep(to_milliseconds(NOW)) == []
    assert len(journal.sweep(to_milliseconds(NOW) + 1)) == 1
    journal.close()


def test_a_disk_that_does_not_take_rows_is_told_and_the_next_go_into_another_segment(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = opened(tmp_path, clock)
    journal.append({"actions": rows(1)})
    for number, kind in ((28, NoRoom), (5, Retryable)):
        with monkeypatch.context() as patch:

            def refuse(_: object, __: object, number: int = number) -> int:
                raise OSError(number, "the disk says no")

            patch.setattr(SegmentWriter, "append", refuse)
            with pytest.raises(Retryable, match=r"the disk says no; .* repair it") as caught:
                journal.append({"actions": rows(2)})
        assert type(caught.value) is kind
    journal.append({"actions": rows(3)})
    assert [kept.revision for kept in journal.read("acts")] == [1, 3]
    assert len(list((tmp_path / "@engine" / "acts").glob("*.journal"))) >= 2
    journal.close()


def test_damage_is_told_and_the_rest_is_read(tmp_path: Path, clock: FakeClock) -> None:
    journal = opened(tmp_path, clock)
    for revision in range(1, 5):
        journal.append({"actions": rows(revision, note=[f"note {revision} " + "x" * 200])})
    journal.close()
    (path,) = (tmp_path / "@engine" / "acts").glob("*.journal")
    content = bytearray(path.read_bytes())
    content[content.rindex(b"actions") + 30] ^= 4  # in the last byte run of one record
    path.write_bytes(content)
    later = opened(tmp_path, clock)
    found = list(later.read("acts"))
    assert len([kept.revision for kept in found if not kept.damage]) == 3
    (damage,) = [kept.damage for kept in found if kept.damage]
    assert path.name in damage
    later.close()


def test_a_segment_that_is_no_database_any_more_counts_with_what_is_salvaged(tmp_path: Path, clock: FakeClock) -> None:
    journal = opened(tmp_path, clock)
    journal.append({"actions": rows(4)})
    journal.close()
    (path,) = (tmp_path / "@engine" / "acts").glob("*.journal")
    content = bytearray(path.read_bytes())
    content[:100] = bytes(100)
    path.write_bytes(content)
    later = opened(tmp_path, clock)
    assert later.reached()["actions"] == 4
    assert [kept.revision for kept in later.read("acts")] == [4]
    later.close()


def test_a_table_is_kept_in_one_folder() -> None:
    assert len({*ACTS, *DECISIONS}) == len(ACTS) + len(DECISIONS) == len(FOLDER_OF)
    assert set(ACTS) >= APPENDED
