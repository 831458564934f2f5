"""Which limit applies to which transaction: the first target whose facts and dates fit, with contracts by their dates."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.catalog.contract import Contract
from core.catalog.sla import Sla
from slas.target import Limit, effective, limits_of
from tests.slas.builders import ms

BASE = {"from": "captured", "to": "booked", "within": "1 hour", "warn": "60%"}
PENALTY = {"per_day": "1%", "of": "amount"}


def limits(
    targets: list[dict[str, Any]], *facts: dict[str, str], contracts: tuple[Contract, ...] = (), starts: tuple[str, ...] = ()
) -> list[Limit]:
    """Return the limits of transactions with these facts, begun on 27 March 2026 at noon UTC or at ``starts``."""
    started = np.array([ms(start) for start in starts or ["2026-03-27 12:00"] * len(facts)], np.int64)
    sla = Sla.model_validate({**BASE, "targets": targets})
    return limits_of(sla, contracts, started, lambda name: [each.get(name) for each in facts])


def labels(*arguments: Any, **more: Any) -> list[str]:
    """Return the label of each row's limit, in the order of the rows."""
    found = {int(row): limit.label for limit in limits(*arguments, **more) for row in limit.rows}
    return [found[row] for row in sorted(found)]


def contract(name: str, tier: str, customer: str | list[str] = "ACME", since: date | None = None, until: date | None = None) -> Contract:
    return Contract.model_validate(
        {"contract": name, "for": {"customer": customer}, "facts": {"tier": tier}, "since": since, "until": until}
    )


def test_without_targets_the_slas_own_limit_holds_for_all() -> None:
    (only,) = limits([], {}, {})
    assert (only.label, only.within, only.due, only.warn, only.penalty, only.rows.tolist()) == (
        "standard limit",
        "1 hour",
        None,
        "60%",
        None,
        [0, 1],
    )
    assert limits([]) == []


def test_the_first_target_that_applies_wins() -> None:
    targets = [{"when": {"plant": "DE"}, "within": "1 minute"}, {"when": {"plant": ["DE", "US"]}, "within": "2 minutes"}]
    assert labels(targets, {"plant": "DE"}, {"plant": "US"}, {"plant": "PL"}, {}) == [
        "target 1",
        "target 2",
        "standard limit",
        "standard limit",
    ]


def test_all_facts_of_a_target_must_be_as_it_says() -> None:
    targets = [{"when": {"plant": "DE", "kind": "rush"}, "within": "1 minute"}]
    assert labels(targets, {"plant": "DE", "kind": "rush"}, {"plant": "DE"}, {"kind": "rush"}) == [
        "target 1",
        "standard limit",
        "standard limit",
    ]


@pytest.mark.parametrize(
    ("target", "within", "due", "warn", "of"),
    [
        ({}, "1 hour", None, "60%", None),
        ({"within": "5 minutes"}, "5 minutes", None, "60%", None),
        ({"due": "promised_at"}, None, "promised_at", "60%", None),  # a limit of another kind takes the place of the SLA's
        ({"warn": "10 minutes"}, "1 hour", None, "10 minutes", None),
        ({"penalty": PENALTY}, "1 hour", None, "60%", "amount"),
    ],
)
def test_what_a_target_leaves_out_is_the_slas(
    target: dict[str, Any], within: str | None, due: str | None, warn: str, of: str | None
) -> None:
    (found,) = limits([target], {})
    assert (found.within, found.due, found.warn, found.penalty.of if found.penalty else None) == (within, due, warn, of)


def test_dates_begin_and_end_at_midnight_utc() -> None:
    targets = [{"since": date(2026, 3, 27), "until": date(2026, 3, 28), "within": "1 minute"}]
    starts = ("2026-03-26 23:59:59", "2026-03-27 00:00", "2026-03-27 23:59:59", "2026-03-28 00:00")
    assert labels(targets, {}, {}, {}, {}, starts=starts) == ["standard limit", "target 1", "target 1", "standard limit"]


@given(st.lists(st.integers(-3, 3), min_size=1), st.none() | st.integers(-2, 2), st.none() | st.integers(-2, 2))
@settings(deadline=None)
def test_a_date_holds_from_its_first_day_and_before_its_last(days: list[int], since: int | None, until: int | None) -> None:
    day = date(2026, 3, 27).toordinal()
    first, last = (None if given is None else date.fromordinal(day + given) for given in (since, until))
    found = effective(first, last, np.array([ms("2026-03-27") + offset * 86_400_000 for offset in days], np.int64))
    assert found.tolist() == [(since is None or offset >= since) and (until is None or offset < until) for offset in days]


GOLD = [{"when": {"customer.tier": "gold"}, "within": "1 minute"}]


def test_a_contract_says_what_its_party_is_and_is_named() -> None:
    contracts = (contract("acme", "gold"), contract("others", "gold", ["Beta", "Gamma"]), contract("delta", "silver", "Delta"))
    facts = [{"customer": name} for name in ("ACME", "Beta", "Delta", "Nobody")] + [{}]
    found = limits(GOLD, *facts, contracts=contracts)
    assert [(limit.label, limit.rows.tolist()) for limit in found] == [("target 1 acme others", [0, 1]), ("standard limit", [2, 3, 4])]


def test_of_two_contracts_the_one_that_began_last_holds_while_it_runs() -> None:
    contracts = (contract("new", "gold", since=date(2026, 3, 27), until=date(2026, 3, 29)), contract("old", "silver"))
    starts = ("2026-03-26 12:00", "2026-03-27 00:00", "2026-03-29 00:00")
    assert labels(GOLD, *[{"customer": "ACME"}] * 3, contracts=contracts, starts=starts) == [
        "standard limit",
        "target 1 new",
        "standard limit",
    ]


def test_a_contract_of_another_party_or_without_the_fact_says_nothing() -> None:
    other = Contract.model_validate({"contract": "c", "for": {"supplier": "ACME"}, "facts": {"tier": "gold"}})
    bare = Contract.model_validate({"contract": "d", "for": {"customer": "ACME"}, "facts": {"region": "EU"}})
    assert labels(GOLD, {"customer": "ACME", "supplier": "ACME"}, contracts=(other, bare)) == ["standard limit"]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["DE", "US", "PL", ""]), max_size=12), st.lists(st.sampled_from(["DE", "US", "PL"]), max_size=3))
def test_every_row_has_exactly_one_limit(plants: list[str], wanted: list[str]) -> None:
    facts = [{"plant": plant} if plant else {} for plant in plants]
    found = limits([{"when": {"plant": plant}, "within": "1 minute"} for plant in wanted], *facts)
    assert sorted(int(row) for limit in found for row in limit.rows) == list(range(len(plants)))
    assert all(len(limit.rows) for limit in found)
