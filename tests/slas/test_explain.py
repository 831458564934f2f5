"""What `andon explain` says, from rows as the store gives them."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from core.catalog.catalog import Catalog
from slas.explain import Evidence, as_it_runs, explain, version_of
from store.client import Store
from store.reads import detail
from tests.slas.builders import BOOK, calendar, catalog, engine, utc, write_transaction
from tests.slas.test_outlook import at, clock, flow

SIX_HOURS = {
    "from": "captured", "to": "booked", "within": "6 working hours", "warn": "50%", "calendar": "plant",
    "pause": {"from": "blocked", "to": "released", "reason": "credit"},
}  # fmt: skip


def milestone_row(name: str, at: str, **more: object) -> dict[str, object]:
    moment = pd.Timestamp(at)
    row = {"milestone": name, "event_time": moment, "received_at": moment + pd.Timedelta(seconds=2), "signal": "event", "signal_id": "c1"}
    return {**row, "source": "crm", "system": "CRM", "time_suspect": 0, **more}


def evidence_of(store: Store, *milestones: dict[str, object]) -> Evidence:
    row = detail.transaction(store.reader, transaction_id="t1")
    assert row is not None
    clocks, verdicts = (read(store.reader, flow="o2c", transaction_id="t1") for read in (detail.clocks, detail.verdicts))
    return Evidence(row, pd.DataFrame(list(milestones), columns=list(milestone_row("x", "2026-01-01"))), clocks, verdicts)


def test_the_arithmetic_over_a_weekend_with_a_pause_adds_up(store: Store) -> None:
    definitions = catalog({"book": SIX_HOURS}, [calendar()])
    times = {"captured": "2026-03-27 13:00:00", "blocked": "2026-03-27 14:00:00", "released": "2026-03-27 14:30:00"}
    write_transaction(store, "t1", times)
    engine(store, definitions).run(utc("2026-03-27 14:40:00"))
    lines = explain(evidence_of(store, milestone_row("captured", "2026-03-27 13:00:00")), definitions, utc("2026-03-27 14:40:00"))
    told = (
        "captured 2026-03-27 14:00 Berlin + 6 working hours of plant"
        " + 30 minutes paused (2026-03-27 15:00 Berlin to 2026-03-27 15:30 Berlin: credit)"
    )
    assert lines == [
        "Order to cash t1: open; transaction t1",
        "known by: order t1",
        "stands: On time; waiting for “Booked” from ERP since 2026-03-27 14:00 Berlin; “Booked” is promised for 2026-03-30 12:30 Berlin.",
        "tell whoever asks: Order t1 is under way; it was promised for 2026-03-30 12:30 Berlin. A date that can be relied on is not known yet.",
        "",
        "book: book",
        "  verdict      running (version 1), due in 2 days 19 hours",
        "  from         captured 2026-03-27 14:00 Berlin in CRM: event c1, told by the source crm, received 2026-03-27 14:00:02 Berlin",
        "  to           booked: not seen at 2026-03-27 15:40 Berlin",
        "  limit        within 6 working hours (standard limit; catalog v1)",
        "  calendar     plant, times in Europe/Berlin",
        "  counted      2026-03-27 14:00 Berlin to 2026-03-27 16:00 Berlin: 2 hours",
        "  counted      2026-03-30 08:00 Berlin to 2026-03-30 12:30 Berlin: 4 hours 30 minutes",
        "  paused       2026-03-27 15:00 Berlin to 2026-03-27 15:30 Berlin: credit",
        "  sum          6 hours 30 minutes - 30 minutes paused = 6 hours",
        f"  due          {told} = 2026-03-30 12:30 Berlin; warning 2026-03-30 09:30 Berlin (50%)",
        f"  version 1    2026-03-27 15:40 Berlin running: {told} = due 2026-03-30 12:30 Berlin; warning 2026-03-30 09:30 Berlin",
    ]


def test_every_version_is_told_in_order_and_a_late_stop_says_how_late(store: Store) -> None:
    definitions = catalog({"book": BOOK})
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00"})
    slas = engine(store, definitions)
    slas.run(utc("2026-03-27 15:06:00"))
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00", "booked": "2026-03-27 15:20:00"})
    slas.run(utc("2026-03-27 15:21:00"))
    lines = explain(evidence_of(store), definitions, utc("2026-03-27 15:21:00"), "book")
    assert "  stopped      2026-03-27 15:20 UTC, 15 minutes late" in lines
    versions = [line.split(": ")[0] for line in lines if line.startswith("  version")]
    assert versions == ["  version 1    2026-03-27 15:06 UTC breached", "  version 2    2026-03-27 15:21 UTC met_late"]


def test_a_due_expression_names_the_facts_it_read_and_a_missing_one_is_no_due_time(store: Store) -> None:
    definitions = catalog({"ship": {"from": "captured", "to": "shipped", "due": "promised_at - 8 hours"}})
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00"})
    engine(store, definitions).run(utc("2026-03-27 15:06:00"))
    lines = explain(evidence_of(store), definitions, utc("2026-03-27 15:06:00"))
    assert "               promised_at = missing" in lines
    assert "  due          cannot be calculated" in lines


def test_the_time_up_to_a_date_is_not_taken_for_a_sum_of_the_rule(store: Store) -> None:
    """Eight hours are taken off the promise; that there are fifteen and a half from the start is no part of it."""
    definitions = catalog({"ship": {"from": "captured", "to": "shipped", "due": "promised_at - 8 hours"}})
    write_transaction(store, "t1", {"captured": "2026-03-27 14:30:00"}, facts={"promised_at": "2026-03-28T14:00:00Z"})
    engine(store, definitions).run(utc("2026-03-27 15:06:00"))
    lines = explain(evidence_of(store), definitions, utc("2026-03-27 15:06:00"))
    assert "  in all       15 hours 30 minutes from captured to due" in lines
    assert not [line for line in lines if line.startswith("  sum ")]


def test_a_clock_is_explained_by_the_catalog_that_set_it(store: Store) -> None:
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00"})
    then = catalog({"book": BOOK})
    engine(store, then).run(utc("2026-03-27 14:51:00"))
    evidence, now = evidence_of(store), utc("2026-03-27 14:51:00")
    same = explain(evidence, then, now, earlier={"v1": then})
    for current, said in (
        (catalog({"book": BOOK}, version="v2"), "defines it the same way"),
        (catalog({"book": {**BOOK, "within": "2 hours"}}, version="v2"), "defines it differently"),
        (catalog({}, version="v2"), "no longer defines this SLA"),
    ):
        assert explain(evidence, current, now, earlier={"v1": then}) == [*same, f"  since then   the catalog is v2, which {said}"]


def test_a_catalog_that_is_not_kept_is_said_and_not_guessed(store: Store) -> None:
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00"})
    engine(store, catalog({"book": BOOK})).run(utc("2026-03-27 14:51:00"))
    changed = explain(evidence_of(store), catalog({"book": BOOK}, version="v2"), utc("2026-03-27 14:51:00"))
    assert "               that catalog was not kept: the limit shown is today's, the times below are from then" in changed
    removed = explain(evidence_of(store), catalog({}, version="v2"), utc("2026-03-27 14:51:00"))
    assert "  the catalog no longer defines this SLA" in removed


def test_an_sla_that_has_not_begun_says_so(store: Store) -> None:
    definitions = catalog({"book": BOOK})
    write_transaction(store, "t1", {"shipped": "2026-03-27 14:50:00"})
    engine(store, definitions).run(utc("2026-03-27 14:51:00"))
    lines = explain(evidence_of(store), definitions, utc("2026-03-27 14:51:00"), "book")
    assert lines[-1] == "no clock of 'book': captured has not been seen"
    of_another_flow = explain(evidence_of(store), definitions, utc("2026-03-27 14:51:00"), "pay-in-time")
    assert of_another_flow[-1] == "'pay-in-time' is not an SLA of this flow"


def test_an_sla_that_began_later_is_not_blamed_on_its_milestone(store: Store) -> None:
    definitions = catalog({"book": {**BOOK, "since": "2026-06-01"}})
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00"})
    evidence = evidence_of(store, milestone_row("captured", "2026-03-27 14:50:00"))
    lines = explain(evidence, definitions, utc("2026-03-27 14:51:00"), "book")
    assert lines[-1] == "no clock of 'book': it does not apply to what began before 2026-06-01"


def test_a_version_that_rests_on_what_was_received_after_it_shows_both_times(store: Store) -> None:
    definitions = catalog({"book": BOOK})
    slas = engine(store, definitions)
    for booked, now in (({}, "2026-03-27 14:51:00"), ({"booked": "2026-03-27 14:58:00"}, "2026-03-27 14:59:00")):
        write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00", **booked})
        slas.run(utc(now))
    received = {"received_at": pd.Timestamp("2026-03-27 14:59:03")}
    rows = (milestone_row("captured", "2026-03-27 14:50:00"), milestone_row("booked", "2026-03-27 14:58:00", **received))
    first, second = [
        line for line in explain(evidence_of(store, *rows), definitions, utc("2026-03-27 15:00:00")) if line.startswith("  version")
    ]
    assert "received" not in first
    assert second.startswith("  version 2    2026-03-27 14:59 UTC met: captured 2026-03-27 14:50 UTC + 15 minutes")
    assert second.endswith("; rests on booked, received 3 seconds later, 2026-03-27 14:59:03 UTC")


def test_of_several_pauses_each_says_its_own_reason(store: Store) -> None:
    pauses = [
        {"from": "blocked", "to": "released", "reason": "credit"},
        {"from": "rejected", "to": "released", "reason": "the customer is asked"},
    ]
    definitions = catalog({"book": {**SIX_HOURS, "pause": pauses}}, [calendar()])
    times = {"captured": "2026-03-27 09:00:00", "blocked": "2026-03-27 10:00:00", "released": "2026-03-27 10:30:00"}
    write_transaction(store, "t1", {**times, "rejected": "2026-03-27 11:00:00"})
    engine(store, definitions).run(utc("2026-03-27 11:30:00"))
    rows = [milestone_row(name, at) for name, at in {**times, "rejected": "2026-03-27 11:00:00"}.items()]
    lines = explain(evidence_of(store, *rows), definitions, utc("2026-03-27 11:30:00"))
    assert [line for line in lines if line.startswith("  paused")] == [
        "  paused       2026-03-27 11:00 Berlin to 2026-03-27 11:30 Berlin: credit",
        "  paused       2026-03-27 12:00 Berlin to now: the customer is asked",
    ]


def test_a_clock_that_stands_still_says_what_it_waits_for(store: Store) -> None:
    definitions = catalog({"book": SIX_HOURS}, [calendar()])
    write_transaction(store, "t1", {"captured": "2026-03-27 09:00:00", "blocked": "2026-03-27 10:00:00"})
    engine(store, definitions).run(utc("2026-03-27 11:30:00"))
    lines = explain(evidence_of(store), definitions, utc("2026-03-27 11:30:00"))
    assert "  paused       2026-03-27 11:00 Berlin to now: credit" in lines
    assert lines[-1].endswith(
        "paused: captured 2026-03-27 10:00 Berlin + 6 working hours of plant = due 2026-03-27 16:00 Berlin;"
        " paused since 2026-03-27 11:00 Berlin (credit)"
    )


def test_a_penalty_is_told_by_its_terms_and_what_it_came_to(store: Store) -> None:
    owed = {"per_day": "1%", "free_days": 1, "cap": "5%", "of": "amount"}
    definitions = catalog({"book": {**BOOK, "penalty": owed}})
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00"}, facts={"amount": "1200", "currency": "EUR"})
    engine(store, definitions).run(utc("2026-03-29 15:06:00"))
    lines = explain(evidence_of(store), definitions, utc("2026-03-29 15:06:00"))
    assert "  penalty      1% of amount for each day begun after 1 free day, at most 5%: 24.00 EUR so far" in lines


CLOCK = {
    "flow": "o2c", "sla": "book", "verdict": "running", "verdict_version": 1, "contract_version": "v1: own limit", "started_at": "2026-03-27 13:00",
    "due_at": "2026-03-27 13:15", "warn_at": "2026-03-27 13:09", "stopped_at": None, "paused": [], "penalty": 0.0, "currency": "EUR",
    "stage": "booked", "cause": "",
}  # fmt: skip
TIMES = ("started_at", "due_at", "warn_at", "stopped_at")


def told(definitions: Catalog, *, now: str = "2026-03-27 13:05", milestones: tuple[dict[str, object], ...] = (), **more: Any) -> list[str]:
    """Return what is said of one clock, without a store."""
    clock = {**CLOCK, **more}
    clock |= {name: pd.NaT if clock[name] is None else pd.Timestamp(clock[name]) for name in TIMES}
    transaction = {
        "flow": "o2c", "reference": "t1", "transaction_id": "t1", "state": "open", "stage": "", "keys": {"order": ["t1"]}, "failed_milestone": "",
        "cause": "", "facts": {}, "first_at": {}, "reached": {}, "failed_stage": "", "ended_at": None, **more.get("transaction", {}),
    }  # fmt: skip
    evidence = Evidence(
        transaction,
        pd.DataFrame(list(milestones), columns=list(milestone_row("x", "2026-01-01"))),
        pd.DataFrame([clock]),
        pd.DataFrame({"sla": []}),
    )
    return explain(evidence, definitions, utc(now))


def starting(lines: list[str], word: str) -> list[str]:
    return [line.strip() for line in lines if line.startswith(f"  {word:<12} ")]


@pytest.mark.parametrize(
    ("now", "verdict", "said"),
    [
        ("2026-03-27 13:05", "running", "running (version 1), due in 10 minutes"),
        ("2026-03-27 13:15:30", "breached", "breached (version 1), overdue for 30 seconds"),
        ("2026-03-27 13:05", "met", "met (version 1)"),
        ("2026-03-27 13:05", "paused", "paused (version 1)"),
    ],
)
def test_how_long_is_left_is_said_only_while_it_counts(now: str, verdict: str, said: str) -> None:
    assert starting(told(catalog({"book": BOOK}), now=now, verdict=verdict), "verdict") == [f"verdict      {said}"]


def test_of_many_intervals_the_first_and_the_last_are_shown() -> None:
    sla = {**BOOK, "within": "80 working hours", "calendar": "plant"}
    lines = starting(told(catalog({"book": sla}, [calendar()]), due_at="2026-04-10 12:00"), "counted")
    assert len(lines) == 7
    assert "more intervals" in lines[3]
    assert lines[0].endswith("2026-03-27 16:00 Berlin: 2 hours")
    assert "2026-04-10" in lines[-1]


def test_a_sum_of_working_time_is_in_hours_never_in_days() -> None:
    sla = {**BOOK, "within": "80 working hours", "calendar": "plant"}
    (total,) = starting(told(catalog({"book": sla}, [calendar()]), due_at="2026-04-10 12:00"), "sum")
    assert "day" not in total
    assert "hours" in total


def test_a_doubtful_time_and_repeated_signals_are_said() -> None:
    rows = (milestone_row("captured", "2026-03-27 13:00", time_suspect=1), milestone_row("captured", "2026-03-27 13:01"))
    (line,) = starting(told(catalog({"book": BOOK}), milestones=rows), "from")
    assert "doubtful" in line
    assert "2 signals" in line


def test_the_limit_is_the_targets_where_one_applied() -> None:
    definitions = catalog({"book": {**BOOK, "targets": [{"when": {"customer": "ACME"}, "within": "5 minutes"}]}})
    assert starting(told(definitions, contract_version="v1: target 1 acme"), "limit")[0].startswith(
        "limit        within 5 minutes (target 1: customer ACME (contract acme);"
    )
    early = catalog({"book": {**BOOK, "targets": [{"when": {"customer": "ACME"}, "warn": "5 minutes"}]}})
    assert starting(told(early, contract_version="v1: target 1"), "due")[0].endswith("(5 minutes)")
    assert starting(told(definitions, contract_version="v1: target 7"), "limit")[0].startswith("limit        within 15 minutes (target 7;")


def test_a_failed_transaction_says_what_failed_and_why() -> None:
    failed = {"failed_milestone": "rejected", "cause": "", "stage": "captured"}
    lines = told(catalog({"book": BOOK}), transaction=failed)
    assert lines[0] == "Order to cash t1: open at captured; transaction t1"
    assert lines[2] == "failed: rejected (no cause given)"
    assert lines[3].startswith("stands: ")


def test_a_flow_that_is_gone_is_named_by_its_id() -> None:
    lines = told(Catalog(version="v2"))
    assert lines[0].startswith("o2c t1: open")
    assert any("no longer defines this SLA" in line for line in lines)


@pytest.mark.parametrize(("contract", "version"), [("v1: own limit", "v1"), ("v1", "v1"), ("", ""), ("a: b: c", "a")])
def test_the_version_of_the_catalog_is_before_the_colon(contract: str, version: str) -> None:
    assert version_of(contract) == version


@pytest.mark.parametrize(
    ("decided", "said"),
    [
        ("due 2026-03-27 17:00 Berlin; booked not seen by 2026-03-27 17:30:05 Berlin, 30 minutes late", "booked not seen yet"),
        ("due 2026-03-27 17:00 New York; booked not seen by 2026-03-27 17:00 New York (failed: CREDIT, 2)", "booked not seen yet (failed: CREDIT, 2)"),
        ("due 2026-03-27 17:00 UTC; booked not seen by 2026-03-27 17:30 UTC, 1 day 2 hours late (failed: X); target 1: gold", "booked not seen yet (failed: X); target 1: gold"),
        ("due 2026-03-27 17:00 UTC; booked not seen by 2026-03-27 17:30 UTC, but sap is silent", "booked not seen yet, but sap is silent"),
        ("due 2026-03-27 17:00 UTC; booked not seen for 1 of 2 deliveries by 2026-03-27 17:30 UTC, 9 hours late; target 1", "booked not seen yet for 1 of 2 deliveries; target 1"),
        ("due 2026-03-27 17:00 UTC; warning 2026-03-27 16:40 UTC", "warning 2026-03-27 16:40 UTC"),
    ],
)  # fmt: skip
def test_the_reason_of_a_clock_that_still_runs_tells_no_moment_that_has_passed(decided: str, said: str) -> None:
    assert as_it_runs(decided) == decided.partition("; ")[0] + "; " + said


def sheet(clocks: dict[str, tuple[str, str, str | None]], **asked: Any) -> str:
    """Return what is said of these clocks: verdict, due and stopped by SLA."""
    slas = {name: {**BOOK, "title": f"title of {name}"} for name in clocks}
    rows = [
        {**CLOCK, "sla": name, "verdict": verdict, "due_at": f"2026-03-27 {due}", "stopped_at": stopped and f"2026-03-27 {stopped}"}
        for name, (verdict, due, stopped) in clocks.items()
    ]
    frame = pd.DataFrame(rows)
    for name in TIMES:
        frame[name] = pd.to_datetime(frame[name])
    transaction = {
        "flow": "o2c", "reference": "t1", "transaction_id": "t1", "state": "open", "stage": "", "keys": {"order": ["t1"]}, "failed_milestone": "",
        "cause": "", "facts": {}, "first_at": {}, "reached": {}, "failed_stage": "", "ended_at": None,
    }  # fmt: skip
    evidence = Evidence(transaction, pd.DataFrame(columns=list(milestone_row("x", "2026-01-01"))), frame, pd.DataFrame({"sla": []}))
    return "\n".join(explain(evidence, catalog(slas), utc("2026-03-27 13:20"), **asked))


@pytest.mark.parametrize(
    ("clocks", "full"),
    [
        ({"a": ("met", "13:15", "13:10"), "b": ("breached", "13:15", None), "c": ("running", "14:00", None), "d": ("paused", "15:00", None)}, "bd"),
        ({"a": ("met_late", "13:15", "13:17"), "b": ("running", "15:00", None), "c": ("running", "14:00", None)}, "c"),
        ({"a": ("met_late", "13:15", "13:17"), "b": ("met", "13:15", "13:10")}, "a"),
        ({"a": ("met", "13:15", "13:14"), "b": ("met", "13:15", "13:10")}, "a"),
    ],
)  # fmt: skip
def test_what_matters_is_told_in_full_and_the_rest_in_a_line(clocks: dict[str, tuple[str, str, str | None]], full: str) -> None:
    told = sheet(clocks)
    assert {name for name in clocks if f"\n{name}: title of {name}\n  verdict " in told} == set(full)
    assert {name for name in clocks if re.search(rf"\n  {name}: {clocks[name][0]}\b.* \(title of {name}\)", told)} == set(clocks) - set(
        full
    )
    everything = sheet(clocks, everything=True)
    assert all(f"\n{name}: title of {name}\n  verdict " in everything for name in clocks)
    assert "--all" not in everything


def test_where_one_is_asked_for_nothing_is_told_of_the_others() -> None:
    told = sheet({"a": ("met", "13:15", "13:10"), "b": ("breached", "13:15", None)}, sla="a")
    assert "\na: title of a\n" in told
    assert "title of b" not in told


def test_the_others_say_by_how_much_they_were_met_or_missed() -> None:
    told = sheet({"a": ("met", "13:15", "13:10"), "b": ("met_late", "13:15", "13:17"), "c": ("breached", "13:15", None)})
    assert "\n  a: met, 5 minutes to spare (title of a)\n  b: met_late, 2 minutes late (title of b)" in told


def test_of_what_is_there_in_part_it_is_said_how_much() -> None:
    """One delivery of two was shipped: the promise waits for the other."""
    first = {"captured": at("08:00"), "booked": at("08:10"), "shipped": at("09:00")}
    transaction = {
        "flow": "o2c", "reference": "4711", "transaction_id": "t", "state": "open", "stage": "shipped", "failed_milestone": "", "cause": "",
        "keys": {"order": ["4711"], "delivery": ["a", "b"]}, "facts": {}, "failed_stage": "", "ended_at": None,
        "first_at": {name: moment.to_pydatetime() for name, moment in first.items()},
        "reached": {"shipped": [("order", "4711", at("09:00")), ("delivery", "a", at("09:00"))]},
    }  # fmt: skip
    seen = [milestone_row(name, str(moment)) for name, moment in first.items()]
    clocks = [
        {**clock("ship", "shipped", "18:00"), "flow": "o2c", "verdict_version": 1, "warn_at": at("17:00"), "paused": []},
        {
            **clock("book", "booked", "08:15", "met", stopped_at=at("08:10")),
            "flow": "o2c",
            "verdict_version": 1,
            "warn_at": at("08:12"),
            "paused": [],
        },
    ]
    definitions = Catalog(version="v1", flows={"o2c": flow()}, calendars={"plant": calendar()})
    evidence = Evidence(transaction, pd.DataFrame(seen), pd.DataFrame(clocks), pd.DataFrame({"sla": []}))
    to = [line for line in explain(evidence, definitions, utc("2026-03-27 12:00"), everything=True) if line.startswith("  to ")]
    assert [line.endswith("; 1 of 2 is there") for line in to] == [True, False]
