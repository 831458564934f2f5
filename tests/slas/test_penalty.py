"""What lateness costs, against cases reckoned by hand; and which contract's terms are owed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.catalog.contract import Contract
from slas.clock import Calendars, clocks_of
from slas.due import MISSING
from slas.evaluate import evaluate
from store.client import Store
from tests.slas.builders import BOOK, at, catalog, clock, engine, ms, utc, verdicts, write_transaction

DUE = "2026-03-27 15:00:00"
TERMS = {"per_day": "1%", "free_days": 1, "cap": "5%", "of": "amount"}


def evaluated(sla: dict[str, Any], late: timedelta, *, stopped: str = "", facts: dict[str, str] | None = None) -> dict[str, Any]:
    """Return the clock of an order of 1,200 EUR that was due at ``DUE``, so much later; or that ``stopped`` (a milestone) so much later."""
    definitions = catalog({"book": {**BOOK, "within": "1 hour", **sla}})
    row = {
        "flow": "o2c", "transaction_id": "t1", "reference": "t1", "keys": {}, "state": "open", "reached": {}, "failed_stage": "", "cause": "",
        "first_at": {"captured": ms("2026-03-27 14:00:00")}, "facts": {"amount": "1200", "currency": "EUR", **(facts or {})},
    }  # fmt: skip
    now = ms(DUE) + round(late.total_seconds() * 1000)
    if stopped:
        row["first_at"][stopped] = now
    rows = pd.DataFrame([{**row, "last_at": row["first_at"]}])
    found = evaluate(clocks_of(rows, definitions, Calendars(definitions)), now + (86_400_000 * 30 if stopped else 0), lambda *_: None)
    return found.iloc[0].to_dict()


@pytest.mark.parametrize(
    ("terms", "late", "owed"),
    [
        # a day costs 12 EUR
        pytest.param({"free_days": 0, "cap": None}, timedelta(0), 12.0, id="the first day begins when it is due"),
        pytest.param({"free_days": 0, "cap": None}, timedelta(hours=23, minutes=59, seconds=59), 12.0, id="to its end"),
        pytest.param({"free_days": 0, "cap": None}, timedelta(days=1), 24.0, id="the second day"),
        pytest.param({"free_days": 0, "cap": None}, timedelta(days=40), 492.0, id="without a cap it goes on"),
        pytest.param({}, timedelta(hours=23), 0.0, id="the free day"),
        pytest.param({}, timedelta(days=1), 12.0, id="the first that is not free"),
        pytest.param({}, timedelta(days=4, hours=1), 48.0, id="four of five days"),
        pytest.param({}, timedelta(days=5), 60.0, id="the cap of 5 % is reached"),
        pytest.param({}, timedelta(days=400), 60.0, id="and stays"),
        pytest.param({"free_days": 1.5}, timedelta(days=1), 6.0, id="half a day is free"),
        pytest.param({"per_day": "0.5%", "free_days": 3, "cap": "1.25%"}, timedelta(days=3), 6.0, id="half a per cent after three days"),
        pytest.param({"per_day": "0.5%", "free_days": 3, "cap": "1.25%"}, timedelta(days=5), 15.0, id="a cap between two days"),
        pytest.param({"per_day": "0%"}, timedelta(days=9), 0.0, id="nothing a day"),
        pytest.param({"of": "freight", "free_days": 0}, timedelta(days=1), 0.6, id="of another amount"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("stopped", "verdict"), [("", "breached"), ("booked", "met_late"), ("cancelled", "cancelled")], ids=["open", "reached", "called off"]
)
def test_lateness_costs_what_the_terms_say(terms: dict[str, Any], late: timedelta, owed: float, stopped: str, verdict: str):
    late = late or timedelta(milliseconds=1)  # reached exactly when it is due is in time
    sla = {"penalty": {**TERMS, **terms}}

    found = evaluated(sla, late, stopped=stopped, facts={"freight": "30"})

    assert found["verdict"] == verdict
    assert found["penalty"] == pytest.approx(owed)
    assert found["currency"] == "EUR"


@pytest.mark.parametrize(
    ("sla", "late", "stopped", "facts"),
    [
        pytest.param({"penalty": TERMS}, timedelta(seconds=-1), "", {}, id="not late yet"),
        pytest.param({"penalty": TERMS}, timedelta(0), "booked", {}, id="in time"),
        pytest.param({"penalty": TERMS}, timedelta(0), "cancelled", {}, id="called off in time"),
        pytest.param({}, timedelta(days=9), "", {}, id="without terms"),
        pytest.param({"penalty": TERMS}, timedelta(days=9), "", {"amount": "much"}, id="of no number"),
        pytest.param({"penalty": TERMS}, timedelta(days=9), "", {"amount": "-1200"}, id="of a credit note"),
        pytest.param({"penalty": TERMS}, timedelta(days=9), "", {"amount": "NaN"}, id="of NaN"),
    ],
)  # fmt: skip
def test_nothing_is_owed(sla: dict[str, Any], late: timedelta, stopped: str, facts: dict[str, str]):
    found = evaluated(sla, late, stopped=stopped, facts=facts)

    assert (found["penalty"], found["next_at"] > ms(DUE)) == (0.0, False)


@pytest.mark.parametrize(
    ("terms", "late", "days"),
    [
        ({"free_days": 0}, timedelta(hours=5), 1),
        ({}, timedelta(hours=5), 1),
        ({"free_days": 3}, timedelta(hours=5), 3),
        ({"free_days": 2.5}, timedelta(hours=5), 2),
        ({}, timedelta(days=4), 5),
        ({}, timedelta(days=5), None),
        ({"cap": None}, timedelta(days=50), 51),
    ],
)
def test_a_clock_wakes_when_its_penalty_grows_and_sleeps_when_it_cannot(terms: dict[str, Any], late: timedelta, days: int | None):
    wakes = evaluated({"penalty": {**TERMS, **terms}}, late)["next_at"]

    assert wakes == (MISSING if days is None else ms(DUE) + days * 86_400_000)
    if days is not None:
        before, after = (
            evaluated({"penalty": {**TERMS, **terms}}, timedelta(milliseconds=int(wakes) - ms(DUE) - less))["penalty"] for less in (1, 0)
        )
        assert before < after


def test_without_an_impact_the_penalty_names_the_currency():
    assert evaluated({"impact": None, "penalty": TERMS}, timedelta(days=2))["currency"] == "EUR"
    assert evaluated({"impact": None}, timedelta(days=2))["currency"] == ""


def test_the_penalty_of_an_open_clock_grows_day_by_day_without_a_new_verdict(store: Store):
    slas = engine(store, catalog({"book": {**BOOK, "penalty": TERMS}}))
    write_transaction(store, "t1", {"captured": "2026-03-27 14:45:00"}, facts={"amount": "1200", "currency": "EUR"})
    slas.run(utc("2026-03-27 14:46:00"))
    seen = []
    while (deadline := slas.next_deadline()) is not None and len(seen) < 20:
        slas.run(deadline)
        seen.append((deadline, clock(store)["verdict"], clock(store)["penalty"]))

    days = [utc(f"2026-03-{day} 15:00:00") for day in (27, 28, 29, 30, 31)] + [utc("2026-04-01 15:00:00")]
    assert seen[0] == (utc("2026-03-27 14:54:00"), "at_risk", 0.0)
    assert seen[1:] == [(day, "breached", owed) for day, owed in zip(days, (0.0, 12.0, 24.0, 36.0, 48.0, 60.0), strict=True)]
    assert verdicts(store) == ["running", "at_risk", "breached"]


def test_a_target_brings_its_own_terms_and_the_label_says_which(store: Store):
    gold = {"per_day": "2%", "of": "amount"}
    targets = [
        {"when": {"customer.tier": "gold"}, "since": "2026-03-01", "penalty": gold},
        {"when": {"customer": "Initech"}, "within": "30 minutes"},
    ]
    contract = Contract.model_validate(
        {"contract": "acme-2026", "for": {"customer": "ACME"}, "facts": {"tier": "gold"}, "since": date(2026, 1, 1)}
    )
    definitions = catalog({"book": {**BOOK, "penalty": TERMS, "targets": targets}}, contracts=[contract])
    for number, (customer, start) in enumerate(
        [("ACME", "2026-03-27"), ("ACME", "2026-02-27"), ("Initech", "2026-03-27"), ("Other", "2026-03-27")]
    ):
        facts = {"amount": "1200", "currency": "EUR", "customer": customer}
        write_transaction(store, f"t{number}", {"captured": f"{start} 14:45:00", "booked": "2026-03-29 16:00:00"}, facts=facts)
    engine(store, definitions).run(utc("2026-03-30 00:00:00"))

    found = {
        name: (clock(store, name)["contract_version"], clock(store, name)["penalty"], clock(store, name)["due_at"])
        for name in ("t0", "t1", "t2", "t3")
    }
    quarter, half = at(ms("2026-03-27 15:00:00")), at(ms("2026-03-27 15:15:00"))
    assert found == {
        "t0": ("v1: target 1 acme-2026", 72.0, quarter),  # three days begun at 24 EUR, none free, no cap
        "t1": ("v1: standard limit", 60.0, at(ms("2026-02-27 15:00:00"))),  # began before the target does: the cap of the SLA's own terms
        "t2": ("v1: target 2", 24.0, half),  # a target without terms of its own leaves the SLA's
        "t3": ("v1: standard limit", 24.0, quarter),
    }  # fmt: skip


def test_changed_terms_change_the_catalog_and_what_is_owed(store: Store):
    write_transaction(store, "t1", {"captured": "2026-03-27 14:45:00"}, facts={"amount": "1200", "currency": "EUR"})
    slas = engine(store, catalog({"book": {**BOOK, "targets": [{"penalty": TERMS}]}}))
    slas.run(utc("2026-03-29 15:00:00"))
    assert clock(store)["penalty"] == 24.0
    slas.reload(catalog({"book": {**BOOK, "targets": [{"penalty": {**TERMS, "per_day": "3%"}}]}}, version="v2"))
    slas.run(utc("2026-03-29 15:00:00"))

    assert (clock(store)["penalty"], clock(store)["contract_version"]) == (60.0, "v2: target 1")


def test_penalties_are_reckoned_by_columns_as_one_by_one():
    """Rows of different targets side by side owe what each owes alone."""
    definitions = catalog(
        {
            "book": {
                **BOOK,
                "within": "1 hour",
                "penalty": TERMS,
                "targets": [{"when": {"customer": "ACME"}, "penalty": {"per_day": "3%", "of": "amount"}}],
            }
        }
    )
    rows = pd.DataFrame(
        {
            "flow": "o2c", "transaction_id": [f"t{n}" for n in range(6)], "reference": "", "keys": [{}] * 6, "state": "open", "reached": [{}] * 6,
            "failed_stage": "", "cause": "", "first_at": [{"captured": ms("2026-03-27 14:00:00")}] * 6, "last_at": [{}] * 6,
            "facts": [{"amount": str(100 * n), "currency": "EUR", "customer": ["ACME", "Other"][n % 2]} for n in range(6)],
        }
    )  # fmt: skip
    found = evaluate(clocks_of(rows, definitions, Calendars(definitions)), ms("2026-03-29 15:00:00"), lambda *_: None).set_index(
        "transaction_id"
    )

    assert np.allclose(found["penalty"].loc[[f"t{n}" for n in range(6)]], [0.0, 2.0, 18.0, 6.0, 36.0, 10.0])
