"""Checks of where a value is found, and how it is written there."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.catalog.check_reading import finds_several
from core.catalog.reading import Reading
from tests.core.catalog.broken import edit, problems

FLOW = "flows/order-to-cash.yaml"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{sales_order: data.orderId, opp", "{sales_order: {path: []}, opp", "the path is empty; write, for example, 'data.orderId'"),
        (
            "customer: data.customerId",
            "customer: 'data.customers[]'",
            "'[]' finds several values, and this is one; write '[0]' for the first",
        ),
        (
            "{sales_order: data.orderId, opp",
            "{sales_order: {path: ['data.a[]', data.b]}, opp",
            "'[]' finds several values, and this is one",
        ),
        ("customer: data.customerId", "customer: {path: data.x, pattern: 'C-[0-9]+'}", "a pattern has one group in parentheses"),
        (
            "customer: data.customerId",
            "customer: {path: data.x, pattern: '(?=x)(y)'}",
            "invalid perl operator: (?=; RE2 has no look-around: write it without",
        ),
        ("customer: data.customerId", "customer: {path: data.x, pattern: '(x'}", "'(x' is not a valid regular expression"),
        (
            "customer: data.customerId",
            "customer: {path: data.x, format: YYYYMMDD}",
            "is how a time is written, and this is a text; remove it",
        ),
        ("amount: data.total", "amount: {path: data.x, format: YYYYMMDD}", "is how a time is written, and this is a decimal; remove it"),
        (
            "promised_at: data.promisedDate",
            "promised_at: {path: data.x, format: '1.234,56'}",
            "is how a number is written, and this is a time",
        ),
        ("promised_at: data.promisedDate", "promised_at: {path: data.x, format: soon}", "has 'soon', which means nothing"),
        ("promised_at: data.promisedDate", "promised_at: {path: data.x, time_zone: Mars}", "time zone 'Mars' is not known"),
        (
            "customer: data.customerId",
            "customer: {path: data.x, time_zone: UTC}",
            "a time zone is of a time, and this is a text; remove it",
        ),
        ("{sales_order: data.orderId, opp", "{sales_order: {path: data.x, format: '1.234,56'}, opp", "and this is a key; remove it"),
        ("customer: data.customerId", "customer: {paht: data.x}", "unknown key 'paht'; did you mean 'path'?"),
    ],
)
def test_what_is_wrong_with_a_reading_is_told_with_what_to_write(folder: Path, old: str, new: str, said: str) -> None:
    edit(folder, FLOW, old, new)
    found = problems(folder)
    assert any(said in problem for problem in found), found


@pytest.mark.parametrize(
    "new",
    [
        "promised_at: {path: [data.d, data.t], format: 'YYYYMMDD[hhmmss]', time_zone: Europe/Berlin}",
        "promised_at: {path: data.d, time_zone: Europe/Berlin}",
        "promised_at: {path: data.text, pattern: 'by (\\S+)'}",
        "promised_at: 'data.dates[0]'",
    ],
)
def test_a_good_reading_is_no_error(folder: Path, new: str) -> None:
    edit(folder, FLOW, "promised_at: data.promisedDate", new + ", cstomer: data.x")
    assert [problem.partition("fact 'cstomer'")[1] for problem in problems(folder)] == ["fact 'cstomer'"]


def test_a_place_finds_several_where_its_path_names_every_element() -> None:
    several = ["data.items[].x", "data[]", "data.a[0].b[]", "body.x[]", "attributes.orders[]", Reading(path=("data.a", "data.b[]"))]
    one = ["data.items[0].x", "data.items", "arrayMap(x -> x, [])[1]", "concat('[]', data.x)", "database[]", Reading(path="data.a")]
    assert [finds_several(place) for place in several + one] == [True] * len(several) + [False] * len(one)
