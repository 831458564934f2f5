"""The board: each transaction counted once, with what open incidents hold of it, and all of it of one moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from store.client import Store
from store.reads import board
from store.reads.board import Board
from tests.store.rows import DAY, HOUR, START, clock, incident, member, put, transaction

NOW = START + HOUR / 2


def shown(store: Store, now: datetime = NOW) -> Board:
    return board.board(store.reader, now=now, limit=5)


def held(store: Store, *columns: str) -> list[list[Any]]:
    found = shown(store).held
    return sorted(found[list(columns)].to_numpy().tolist()) if len(found) else []


def test_an_empty_store_has_an_empty_board(store: Store) -> None:
    found = shown(store)
    assert [len(frame) for frame in (found.waiting, found.held, found.reached, found.incidents)] == [0, 0, 0, 0]
    assert (found.next_due_at, found.processed_at, found.whole) == (None, None, True)


def test_open_transactions_stand_at_the_milestone_reached_last(store: Store) -> None:
    transaction(store, "a")
    transaction(store, "b", updated_at=START - HOUR)
    transaction(store, "c", stage="booked")
    transaction(store, "d", state="completed")
    transaction(store, "e")
    transaction(store, "e", state="merged")
    transaction(store, "f", flow="andon-heartbeat")
    rows = {row["stage"]: row for row in shown(store).waiting.to_dict("records")}
    assert {stage: row["transactions"] for stage, row in rows.items()} == {"captured": 2, "booked": 1}
    assert rows["captured"]["oldest_at"] == pd.Timestamp((START - HOUR).replace(tzinfo=None))


def test_a_transaction_that_several_incidents_hold_counts_once_by_its_worst_with_its_largest_value(store: Store) -> None:
    transaction(store, "a")
    incident(store, "i", members=2)
    incident(store, "j", members=1, stage="shipped")
    member(store, "i", "a", "at_risk", value=300.0)
    member(store, "j", "a", "breached", sla="ship", value=250.0)
    member(store, "i", "b", "at_risk", value=40.0, currency="USD")
    columns = ("reached", "stages", "worst", "failed", "currency", "transactions", "value_at_risk")
    assert held(store, *columns) == [["", ["booked"], 2, 0, "USD", 1, 40.0], ["captured", ["booked", "shipped"], 3, 0, "EUR", 1, 300.0]]


def test_late_failed_at_risk_and_unknown_are_told_apart(store: Store) -> None:
    for name, verdict, cause in (
        ("late", "breached", "overdue"), ("failed", "failed", "CREDIT"), ("risk", "at_risk", "overdue"), ("silent", "unknown", "source-silent:erp"),
        ("lacking", "unknown", "fact-missing:promised_at"),
    ):  # fmt: skip
        incident(store, name, members=1, cause=cause, stage=name)
        member(store, name, name, verdict)
    assert {tuple(row[0]): row[1:] for row in held(store, "stages", "worst", "failed", "lacking")} == {
        ("late",): [3, 0, 0], ("failed",): [3, 1, 0], ("risk",): [2, 0, 0], ("silent",): [1, 0, 0], ("lacking",): [1, 0, 1],
    }  # fmt: skip


def test_who_left_an_incident_is_held_no_more_nor_are_those_of_andon_itself(store: Store) -> None:
    incident(store, "over", status="resolved")
    member(store, "over", "a", "breached")
    incident(store, "i", members=0)
    member(store, "i", "b", "breached")
    member(store, "i", "b", "met_late", left_at=START)
    incident(store, "own", flow="andon", members=1)
    member(store, "own", "disk-full:/", "failed", flow="andon")
    assert held(store, "transactions") == []


def test_what_got_through_is_counted_by_milestone(store: Store) -> None:
    for name, moment in (("a", NOW - HOUR / 4), ("b", NOW - HOUR / 2), ("c", NOW - 2 * HOUR)):
        transaction(store, name, first_at={"captured": START - DAY, "booked": moment}, updated_at=moment)
    transaction(store, "d", first_at={"booked": NOW}, updated_at=NOW, state="merged")
    found = shown(store).reached
    assert found[["flow", "milestone", "transactions"]].to_numpy().tolist() == [["o2c", "booked", 2]]


def test_what_is_due_next_is_a_clock_that_runs(store: Store) -> None:
    clock(store, "a", "breached", sla="x", due_at=START)
    clock(store, "a", "running", sla="y", due_at=START + HOUR)
    clock(store, "b", "paused", due_at=NOW + HOUR / 8)
    assert shown(store).next_due_at == (START + HOUR).replace(tzinfo=None)
    assert shown(store, START + DAY).next_due_at is None, "nothing is due any more"


def test_when_a_stage_last_moved_is_when_the_store_was_last_written(store: Store) -> None:
    for stage, moment in (("correlate", START), ("correlate", START + HOUR), ("evaluate", START - HOUR)):
        put(store, "cursors", stage=stage, position=5, updated_at=moment)
    assert shown(store).processed_at == (START + HOUR).replace(tzinfo=None)


def test_the_worst_incidents_come_first_and_all_are_counted(store: Store) -> None:
    incident(store, "small", members=1)
    incident(store, "large", members=9)
    incident(store, "late", breached=1, members=1)
    incident(store, "own", flow="andon")
    incident(store, "critical", severity="critical")
    incident(store, "info", severity="info", breached=50)
    incident(store, "over")
    incident(store, "over", status="resolved")
    member(store, "late", "a", "breached", due_at=START - HOUR)
    member(store, "late", "b", "breached", due_at=START)
    member(store, "late", "c", "at_risk", due_at=START - DAY)
    found = shown(store).incidents
    assert found["incident_id"].tolist() == ["critical", "own", "late", "large", "small"]
    assert set(found["total"]) == {6}
    late = found.set_index("incident_id").loc["late"]
    assert (late["overdue_since"], late["counted"]) == (pd.Timestamp((START - HOUR).replace(tzinfo=None)), 3)
    assert pd.isna(found.set_index("incident_id").loc["large", "overdue_since"])


def test_a_board_that_is_written_to_while_it_is_read_is_read_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    incident(store, "i", members=1)
    member(store, "i", "a", "breached")
    real, reads = board._held, []

    def read(*arguments: Any) -> Any:
        found = real(*arguments)
        reads.append(found)
        if len(reads) == 1:
            member(store, "i", "b", "breached")
            incident(store, "i", members=2)
        transaction(store, f"another-{len(reads)}")
        return found

    monkeypatch.setattr(board, "_held", read)
    found = shown(store)
    assert (len(reads), found.whole) == (2, True)
    assert found.held["transactions"].sum() == found.incidents["members"].sum() == 2


def test_a_board_between_two_writes_of_one_moment_says_that_it_is_not_whole(store: Store) -> None:
    incident(store, "i", members=2)
    member(store, "i", "a", "breached")
    assert not shown(store).whole
    member(store, "i", "b", "breached")
    assert shown(store).whole


def test_what_incidents_hold_is_read_again_only_after_something_was_written_that_it_is_read_from(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident(store, "i", members=1)
    member(store, "i", "a", "breached")
    real, reads = board._held, []
    monkeypatch.setattr(board, "_held", lambda *arguments: (reads.append(arguments), real(*arguments))[1])
    shown(store)
    clock(store, "a", "running", due_at=NOW + HOUR)
    assert shown(store, NOW + timedelta(seconds=5)).next_due_at == (NOW + HOUR).replace(tzinfo=None)
    assert len(reads) == 1, "clocks are not what it is read from"
    for number, write in enumerate((
        lambda: transaction(store, "a", stage="booked"),
        lambda: member(store, "i", "a", "failed"),
        lambda: put(store, "silences", silence_id="s", starts_at=START, ends_at=START + DAY),
        lambda: incident(store, "i", members=1, status="acknowledged"),
    ), 2):  # fmt: skip
        write()
        found = shown(store)
        assert len(reads) == number
    assert (found.held["reached"].tolist(), found.held["failed"].tolist()) == (["booked"], [1])
    assert (found.incidents["status"].tolist(), found.incidents["silenced_until"].notna().all()) == (["acknowledged"], True)
    shown(store, NOW + timedelta(minutes=1))
    assert len(reads) == 6, "a silence may have ended"
