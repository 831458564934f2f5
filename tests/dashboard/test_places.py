"""Where transactions are held up: at the station before which they stand, each once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd

from core.catalog.catalog import Catalog
from dashboard.places import Line, Station, lines, total
from store.reads.board import Board
from tests.dashboard.synthetic import NOW, catalog

FLOW = "order-to-cash"
OLDEST = datetime(2026, 11, 24, 8, tzinfo=NOW.tzinfo)


def board(
    waiting: list[tuple[str, int]], held: list[dict[str, Any]] | None = None, reached: dict[str, int] | None = None, flow: str = FLOW
) -> Board:
    """Return a board with so many waiting by the milestone reached last, and what is held."""
    usual = {"flow": flow, "worst": 3, "failed": 0, "lacking": 0, "currency": "EUR", "transactions": 1, "value_at_risk": 10.0}
    return Board(
        waiting=pd.DataFrame([{"flow": flow, "stage": stage, "transactions": number, "oldest_at": OLDEST} for stage, number in waiting]),
        held=pd.DataFrame([{**usual, **row} for row in held or []]),
        reached=pd.DataFrame([{"flow": flow, "milestone": name, "transactions": number} for name, number in (reached or {}).items()]),
        incidents=pd.DataFrame(),
        next_due_at=None,
        processed_at=NOW,
        whole=True,
    )  # fmt: skip


def line(found: Board, flow: str = FLOW, known: Catalog | None = None) -> Line:
    return next(one for one in lines(known or catalog(), found) if one.flow == flow)


def at(found: Board, name: str) -> Station:
    return next(station for station in line(found).stations if station.stage == name)


def test_what_a_stopped_queue_holds_up_is_late_before_the_queue_and_nowhere_else() -> None:
    stopped = board([("mapped", 20)], [{"reached": "mapped", "stages": ["booked"], "transactions": 18, "value_at_risk": 90.0}])
    queue, booked = at(stopped, "dequeued"), at(stopped, "booked")
    assert (queue.waiting, queue.held.late, queue.before, queue.held.value) == (20, 18, "mapped", {"EUR": 90.0})
    assert (booked.waiting, booked.held.late, booked.earlier) == (0, 0, 18)
    assert (at(stopped, "mapped").held.late, line(stopped).held.late, line(stopped).open) == (0, 18, 20)


def test_consequences_of_one_cause_count_once() -> None:
    found = board([("captured", 3)], [{"reached": "captured", "stages": ["booked", "confirmed"], "transactions": 3}])
    assert at(found, "accepted").held.late == line(found).held.late == 3
    assert [at(found, name).earlier for name in ("booked", "confirmed")] == [3, 3]


def test_what_was_left_out_on_the_way_is_late_where_it_was_left_out() -> None:
    found = board([("picked", 1)], [{"reached": "picked", "stages": ["confirmed"]}])
    assert (at(found, "confirmed").held.late, at(found, "shipped").held.late, at(found, "shipped").waiting) == (1, 0, 1)


def test_whoever_has_reached_an_optional_milestone_waits_for_the_next_that_all_pass() -> None:
    found = board([("credit-blocked", 2), ("booked", 5)])
    assert (at(found, "confirmed").waiting, at(found, "confirmed").before) == (7, "booked")


def test_whoever_has_reached_the_last_station_and_is_open_waits_for_it_again() -> None:
    assert at(board([("invoiced", 1)]), "invoiced").waiting == 1


def test_the_kinds_of_trouble_are_told_apart() -> None:
    found = board([("captured", 4)], [
        {"reached": "captured", "stages": ["accepted"], "failed": 1}, {"reached": "captured", "stages": ["accepted"], "worst": 2},
        {"reached": "captured", "stages": ["accepted"], "worst": 1, "lacking": 1, "currency": "USD"}, {"reached": "captured", "stages": ["accepted"], "worst": 1},
    ])  # fmt: skip
    held = at(found, "accepted").held
    assert (held.late, held.failed, held.at_risk, held.unknown, held.lacking) == (1, 1, 1, 2, 1)
    assert held.value == {"EUR": 30.0, "USD": 10.0}
    assert total([line(found), line(found)]).value == {"EUR": 60.0, "USD": 20.0}
    assert (total([line(found), line(found)]).late, total([]).value) == (2, {})


def test_the_oldest_and_the_throughput_are_those_of_the_station() -> None:
    found = board([("captured", 4)], reached={"accepted": 12, "captured": 30, "unheard-of": 1})
    assert at(found, "accepted").oldest_at == OLDEST
    assert (at(found, "accepted").per_hour, at(found, "captured").per_hour, at(found, "captured").first) == (12, 30, True)
    assert at(found, "mapped").oldest_at is None


def test_every_station_is_in_its_place_and_optional_ones_only_where_something_is_late() -> None:
    names = [station.stage for station in line(board([("captured", 1)])).stations]
    assert "short-picked" not in names
    assert names[:4] == ["captured", "accepted", "mapped", "dequeued"]
    found = board([("captured", 1)], [{"reached": "booked", "stages": ["credit-released"]}])
    assert at(found, "credit-released").held.late == 1


def test_a_flow_or_a_milestone_that_the_catalog_does_not_know_is_still_counted() -> None:
    old = line(board([("step-two", 2), ("", 1)], [{"reached": "step-two", "stages": ["step-two"]}], flow="old-flow"), "old-flow")
    assert (old.title, old.open, old.held.late) == ("Old flow", 3, 1)
    assert {station.title: station.waiting for station in old.stations} == {"": 1, "Step two": 2}
    gone = board([("renamed", 1)], [{"reached": "", "stages": ["renamed"]}])
    assert (line(gone).open, line(gone).held.late) == (1, 1)


def test_a_board_without_anything_has_every_flow() -> None:
    assert [(one.flow, one.open) for one in lines(catalog(), board([]))] == [(flow, 0) for flow in catalog().flows]
