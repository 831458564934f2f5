"""The evaluation stage over the real store: deadlines, corrections, restarts, pauses, reloads."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from core.catalog.contract import Contract
from core.catalog.source import Source
from core.pauses import Pause
from slas.clock import Calendars, clocks_of
from slas.due import MISSING
from store.client import Store
from tests.slas.builders import BOOK, calendar, catalog, clock, engine, hear, ms, utc, verdicts, write_transaction


def test_silence_warns_and_breaches_at_the_deadline_and_not_before(store: Store) -> None:
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00"}, facts={"amount": "12000", "currency": "EUR", "customer": "ACME"})
    slas = engine(store, catalog({"book": BOOK}))
    assert slas.run(utc("2026-03-27 14:50:01"))
    assert slas.next_deadline() == utc("2026-03-27 14:59:00")
    assert not slas.run(utc("2026-03-27 14:58:59.999"))
    assert slas.run(utc("2026-03-27 14:59:00"))
    assert slas.next_deadline() == utc("2026-03-27 15:05:00")
    assert not slas.run(utc("2026-03-27 15:04:59.999"))
    assert slas.run(utc("2026-03-27 15:05:00"))
    assert slas.next_deadline() is None
    assert verdicts(store) == ["running", "at_risk", "breached"]
    row = clock(store)
    assert (row["value"], row["currency"], row["customer"], row["cause"]) == (12000.0, "EUR", "ACME", "overdue")


def test_the_reason_can_be_checked_by_a_person(store: Store) -> None:
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00"})
    engine(store, catalog({"book": {**BOOK, "calendar": "plant"}}, [calendar()])).run(utc("2026-03-27 15:06:00"))
    (row,) = store.rows("SELECT reason FROM verdicts FINAL")
    assert row["reason"] == (
        "captured 2026-03-27 15:50 Berlin + 15 minutes = due 2026-03-27 16:05 Berlin; booked not seen by 2026-03-27 16:06 Berlin, 1 minute late"
    )


def test_a_late_event_corrects_the_verdict_by_a_new_version(store: Store) -> None:
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00"})
    slas = engine(store, catalog({"book": BOOK}))
    slas.run(utc("2026-03-27 15:06:00"))
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00", "booked": "2026-03-27 15:01:00"})
    slas.run(utc("2026-03-27 15:10:00"))
    assert verdicts(store) == ["breached", "met"]
    write_transaction(store, "t1", {"captured": "2026-03-27 14:40:00", "booked": "2026-03-27 15:01:00"})
    slas.run(utc("2026-03-27 15:11:00"))
    assert verdicts(store) == ["breached", "met", "met_late"]


def test_a_restart_arms_the_clocks_from_their_rows(store: Store) -> None:
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00"})
    engine(store, catalog({"book": BOOK})).run(utc("2026-03-27 14:51:00"))
    again = engine(store, catalog({"book": BOOK}))
    assert not again.run(utc("2026-03-27 14:52:00"))
    assert again.next_deadline() == utc("2026-03-27 14:59:00")
    assert again.run(utc("2026-03-27 15:05:00"))
    assert verdicts(store) == ["running", "breached"]


def test_running_again_writes_nothing(store: Store) -> None:
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00"})
    engine(store, catalog({"book": BOOK})).run(utc("2026-03-27 15:06:00"))
    before = clock(store)["revision"]
    store.insert("cursors", {"stage": ["evaluate"], "position": [0], "revision": [before + 10**9]})
    assert not engine(store, catalog({"book": BOOK})).run(utc("2026-03-27 15:07:00"))
    assert clock(store)["revision"] == before


def test_a_pause_moves_the_deadline_in_working_time(store: Store) -> None:
    sla = {**BOOK, "within": "4 working hours", "calendar": "plant", "pause": {"from": "blocked", "to": "released"}}
    definitions = catalog({"book": sla}, [calendar()])
    first = {"captured": "2026-03-26 09:00:00", "blocked": "2026-03-26 11:00:00"}  # 10:00 and 12:00 in Berlin
    write_transaction(store, "t1", first)
    slas = engine(store, definitions)
    slas.run(utc("2026-03-26 12:00:00"))
    assert clock(store)["verdict"] == "paused"
    assert slas.next_deadline() is None
    write_transaction(store, "t1", first | {"released": "2026-03-27 09:00:00"})  # 6 working hours later
    slas.run(utc("2026-03-27 09:00:01"))
    row = clock(store)
    assert row["due_at"] == utc("2026-03-27 11:00:00")
    assert row["verdict"] == "running"


@pytest.mark.parametrize(
    ("released", "released_last", "blocked_last", "paused"),
    [
        ("09:59", "10:55", "10:50", [("10:10", "10:55")]),  # blocked again while it was blocked
        ("09:59", "10:20", "10:50", [("10:10", "10:20"), ("10:50", None)]),
        ("09:59", "09:59", "10:50", [("10:10", None)]),
        ("09:59", "10:20", "10:10", [("10:10", "10:20")]),
        ("10:20", "10:55", "10:50", [("10:10", "10:20"), ("10:50", "10:55")]),
        (None, None, "10:50", [("10:10", None)]),
    ],
)
def test_an_end_before_the_clock_started_ends_nothing(
    released: str | None, released_last: str | None, blocked_last: str, paused: list[tuple[str, str | None]]
) -> None:
    def moment(text: str | None) -> int:
        return MISSING if text is None else ms(f"2026-03-27 {text}")

    definitions = catalog({"book": {**BOOK, "within": "60 minutes", "pause": {"from": "blocked", "to": "released"}}})
    first = {"captured": "10:00", "blocked": "10:10", "released": released}
    last = first | {"blocked": blocked_last, "released": released_last}
    row = {"flow": "o2c", "transaction_id": "t1", "reference": "t1", "keys": {}, "reached": {}, "moments": {}, "facts": {}, "state": "open"}
    row |= {"failed_stage": "", "cause": ""}
    row |= {
        name: {milestone: moment(text) for milestone, text in times.items() if text}
        for name, times in {"first_at": first, "last_at": last}.items()
    }

    clocks = clocks_of(pd.DataFrame([row]), definitions, Calendars(definitions))

    assert clocks["paused"][0] == [(moment(begin), moment(end), "") for begin, end in paused]


def test_all_deliveries_must_be_shipped_unless_any_is_enough(store: Store) -> None:
    ship = {**BOOK, "to": "shipped"}
    definitions = catalog({"book": ship, "any": {**ship, "of": "any"}})
    keys = {"delivery": ["d1", "d2"]}
    first = {"captured": "2026-03-27 14:50:00", "shipped": "2026-03-27 14:55:00"}
    write_transaction(store, "t1", first, keys=keys, reached={"shipped": [("d1", "2026-03-27 14:55:00")]})
    slas = engine(store, definitions)
    slas.run(utc("2026-03-27 14:56:00"))
    assert clock(store)["verdict"] == "running"
    assert clock(store, sla="any")["verdict"] == "met"
    both = [("d1", "2026-03-27 14:55:00"), ("d2", "2026-03-27 15:20:00")]
    write_transaction(store, "t1", first, keys=keys, reached={"shipped": both})
    slas.run(utc("2026-03-27 15:21:00"))
    assert clock(store)["verdict"] == "met_late"
    assert clock(store)["stopped_at"] == utc("2026-03-27 15:20:00")


def test_cancelled_merged_and_failed_transactions(store: Store) -> None:
    slas = engine(store, catalog({"book": BOOK}))
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00"})
    write_transaction(store, "t2", {"captured": "2026-03-27 14:50:00"})
    write_transaction(store, "t3", {"captured": "2026-03-27 14:50:00"}, failed_stage="booked", cause="NO_CREDIT")
    slas.run(utc("2026-03-27 14:51:00"))
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00", "cancelled": "2026-03-27 14:52:00"}, state="cancelled")
    write_transaction(store, "t2", {"captured": "2026-03-27 14:50:00"}, state="merged")
    slas.run(utc("2026-03-27 15:06:00"))
    assert clock(store)["verdict"] == "cancelled"
    assert clock(store, "t2")["removed"] == 1
    assert (clock(store, "t3")["verdict"], clock(store, "t3")["cause"]) == ("breached", "NO_CREDIT")


def test_a_promise_that_was_missed_stays_missed_when_the_transaction_is_called_off(store: Store) -> None:
    """Due at 15:05; a pause that had not ended holds until the calling-off, so that what was held then is not late."""
    slas = engine(store, catalog({"book": {**BOOK, "pause": {"from": "blocked", "to": "released"}}}))
    start = {"captured": "2026-03-27 14:50:00"}
    held = {**start, "blocked": "2026-03-27 14:55:00"}
    for identity, times in (("late", start), ("held", held), ("in time", start), ("booked", {**start, "booked": "2026-03-27 15:10:00"})):
        write_transaction(store, identity, times)
        if identity != "in time":
            slas.run(utc("2026-03-27 15:20:00"))
        off = "2026-03-27 15:05:00" if identity == "in time" else "2026-03-27 15:35:00"
        write_transaction(store, identity, {**times, "cancelled": off}, state="cancelled")
    slas.run(utc("2026-03-27 15:40:00"))
    assert [clock(store, name)["verdict"] for name in ("late", "held", "in time", "booked")] == [*["cancelled"] * 3, "met_late"]
    late, held_clock = clock(store, "late"), clock(store, "held")
    assert (late["cause"], late["stopped_at"], late["due_at"]) == ("overdue", utc("2026-03-27 15:35:00"), utc("2026-03-27 15:05:00"))
    assert (held_clock["cause"], held_clock["due_at"]) == ("", utc("2026-03-27 15:45:00"))
    assert clock(store, "in time")["cause"] == ""
    told = {row["transaction_id"]: row["reason"] for row in store.rows("SELECT * FROM verdicts WHERE verdict = 'cancelled'")}
    assert told["late"].endswith("cancelled 2026-03-27 15:35 UTC before booked, 30 minutes late")
    assert told["in time"].endswith("cancelled 2026-03-27 15:05 UTC before booked")


def test_a_missing_fact_makes_the_verdict_unknown_and_is_named(store: Store) -> None:
    definitions = catalog({"book": {**BOOK, "within": None, "due": "promised_at - 2 hours"}})
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00"})
    slas = engine(store, definitions)
    slas.run(utc("2026-03-27 15:00:00"))
    row = clock(store)
    assert (row["verdict"], row["cause"], row["due_at"]) == ("unknown", "fact-missing:promised_at", None)
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00"}, facts={"promised_at": "2026-03-28T12:00:00Z"})
    slas.run(utc("2026-03-27 15:01:00"))
    assert clock(store)["due_at"] == utc("2026-03-28 10:00:00")
    assert verdicts(store) == ["unknown", "running"]


def test_a_contract_chooses_the_target_by_its_dates(store: Store) -> None:
    gold = Contract.model_validate({"contract": "acme", "for": {"customer": "ACME"}, "facts": {"tier": "gold"}, "since": "2026-03-01"})
    sla = {**BOOK, "targets": [{"when": {"customer.tier": "gold"}, "within": "5 minutes"}]}
    slas = engine(store, catalog({"book": sla}, contracts=[gold]))
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00"}, facts={"customer": "ACME"})
    write_transaction(store, "t2", {"captured": "2026-02-27 14:50:00"}, facts={"customer": "ACME"})
    write_transaction(store, "t3", {"captured": "2026-03-27 14:50:00"}, facts={"customer": "Other"})
    slas.run(utc("2026-03-27 14:51:00"))
    limits = [clock(store, name)["due_at"] - clock(store, name)["started_at"] for name in ("t1", "t2", "t3")]
    assert limits == [timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=15)]
    assert clock(store)["contract_version"] == "v1: target 1 acme"


def test_a_silent_source_makes_the_verdict_unknown_until_it_is_heard(store: Store) -> None:
    erp = Source.model_validate({"source": "sap", "system": "ERP", "owner": "x", "expect": {"every": "5 minutes"}})
    slas = engine(store, catalog({"book": BOOK}, sources=[erp]))
    hear(store, "sap", utc("2026-03-27 14:50:00"))
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00"})
    slas.run(utc("2026-03-27 14:51:00"))
    slas.run(utc("2026-03-27 15:06:00"))
    assert (clock(store)["verdict"], clock(store)["cause"]) == ("unknown", "source-silent:sap")
    hear(store, "sap", utc("2026-03-27 15:07:00"))
    deadline = slas.next_deadline()
    assert deadline == utc("2026-03-27 15:06:10"), "it listens"
    assert (slas.next_change() or deadline) >= utc("2026-03-27 15:07:00"), "and while it hears nothing, nothing changes"
    slas.run(max(deadline, utc("2026-03-27 15:07:01")))
    assert clock(store)["verdict"] == "breached"
    assert verdicts(store) == ["running", "unknown", "breached"]


def test_what_was_unknown_while_a_source_was_paused_is_known_after_it_has_caught_up_and_nobody_listens_any_more(store: Store) -> None:
    erp = Source.model_validate({"source": "sap", "system": "ERP", "owner": "x"})
    promised = {"from": "captured", "to": "booked", "due": "promised_at"}
    slas = engine(store, catalog({"book": BOOK, "promised": promised}, sources=[erp]))
    since, until = utc("2026-03-27 14:49:00"), utc("2026-03-27 15:20:00")
    slas.take_pauses({"sap": Pause("Ana", "upgrade", since)})
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00"})  # and nobody says when it is promised
    slas.run(utc("2026-03-27 15:06:00"))
    slas.take_pauses({"sap": Pause("Ana", "upgrade", since, until)})
    found = []
    for _ in range(20):
        now = max(until, slas.next_deadline() or until)
        slas.run(now)
        found.append(clock(store)["verdict"])
        if slas.next_deadline() is None:
            break
    assert (found[0], found[-1], slas.next_deadline()) == ("unknown", "breached", None)
    assert now <= until + timedelta(minutes=2)
    assert verdicts(store, sla="promised") == ["unknown"], "which a source that was paused once must not make anybody ask for"


def test_a_source_that_was_never_heard_is_silent_only_after_its_time_and_a_restart_does_not_begin_anew(store: Store) -> None:
    erp = Source.model_validate({"source": "sap", "system": "ERP", "owner": "x", "expect": {"every": "1 hour"}})
    definitions = catalog({"book": BOOK}, sources=[erp])
    engine(store, definitions).run(utc("2026-03-27 14:45:00"))
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00"})
    engine(store, definitions).run(utc("2026-03-27 15:06:00"))
    assert clock(store)["verdict"] == "breached"

    write_transaction(store, "t2", {"captured": "2026-03-27 15:36:00"})
    engine(store, definitions).run(utc("2026-03-27 15:52:00"))  # due at 15:51, silent since 15:45
    assert (clock(store, "t2")["verdict"], clock(store, "t2")["cause"]) == ("unknown", "source-silent:sap")


def test_the_store_says_which_sources_are_silent_by_their_calendar(store: Store) -> None:
    rhythm = {"every": "1 hour", "calendar": "plant"}
    erp = Source.model_validate({"source": "sap", "system": "ERP", "owner": "x", "expect": rhythm})
    slas = engine(store, catalog({"book": BOOK}, [calendar()], sources=[erp]))

    def silent_since(at: str) -> object:
        slas.run(utc(at))
        return store.rows("SELECT silent_since FROM expected_sources FINAL")[0]["silent_since"]

    assert silent_since("2026-03-27 20:30:00") is None  # Friday, after work: expected by Monday morning
    assert silent_since("2026-03-29 12:00:00") is None
    found = silent_since("2026-03-30 12:00:00")
    assert found is not None
    hear(store, "sap", utc("2026-03-30 12:30:00"))
    assert silent_since("2026-03-30 12:31:00") is None


def test_a_source_expected_anew_counts_from_then(store: Store) -> None:
    erp = Source.model_validate({"source": "sap", "system": "ERP", "owner": "x", "expect": {"every": "1 hour"}})
    slas = engine(store, catalog({"book": BOOK}, sources=[erp]))
    slas.run(utc("2026-03-27 10:00:00"))
    slas.reload(catalog({"book": BOOK}, version="v2"))
    slas.run(utc("2026-03-27 11:00:00"))
    slas.reload(catalog({"book": BOOK}, sources=[erp], version="v3"))
    slas.run(utc("2026-03-27 14:45:00"))
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00"})
    slas.run(utc("2026-03-27 15:06:00"))
    assert clock(store)["verdict"] == "breached"


def test_a_reload_evaluates_open_transactions_of_changed_promises_again(store: Store) -> None:
    slas = engine(store, catalog({"book": BOOK}))
    write_transaction(store, "t1", {"captured": "2026-03-27 14:50:00"})
    slas.run(utc("2026-03-27 14:51:00"))
    slas.reload(catalog({"book": {**BOOK, "within": "1 hour"}, "ship": {**BOOK, "to": "shipped"}}, version="v2"))
    slas.run(utc("2026-03-27 14:52:00"))
    assert clock(store)["due_at"] == utc("2026-03-27 15:50:00")
    assert clock(store, sla="ship")["verdict"] == "running"
    slas.reload(catalog({"book": BOOK}, version="v3"))
    slas.run(utc("2026-03-27 14:53:00"))
    assert clock(store, sla="ship")["removed"] == 1


def test_a_calendar_that_never_works_makes_only_its_own_promise_unknown(store: Store) -> None:
    definitions = catalog(
        {"book": BOOK, "stuck": {**BOOK, "within": "1 working hour", "calendar": ["plant", "night"]}},
        [calendar(), calendar("night", start="20:00", end="23:00")],
    )
    for name in ("t1", "t2"):
        write_transaction(store, name, {"captured": "2026-03-27 14:50:00"})
    slas = engine(store, definitions)
    assert slas.run(utc("2026-03-27 14:51:00"))
    assert (clock(store)["verdict"], clock(store, "t2")["verdict"]) == ("running", "running")
    stuck = clock(store, "t2", "stuck")
    assert (stuck["verdict"], stuck["cause"], stuck["due_at"]) == ("unknown", "calendar:plant and night", None)
    rows = store.rows("SELECT DISTINCT reason FROM verdicts FINAL WHERE sla = 'stuck'")
    assert [row["reason"] for row in rows] == ["no due time: the calendar 'plant and night' has no working time or cut-off for it"]


def test_one_start_without_working_time_leaves_the_others_their_due_time(store: Store) -> None:
    slas = engine(store, catalog({"book": {**BOOK, "within": "4 working hours", "calendar": "plant"}}, [calendar()]))
    write_transaction(store, "t1", {"captured": "2026-03-27 09:00:00"})
    write_transaction(store, "t2", {"captured": "2260-01-01 09:00:00"})
    write_transaction(store, "t3", {"captured": "2026-03-27 10:00:00"})
    slas.run(utc("2026-03-27 14:51:00"))
    assert [clock(store, name)["due_at"] for name in ("t1", "t2", "t3")] == [utc("2026-03-27 13:00:00"), None, utc("2026-03-27 14:00:00")]
