"""Cross-checks of a flow: names, matches, references, failures and their stages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.catalog.broken import Broken, told

BROKEN = [
    Broken(
        "flow-of-andon-itself",
        "flows/order-to-cash.yaml",
        "flow: order-to-cash",
        "flow: andon",
        [
            "flows/order-to-cash.yaml:1:7: 'andon' is reserved for Andon's own flow; choose another name",
            "routes.yaml:5:11: flow 'order-to-cash' is not defined in flows/; known: andon",
        ],
    ),
    Broken(
        "unknown-milestone-ends",
        "flows/order-to-cash.yaml",
        "ends: [invoiced, cancelled]",
        "ends: [invoiced, canceled]",
        ["flows/order-to-cash.yaml:53:18: milestone 'canceled' is not defined in flow 'order-to-cash'; did you mean 'cancelled'?"],
    ),
    Broken(
        "unknown-milestone-cancels",
        "flows/order-to-cash.yaml",
        "ends: [invoiced, cancelled]",
        "ends: [invoiced]\ncancels: [called-off]",
        ["flows/order-to-cash.yaml:54:11: milestone 'called-off' is not defined in flow 'order-to-cash'; did you mean 'cancelled'?"],
    ),
    Broken(
        "unknown-stage",
        "flows/order-to-cash.yaml",
        "    failure: true",
        "    failure: true\n    stage: boked",
        ["flows/order-to-cash.yaml:30:12: milestone 'boked' is not defined in flow 'order-to-cash'; did you mean 'booked'?"],
    ),
    Broken(
        "unknown-key-type",
        "flows/order-to-cash.yaml",
        "{sales_order: attributes.order.id}\n    failure",
        "{sales_ordr: attributes.order.id}\n    failure",
        [
            "flows/order-to-cash.yaml:28:13: key 'sales_ordr' is not declared under 'keys' of flow 'order-to-cash'; did you mean 'sales_order'?"
        ],
    ),
    Broken(
        "unknown-fact",
        "flows/order-to-cash.yaml",
        "customer: data.customerId",
        "custmer: data.customerId",
        ["flows/order-to-cash.yaml:20:58: fact 'custmer' is not declared under 'facts' of flow 'order-to-cash'; did you mean 'customer'?"],
    ),
    Broken(
        "unknown-owner",
        "flows/order-to-cash.yaml",
        "owner: order-management",
        "owner: order-managment",
        ["flows/order-to-cash.yaml:4:8: owner 'order-managment' is not defined in owners.yaml; did you mean 'order-management'?"],
    ),
    Broken(
        "stage-is-itself",
        "flows/order-to-cash.yaml",
        "    failure: true",
        "    failure: true\n    stage: rejected",
        ["flows/order-to-cash.yaml:30:12: milestone 'rejected' names itself as its stage; name the milestone that did not happen"],
    ),
    Broken(
        "stages-in-a-circle",
        "flows/order-to-cash.yaml",
        "    failure: true",
        "    failure: true\n    stage: refused\n  refused:\n    system: ERP\n    match: {event: x}\n    keys: {sales_order: subject}\n    failure: true\n    stage: rejected",
        [
            "flows/order-to-cash.yaml:30:12: the stages form a cycle: rejected → refused → rejected; name a milestone that is not a failure",
            "flows/order-to-cash.yaml:36:12: the stages form a cycle: refused → rejected → refused; name a milestone that is not a failure",
        ],
    ),
    Broken(
        "stage-without-failure",
        "flows/order-to-cash.yaml",
        "    failure: true\n    cause",
        "    stage: booked\n    cause",
        [
            "flows/order-to-cash.yaml:29:5: 'stage' is only allowed for a failure; add 'failure: true' or remove it",
            "flows/order-to-cash.yaml:30:5: 'cause' is only allowed for a failure; add 'failure: true' or remove it",
        ],
    ),
    Broken(
        "ends-and-cancels",
        "flows/order-to-cash.yaml",
        "ends: [invoiced, cancelled]",
        "ends: [invoiced, cancelled]\ncancels: [cancelled]",
        ["flows/order-to-cash.yaml:54:11: milestone 'cancelled' both ends and cancels the flow; keep it in only one of the lists"],
    ),
    Broken(
        "match-without-condition",
        "flows/order-to-cash.yaml",
        "{event: crm.order.captured}",
        "{}",
        ["flows/order-to-cash.yaml:18:12: the match has no condition and would accept every signal; write 'event:', 'span:' or 'log:'"],
    ),
    Broken(
        "match-of-two-kinds",
        "flows/order-to-cash.yaml",
        "{event: crm.order.captured}",
        "{event: crm.order.captured, span: capture}",
        [
            "flows/order-to-cash.yaml:18:12: 'event' and 'span' are different kinds of signal; a milestone matches only one kind, so write two milestones"
        ],
    ),
    Broken(
        "match-status-of-event",
        "flows/order-to-cash.yaml",
        "{event: crm.order.captured}",
        "{event: crm.order.captured, status: ok}",
        ["flows/order-to-cash.yaml:18:40: an event has no status to match"],
    ),
    Broken(
        "match-service-of-event",
        "flows/order-to-cash.yaml",
        "{event: crm.order.captured}",
        "{event: crm.order.captured, service: crm}",
        ["flows/order-to-cash.yaml:18:40: an event has no service to match; use 'source' instead"],
    ),
    Broken(
        "bad-regex",
        "flows/order-to-cash.yaml",
        '"^INVOIC .* posted"',
        '"^INVOIC (.* posted"',
        ["flows/order-to-cash.yaml:37:18: '^INVOIC (.* posted' is not a valid regular expression (RE2): missing ): ^INVOIC (.* posted"],
    ),
    Broken(
        "look-ahead",
        "flows/order-to-cash.yaml",
        '"^INVOIC .* posted"',
        '"^INVOIC (?=x)"',
        [
            "flows/order-to-cash.yaml:37:18: '^INVOIC (?=x)' is not a valid regular expression (RE2): invalid perl operator: (?=; RE2 has no look-around: write it without"
        ],
    ),
    Broken(
        "no-keys",
        "flows/order-to-cash.yaml",
        "keys:  {sales_order: data.orderId, opportunity: data.opportunityId}",
        "keys:  {}",
        ["flows/order-to-cash.yaml:19:12: milestone 'captured' has no keys; give it at least one, or nothing can be linked to it"],
    ),
    Broken(
        "empty-path",
        "flows/order-to-cash.yaml",
        "{sales_order: data.orderId, opp",
        "{sales_order: '', opp",
        ["flows/order-to-cash.yaml:19:26: the path is empty; write, for example, 'data.orderId' or 'attributes.order.id'"],
    ),
    Broken(
        "written-by-nobody",
        "flows/order-to-cash.yaml",
        'sales_order: {strip_leading: "0"}',
        'sales_order: {strip_leading: "0", written_by: capturd}',
        ["flows/order-to-cash.yaml:6:49: milestone 'capturd' is not defined in flow 'order-to-cash'; did you mean 'captured'?"],
    ),
    Broken(
        "written-by-one-that-does-not-know-it",
        "flows/order-to-cash.yaml",
        "opportunity: {}",
        "opportunity: {written_by: invoiced}",
        ["flows/order-to-cash.yaml:7:29: milestone 'invoiced' does not have the key 'opportunity'; name one that has it"],
    ),
    Broken(
        "written-by-for-a-key-that-is-not-shown",
        "flows/order-to-cash.yaml",
        "opportunity: {}",
        "opportunity: {written_by: captured}",
        ["flows/order-to-cash.yaml:7:29: transactions are shown by the first key, 'sales_order'; move this there, or leave it out"],
    ),
    Broken(
        "party-that-is-no-text",
        "flows/order-to-cash.yaml",
        "promised_at: {type: time}",
        "promised_at: {type: time, party: carrier}",
        ["flows/order-to-cash.yaml:14:36: fact 'promised_at' is a time, which names no carrier; give 'party' to a fact of type text"],
    ),
    Broken(
        "two-of-one-party",
        "flows/order-to-cash.yaml",
        "customer:    {}\n  plant:       {}",
        "customer:    {party: customer}\n  plant:       {party: customer}",
        ["flows/order-to-cash.yaml:13:24: fact 'customer' is the customer already; keep 'party: customer' at one of them"],
    ),
    Broken(
        "expected-by-no-time",
        "flows/order-to-cash.yaml",
        "    failure: true",
        "    failure: true\n    expected: plant",
        ["flows/order-to-cash.yaml:30:15: fact 'plant' is a text, which says no moment; declare it with 'type: time'"],
    ),
    Broken(
        "expected-by-an-unknown-fact",
        "flows/order-to-cash.yaml",
        "    failure: true",
        "    failure: true\n    expected: promised",
        [
            "flows/order-to-cash.yaml:30:15: fact 'promised' is not declared under 'facts' of flow 'order-to-cash'; did you mean 'promised_at'?"
        ],
    ),
    Broken(
        "bad-name",
        "flows/order-to-cash.yaml",
        "  credit-blocked:\n",
        "  Credit Blocked:\n",
        [
            "flows/order-to-cash.yaml:43:3: 'Credit Blocked' is not a valid name for a milestone; use at most 64 lower-case letters and digits, joined by '-', '_' or '.'",
            "flows/order-to-cash.yaml:74:19: milestone 'credit-blocked' is not defined in flow 'order-to-cash'; did you mean 'Credit Blocked'?",
        ],
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_what_is_wrong_is_told_where_it_is_and_with_what_to_write(folder: Path, broken: Broken) -> None:
    assert told(folder, broken) == broken.expected
