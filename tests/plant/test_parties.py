"""Customers, suppliers and amounts of the simulated manufacturer."""

from __future__ import annotations

import string
from collections import Counter
from pathlib import Path
from random import Random
from statistics import median

from core.catalog.load import load_catalog
from core.catalog.review import listed
from plant.model import FLOWS
from plant.parties import CAUSES, CUSTOMERS, MESSAGES, SUPPLIERS, amount, pick


def test_a_name_is_picked_as_often_as_it_weighs() -> None:
    chance = Random(7)
    found = Counter(pick(chance, {"often": 9, "seldom": 1, "never": 0}) for _ in range(2000))
    assert 1700 < found["often"] < 1900
    assert found["never"] == 0
    assert found.total() == 2000


def test_amounts_have_their_median_are_to_the_cent_and_at_most_sixty_times_it() -> None:
    chance = Random(7)
    found = [amount(chance, 1000) for _ in range(4000)]
    assert 900 < median(found) < 1100
    assert all(0 < value <= 60_000 and value == round(value, 2) for value in found)


def test_every_cause_has_its_message_and_needs_no_more_than_material_and_plant() -> None:
    assert set(CAUSES) == set(FLOWS)
    assert {cause for causes in CAUSES.values() for cause in causes} == set(MESSAGES)
    for text in MESSAGES.values():
        assert {name for _, name, _, _ in string.Formatter().parse(text) if name} <= {"material", "plant"}


def test_the_parties_of_the_shipped_contracts_do_business_here() -> None:
    contracts = load_catalog(Path(__file__).parents[2] / "catalog").catalog.contracts.values()
    named = {name: {each for contract in contracts for each in listed(contract.for_.get(name))} for name in ("customer", "supplier")}
    assert named["customer"]
    assert named["customer"] <= set(CUSTOMERS)
    assert named["supplier"] <= set(SUPPLIERS)
