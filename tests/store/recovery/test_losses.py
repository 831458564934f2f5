"""A lost part is named at the next look and after a restart; what is merged, deleted, expired or detached never is."""

from __future__ import annotations

import errno
import logging
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.clock import FakeClock
from core.condition import Conditions
from core.errors import NoRoom
from core.telemetry import M, Telemetry
from store.client import Store
from store.recovery.losses import CONDITION, TOLD_FOR, Losses
from store.recovery.parts_ledger import PartsLedger, listed
from tests.store.journals import NOW

DAY = timedelta(days=1)


class Watched:
    """A store whose parts are watched, by one engine after another."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.file = folder / "parts.json"
        self.clock = FakeClock(NOW)
        self.begin()

    def begin(self) -> None:
        """Let an engine start: as it is in real life, the ledger looks before the tables are read."""
        self.telemetry, self.conditions = Telemetry(), Conditions()
        ledger = PartsLedger(self.file, Path("/"))
        ledger.read()
        for table in ledger.known:
            self.store.command(f"DETACH TABLE {table}")
        self.between()
        ledger.look()
        for table in ledger.known:
            self.store.command(f"ATTACH TABLE {table}")
        self.losses = Losses(self.store, ledger, self.clock, self.telemetry, self.conditions, ledger.lost_meanwhile(self.store))

    def between(self) -> None:
        """What happens while no engine runs."""

    def insert(self, number: int, count: int = 10, received_at: datetime = NOW) -> None:
        ids = [f"{number}-{one}" for one in range(count)]
        self.store.insert("events", {"slice": [number] * count, "id": ids, "received_at": [received_at] * count})

    def parts(self, table: str = "events") -> dict[str, Path]:
        return {one.part.name: one.path for one in listed(self.store, active=True).get(table, []) if one.part.rows}

    def told(self) -> dict[str, str]:
        return {one.subject: one.title for one in self.conditions.current() if one.name == CONDITION}


@pytest.fixture
def watched(store: Store, tmp_path: Path) -> Iterator[Watched]:
    yield Watched(store, tmp_path)
    store.command("SYSTEM START MERGES events")
    for row in store.rows("SELECT name FROM system.detached_parts WHERE database = currentDatabase() AND table = 'events'"):
        store.command(f"ALTER TABLE events DROP DETACHED PART '{row['name']}'", settings={"allow_drop_detached": 1})


def test_a_part_that_goes_while_the_engine_runs_is_named_and_questions_are_answered_again(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    watched.store.command("SYSTEM STOP MERGES events")
    for number in (1, 2, 3):
        watched.insert(number, received_at=NOW - number * DAY)
    watched.losses.look()
    assert not watched.told()

    shutil.rmtree(list(watched.parts().values())[1])
    with caplog.at_level(logging.ERROR):
        watched.losses.look()

    assert "lost 10 rows of events in 1 part, received" in watched.told()["events"]
    assert "lost 10 rows of events" in caplog.text
    assert watched.telemetry.value(M.STORE_LOST_ROWS) == 10
    assert watched.store.rows("SELECT count() AS n, max(length(id)) AS longest FROM events")[0]["n"] == 20
    (loss,) = watched.losses.waiting()
    assert loss.table_name == "events"
    watched.losses.look()
    assert len(watched.losses.waiting()) == 1, "it is found once"


def test_a_loss_is_found_once_and_told_although_the_disk_takes_nothing(watched: Watched) -> None:
    def refuse(*_: object) -> None:
        raise NoRoom("the disk of the store accepts no more")

    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    watched.insert(1)
    watched.losses.look()
    shutil.rmtree(*watched.parts().values())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watched.store, "put", refuse)
        patch.setattr("store.recovery.parts_ledger.sync_folder", full)
        for _ in range(3):
            watched.losses.look()
        (loss,) = watched.losses.waiting()
        assert watched.told()["events"].count("lost 10 rows") == 1
        assert watched.telemetry.value(M.STORE_LOST_ROWS) == 10
    watched.store.held.write()
    watched.begin()
    assert [each.loss_id for each in watched.losses.waiting()] == [loss.loss_id]


def test_a_part_that_was_never_seen_before_it_went_is_named(watched: Watched) -> None:
    watched.insert(1)
    shutil.rmtree(*watched.parts().values())
    watched.losses.look()
    assert "lost 10 rows of events" in watched.told()["events"]


@pytest.mark.parametrize("table", ["events", "transactions", "clocks"])
def test_a_part_that_goes_while_no_engine_runs_is_named_at_the_start(watched: Watched, table: str) -> None:
    for number in range(3):
        column = "slice" if table == "events" else "revision"
        watched.store.insert(table, {column: [number + 1] * 4, ("id" if table == "events" else "transaction_id"): list("abcd")})
    watched.losses.look()
    lost = watched.parts(table)
    watched.between = lambda: [shutil.rmtree(path) for path in lost.values()]  # type: ignore[method-assign, assignment]  # it is made to be replaced
    watched.begin()
    assert f"rows of {table}" in watched.told()[table]
    assert [loss.table_name for loss in watched.losses.waiting()] == [table]

    watched.between = lambda: None  # type: ignore[method-assign]  # it is made to be replaced
    watched.begin()
    assert [loss.table_name for loss in watched.losses.waiting()] == [table], "it is remembered until it is mended"


def test_a_part_that_cannot_be_read_at_the_start_is_named(watched: Watched) -> None:
    watched.insert(1)
    watched.losses.look()
    (path,) = watched.parts().values()

    def break_it() -> None:
        file = path / "data.packed"
        file.write_bytes(b"garbage!" * 4 + file.read_bytes()[32:-32] + b"garbage!" * 4)

    watched.between = break_it  # type: ignore[method-assign]  # it is made to be replaced
    watched.begin()
    assert "lost 10 rows of events" in watched.told()["events"]


def test_nothing_is_lost_by_merges_deletions_retention_truncation_and_detaching(watched: Watched) -> None:
    store = watched.store
    for number in range(1, 6):
        watched.insert(number)
        watched.losses.look()
    store.command("OPTIMIZE TABLE events FINAL")
    watched.losses.look()
    store.command("DELETE FROM events WHERE slice = 2")
    watched.losses.look()
    store.command("DELETE FROM events WHERE 1")
    watched.losses.look()
    store.command("OPTIMIZE TABLE events FINAL")
    watched.losses.look()

    old = datetime.now(UTC) - timedelta(days=1000)
    watched.insert(7, received_at=old)
    watched.losses.look()
    store.command("ALTER TABLE events MODIFY TTL toDateTime(received_at) + toIntervalDay(30)", settings={"materialize_ttl_after_modify": 0})
    try:
        store.command("OPTIMIZE TABLE events FINAL")
        assert not store.rows("SELECT 1 FROM events")
        watched.losses.look()
    finally:
        store.command("ALTER TABLE events REMOVE TTL")

    watched.insert(8)
    watched.losses.look()
    store.command(f"ALTER TABLE events DETACH PART '{next(iter(watched.parts()))}'")
    watched.losses.look()
    watched.insert(9)
    watched.losses.look()
    store.command("TRUNCATE TABLE events")
    watched.losses.look()
    watched.begin()
    assert not watched.told()
    assert not watched.losses.waiting()


def test_a_merged_part_that_goes_is_no_loss_while_its_sources_are_there(watched: Watched) -> None:
    for number in (1, 2):
        watched.insert(number)
    watched.store.command("OPTIMIZE TABLE events FINAL")
    watched.losses.look()
    (merged,) = watched.parts().values()
    watched.between = lambda: shutil.rmtree(merged)  # type: ignore[method-assign]  # it is made to be replaced
    watched.begin()
    assert watched.store.rows("SELECT count() AS n FROM events FINAL")[0]["n"] == 20
    assert not watched.told()


def test_a_loss_is_over_once_it_is_mended_and_stays_told_for_a_week_where_it_is_not(watched: Watched) -> None:
    for table in ("events", "transactions"):
        watched.store.insert(table, {"slice" if table == "events" else "revision": [1]})
    for table in ("events", "transactions"):
        shutil.rmtree(*watched.parts(table).values())
    watched.losses.look()
    events, transactions = sorted(watched.losses.waiting(), key=lambda loss: loss.table_name)
    watched.losses.mended(transactions, 0, [])
    watched.losses.mended(events, 1, ["2026-01-01: 1 segment with 1 signal in 1 record, deleted after they were loaded"])
    assert watched.conditions.is_over(CONDITION, "transactions")
    assert "Not restored: 2026-01-01: 1 segment" in watched.told()["events"]
    assert watched.telemetry.value(M.STORE_LOST_ROWS) == 1
    watched.begin()
    assert set(watched.told()) == {"events"}
    watched.clock.advance(TOLD_FOR + DAY)
    watched.losses.look()
    assert watched.conditions.is_over(CONDITION, "events")


def test_what_a_server_s_retention_removed_while_no_engine_ran_is_no_loss(watched: Watched) -> None:
    watched.store.command("SYSTEM STOP MERGES events")
    for number, days in ((1, 100), (2, 1)):
        watched.insert(number, received_at=NOW - days * DAY)
    watched.losses.look()
    watched.store.command("TRUNCATE TABLE events")
    server = PartsLedger(watched.file, None, watched.clock, {"events": 30})
    server.read()
    assert [part.rows for part in server.lost_meanwhile(watched.store)["events"]] == [10], "the part of yesterday"
