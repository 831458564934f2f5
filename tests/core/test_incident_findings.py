"""Findings in sentences: where transactions stand, whether others still pass, and how much more frequent something is."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from core.catalog.load import load_catalog
from core.incident_findings import (
    Rhythm,
    awaited_next,
    change_in_words,
    compared_facts,
    error_in_words,
    from_opening,
    rhythm_in_words,
    standing_in_words,
    trait_in_words,
    trait_title,
    value_in_words,
)
from tests.alerts.messages import NOW
from tests.dashboard.synthetic import SHIPPED

FLOW = load_catalog(SHIPPED).catalog.flows["order-to-cash"]


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        ([], ""),
        ([("mapped", 1)], "It stands at Mapped"),
        ([("mapped", 2)], "Both stand at Mapped"),
        ([("mapped", 1200)], "All 1,200 stand at Mapped"),
        ([("mapped", 10_000)], "All the latest 10,000 stand at Mapped"),
        ([("mapped", 9_000), ("accepted", 1_000)], "9,000 of the latest 10,000 stand at Mapped, 1,000 at Accepted by the API"),
        ([("mapped", 18), ("accepted", 2)], "18 of 20 stand at Mapped, 2 at Accepted by the API"),
        ([("mapped", 5), ("a-b", 2), ("captured", 1), ("", 1)], "5 of 9 stand at Mapped, 2 at A b, 1 at Captured and elsewhere"),
        ([("mapped", 1), ("accepted", 1)], "1 of 2 stands at Mapped, 1 at Accepted by the API"),
    ],
)
def test_where_they_stand(standing: list[tuple[str, int]], said: str) -> None:
    assert standing_in_words(FLOW, standing) == said


def test_who_got_a_part_of_what_is_wanted_is_awaited_there_and_not_further_on() -> None:
    assert standing_in_words(FLOW, [("delivered", 2), ("shipped", 1)], "delivered") == "2 of 3 stand at Delivered in part, 1 at Shipped"
    assert awaited_next(FLOW, "delivered", "delivered") == "delivered"
    assert awaited_next(FLOW, "invoiced", "delivered") == "delivered", "by another way"
    assert awaited_next(FLOW, "mapped", "delivered") == "dequeued", "where it stopped, which may be long before"


@pytest.mark.parametrize(
    ("stage", "following"), [("mapped", "dequeued"), ("booked", "confirmed"), ("rejected", ""), ("invoiced", ""), ("x", "")]
)
def test_what_comes_next_is_what_every_transaction_passes(stage: str, following: str) -> None:
    assert awaited_next(FLOW, stage) == following


@pytest.mark.parametrize(
    ("minutes", "usual", "said"),
    [
        (46, 60, "Nothing has reached Taken from the queue since 09:14, 46 minutes ago; usually one every minute"),
        (4, 60, "Others still reach Taken from the queue: the last one 4 minutes ago, usually one every minute"),
        (1.5, 0.5, "Others still reach Taken from the queue: the last one 1 minute 30 seconds ago, usually one every 0.5 seconds"),
        (1.5, 0.02, "Others still reach Taken from the queue: the last one 1 minute 30 seconds ago, usually many a second"),
        (600, 3600, "Nothing has reached Taken from the queue since 00:00, 10 hours ago; usually one every hour"),
    ],
)
def test_nothing_moves_if_nothing_comes_for_much_longer_than_usual(minutes: float, usual: float, said: str) -> None:
    rhythm = Rhythm("dequeued", NOW - timedelta(minutes=minutes), usual)
    assert rhythm_in_words(FLOW, rhythm, NOW, lambda moment: f"{moment:%H:%M}") == said


@pytest.mark.parametrize(
    ("trait", "value", "said"),
    [
        ("hour", "3", "03:00 to 04:00 UTC"),
        ("hour", "23", "23:00 to 00:00 UTC"),
        ("plant", "3", "3"),
        ("hour", "of the wolf", "of the wolf"),
    ],
)
def test_an_hour_is_told_from_when_to_when(trait: str, value: str, said: str) -> None:
    assert value_in_words(trait, value, "UTC") == said


@pytest.mark.parametrize(("lift", "said"), [(math.inf, "only here"), (18.2, "18 times as frequent"), (2.25, "2.2 times as frequent")])
def test_how_much_more_frequent_something_is(lift: float, said: str) -> None:
    row = {"affected": 18, "affected_total": 20, "healthy": 12, "healthy_total": 1243, "lift": lift}
    assert trait_in_words(row) == f"18 of 20 affected, 12 of 1,243 others: {said}"


def test_texts_are_compared_and_amounts_times_and_currencies_are_not() -> None:
    assert compared_facts(FLOW) == ("customer", "plant", "carrier")
    assert [trait_title(FLOW, trait) for trait in ("customer", "error", "unknown-fact")] == ["Customer", "Error code", "Unknown fact"]


def test_every_change_has_its_words() -> None:
    assert [change_in_words(kind, "x") for kind in ("version", "catalog", "refused", "silent")] == [
        "new version: x",
        "catalog x came into force",
        "a changed catalog was refused",
        "x fell silent",
    ]


def test_an_error_that_gave_no_reason_ends_without_one() -> None:
    row = {"service": "sap", "what": "book", "said": "refused"}
    assert [error_in_words(row), error_in_words({**row, "said": ""})] == ["sap book: refused", "sap book"]


def test_when_something_was_is_told_from_the_opening() -> None:
    opened = NOW
    assert from_opening(opened - timedelta(minutes=12, seconds=10), opened) == "12 minutes before it opened"
    assert from_opening(opened + timedelta(hours=3, seconds=20), opened) == "3 hours after it opened"
