"""What a clock measures: from where, until when, over which pauses, for how much."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UsageError
from slas.clock import Calendars, clocks_of
from slas.due import MISSING
from tests.slas.builders import BOOK, at, calendar, catalog, ms, rows, utc

HOUR = {**BOOK, "within": "1 hour"}
DAY = "2026-03-27"
"""A Friday; the clocks go forward on Sunday."""


def clocks(sla: dict[str, Any], *transactions: dict[str, Any], **more: Any) -> pd.DataFrame:
    definitions = catalog({"book": sla}, more.pop("calendars", [calendar()]), **more)
    return clocks_of(rows(*transactions), definitions, Calendars(definitions))


def clock(sla: dict[str, Any], first_at: dict[str, str], **more: Any) -> dict[str, Any]:
    """Return the only clock of one transaction; times of a day are of ``DAY``, in UTC."""
    (found,) = clocks(sla, {"first_at": moments(first_at), "last_at": moments(more.pop("last_at", {})), **more}).to_dict("records")
    return {str(name): value for name, value in found.items()}


def moments(times: dict[str, str]) -> dict[str, str]:
    return {name: f"{DAY} {time}" for name, time in times.items()}


def shown(milliseconds: int) -> str | None:
    return None if milliseconds == MISSING else f"{at(int(milliseconds)):%H:%M}"


def test_a_clock_runs_from_its_first_milestone_and_stops_at_its_last() -> None:
    found = clock(HOUR, {"captured": "14:00", "booked": "14:20"})
    assert [shown(found[name]) for name in ("started_at", "warn_at", "due_at", "stopped_at")] == ["14:00", "14:36", "15:00", "14:20"]
    assert (found["stage"], found["lacking"], found["cancelled"]) == ("booked", "", False)


def test_there_is_no_clock_before_its_first_milestone_or_in_what_was_merged() -> None:
    waiting, merged = {"first_at": {"booked": f"{DAY} 14:00"}}, {"first_at": {"captured": f"{DAY} 14:00"}, "state": "merged"}
    assert clocks(HOUR, waiting, merged).empty
    assert list(clocks(HOUR, waiting).columns) == ["flow", "sla", "transaction_id"]


def test_a_transaction_of_a_flow_that_is_gone_has_no_clock() -> None:
    assert clocks(HOUR, {"first_at": {"captured": f"{DAY} 14:00"}, "flow": "gone"}).empty


def test_a_promise_holds_from_its_date_on_at_midnight_utc() -> None:
    sla = {**HOUR, "since": date(2026, 3, 28)}
    found = clocks(sla, {"first_at": {"captured": "2026-03-27 23:59:59"}}, {"first_at": {"captured": "2026-03-28 00:00"}})
    assert list(found["transaction_id"]) == ["t2"]


@pytest.mark.parametrize(
    ("warn", "warned"),
    [
        ("60%", "14:36"), ("0%", "14:00"), ("100%", "15:00"), ("250%", "15:00"),  # never after it is due
        ("10 minutes", "14:50"), ("3 hours", "14:00"),  # never before it starts
    ],
)  # fmt: skip
def test_the_warning_is_a_share_of_the_time_or_a_time_before_it_is_due(warn: str, warned: str) -> None:
    assert shown(clock({**HOUR, "warn": warn}, {"captured": "14:00"})["warn_at"]) == warned


def test_working_time_counts_only_in_the_calendar_and_so_does_its_warning() -> None:
    sla = {**BOOK, "within": "4 working hours", "warn": "50%", "calendar": "plant"}
    found = clock(sla, {"captured": "14:00"})  # Berlin 15:00; the plant closes at 16:00
    assert [at(found[name]) for name in ("warn_at", "due_at")] == [utc("2026-03-30 07:00"), utc("2026-03-30 09:00")]


def test_plain_time_is_plain_although_there_is_a_calendar() -> None:
    assert shown(clock({**HOUR, "calendar": "plant"}, {"captured": "17:00"})["due_at"]) == "18:00"


@pytest.mark.parametrize(
    ("times", "last", "due"),
    [
        ({"blocked": "14:10", "released": "14:30"}, {}, "15:20"),
        ({"blocked": "14:10"}, {}, "15:00"),  # it lasts: how long is not known yet
        ({"blocked": "13:30", "released": "14:30"}, {}, "15:30"),  # only the part after the start
        ({"blocked": "13:30", "released": "13:50"}, {}, "15:00"),
        ({"blocked": "15:10", "released": "15:30"}, {}, "15:00"),  # begun when it was due already
        ({"blocked": "14:10", "released": "14:20"}, {"blocked": "14:40", "released": "14:45"}, "15:15"),  # two
        ({"released": "14:20"}, {}, "15:20"),  # its beginning was not seen: it counts from the start
        ({"released": "13:50"}, {}, "15:00"),
        ({"blocked": "14:30", "released": "14:10"}, {"released": "14:40"}, "15:20"),  # one without a beginning, one whole
        ({"blocked": "14:10", "released": "14:10"}, {}, "15:00"),
        ({"blocked": "14:10", "released": "14:50", "booked": "14:30"}, {}, "15:20"),  # it ends where the clock stops
    ],
)
def test_a_pause_moves_the_deadline_by_its_length(times: dict[str, str], last: dict[str, str], due: str) -> None:
    found = clock({**HOUR, "pause": {"from": "blocked", "to": "released"}}, {"captured": "14:00", **times}, last_at=last)
    assert shown(found["due_at"]) == due


def test_pauses_that_overlap_count_once() -> None:
    pauses = [{"from": "blocked", "to": "released"}, {"from": "rejected", "to": "shipped"}]
    times = {"captured": "14:00", "blocked": "14:10", "released": "14:30", "rejected": "14:20", "shipped": "14:40"}
    found = clock({**HOUR, "pause": pauses}, times)
    assert shown(found["due_at"]) == "15:30"
    assert [(shown(begin), shown(end)) for begin, end, _ in found["paused"]] == [("14:10", "14:30"), ("14:30", "14:40")]


def spans(pause: Any, moments: dict[str, str]) -> list[tuple[Any, Any, str]]:
    """Return the pauses of a clock that starts at 14:00, of milestones that were seen at these minutes."""
    times = {name: [f"{DAY} 14:{minute}" for minute in minutes.split()] for name, minutes in moments.items()}
    first, last = ({name: each[position] for name, each in times.items()} for position in (0, -1))
    given = {
        "first_at": {"captured": f"{DAY} 14:00", **first},
        "last_at": last,
        "moments": {name: each for name, each in times.items() if len(each) > 2},
    }
    found = clocks({**HOUR, "pause": pause}, given).iloc[0]
    return [(shown(begin), shown(end), reason) for begin, end, reason in found["paused"]]


CREDIT = {"from": "blocked", "to": "released", "reason": "credit"}
UNSEEN = "its beginning was not seen, so it counts from the start"


@pytest.mark.parametrize(
    ("moments", "paused"),
    [
        ({"blocked": "05 15 25", "released": "10 20 30"}, [("14:05", "14:10", "credit"), ("14:15", "14:20", "credit"), ("14:25", "14:30", "credit")]),
        ({"blocked": "05 15 25", "released": "10 20"}, [("14:05", "14:10", "credit"), ("14:15", "14:20", "credit"), ("14:25", None, "credit")]),
        ({"blocked": "05 06 07", "released": "10 11 12"}, [("14:05", "14:10", "credit")]),  # repeated signals of one pause
        ({"blocked": "10", "released": "05 20 30"}, [("14:00", "14:05", f"credit: {UNSEEN}"), ("14:10", "14:20", "credit")]),
        ({"blocked": "05 10 15", "released": "10 15 20"}, [("14:05", "14:10", "credit"), ("14:10", "14:15", "credit"), ("14:15", "14:20", "credit")]),
        ({"blocked": "05 15", "released": "10 15"}, [("14:05", "14:10", "credit")]),  # one of no length
    ],
)  # fmt: skip
def test_every_pause_counts_however_often_it_repeats(moments: dict[str, str], paused: list[tuple[Any, Any, str]]) -> None:
    assert spans(CREDIT, moments) == paused


def test_an_end_that_another_pause_began_is_not_one_without_a_beginning() -> None:
    other = {"from": "rejected", "to": "released", "reason": "the customer is asked"}
    assert spans([CREDIT, other], {"blocked": "05", "released": "10"}) == [("14:05", "14:10", "credit")]
    assert spans([other, CREDIT], {"blocked": "05", "released": "10"}) == [("14:05", "14:10", "credit")]


MINUTES = st.integers(0, 120)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(MINUTES, MINUTES), min_size=2, max_size=2), MINUTES)
def test_a_deadline_is_moved_by_the_minutes_in_which_any_pause_held(pauses: list[tuple[int, int]], begun: int) -> None:
    """Told minute by minute: the clock counts those after its start in which nothing held it, and is due when it has counted sixty."""
    names = [("blocked", "released"), ("rejected", "shipped")]
    times = {
        "captured": begun,
        **{name: minute for pair, one in zip(names, pauses, strict=True) for name, minute in zip(pair, one, strict=True)},
    }
    written = {name: f"{12 + minute // 60}:{minute % 60:02d}" for name, minute in times.items()}
    found = clock({**HOUR, "pause": [{"from": begin, "to": end} for begin, end in names]}, written)
    held = [(max(begin, begun), end) for begin, end in pauses if max(begin, begun) < end and begin <= end]
    held += [(begun, end) for begin, end in pauses if end < begin]  # one without a beginning, before the one that lasts
    still_open = [max(begin, begun) for begin, end in pauses if end < begin]
    counted, minute = 0, begun
    while counted < 60:
        counted += not any(begin <= minute < end for begin, end in held)
        minute += 1
    if not any(begin < minute for begin in still_open):  # what holds it still is not over
        assert found["due_at"] == ms(f"{DAY} 12:00") + minute * 60_000


def test_of_a_key_that_there_are_many_of_all_must_get_there_unless_any_is_enough() -> None:
    sla = {"from": "captured", "to": "shipped", "within": "1 hour"}
    more = {"keys": {"delivery": ["D1", "D2"]}, "reached": {"shipped": [("D1", f"{DAY} 14:10")]}}
    times = {"captured": "14:00", "shipped": "14:10"}
    assert (shown(clock(sla, times, **more)["stopped_at"]), clock(sla, times, **more)["part"]) == (None, "1 of 2 deliveries")
    anyone = clock({**sla, "of": "any"}, times, **more)
    assert (shown(anyone["stopped_at"]), anyone["part"]) == ("14:10", "")
    assert clock(sla, {"captured": "14:00"}, keys=more["keys"])["part"] == "", "where none is there, it is not told how many are not"
    more["reached"]["shipped"].append(("D2", f"{DAY} 14:25"))
    assert (shown(clock(sla, times, **more)["stopped_at"]), clock(sla, times, **more)["part"]) == ("14:25", "")


@pytest.mark.parametrize(
    ("times", "state", "stopped", "cancelled"),
    [
        ({"cancelled": "14:30"}, "cancelled", "14:30", True),
        ({"cancelled": "14:30", "booked": "14:40"}, "cancelled", "14:30", True),
        ({"booked": "14:20", "cancelled": "14:30"}, "cancelled", "14:20", False),  # the promise was kept before
        ({}, "cancelled", None, True),  # called off by what nobody saw
        ({"booked": "14:20"}, "open", "14:20", False),
    ],
)
def test_a_clock_stops_where_the_transaction_is_called_off(times: dict[str, str], state: str, stopped: str | None, cancelled: bool) -> None:
    found = clock(HOUR, {"captured": "14:00", **times}, state=state)
    assert (shown(found["stopped_at"]), found["cancelled"]) == (stopped, cancelled)


def test_a_failure_counts_only_for_the_clock_that_awaits_the_stage() -> None:
    more = {"failed_stage": "booked", "cause": "CREDIT"}
    assert clock(HOUR, {"captured": "14:00"}, **more)["failure"] == "CREDIT"
    assert clock({**HOUR, "to": "invoiced"}, {"captured": "14:00"}, **more)["failure"] == ""


@pytest.mark.parametrize("facts", [{"promised_at": "soon"}, {}, {"promised_at": ""}])
def test_a_due_time_without_its_fact_is_none_and_says_which(facts: dict[str, str]) -> None:
    found = clock({"from": "captured", "to": "shipped", "due": "promised_at - 2 hours"}, {"captured": "14:00"}, facts=facts)
    assert (found["due_at"], found["warn_at"], found["lacking"]) == (MISSING, MISSING, "fact-missing:promised_at")


@pytest.mark.parametrize(
    ("text", "value"), [("1200.5", 1200.5), ("-3", -3.0), ("much", 0.0), ("", 0.0), ("inf", 0.0), ("1e400", 0.0), (None, 0.0)]
)
def test_the_money_at_risk_is_the_amount_and_nothing_where_it_is_no_number(text: str | None, value: float) -> None:
    facts = {"currency": "EUR", **({} if text is None else {"amount": text})}
    found = clock(HOUR, {"captured": "14:00"}, facts=facts)
    assert (found["value"], found["currency"]) == (value, "EUR")


def test_the_owner_is_the_flows_unless_the_sla_names_one() -> None:
    assert clock(HOUR, {"captured": "14:00"})["owner"] == "order-management"
    assert clock({**HOUR, "owner": "finance"}, {"captured": "14:00"})["owner"] == "finance"


def test_clocks_side_by_side_are_those_of_each_alone() -> None:
    several = [{"first_at": {"captured": f"{DAY} {hour}:00"}, "facts": {"amount": str(hour)}} for hour in range(10, 16)]
    together = clocks(HOUR, *several)
    alone = pd.concat([clocks(HOUR, {**each, "transaction_id": f"t{n}"}) for n, each in enumerate(several, start=1)])
    assert together[["due_at", "warn_at", "value"]].to_numpy().tolist() == alone[["due_at", "warn_at", "value"]].to_numpy().tolist()


def test_each_calendar_is_compiled_once_and_an_unknown_one_is_named() -> None:
    calendars = Calendars(catalog({}, [calendar(), calendar("night", start="22:00", end="06:00")]))
    assert calendars.of("plant") is calendars.of(["plant"])
    assert calendars.of(["plant", "night"]).name == "plant and night"
    assert calendars.of(None).name == "wall clock"
    with pytest.raises(UsageError, match="calendar 'mars' is not defined"):
        calendars.of(["plant", "mars"])


def test_companies_are_those_whose_facts_have_the_roles() -> None:
    row = clock(BOOK, {"captured": "14:00:00"}, facts={"customer": "ACME", "carrier": "not declared"})
    assert (row["customer"], row["supplier"], row["carrier"]) == ("ACME", "", "")
