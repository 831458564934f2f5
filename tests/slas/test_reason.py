"""The sentence of a verdict: the rule's own arithmetic, what happened, how late, and which target won."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from core.catalog.sla import Sla
from core.verdict import Verdict
from slas.calendar import CompiledCalendar
from slas.clock import Calendars, Paused
from slas.due import MISSING
from slas.reason import Evaluated, Rule, promises_told, reason_texts, reasons
from tests.slas.builders import BOOK, calendar, catalog, clock, engine, ms, utc, verdicts, write_transaction

PLANT = CompiledCalendar([calendar(cut_off="15:00")])
ROW = Evaluated(
    "running", "booked", "", ms("2026-03-27 14:00"), ms("2026-03-27 15:12"), ms("2026-03-27 16:00"), MISSING, [], "", "", "", {}
)  # fmt: skip
TWO_HOURS = {"from": "captured", "to": "booked", "within": "2 hours", "pause": {"from": "blocked", "to": "released", "reason": "credit"}}
BASIS = "captured 2026-03-27 15:00 Berlin + 2 hours = due 2026-03-27 17:00 Berlin"


def rule(label: str = "standard limit", **sla: Any) -> Rule:
    return Rule(Sla.model_validate({**TWO_HOURS, **sla}), label, PLANT)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, f"{BASIS}; warning 2026-03-27 16:12 Berlin"),
        ({"verdict": "at_risk"}, f"{BASIS}; booked not seen by 2026-03-27 17:30 Berlin, 30 minutes late"),
        ({"verdict": "breached", "failure": "CREDIT"}, f"{BASIS}; booked not seen by 2026-03-27 17:30 Berlin, 30 minutes late (failed: CREDIT)"),
        ({"verdict": "breached", "part": "1 of 2 deliveries"}, f"{BASIS}; booked not seen for 1 of 2 deliveries by 2026-03-27 17:30 Berlin, 30 minutes late"),
        ({"verdict": "unknown", "part": "1 of 2 deliveries", "cause": "source-silent:sap"}, f"{BASIS}; booked not seen for 1 of 2 deliveries by 2026-03-27 17:30 Berlin, but sap is silent"),
        ({"verdict": "met", "stopped_at": ms("2026-03-27 15:59")}, f"{BASIS}; booked 2026-03-27 16:59 Berlin, 1 minute to spare"),
        ({"verdict": "met_late", "stopped_at": ms("2026-03-27 16:01:30")}, f"{BASIS}; booked 2026-03-27 17:01:30 Berlin, 1 minute 30 seconds late"),
        ({"verdict": "cancelled", "stopped_at": ms("2026-03-27 15:00")}, f"{BASIS}; cancelled 2026-03-27 16:00 Berlin before booked"),
        ({"verdict": "cancelled", "stopped_at": ms("2026-03-27 16:05")}, f"{BASIS}; cancelled 2026-03-27 17:05 Berlin before booked, 5 minutes late"),
        ({"verdict": "cancelled"}, f"{BASIS}; cancelled before booked"),
        ({"verdict": "cancelled", "due_at": MISSING}, "the transaction was cancelled before booked"),
        ({"verdict": "unknown", "cause": "source-silent:sap"}, f"{BASIS}; booked not seen by 2026-03-27 17:30 Berlin, but sap is silent"),
        ({"verdict": "unknown", "due_at": MISSING, "lacking": "fact-missing:promised_at"}, "no due time: the fact 'promised_at' is missing"),
        (
            {"verdict": "unknown", "due_at": MISSING, "lacking": "fact-missing:promised_at", "facts": {"promised_at": "KW 13"}},
            "no due time: the fact 'promised_at' is 'KW 13', which is not a time",
        ),
        (
            {"verdict": "unknown", "due_at": MISSING, "lacking": "calendar:plant and night"},
            "no due time: the calendar 'plant and night' has no working time or cut-off for it",
        ),
        ({"verdict": "paused", "paused": [Paused(ms("2026-03-27 14:40"), MISSING, "credit")]}, f"{BASIS}; paused since 2026-03-27 15:40 Berlin (credit)"),
        (
            {"paused": [Paused(ms("2026-03-27 14:10"), ms("2026-03-27 14:20"), "credit"), Paused(ms("2026-03-27 14:30"), ms("2026-03-27 14:50"), "")], "due_at": ms("2026-03-27 16:30")},
            (
                "captured 2026-03-27 15:00 Berlin + 2 hours + 30 minutes paused (2026-03-27 15:10 Berlin to 2026-03-27 15:20 Berlin: credit,"
                " 2026-03-27 15:30 Berlin to 2026-03-27 15:50 Berlin) = due 2026-03-27 17:30 Berlin; warning 2026-03-27 16:12 Berlin"
            ),
        ),
    ],
)  # fmt: skip
def test_a_verdict_is_told_so_that_it_can_be_checked(changes: dict[str, Any], sentence: str) -> None:
    assert reasons([ROW._replace(**changes)], ms("2026-03-27 16:30"), rule()) == [sentence]


def test_a_pause_outside_working_time_moves_nothing_and_is_told_so() -> None:
    night = Paused(ms("2026-03-27 19:00"), ms("2026-03-27 23:00"), "credit")
    (told,) = promises_told(rule(within="2 working hours"), [ROW.started_at], [{}], [[night]])
    spans = "2026-03-27 20:00 Berlin to 2026-03-28 00:00 Berlin: credit"
    assert told == f"captured 2026-03-27 15:00 Berlin + 2 working hours of plant, paused only outside working time ({spans}),"


def test_a_breach_that_is_decided_when_it_is_due_is_not_told_as_seconds_late() -> None:
    (text,) = reasons([ROW._replace(verdict="breached")], ROW.due_at + 1_000, rule())
    assert text == f"{BASIS}; booked not seen by 2026-03-27 17:00:01 Berlin"


FACTS = {"promised_at": "2026-11-27T17:00:00+01:00"}


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        ({"within": "90 minutes"}, "captured 2026-03-27 15:00 Berlin + 1 hour 30 minutes"),
        ({"within": "48 working hours"}, "captured 2026-03-27 15:00 Berlin + 48 working hours of plant"),
        ({"due": "promised_at"}, "promised_at 2026-11-27 17:00 Berlin"),
        ({"due": "promised_at - 8 working hours"}, "promised_at 2026-11-27 17:00 Berlin - 8 working hours of plant"),
        ({"due": "next cut-off 11:30 + 2 days"}, "next cut-off 11:30 of plant after captured 2026-03-27 15:00 Berlin + 2 days"),
        ({"due": "start + 1.5 working hours"}, "captured 2026-03-27 15:00 Berlin + 1 working hour 30 minutes of plant"),
        (
            {"due": "min(promised_at - 8 working hours, next cut-off)"},
            (
                "the earlier of (promised_at 2026-11-27 17:00 Berlin - 8 working hours of plant = 2026-11-27 08:00 Berlin)"
                " and (next cut-off 15:00 of plant after captured 2026-03-27 15:00 Berlin = 2026-03-30 15:00 Berlin)"
            ),
        ),
        (
            {"due": "max(promised_at, start, start + 1 hour)"},
            (
                "the latest of promised_at 2026-11-27 17:00 Berlin and captured 2026-03-27 15:00 Berlin"
                " and (captured 2026-03-27 15:00 Berlin + 1 hour = 2026-03-27 16:00 Berlin)"
            ),
        ),
    ],
)  # fmt: skip
def test_a_promise_is_told_by_its_own_arithmetic(limit: dict[str, str], told: str) -> None:
    its = rule(**{"within": None, **limit})
    assert promises_told(its, [ROW.started_at], [FACTS], [[]]) == [told]


@pytest.mark.parametrize(
    ("label", "which"),
    [
        ("standard limit", "standard limit: no target applies"),
        ("target 1 gold-customers", "target 1: customer.tier gold and plant DE07 or US02 (contract gold-customers)"),
        ("target 2", "target 2"),
    ],
)
def test_the_sentence_says_which_target_won(label: str, which: str) -> None:
    targets = [
        {"when": {"customer.tier": "gold", "plant": ["DE07", "US02"]}, "within": "2 hours"},
        {"since": "2026-01-01", "within": "2 hours"},
    ]
    (text,) = reasons([ROW], 0, rule(label, targets=targets))
    assert text == f"{BASIS}; warning 2026-03-27 16:12 Berlin; {which}"


def test_sentences_are_in_the_order_of_the_verdicts_and_in_the_zone_of_each_slas_calendar() -> None:
    slas = {"book": BOOK, "ship": {**BOOK, "calendar": "tokyo"}}
    definitions = catalog(slas, [calendar("tokyo", "Asia/Tokyo")])
    frame = pd.DataFrame(
        [{**ROW._asdict(), "flow": "o2c", "sla": name, "contract_version": "v1: standard limit"} for name in ("ship", "book", "ship")]
    )
    texts = reason_texts(frame, ms("2026-03-27 14:00"), Calendars(definitions), definitions)
    tokyo, utc_ = "captured 2026-03-27 23:00 Tokyo", "captured 2026-03-27 14:00 UTC"
    assert [text.partition(" +")[0] for text in texts] == [tokyo, utc_, tokyo]
    assert reason_texts(frame.head(0), 0, Calendars(definitions), definitions) == []


def test_a_stored_verdict_keeps_the_facts_it_was_decided_by(store: Any) -> None:
    """The promise moves; what was said of the first one stays, and each version is told with its own."""
    sla = {"from": "captured", "to": "shipped", "due": "promised_at - 8 working hours", "warn": "1 hour", "calendar": "plant"}
    definitions = catalog({"book": sla}, [calendar()])
    slas = engine(store, definitions)
    for day in ("26", "27"):
        write_transaction(store, "t1", {"captured": "2026-03-20 09:00:00"}, facts={"promised_at": f"2026-03-{day} 16:00"})
        slas.run(utc("2026-03-20 10:00:00"))
    assert verdicts(store) == [Verdict.RUNNING, Verdict.RUNNING]
    told = [row["reason"] for row in store.rows("SELECT reason FROM verdicts FINAL ORDER BY version")]
    assert told == [
        f"promised_at 2026-03-{day} 16:00 Berlin - 8 working hours of plant = due 2026-03-{day} 08:00 Berlin; warning 2026-03-{warn} Berlin"
        for day, warn in (("26", "26 07:00"), ("27", "27 07:00"))
    ]
    assert clock(store)["due_at"] == utc("2026-03-27 07:00:00")
