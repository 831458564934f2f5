"""What a clock says at a moment."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.verdict import Verdict
from slas.due import MISSING
from slas.evaluate import Silence, evaluate

START, WARN, DUE = 1_000, 1_600, 2_000
CLOCK: dict[str, Any] = {
    "flow": "o2c", "sla": "book", "stage": "booked", "started_at": START, "warn_at": WARN, "due_at": DUE, "stopped_at": MISSING, "paused": [],
    "lacking": "", "cancelled": False, "failure": "", "held_up": "", "at_once": False,
    "penalty_free": 0.0, "penalty_day": 0.0, "penalty_cap": 0.0,
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


@pytest.mark.parametrize(
    ("now", "at_once", "verdict", "cause"),
    [
        (START, True, "at_risk", "queue-stopped:broker/in"),
        (START, False, "running", ""),
        (WARN, False, "at_risk", "queue-stopped:broker/in"),
        (DUE, True, "breached", "queue-stopped:broker/in"),
    ],
)
def test_what_a_queue_holds_up_is_at_risk_before_its_warning(now: int, at_once: bool, verdict: str, cause: str) -> None:
    found = said(now, held_up="queue-stopped:broker/in", at_once=at_once)
    assert (found["verdict"], found["cause"]) == (verdict, cause)
    assert said(now, held_up="queue-stopped:broker/in", at_once=at_once, failure="CREDIT", stopped_at=now)["verdict"] != "at_risk"


@pytest.mark.parametrize(("stopped", "verdict"), [(DUE - 1, "met"), (DUE, "met"), (DUE + 1, "met_late")])
def test_reached_when_it_is_due_is_in_time(stopped: int, verdict: str) -> None:
    for now in (START, stopped, DUE + 500):  # what was reached stays reached, whenever it is asked
        found = said(now, stopped_at=stopped)
        assert (found["verdict"], found["next_at"]) == (verdict, MISSING)


@pytest.mark.parametrize(
    ("paused", "now", "verdict", "next_at"),
    [
        ([(1_200, MISSING, "")], 1_300, "paused", MISSING),
        ([(1_200, MISSING, "")], DUE + 500, "paused", MISSING),  # it stands still however long
        ([(1_200, 1_250, "")], 1_300, "running", WARN),
        ([(1_200, MISSING, "")], 1_100, "running", 1_200),  # a pause that begins in the future
        ([(1_800, MISSING, "")], 1_700, "at_risk", 1_800),
        ([(DUE, MISSING, "")], DUE + 500, "breached", MISSING),  # it was late before
    ],
)
def test_a_pause_holds_a_clock_that_is_not_late(paused: list[tuple[int, int, str]], now: int, verdict: str, next_at: int) -> None:
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
        "stopped_at": stopped, "paused": [] if pause is None else [(pause, MISSING, "")], "lacking": "fact-missing:x" if lacking else "", "cancelled": cancelled,
    }  # fmt: skip
    found = said(now, silence, **more)
    assert found["verdict"] in set(Verdict)
    assert found["next_at"] == MISSING or found["next_at"] > now
    until = 5_000 if found["next_at"] == MISSING else int(found["next_at"]) - 1
    later = said(until, silence, **more)
    assert (later["verdict"], later["cause"], later["penalty"]) == (found["verdict"], found["cause"], found["penalty"])
