"""The store and the engine's journal in step: what either lacks comes from the other, and nothing is doubled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.clock import FakeClock
from core.config import Settings
from core.errors import Retryable
from store.client import Store
from store.recovery.engine_journal import EngineJournal
from store.recovery.keeping import Keeping, is_rebuilding, kept_in_journal, note_rebuilding

NOW = datetime(2026, 3, 27, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path)


def act(store: Store, actor: str) -> None:
    store.insert("actions", {"at": [NOW], "actor": [actor], "revision": [store.revision()]})


def actors(store: Store) -> list[str]:
    return [row["actor"] for row in store.rows("SELECT actor FROM actions ORDER BY revision")]


def kept(settings: Settings) -> list[str]:
    journal = EngineJournal(settings.journal, FakeClock(NOW), 1 << 20)
    found = [actor for one in journal.read("acts") if one.table == "actions" for actor in one.columns["actor"]]
    journal.close()
    return found


def test_rows_come_back_from_the_journal_although_a_write_behind_has_some_to_keep(
    store: Store, begun_behind: Callable[[Callable[[], object]], None], tmp_path: Path
) -> None:
    clock = FakeClock(datetime(2026, 3, 27, tzinfo=UTC))
    with kept_in_journal(store, Settings(data=tmp_path), clock) as keeping:
        store.insert("actions", {"actor": ["first"], "revision": [store.revision()]})
        begun_behind(lambda: store.insert("actions", {"actor": ["aside"], "revision": [store.revision()]}))
        keeping.bring_back(["actions"])
        store.flush()
    assert [row["actor"] for row in store.rows("SELECT actor FROM actions ORDER BY revision")] == ["first", "aside"]


def test_a_store_that_was_lost_gets_back_what_no_signal_brings(store: Store, settings: Settings) -> None:
    with kept_in_journal(store, settings, FakeClock(NOW)):
        act(store, "ana")
        act(store, "ben")
        store.insert("clocks", {"transaction_id": ["t"], "revision": [store.revision()]})
    store.command("TRUNCATE TABLE actions")
    store.command("TRUNCATE TABLE clocks")
    assert not is_rebuilding(store)
    with kept_in_journal(store, settings, FakeClock(NOW)) as keeping:
        assert (keeping.brought_back.rows, keeping.brought_back.damage) == ({"actions": 2}, [])
    assert actors(store) == ["ana", "ben"]
    assert store.rows("SELECT at FROM actions LIMIT 1")[0]["at"].replace(tzinfo=UTC) == NOW
    assert is_rebuilding(store), "clocks are made anew from what was decided"
    note_rebuilding(store, going_on=False)
    assert not is_rebuilding(store)
    with kept_in_journal(store, settings, FakeClock(NOW)) as keeping:
        assert keeping.brought_back.rows == {}, "nothing comes back twice"
    assert actors(store) == ["ana", "ben"]


def test_a_crash_between_store_and_journal_is_made_up_for_at_the_start(store: Store, settings: Settings) -> None:
    with kept_in_journal(store, settings, FakeClock(NOW)):
        act(store, "ana")
    act(store, "ben")
    assert kept(settings) == ["ana"]
    with kept_in_journal(store, settings, FakeClock(NOW)):
        pass
    assert kept(settings) == ["ana", "ben"]


def test_what_the_disk_refused_is_appended_with_the_next_rows(store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with kept_in_journal(store, settings, FakeClock(NOW)):
        act(store, "ana")
        with monkeypatch.context() as patch:

            def refuse(*_: object) -> None:
                raise Retryable("the disk refuses")

            patch.setattr(EngineJournal, "append", refuse)
            with pytest.raises(Retryable):
                act(store, "ben")
        act(store, "cem")
    assert kept(settings) == ["ana", "ben", "cem"]
    assert actors(store) == ["ana", "ben", "cem"]


def test_a_revision_that_comes_back_is_never_given_out_again(store: Store, settings: Settings) -> None:
    high = store.revision() + (5 << 20)
    journal = EngineJournal(settings.journal, FakeClock(NOW), 1 << 20)
    journal.append({"actions": {"at": ["2026-03-27T00:00:00"], "actor": ["ana"], "revision": [high]}})
    Keeping(store, journal).level()
    assert store.revision() > high
    assert actors(store) == ["ana"]
    journal.close()


def test_columns_that_the_table_does_not_have_any_more_are_left_out(store: Store, settings: Settings) -> None:
    journal = EngineJournal(settings.journal, FakeClock(NOW), 1 << 20)
    journal.append({"actions": {"actor": ["ana"], "mood": ["calm"], "revision": [3]}})
    journal.append({"actions": {"actor": ["ben"], "revision": [4]}})
    keeping = Keeping(store, journal)
    assert keeping.bring_back(["actions", "clocks"]).rows == {"actions": 2}
    assert keeping.bring_back(["actions"]).rows == {"actions": 2}
    assert actors(store) == ["ana", "ben"], "one that is there is replaced by itself"
    journal.close()


def test_nothing_is_kept_of_tables_that_signals_bring_back(store: Store, settings: Settings) -> None:
    with kept_in_journal(store, settings, FakeClock(NOW)):
        store.insert("clocks", {"transaction_id": ["t"], "revision": [store.revision()]})
    assert not list(settings.journal.rglob("*.journal"))
