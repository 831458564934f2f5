"""Every mistake of a file is told at once: those of form, and those that only the rest of the catalog shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.catalog.broken import edit, problems

FLOW = "flows/order-to-cash.yaml"


def test_mistakes_of_form_do_not_hide_those_of_meaning(folder: Path) -> None:
    edit(folder, FLOW, "within: 15 minutes", "within: 15 business hours")
    edit(folder, FLOW, "    to: booked\n", "    to: bokked\n")
    edit(folder, FLOW, "{from: credit-blocked, to", "{from: credit-block, to")
    edit(folder, FLOW, "free_days: 1, cap: 5%, of: amount", "free_days: none, cap: 5%, of: total")
    assert [problem.partition(FLOW)[2].partition(";")[0] for problem in problems(folder)] == [
        ":59:9: milestone 'bokked' is not defined in flow 'order-to-cash'",
        ":60:13: '15 business hours' is not a duration",
        ":74:19: milestone 'credit-block' is not defined in flow 'order-to-cash'",
        ":75:39: 'free_days' must be a number, not 'none'",
        ":75:58: fact 'total' is not declared under 'facts' of flow 'order-to-cash'",
    ]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("    system: ERP\n    match: {span: BAPI_SALESORDER_CREATEFROMDAT2, service", "    match: {span: BAPI_SALESORDER_CREATEFROMDAT2, service", 21),
        ("    match: {event: wms.delivery.shipped}", "    match: {event: 5}", 33),
        ("  invoice:     {relation: many-to-many}", "  invoice:     {relation: some}", 9),
        ("  amount:      {type: decimal, currency: currency}", "  amount:      {type: number, currency: currency}", 11),
        ("title: Order to cash\n", "", 1),
        ("ends: [invoiced, cancelled]", "ends: []", 53),
    ],
)  # fmt: skip
def test_a_part_that_is_wrong_is_not_reported_as_missing_elsewhere(folder: Path, old: str, new: str, line: int) -> None:
    edit(folder, FLOW, old, new)
    (problem,) = problems(folder)
    assert problem.startswith(f"{FLOW}:{line}:")


def test_milestones_that_all_lack_their_system_do_not_hide_what_else_is_wrong(folder: Path) -> None:
    edit(folder, FLOW, "    to: booked\n", "    to: bokked\n")
    file = folder / FLOW
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.startswith("    system: ")), encoding="utf-8")
    *lacking, wrong = problems(folder)
    assert {problem.rpartition(": ")[2] for problem in lacking} == {"key 'system' is missing; add it"}
    assert "milestone 'bokked' is not defined in flow 'order-to-cash'; did you mean 'booked'?" in wrong


def test_an_unknown_key_beside_a_mistake_of_meaning(folder: Path) -> None:
    edit(folder, FLOW, "    severity: critical\n", "    severty: critical\n    owner: nobody\n")
    unknown, owner = problems(folder)
    assert "unknown key 'severty'; did you mean 'severity'?" in unknown
    assert "owner 'nobody' is not defined in owners.yaml" in owner


def test_a_calendar_whose_shift_is_wrong_still_tells_of_its_zone_and_its_holidays(folder: Path) -> None:
    name = "calendars/plant.yaml"
    edit(folder, name, "Europe/Berlin", "Europe/Berln")
    edit(folder, name, "cut_off:", "cutoff:")
    edit(folder, name, "holidays:", "  - {days: [sat, funday], start: 06:00, end: 14:00}\n  - {days: [sun], start: 06:00}\nholidays:")
    edit(folder, name, "subdivision: BY", "subdivision: BX")
    assert [problem.partition(name)[2].partition(";")[0] for problem in problems(folder)] == [
        ":2:12: time zone 'Europe/Berln' is not known",
        ":5:18: item 2 of 'days' cannot be 'funday'",
        ":6:5: key 'end' is missing",
        ":7:38: no public holidays are known for subdivision 'BX' of DE",
        ":8:1: unknown key 'cutoff'",
    ]
