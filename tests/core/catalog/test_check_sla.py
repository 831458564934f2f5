"""Cross-checks of an SLA: milestones, limits, calendars, money and targets."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.catalog.load import load_catalog
from core.catalog.sla import Penalty
from slas.due import check_due
from tests.core.catalog.broken import Broken, edit, problems, told

BROKEN = [
    Broken(
        "all-of-what-nobody-knows",
        "flows/order-to-cash.yaml",
        "    to: booked\n",
        "    to: invoiced\n    of: all\n",
        [
            (
                "flows/order-to-cash.yaml:60:5: 'of: all' cannot wait for every 'invoice': its relation is many-to-many,"
                " so no transaction knows all of them; remove 'of'"
            ),
        ],
    ),
    Broken(
        "unknown-milestone-to",
        "flows/order-to-cash.yaml",
        "    to: booked",
        "    to: bokked",
        ["flows/order-to-cash.yaml:59:9: milestone 'bokked' is not defined in flow 'order-to-cash'; did you mean 'booked'?"],
    ),
    Broken(
        "unknown-milestone-from",
        "flows/order-to-cash.yaml",
        "    from: captured\n    to: booked",
        "    from: captued\n    to: booked",
        ["flows/order-to-cash.yaml:58:11: milestone 'captued' is not defined in flow 'order-to-cash'; did you mean 'captured'?"],
    ),
    Broken(
        "unknown-milestone-pause",
        "flows/order-to-cash.yaml",
        "{from: credit-blocked, to",
        "{from: credit-block, to",
        ["flows/order-to-cash.yaml:74:19: milestone 'credit-block' is not defined in flow 'order-to-cash'; did you mean 'credit-blocked'?"],
    ),
    Broken(
        "unknown-impact",
        "flows/order-to-cash.yaml",
        "{value: amount}",
        "{value: amout}",
        ["flows/order-to-cash.yaml:64:21: fact 'amout' is not declared under 'facts' of flow 'order-to-cash'; did you mean 'amount'?"],
    ),
    Broken(
        "impact-is-text",
        "flows/order-to-cash.yaml",
        "{value: amount}",
        "{value: customer}",
        ["flows/order-to-cash.yaml:64:21: fact 'customer' is a text, not an amount; declare it with 'type: decimal'"],
    ),
    Broken(
        "unknown-penalty-fact-of-a-target",
        "flows/order-to-cash.yaml",
        "        since: 2026-01-01\n",
        "        since: 2026-01-01\n        penalty: {per_day: 1%, of: amont}\n",
        ["flows/order-to-cash.yaml:73:36: fact 'amont' is not declared under 'facts' of flow 'order-to-cash'; did you mean 'amount'?"],
    ),
    Broken(
        "unknown-penalty-fact",
        "flows/order-to-cash.yaml",
        "of: amount}",
        "of: total}",
        [
            "flows/order-to-cash.yaml:75:55: fact 'total' is not declared under 'facts' of flow 'order-to-cash'; known: amount, currency, customer, plant, promised_at"
        ],
    ),
    Broken(
        "unknown-calendar",
        "flows/order-to-cash.yaml",
        "calendar: [plant, carrier]",
        "calendar: [plant, carier]",
        ["flows/order-to-cash.yaml:69:23: calendar 'carier' is not defined in calendars/; did you mean 'carrier'?"],
    ),
    Broken(
        "unknown-runbook",
        "flows/order-to-cash.yaml",
        "runbook: order-not-booked",
        "runbook: order-not-boked",
        ["flows/order-to-cash.yaml:63:14: runbook 'order-not-boked' is not defined in runbooks/; did you mean 'order-not-booked'?"],
    ),
    Broken(
        "no-runbooks",
        "runbooks/order-not-booked.md",
        None,
        None,
        ["flows/order-to-cash.yaml:63:14: runbook 'order-not-booked' is not defined in runbooks/; none is defined"],
    ),
    Broken(
        "unknown-contract-fact",
        "flows/order-to-cash.yaml",
        "{customer.tier: gold}",
        "{customer.teir: gold}",
        ["flows/order-to-cash.yaml:71:31: no contract gives 'teir' for a customer; did you mean 'tier'?"],
    ),
    Broken(
        "unknown-target-fact",
        "flows/order-to-cash.yaml",
        "{customer.tier: gold}",
        "{costumer: gold}",
        ["flows/order-to-cash.yaml:71:26: fact 'costumer' is not declared under 'facts' of flow 'order-to-cash'; did you mean 'customer'?"],
    ),
    Broken(
        "sla-in-a-circle",
        "flows/order-to-cash.yaml",
        "    to: booked",
        "    to: captured",
        ["flows/order-to-cash.yaml:59:9: the SLA 'book-in-time' starts and ends with 'captured'; name the milestone it waits for"],
    ),
    Broken(
        "pause-in-a-circle",
        "flows/order-to-cash.yaml",
        "to: credit-released, reason",
        "to: credit-blocked, reason",
        ["flows/order-to-cash.yaml:74:39: the pause starts and ends with 'credit-blocked'; name the milestone that restarts the clock"],
    ),
    Broken(
        "within-and-due",
        "flows/order-to-cash.yaml",
        "    within: 15 minutes",
        "    within: 15 minutes\n    due: promised_at",
        ["flows/order-to-cash.yaml:61:5: the SLA 'book-in-time' has both 'within' and 'due'; keep one"],
    ),
    Broken(
        "neither-within-nor-due",
        "flows/order-to-cash.yaml",
        "    within: 15 minutes\n",
        "",
        ["flows/order-to-cash.yaml:56:3: the SLA 'book-in-time' has no limit; add 'within: 15 minutes' or 'due: promised_at'"],
    ),
    Broken(
        "working-without-calendar",
        "flows/order-to-cash.yaml",
        "within: 15 minutes",
        "within: 15 working minutes",
        [
            "flows/order-to-cash.yaml:60:13: '15 working minutes' counts working time, but the SLA has no calendar; add 'calendar:' or remove 'working'"
        ],
    ),
    Broken(
        "bad-warn",
        "flows/order-to-cash.yaml",
        "warn: 60%",
        "warn: soon",
        [
            "flows/order-to-cash.yaml:61:11: 'soon' is neither a percentage nor a time before the due time; write, for example, '60%' or '10 minutes'"
        ],
    ),
    Broken(
        "warn-after-the-due-time",
        "flows/order-to-cash.yaml",
        "warn: 60%",
        "warn: 160%",
        ["flows/order-to-cash.yaml:61:11: '160%' of the time is after the due time; write a share of at most 100%, for example '60%'"],
    ),
    Broken(
        "quoted-warn-without-a-unit",
        "flows/order-to-cash.yaml",
        "warn: 60%",
        "warn: '60'",
        [
            "flows/order-to-cash.yaml:61:11: '60' is neither a percentage nor a time before the due time; write '60%' or a duration such as '2 hours'"
        ],
    ),
    Broken(
        "bad-due",
        "flows/order-to-cash.yaml",
        "due: min(promised_at - 8 working hours, next cut-off 16:00)",
        "due: min(promised_at - 8 working hours",
        ["flows/order-to-cash.yaml:68:43: expected ')'"],
    ),
    Broken(
        "unknown-due-fact",
        "flows/order-to-cash.yaml",
        "due: min(promised_at - 8 working",
        "due: min(promisd_at - 8 working",
        [
            "flows/order-to-cash.yaml:68:14: 'promisd_at' is not a fact of type time in this flow (known: promised_at); you can also write 'start' or 'next cut-off HH:MM'"
        ],
    ),
    Broken(
        "cut-off-without-calendar",
        "flows/order-to-cash.yaml",
        "    within: 15 minutes",
        "    due: next cut-off",
        [
            "flows/order-to-cash.yaml:60:10: 'next cut-off' needs a calendar that has a cut-off; add 'calendar:' or write 'next cut-off 16:00'"
        ],
    ),
    Broken(
        "empty-target",
        "flows/order-to-cash.yaml",
        "        due: min(promised_at - 16 working hours, next cut-off 14:00)\n",
        "",
        ["flows/order-to-cash.yaml:71:9: the target changes nothing; add 'within', 'due', 'warn' or 'penalty'"],
    ),
    Broken(
        "target-with-both",
        "flows/order-to-cash.yaml",
        "        due: min(promised_at - 16",
        "        within: 1 hour\n        due: min(promised_at - 16",
        ["flows/order-to-cash.yaml:74:9: the target has both 'within' and 'due'; keep one"],
    ),
    Broken(
        "target-ends-first",
        "flows/order-to-cash.yaml",
        "        since: 2026-01-01",
        "        since: 2026-01-01\n        until: 2025-01-01",
        ["flows/order-to-cash.yaml:73:16: the target ends on 2025-01-01, which is not after its start on 2026-01-01; swap the dates"],
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_what_is_wrong_is_told_where_it_is_and_with_what_to_write(folder: Path, broken: Broken) -> None:
    assert told(folder, broken) == broken.expected


def test_what_is_owed_and_what_is_at_risk_have_one_currency(folder: Path):
    flow = "flows/order-to-cash.yaml"
    edit(folder, flow, "  customer:    {}\n", "  customer:    {}\n  freight:     {type: decimal, currency: freight_currency}\n")
    edit(folder, flow, "    penalty: {per_day: 1%, free_days: 1, cap: 5%, of: amount}\n", "    penalty: {per_day: 1%, of: freight}\n")
    assert not [each for each in load_catalog(folder).warnings if "currency" in each.message], "alone it has its own"
    edit(folder, flow, "    pause: {from: credit-blocked", "    impact: {value: amount}\n    pause: {from: credit-blocked")

    assert problems(folder) == [
        f"{flow}:77:32: the currency of 'freight' is in 'freight_currency', that of the impact is in 'currency'; a clock has only one currency"
    ]


def test_a_target_may_change_the_penalty_alone_and_that_changes_the_version(folder: Path):
    before = load_catalog(folder).catalog
    edit(
        folder,
        "flows/order-to-cash.yaml",
        "        due: min(promised_at - 16 working hours, next cut-off 14:00)\n",
        "        penalty: {per_day: 2%, of: amount}\n",
    )
    after = load_catalog(folder).catalog

    (target,) = after.flows["order-to-cash"].slas["ship-as-promised"].targets
    assert (target.due, target.penalty) == (None, Penalty(per_day="2%", of="amount"))
    assert before.version != after.version


def test_a_due_time_of_too_many_parts_is_refused_before_anything_recurses():
    for due in ("(" * 500 + "start" + ")" * 500, "min(" * 300 + "start" + ")" * 300, "start" + " + 1 hour" * 200):
        assert str(check_due(due, set())).endswith("a due time may have at most 50 parts; shorten it")


@pytest.mark.parametrize(("ends", "warned"), [("[shipped]", True), ("[shipped, cancelled]", True), ("[booked, invoiced]", False)])
def test_an_sla_that_waits_for_what_comes_after_every_end_is_doubtful(folder: Path, ends: str, warned: bool):
    edit(folder, "flows/order-to-cash.yaml", "ends: [invoiced, cancelled]", f"ends: {ends}\ncancels: [rejected]")
    edit(folder, "flows/order-to-cash.yaml", "    to: booked\n", "    to: invoiced\n")
    found = [str(each) for each in load_catalog(folder).warnings if "with which the flow ends" in each.message]
    said = "'invoiced' comes after 'shipped', with which the flow ends: its transactions are complete before; add 'invoiced' to 'ends'"
    if "cancelled" in ends:  # the last of the milestones before the pauses ends it, too
        said, warned = "", False
    assert [each.partition(": ")[2] for each in found] == ([said] if warned else [])
