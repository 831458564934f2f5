"""What a clock says at a moment, and the sentence it is told by."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.verdict import Verdict
from slas.clock import Calendars
from slas.due import MISSING
from slas.evaluate import Evaluated, Silence, evaluate, local, reason, reason_texts
from tests.slas.builders import BOOK, calendar, catalog, ms

BERLIN = ZoneInfo("Europe/Berlin")
START, WARN, DUE = 1_000, 1_600, 2_000
CLOCK: dict[str, Any] = {
    "flow": "o2c", "sla": "book", "stage": "booked", "started_at": START, "warn_at": WARN, "due_at": DUE, "stopped_at": MISSING, "paused": [],
    "lacking": "", "cancelled": False, "failure": "", "penalty_free": 0.0, "penalty_day": 0.0, "penalty_cap": 0.0,
}  # fmt: skip


def said(now: int, silence: Silence | None = None, **more: Any) -> dict[str, Any]:
    found = evaluate(pd.DataFrame([{**CLOCK, **more}]), now, lambda *_: silence).iloc[0].to_dict()
    return {str(name): value for name, value in found.items()}


@pytest.mark.parametrize(
    ("now", "verdict", "next_at"),
    [
        (START, "running", WARN),
        (WARN - 1, "running", WARN),
        (WARN, "at_risk", DUE),
        (DUE - 1, "at_risk", DUE),
        (DUE, "breached", MISSING),
        (DUE + 10**12, "breached", MISSING),
    ],
)
def test_a_clock_warns_and_breaches_at_the_millisecond_and_says_when_to_look_again(now: int, verdict: str, next_at: int) -> None:
    found = said(now)
    assert (found["verdict"], found["next_at"]) == (verdict, next_at)
    assert found["cause"] == ("" if verdict == "running" else "overdue")


@pytest.mark.parametrize(("stopped", "verdict"), [(DUE - 1, "met"), (DUE, "met"), (DUE + 1, "met_late")])
def test_reached_when_it_is_due_is_in_time(stopped: int, verdict: str) -> None:
    for now in (START, stopped, DUE + 500):  # what was reached stays reached, whenever it is asked
        found = said(now, stopped_at=stopped)
        assert (found["verdict"], found["next_at"]) == (verdict, MISSING)


@pytest.mark.parametrize(
    ("paused", "now", "verdict", "next_at"),
    [
        ([(1_200, MISSING)], 1_300, "paused", MISSING),
        ([(1_200, MISSING)], DUE + 500, "paused", MISSING),  # it stands still however long
        ([(1_200, 1_250)], 1_300, "running", WARN),
        ([(1_200, MISSING)], 1_100, "running", 1_200),  # a pause that begins in the future
        ([(1_800, MISSING)], 1_700, "at_risk", 1_800),
        ([(DUE, MISSING)], DUE + 500, "breached", MISSING),  # it was late before
    ],
)
def test_a_pause_holds_a_clock_that_is_not_late(paused: list[tuple[int, int]], now: int, verdict: str, next_at: int) -> None:
    found = said(now, paused=paused)
    assert (found["verdict"], found["next_at"]) == (verdict, next_at)


@pytest.mark.parametrize(
    ("since", "now", "verdict"),
    [
        (WARN, WARN, "unknown"),
        (WARN + 1, WARN, "at_risk"),  # it was heard when the warning passed
        (DUE, DUE, "unknown"),
        (DUE + 1, DUE + 100, "breached"),
        (START, WARN - 1, "running"),  # nothing is awaited yet
    ],
)
def test_a_moment_that_passes_in_silence_says_nothing(since: int, now: int, verdict: str) -> None:
    found = said(now, Silence(since, "sap"))
    assert found["verdict"] == verdict
    assert (found["cause"] == "source-silent:sap") == (verdict == "unknown")


def test_silence_is_asked_for_by_flow_and_stage() -> None:
    rows = pd.DataFrame([CLOCK, {**CLOCK, "stage": "shipped"}, {**CLOCK, "flow": "p2p"}])
    found = evaluate(rows, DUE, lambda flow, stage: Silence(0, "sap") if (flow, stage) == ("o2c", "booked") else None)
    assert list(found["verdict"]) == ["unknown", "breached", "breached"]


def test_a_due_time_that_cannot_be_worked_out_is_unknown_and_never_wakes() -> None:
    found = said(DUE, lacking="fact-missing:promised_at", due_at=MISSING, warn_at=MISSING)
    assert (found["verdict"], found["cause"], found["next_at"]) == ("unknown", "fact-missing:promised_at", MISSING)


@pytest.mark.parametrize(("now", "cause"), [(START, "CREDIT"), (WARN, "CREDIT"), (DUE, "CREDIT")])
def test_a_failure_is_the_cause_from_the_beginning(now: int, cause: str) -> None:
    assert said(now, failure="CREDIT")["cause"] == cause
    assert said(now, failure="CREDIT", stopped_at=DUE)["cause"] == ""


@settings(max_examples=150, deadline=None)
@given(
    now=st.integers(900, 2_500), stopped=st.sampled_from([MISSING, 1_500, 2_000, 2_100]), since=st.sampled_from([None, 1_000, 1_600, 2_000, 2_200]),
    pause=st.sampled_from([None, 1_200, 1_700, 2_000]), lacking=st.booleans(), cancelled=st.booleans(),
)  # fmt: skip
def test_between_now_and_when_to_look_again_nothing_changes(
    now: int, stopped: int, since: int | None, pause: int | None, lacking: bool, cancelled: bool
) -> None:
    """So a clock that sleeps until ``next_at`` misses nothing."""
    silence = None if since is None else Silence(since, "sap")
    more = {
        "stopped_at": stopped, "paused": [] if pause is None else [(pause, MISSING)], "lacking": "fact-missing:x" if lacking else "", "cancelled": cancelled,
    }  # fmt: skip
    found = said(now, silence, **more)
    assert found["verdict"] in set(Verdict)
    assert found["next_at"] == MISSING or found["next_at"] > now
    until = 5_000 if found["next_at"] == MISSING else int(found["next_at"]) - 1
    later = said(until, silence, **more)
    assert (later["verdict"], later["cause"], later["penalty"]) == (found["verdict"], found["cause"], found["penalty"])


ROW = Evaluated("running", "booked", "", ms("2026-03-27 14:00"), ms("2026-03-27 15:12"), ms("2026-03-27 16:00"), MISSING, [], "", "")
BASIS = "due 2026-03-27 17:00 Berlin: 2 hours on the wall clock from start 2026-03-27 15:00 Berlin"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, f"{BASIS}; warning 2026-03-27 16:12 Berlin"),
        ({"verdict": "at_risk"}, f"{BASIS}; booked not seen at 2026-03-27 16:30 Berlin"),
        ({"verdict": "breached", "failure": "CREDIT"}, f"{BASIS}; booked not seen at 2026-03-27 16:30 Berlin (failed: CREDIT)"),
        ({"verdict": "met", "stopped_at": ms("2026-03-27 15:59")}, f"{BASIS}; booked reached 2026-03-27 16:59 Berlin, 1 minute to spare"),
        ({"verdict": "met_late", "stopped_at": ms("2026-03-27 16:01:30")}, f"{BASIS}; booked reached 2026-03-27 17:01:30 Berlin, 1 minute 30 seconds late"),
        ({"verdict": "cancelled", "stopped_at": ms("2026-03-27 15:00")}, f"{BASIS}; cancelled 2026-03-27 16:00 Berlin before booked"),
        ({"verdict": "cancelled", "stopped_at": ms("2026-03-27 16:05")}, f"{BASIS}; cancelled 2026-03-27 17:05 Berlin before booked, 5 minutes late"),
        ({"verdict": "cancelled"}, "the transaction was cancelled before booked"),
        ({"verdict": "unknown", "cause": "source-silent:sap"}, f"{BASIS}; booked not seen at 2026-03-27 16:30 Berlin, but sap is silent"),
        ({"verdict": "unknown", "lacking": "fact-missing:promised_at"}, "no due time: the fact 'promised_at' is missing or not a time"),
        (
            {"verdict": "unknown", "lacking": "calendar:plant and night"},
            "no due time: the calendar 'plant and night' has no working time or cut-off for it",
        ),
        (
            {"verdict": "paused", "paused": [(ms("2026-03-27 14:10"), ms("2026-03-27 14:20")), (ms("2026-03-27 14:40"), MISSING)]},
            f"{BASIS}, paused 2026-03-27 15:10 Berlin to 2026-03-27 15:20 Berlin; the clock has been paused since 2026-03-27 15:40 Berlin (credit)",
        ),
    ],
)  # fmt: skip
def test_a_verdict_is_told_so_that_it_can_be_checked(changes: dict[str, Any], sentence: str) -> None:
    assert reason(ROW._replace(**changes), ms("2026-03-27 15:30"), BERLIN, "credit") == sentence


def test_reasons_are_in_the_zone_of_each_slas_calendar() -> None:
    slas = {"book": BOOK, "ship": {**BOOK, "calendar": "tokyo"}}
    definitions = catalog(slas, [calendar("tokyo", "Asia/Tokyo")])
    frame = pd.DataFrame([{**ROW._asdict(), "flow": "o2c", "sla": name} for name in slas])
    texts = reason_texts(frame, ms("2026-03-27 14:00"), Calendars(definitions), definitions)
    assert [text.partition(": ")[0] for text in texts] == ["due 2026-03-27 16:00 UTC", "due 2026-03-28 01:00 Tokyo"]
    assert reason_texts(frame.head(0), 0, Calendars(definitions), definitions) == []


@pytest.mark.parametrize(
    ("moment", "zone", "text"),
    [
        ("2026-10-25 00:30", "Europe/Berlin", "2026-10-25 02:30 Berlin"),
        ("2026-10-25 01:30", "Europe/Berlin", "2026-10-25 02:30 Berlin"),  # the hour that comes twice
        ("2026-03-27 14:00:05", "America/New_York", "2026-03-27 10:00:05 New York"),
        ("1969-12-31 23:59", "UTC", "1969-12-31 23:59 UTC"),
    ],
)
def test_a_moment_is_told_in_its_zone_by_the_name_of_the_city(moment: str, zone: str, text: str) -> None:
    assert local(ms(moment), ZoneInfo(zone)) == text
