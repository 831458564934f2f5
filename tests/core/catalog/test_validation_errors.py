"""Errors of form in words: where it stands, what it is, and what to write instead."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.catalog.flow import Flow
from core.catalog.positions import read_document
from core.catalog.routing import Routes
from core.catalog.source import Source
from core.catalog.validation_errors import COMPARED_MAX, diagnostics_of, known_keys, suggestion
from tests.core.catalog.broken import Broken, problems, told
from tests.waiting import slowness


def said(model: type, text: str) -> list[str]:
    """Return what is wrong with a document of this kind."""
    document = read_document("f", text.encode())
    with pytest.raises(ValidationError) as caught:
        model.model_validate(document.value)
    return [str(each) for each in diagnostics_of(caught.value, document, model)]


BROKEN = [
    Broken(
        "unknown-key",
        "flows/order-to-cash.yaml",
        "    within: 15 minutes",
        "    withn: 15 minutes",
        ["flows/order-to-cash.yaml:60:5: unknown key 'withn'; did you mean 'within'?"],
    ),
    Broken(
        "unknown-key-at-top",
        "flows/order-to-cash.yaml",
        "title: Order to cash",
        "titel: Order to cash",
        [
            "flows/order-to-cash.yaml:1:1: key 'title' is missing; add it",
            "flows/order-to-cash.yaml:2:1: unknown key 'titel'; did you mean 'title'?",
        ],
    ),
    Broken(
        "unknown-key-in-match",
        "flows/order-to-cash.yaml",
        "{event: crm.order.captured}",
        "{evnt: crm.order.captured}",
        ["flows/order-to-cash.yaml:18:13: unknown key 'evnt'; did you mean 'event'?"],
    ),
    Broken(
        "unknown-key-far-off",
        "calendars/plant.yaml",
        "cut_off: 16:00",
        "colour: blue",
        ["calendars/plant.yaml:6:1: unknown key 'colour'; known: calendar, cut_off, holidays, shifts, time_zone, title, worked"],
    ),
    Broken(
        "missing-key",
        "flows/order-to-cash.yaml",
        "owner: order-management\n",
        "",
        ["flows/order-to-cash.yaml:1:1: key 'owner' is missing; add it"],
    ),
    Broken(
        "missing-key-in-sla",
        "flows/order-to-cash.yaml",
        "    from: captured\n    to: booked\n",
        "    from: captured\n",
        ["flows/order-to-cash.yaml:56:3: key 'to' is missing; add it"],
    ),
    Broken(
        "missing-milestone-system",
        "flows/order-to-cash.yaml",
        "  booked:\n    system: ERP\n",
        "  booked:\n",
        ["flows/order-to-cash.yaml:21:3: key 'system' is missing; add it"],
    ),
    Broken(
        "text-wanted",
        "contracts/acme-2026.yaml",
        "{customer: ACME}",
        "{customer: 4711}",
        ["contracts/acme-2026.yaml:2:17: 'customer' must be text or a list ([a, b]); put it in quotes: \"4711\""],
    ),
    Broken(
        "boolean-text-wanted",
        "flows/order-to-cash.yaml",
        "title: Order to cash",
        "title: true",
        ["flows/order-to-cash.yaml:2:8: 'title' must be text; put it in quotes: \"true\""],
    ),
    Broken(
        "mapping-wanted",
        "flows/order-to-cash.yaml",
        "    match: {event: crm.order.captured}",
        "    match: crm.order.captured",
        ["flows/order-to-cash.yaml:18:12: 'match' must be a mapping (key: value), not 'crm.order.captured'"],
    ),
    Broken(
        "list-wanted",
        "flows/order-to-cash.yaml",
        "ends: [invoiced, cancelled]",
        "ends: invoiced",
        ["flows/order-to-cash.yaml:53:7: 'ends' must be a list ([a, b]), not 'invoiced'"],
    ),
    Broken(
        "empty-list",
        "flows/order-to-cash.yaml",
        "ends: [invoiced, cancelled]",
        "ends: []",
        ["flows/order-to-cash.yaml:53:7: 'ends' is empty; write at least one"],
    ),
    Broken(
        "empty-value",
        "flows/order-to-cash.yaml",
        "title: Order to cash",
        "title:",
        ["flows/order-to-cash.yaml:2:7: 'title' is empty; write text"],
    ),
    Broken(
        "bad-choice",
        "flows/order-to-cash.yaml",
        "severity: critical",
        "severity: critcal",
        ["flows/order-to-cash.yaml:62:15: 'severity' cannot be 'critcal'; did you mean 'critical'?"],
    ),
    Broken(
        "bad-lane",
        "flows/order-to-cash.yaml",
        "lane: critical",
        "lane: urgent",
        ["flows/order-to-cash.yaml:3:7: 'lane' cannot be 'urgent'; known: bulk, critical, standard"],
    ),
    Broken(
        "bad-status",
        "flows/order-to-cash.yaml",
        "status: error",
        "status: failed",
        ["flows/order-to-cash.yaml:27:59: 'status' cannot be 'failed'; known: error, ok, unset"],
    ),
    Broken(
        "bad-id",
        "flows/order-to-cash.yaml",
        "flow: order-to-cash",
        "flow: Order To Cash",
        [
            "flows/order-to-cash.yaml:1:7: 'Order To Cash' is not an id; use lower-case words joined by '-', '_' or '.', such as 'order-to-cash'"
        ],
    ),
    Broken(
        "bad-duration",
        "flows/order-to-cash.yaml",
        "within: 15 minutes",
        "within: 15 mins",
        [
            "flows/order-to-cash.yaml:60:13: '15 mins' is not a duration; write, for example, '15 minutes' or '16 working hours' (a working day has no fixed length)"
        ],
    ),
    Broken(
        "working-day",
        "flows/order-to-cash.yaml",
        "within: 15 minutes",
        "within: 2 working days",
        [
            "flows/order-to-cash.yaml:60:13: '2 working days' is not a duration; write, for example, '15 minutes' or '16 working hours' (a working day has no fixed length)"
        ],
    ),
    Broken(
        "bad-percentage",
        "flows/order-to-cash.yaml",
        "per_day: 1%",
        "per_day: 1",
        ["flows/order-to-cash.yaml:75:24: 'per_day' must be text; put it in quotes: \"1\""],
    ),
    Broken(
        "bad-date",
        "contracts/acme-2026.yaml",
        "since: 2026-01-01",
        "since: 2026-02-30",
        ["contracts/acme-2026.yaml:4:8: 'since' must be a date (2026-01-31), not '2026-02-30'"],
    ),
    Broken(
        "time-of-day-without-its-zero",
        "calendars/plant.yaml",
        "start: 06:00",
        "start: 8:00",
        ["calendars/plant.yaml:4:46: '8:00' is not a time of day; write it as \"08:00\", in quotes"],
    ),
    Broken(
        "time-of-day-in-minutes",
        "calendars/plant.yaml",
        "start: 06:00",
        "start: 480",
        ["calendars/plant.yaml:4:46: '480' is not a time of day; write it as \"08:00\", in quotes"],
    ),
    Broken(
        "time-of-day-in-hours",
        "calendars/plant.yaml",
        "start: 06:00",
        "start: 8",
        ["calendars/plant.yaml:4:46: '8' is not a time of day; write it as \"08:00\", in quotes"],
    ),
    Broken(
        "bad-time-of-day",
        "calendars/plant.yaml",
        "start: 06:00",
        "start: 24:30",
        ["calendars/plant.yaml:4:46: '24:30' is not a time of day; write hours and minutes in quotes, such as \"08:00\" (at most 24:00)"],
    ),
    Broken(
        "bad-weekday",
        "calendars/plant.yaml",
        "[mon, tue, wed, thu, fri]",
        "[mon, tue, wed, thu, friday]",
        ["calendars/plant.yaml:4:33: item 5 of 'days' cannot be 'friday'; did you mean 'fri'?"],
    ),
    Broken(
        "no-shifts",
        "calendars/plant.yaml",
        "shifts:\n  - {days: [mon, tue, wed, thu, fri], start: 06:00, end: 22:00}\n",
        "shifts: []\n",
        ["calendars/plant.yaml:3:9: 'shifts' is empty; write at least one"],
    ),
    Broken(
        "calendar-is-number",
        "flows/order-to-cash.yaml",
        "calendar: [plant, carrier] ",
        "calendar: 7 ",
        ["flows/order-to-cash.yaml:69:15: 'calendar' must be text or a list ([a, b]); put it in quotes: \"7\""],
    ),
    Broken(
        "calendar-list-has-number",
        "flows/order-to-cash.yaml",
        "calendar: [plant, carrier]",
        "calendar: [plant, 7]",
        ["flows/order-to-cash.yaml:69:23: item 2 of 'calendar' must be text; put it in quotes: \"7\""],
    ),
    Broken(
        "bad-fact-type",
        "flows/order-to-cash.yaml",
        "promised_at: {type: time}",
        "promised_at: {type: datetime}",
        ["flows/order-to-cash.yaml:14:23: 'type' cannot be 'datetime'; did you mean 'time'?"],
    ),
    Broken(
        "bad-optional",
        "flows/order-to-cash.yaml",
        "    optional: true\n  credit-released",
        "    optional: maybe\n  credit-released",
        ["flows/order-to-cash.yaml:47:15: 'optional' must be true or false, not 'maybe'"],
    ),
    Broken(
        "free-days-below-none",
        "flows/order-to-cash.yaml",
        "free_days: 1,",
        "free_days: -1,",
        ["flows/order-to-cash.yaml:75:39: 'free_days': input should be greater than or equal to 0"],
    ),
    Broken(
        "warn-without-a-unit",
        "flows/order-to-cash.yaml",
        "warn: 60%",
        "warn: 60",
        ["flows/order-to-cash.yaml:61:11: 'warn' needs a unit; write '60%' or a duration such as '2 hours'"],
    ),
    Broken(
        "within-without-a-unit",
        "flows/order-to-cash.yaml",
        "within: 15 minutes",
        "within: 15",
        ["flows/order-to-cash.yaml:60:13: 'within' needs a unit; write '15 minutes' or '15 working hours'"],
    ),
    Broken(
        "business-hours",
        "flows/order-to-cash.yaml",
        "within: 15 minutes",
        "within: 4 business hours",
        ["flows/order-to-cash.yaml:60:13: '4 business hours' is not a duration; did you mean '4 working hours'?"],
    ),
    Broken(
        "no-webhook-secret",
        "sources/crm.yaml",
        "[env:CRM_WEBHOOK_SECRET]",
        "[]",
        ["sources/crm.yaml:6:38: 'secrets' is empty; write at least one"],
    ),
    Broken(
        "front-matter-unknown-key",
        "runbooks/order-not-booked.md",
        "causes:",
        "cause:",
        ["runbooks/order-not-booked.md:4:1: unknown key 'cause'; did you mean 'causes'?"],
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_what_is_wrong_is_told_where_it_is_and_with_what_to_write(folder: Path, broken: Broken) -> None:
    assert told(folder, broken) == broken.expected


def test_many_unknown_keys_are_told_soon_and_in_part(folder: Path):
    with (folder / "owners.yaml").open("a", encoding="utf-8") as file:
        file.writelines(f"key{number}: x\n" for number in range(4000))

    began = time.monotonic()
    found = problems(folder)

    assert time.monotonic() - began < 3 * slowness()
    assert len(found) == 51
    assert found[-1].endswith(": 3,950 more errors in this file are not shown; correct those above first")


@pytest.mark.parametrize(
    ("word", "known", "text"),
    [
        ("bokked", ["booked", "captured"], "; did you mean 'booked'?"),
        ("xyz", ["b", "a", "a"], "; known: a, b"),
        ("xyz", [], "; none is defined"),
        ("q", [f"name-{number:02}" for number in range(13)], "; known: " + ", ".join(f"name-{number:02}" for number in range(12)) + ", …"),
    ],
)
def test_the_word_that_was_meant_or_what_there_is(word: str, known: list[str], text: str) -> None:
    assert suggestion(word, known) == text


def test_a_word_is_not_looked_for_among_too_many() -> None:
    many = [f"name-{number}" for number in range(COMPARED_MAX)]
    assert suggestion("nam-7", many) == "; did you mean 'name-7'?"
    assert suggestion("nam-7", [*many, "one-more"]).startswith("; known: name-0, ")


@pytest.mark.parametrize(
    ("model", "path", "keys"),
    [
        (Flow, ("slas", "any"), {"from", "to", "within", "due"}),
        (Flow, ("slas", "any", "pause"), {"from", "to", "reason"}),
        (Flow, ("slas", "any", "pause", 0), {"from", "to", "reason"}),
        (Flow, ("slas", "any", "targets", 3, "penalty"), {"per_day", "of"}),
        (Flow, ("milestones", "any", "match"), {"event", "span", "log"}),
        (Routes, ("routes", 0), {"continue", "when"}),
        (Source, ("webhook",), {"scheme", "secrets"}),
        (Source, (), {"source", "owner"}),
    ],
)
def test_the_keys_of_a_place_are_named_as_they_are_written(model: type[Flow], path: tuple[str | int, ...], keys: set[str]) -> None:
    found = known_keys(model, path)
    assert keys <= set(found)
    assert not [key for key in found if key.endswith("_")]


@pytest.mark.parametrize("path", [("title",), ("slas", "any", "from"), ("unknown", "any"), ("slas", 7)])
def test_a_place_that_has_no_keys_has_none(path: tuple[str | int, ...]) -> None:
    assert known_keys(Flow, path) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("source: erp\nowner: 7\n", ["f:2:8: 'owner' must be text; put it in quotes: \"7\""]),
        ("source: erp\nowner: yes\ntokens: env:A\n", ["f:3:9: 'tokens' must be a list ([a, b]), not 'env:A'"]),
        ("source: erp\nowner:\n", ["f:2:7: 'owner' is empty; write text"]),
        ("source: erp\n", ["f:1:1: key 'owner' is missing; add it"]),
        (
            "source: erp\nowner: a\nlane: critcal\nexpect: {every: 5}\n",
            ["f:3:7: 'lane' cannot be 'critcal'; did you mean 'critical'?", "f:4:17: 'every' needs a unit; write '5 minutes' or '5 hours'"],
        ),
        ("source: erp\nowner: a\ntokens: [env:A, 7]\n", ["f:3:17: item 2 of 'tokens' must be text; put it in quotes: \"7\""]),
        (
            "source: erp\nowner: a\nservces: [x]\n",
            ["f:3:1: unknown key 'servces'; did you mean 'services'?"],
        ),
    ],
)
def test_every_place_that_is_wrong_is_told_once_with_what_to_write(text: str, expected: list[str]) -> None:
    assert said(Source, text) == expected
