"""The board: each transaction counted once where it stands, by its worst clock, with what it puts at risk."""

from __future__ import annotations

from typing import Any

import pandas as pd

from store.client import Store
from store.reads import board
from tests.store.rows import DAY, HOUR, START, clock, incident, put, transaction

NOW = START + HOUR / 2


def stations(store: Store) -> dict[tuple[str, str, str], dict[str, Any]]:
    found = board.stations(store.reader, now=NOW)
    return {(row["flow"], row["stage"], row["currency"]): row for row in found.to_dict("records")}


def test_an_empty_store_has_an_empty_board(store: Store) -> None:
    assert board.stations(store.reader, now=NOW).empty
    assert list(board.totals(store.reader, now=NOW).columns) == [
        "flow", "currency", "breached", "at_risk", "unknown", "lacking", "value_at_risk", "next_due_at",
    ]  # fmt: skip
    assert board.pulse(store.reader) == {"processed_at": None, "stages": {}}
    assert board.open_incidents(store.reader, now=START, limit=5).empty


def test_transactions_stand_at_the_milestone_reached_last_and_fail_at_the_one_that_did_not_happen(store: Store) -> None:
    transaction(store, "a")
    transaction(store, "b", failed_stage="booked", failed_milestone="rejected")
    transaction(store, "c", stage="booked")
    transaction(store, "d", state="completed")
    transaction(store, "e")
    transaction(store, "e", state="merged")
    whole = board.stations(store.reader, now=NOW).groupby("stage")[["here", "failed"]].sum()
    assert whole.loc["captured"].tolist() == [2, 0]
    assert whole.loc["booked"].tolist() == [1, 1]


def test_a_transaction_with_several_clocks_towards_a_milestone_counts_once_by_its_worst(store: Store) -> None:
    clock(store, "a", "running", sla="x")
    clock(store, "a", "at_risk", sla="y", value=250.0)
    clock(store, "b", "breached", value=40.0, due_at=START)
    clock(store, "c", "paused", due_at=START + 3 * HOUR)
    clock(store, "d", "unknown", due_at=None)
    clock(store, "e", "met", stopped_at=START)
    clock(store, "f", "running", stage="shipped", currency="USD", due_at=START + 2 * HOUR)
    found = stations(store)
    eur = found["o2c", "booked", "EUR"]
    assert [eur[name] for name in ("breached", "at_risk", "unknown", "paused", "running")] == [1, 1, 0, 0, 0]
    assert eur["value_at_risk"] == 290
    assert eur["next_due_at"] == pd.Timestamp((START + HOUR).replace(tzinfo=None))
    without_money = found["o2c", "booked", ""]
    assert [without_money[name] for name in ("breached", "at_risk", "unknown", "paused", "running")] == [0, 0, 1, 1, 0]
    assert found["o2c", "shipped", ""]["running"] == 1
    assert found["o2c", "shipped", ""]["value_at_risk"] == 0


def test_what_is_due_next_is_told_although_the_transaction_has_missed_another_promise(store: Store) -> None:
    clock(store, "a", "breached", sla="x", due_at=START)
    clock(store, "a", "running", sla="y", due_at=START + HOUR)
    moment = pd.Timestamp((START + HOUR).replace(tzinfo=None))
    assert [row["next_due_at"] for row in stations(store).values()] == [moment]
    assert board.totals(store.reader, now=NOW)["next_due_at"].tolist() == [moment]


def test_totals_count_a_transaction_once_over_all_its_milestones(store: Store) -> None:
    clock(store, "a", "breached", sla="x", due_at=START)
    clock(store, "a", "at_risk", sla="y", stage="shipped", value=300.0)
    clock(store, "b", "unknown", due_at=None, value=0.0, currency="")
    clock(store, "c", "running")
    found = {row["currency"]: row for row in board.totals(store.reader, now=NOW).to_dict("records")}
    assert [found["EUR"][name] for name in ("breached", "at_risk", "unknown", "value_at_risk")] == [1, 0, 0, 300]
    assert sum(row["lacking"] for row in found.values()) == 1
    assert sum(row["unknown"] for row in found.values()) == 1
    last = board.totals(store.reader, now=START + DAY)
    assert last["next_due_at"].isna().all(), "nothing is due any more"


def test_the_pulse_is_the_latest_move_of_a_stage(store: Store) -> None:
    for stage, position, moment in (("correlate", 5, START), ("correlate", 9, START + HOUR), ("evaluate", 3, START - HOUR)):
        put(store, "cursors", stage=stage, position=position, updated_at=moment)
    found = board.pulse(store.reader)
    assert found["stages"] == {"correlate": 9, "evaluate": 3}
    assert found["processed_at"].replace(tzinfo=START.tzinfo) == START + HOUR


def test_the_worst_incidents_come_first_and_all_are_counted(store: Store) -> None:
    incident(store, "small", members=1)
    incident(store, "large", members=9)
    incident(store, "late", breached=1, members=1)
    incident(store, "own", flow="andon")
    incident(store, "critical", severity="critical")
    incident(store, "info", severity="info", breached=50)
    incident(store, "over")
    incident(store, "over", status="resolved")
    found = board.open_incidents(store.reader, now=START, limit=5)
    assert found["incident_id"].tolist() == ["critical", "own", "late", "large", "small"]
    assert set(found["total"]) == {6}
