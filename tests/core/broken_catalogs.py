"""Broken catalogs: one edit of the example catalog each, and exactly what the loader says about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Broken:
    """``old`` in ``file`` is replaced by ``new``; without ``old`` the whole file is; without both it is deleted."""

    name: str
    file: str
    old: str | None
    new: str | None
    expected: list[str]


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
        "open-bracket",
        "flows/order-to-cash.yaml",
        "ends: [invoiced, cancelled]",
        "ends: [invoiced, cancelled",
        [
            "flows/order-to-cash.yaml:55:5: this is not YAML: did not find expected ',' or ']' while parsing a flow sequence; check quotes, brackets and indentation here"
        ],
    ),
    Broken(
        "colon-in-text",
        "flows/order-to-cash.yaml",
        "title: Order to cash",
        "title: Order: to cash",
        [
            "flows/order-to-cash.yaml:2:13: this is not YAML: mapping values are not allowed in this context; put a text that contains ': ' in quotes"
        ],
    ),
    Broken(
        "too-deep-below-a-value",
        "flows/order-to-cash.yaml",
        "title: Order to cash\nlane:",
        "title: Order to cash\n  lane:",
        [
            "flows/order-to-cash.yaml:3:3: the line is indented by 2 spaces, deeper than the one above, which already has a value; indent it by 0"
        ],
    ),
    Broken(
        "too-deep-in-a-block",
        "flows/order-to-cash.yaml",
        "    system: CRM\n    match: {event: crm.order.captured}",
        "    system: CRM\n      match: {event: crm.order.captured}",
        [
            "flows/order-to-cash.yaml:18:7: the line is indented by 6 spaces, deeper than the one above, which already has a value; indent it by 4"
        ],
    ),
    Broken(
        "between-two-depths",
        "flows/order-to-cash.yaml",
        "    system: CRM\n    match: {event: crm.order.captured}",
        "    system: CRM\n   match: {event: crm.order.captured}",
        ["flows/order-to-cash.yaml:18:4: the line is indented by 3 spaces, which matches no line above it; indent it by 4 or 2 or 0"],
    ),
    Broken(
        "tab",
        "flows/order-to-cash.yaml",
        "    system: CRM\n    match: {event: crm.order.captured}",
        "\tsystem: CRM\n    match: {event: crm.order.captured}",
        ["flows/order-to-cash.yaml:17:1: a tab cannot indent YAML; use spaces"],
    ),
    Broken(
        "duplicate-key",
        "flows/order-to-cash.yaml",
        "    system: ERP\n    match: {span: BAPI_SALESORDER_CREATEFROMDAT2, service",
        "    system: ERP\n    system: SAP\n    match: {span: BAPI_SALESORDER_CREATEFROMDAT2, service",
        ["flows/order-to-cash.yaml:23:5: key 'system' is already written on line 22; keep one of them"],
    ),
    Broken(
        "duplicate-milestone",
        "flows/order-to-cash.yaml",
        "  booked:\n    system",
        "  captured:\n    system",
        ["flows/order-to-cash.yaml:21:3: key 'captured' is already written on line 16; keep one of them"],
    ),
    Broken(
        "alias",
        "flows/order-to-cash.yaml",
        "title: Order to cash\nlane: critical\nowner: order-management",
        "title: &who order-management\nlane: critical\nowner: *who",
        ["flows/order-to-cash.yaml:4:8: aliases (*who) are not allowed in a catalog; write the value out, or quote the text"],
    ),
    Broken(
        "undefined-alias",
        "flows/order-to-cash.yaml",
        "owner: order-management",
        "owner: *who",
        ["flows/order-to-cash.yaml:4:8: aliases (*who) are not allowed in a catalog; write the value out, or quote the text"],
    ),
    Broken(
        "tag",
        "flows/order-to-cash.yaml",
        "title: Order to cash",
        "title: !!python/name:os.system Order",
        ["flows/order-to-cash.yaml:2:8: tag '!!python/name:os.system' is not allowed in a catalog; write the plain value"],
    ),
    Broken(
        "two-documents",
        "owners.yaml",
        "owners:",
        "---\nowners:\n  a: {title: A}\n---\nowners:",
        ["owners.yaml:4:1: a second document starts here; write one definition per file"],
    ),
    Broken(
        "not-utf8",
        "flows/order-to-cash.yaml",
        "title: Order to cash",
        "title: Auftr\udce4ge",
        ["flows/order-to-cash.yaml:2:13: byte 0xe4 is not UTF-8; save the file as UTF-8"],
    ),
    Broken(
        "empty-file",
        "contracts/acme-2026.yaml",
        None,
        "",
        ["contracts/acme-2026.yaml:1:1: the file is empty; write a definition or delete it"],
    ),
    Broken(
        "a-list",
        "contracts/acme-2026.yaml",
        None,
        "- contract: acme\n",
        ["contracts/acme-2026.yaml:1:1: the file must be a mapping (key: value)"],
    ),
    Broken(
        "too-deep",
        "sources/crm.yaml",
        "lane: critical",
        "lane: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        ["sources/crm.yaml:3:47: nested deeper than 40 levels; flatten it"],
    ),
    Broken(
        "too-big",
        "contracts/acme-2026.yaml",
        None,
        "# " + "x" * (1 << 20) + "\n",
        ["contracts/acme-2026.yaml:1:1: the file has 1048579 bytes; a definition may have at most 1048576; split it"],
    ),
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
        ["calendars/plant.yaml:6:1: unknown key 'colour'; known: calendar, cut_off, holidays, shifts, time_zone, title"],
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
        "unknown-milestone-pause",
        "flows/order-to-cash.yaml",
        "{from: credit-blocked, to",
        "{from: credit-block, to",
        ["flows/order-to-cash.yaml:74:19: milestone 'credit-block' is not defined in flow 'order-to-cash'; did you mean 'credit-blocked'?"],
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
        "free-days-below-none",
        "flows/order-to-cash.yaml",
        "free_days: 1,",
        "free_days: -1,",
        ["flows/order-to-cash.yaml:75:39: 'free_days': input should be greater than or equal to 0"],
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
        "unknown-owner",
        "flows/order-to-cash.yaml",
        "owner: order-management",
        "owner: order-managment",
        ["flows/order-to-cash.yaml:4:8: owner 'order-managment' is not defined in owners.yaml; did you mean 'order-management'?"],
    ),
    Broken(
        "unknown-source-owner",
        "sources/crm.yaml",
        "owner: order-management",
        "owner: sales",
        ["sources/crm.yaml:2:8: owner 'sales' is not defined in owners.yaml; known: order-management"],
    ),
    Broken(
        "unknown-calendar",
        "flows/order-to-cash.yaml",
        "calendar: [plant, carrier]",
        "calendar: [plant, carier]",
        ["flows/order-to-cash.yaml:69:23: calendar 'carier' is not defined in calendars/; did you mean 'carrier'?"],
    ),
    Broken(
        "unknown-source-calendar",
        "sources/crm.yaml",
        "calendar: plant",
        "calendar: plant-de07",
        ["sources/crm.yaml:7:44: calendar 'plant-de07' is not defined in calendars/; did you mean 'plant'?"],
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
        "unknown-channel",
        "routes.yaml",
        "    channels: [desk]",
        "    channels: [dsk]",
        ["routes.yaml:8:16: channel 'dsk' is not defined under 'channels'; did you mean 'desk'?"],
    ),
    Broken(
        "unknown-fallback",
        "routes.yaml",
        "desk: {type: webhook,",
        "desk: {type: webhook, fallback: dsek,",
        ["routes.yaml:2:35: channel 'dsek' is not defined under 'channels'; did you mean 'desk'?"],
    ),
    Broken(
        "fallbacks-in-a-circle",
        "routes.yaml",
        "desk: {type: webhook,",
        "desk: {type: webhook, fallback: desk,",
        ["routes.yaml:2:35: the fallbacks of 'desk' form a cycle (desk → desk); end it with a channel that has none"],
    ),
    Broken(
        "fallbacks-of-two-in-a-circle",
        "routes.yaml",
        "  desk: {type: webhook,",
        "  pager: {type: webhook, fallback: desk, settings: {url: 'https://example.com'}}\n  desk: {type: webhook, fallback: pager,",
        [
            "routes.yaml:2:36: the fallbacks of 'pager' form a cycle (pager → desk → pager); end it with a channel that has none",
            "routes.yaml:3:35: the fallbacks of 'desk' form a cycle (desk → pager → desk); end it with a channel that has none",
        ],
    ),
    Broken(
        "unknown-route-flow",
        "routes.yaml",
        "flow: order-to-cash",
        "flow: order-to-cahs",
        ["routes.yaml:5:11: flow 'order-to-cahs' is not defined in flows/; did you mean 'order-to-cash'?"],
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
        "unknown-fact-in-contract",
        "contracts/acme-2026.yaml",
        "{customer: ACME}",
        "{custmer: ACME}",
        [
            "contracts/acme-2026.yaml:2:16: fact 'custmer' is not declared in any flow; did you mean 'customer'?",
            "flows/order-to-cash.yaml:71:31: no contract gives 'tier' for a customer; none is defined",
        ],
    ),
    Broken(
        "duplicate-id",
        "calendars/zz.yaml",
        None,
        "calendar: plant\ntime_zone: UTC\nshifts: [{days: [mon], start: 06:00, end: 07:00}]\n",
        ["calendars/zz.yaml:1:11: calendar 'plant' is already defined in calendars/plant.yaml:1:11; choose another id"],
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
        "warn-without-a-unit",
        "flows/order-to-cash.yaml",
        "warn: 60%",
        "warn: 60",
        ["flows/order-to-cash.yaml:61:11: 'warn' needs a unit; write '60%' or a duration such as '2 hours'"],
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
            "flows/order-to-cash.yaml:68:14: 'promisd_at' is not a fact of type time of this flow (known: promised_at); or write 'start' or 'next cut-off HH:MM'"
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
    Broken(
        "contract-ends-first",
        "contracts/acme-2026.yaml",
        "until: 2027-01-01",
        "until: 2025-01-01",
        ["contracts/acme-2026.yaml:5:8: the contract ends on 2025-01-01, which is not after its start on 2026-01-01; swap the dates"],
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
        [
            "flows/order-to-cash.yaml:37:18: '^INVOIC (.* posted' is not a valid regular expression: missing ), unterminated subpattern at character 9"
        ],
    ),
    Broken(
        "look-ahead",
        "flows/order-to-cash.yaml",
        '"^INVOIC .* posted"',
        '"^INVOIC (?=x)"',
        [
            "flows/order-to-cash.yaml:37:18: '(?=' in a regular expression is not supported (RE2 syntax); write it without look-around and backreferences"
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
        "bad-time-zone",
        "calendars/plant.yaml",
        "Europe/Berlin",
        "Europe/Berln",
        ["calendars/plant.yaml:2:12: time zone 'Europe/Berln' is not known; write an IANA name such as 'Europe/Berlin' or 'UTC'"],
    ),
    Broken(
        "bad-country",
        "calendars/plant.yaml",
        "country: DE",
        "country: XX",
        [
            "calendars/plant.yaml:5:21: no public holidays are known for country 'XX'; write an ISO 3166 code such as DE, or list dates under 'add'"
        ],
    ),
    Broken(
        "bad-subdivision",
        "calendars/plant.yaml",
        "subdivision: BY",
        "subdivision: ZZ",
        [
            "calendars/plant.yaml:5:38: no public holidays are known for subdivision 'ZZ' of DE; write an ISO 3166 code such as DE, or list dates under 'add'"
        ],
    ),
    Broken(
        "secret-in-the-open",
        "sources/crm.yaml",
        "tokens: [env:CRM_TOKEN]",
        "tokens: [hunter2]",
        ["sources/crm.yaml:4:10: a catalog must not contain a secret; write env:NAME or file:PATH"],
    ),
    Broken(
        "webhook-secret-in-the-open",
        "sources/crm.yaml",
        "[env:CRM_WEBHOOK_SECRET]",
        "['env:']",
        ["sources/crm.yaml:6:39: a catalog must not contain a secret; write env:NAME or file:PATH"],
    ),
    Broken(
        "no-webhook-secret",
        "sources/crm.yaml",
        "[env:CRM_WEBHOOK_SECRET]",
        "[]",
        ["sources/crm.yaml:6:38: 'secrets' is empty; write at least one"],
    ),
    Broken(
        "service-twice",
        "sources/crm.yaml",
        "services: [crm]",
        "services: [crm, sap-ecc]",
        ["sources/sap-ecc.yaml:3:37: service 'sap-ecc' already belongs to source 'crm'; name it in only one source"],
    ),
    Broken(
        "receiver-without-type",
        "sources/sap-ecc.yaml",
        "type: rabbitmq, ",
        "",
        ["sources/sap-ecc.yaml:4:1: the receiver has no type; add for example 'type: rabbitmq'"],
    ),
    Broken(
        "bad-cel",
        "routes.yaml",
        "when: value > 10000.0",
        "when: value >",
        ["routes.yaml:6:18: 'value >' is not a CEL expression: mismatched input '<EOF>'; write, for example, 'value > 10000.0'"],
    ),
    Broken(
        "unknown-cel-variable",
        "routes.yaml",
        "when: value > 10000.0",
        "when: vlaue > 10000.0",
        ["routes.yaml:6:11: 'vlaue' is not a field of an incident; did you mean 'value'?"],
    ),
    Broken(
        "unknown-cel-function",
        "routes.yaml",
        "when: value > 10000.0",
        "when: flow.startWith('x')",
        ["routes.yaml:6:11: 'startWith' is not a CEL function; did you mean 'startsWith'?"],
    ),
    Broken(
        "duplicate-route",
        "routes.yaml",
        "{name: all,",
        "{name: expensive,",
        ["routes.yaml:10:12: route 'expensive' is already defined above; choose another name"],
    ),
    Broken(
        "bad-email",
        "owners.yaml",
        "email: orders@example.com",
        "email: orders",
        ["owners.yaml:2:54: 'orders' is not an e-mail address; write name@example.com"],
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
    Broken(
        "wrong-suffix",
        "flows/other.yml",
        None,
        "flow: other\n",
        ["flows/other.yml:1:1: a file in flows/ ends in '.yaml'; rename it or move it elsewhere"],
    ),
    Broken(
        "no-front-matter",
        "runbooks/order-not-booked.md",
        None,
        "1. Look at the queue.\n",
        ["runbooks/order-not-booked.md:1:1: a runbook starts with a line '---', then 'runbook:' and 'title:', then '---' again"],
    ),
    Broken(
        "front-matter-open",
        "runbooks/order-not-booked.md",
        "---\n1. Look",
        "1. Look",
        ["runbooks/order-not-booked.md:1:1: the front matter is not closed; write a line '---' before the steps"],
    ),
    Broken(
        "front-matter-unknown-key",
        "runbooks/order-not-booked.md",
        "causes:",
        "cause:",
        ["runbooks/order-not-booked.md:4:1: unknown key 'cause'; did you mean 'causes'?"],
    ),
    Broken(
        "runbook-without-steps",
        "runbooks/order-not-booked.md",
        "1. Look at the queue.\n",
        "",
        ["runbooks/order-not-booked.md:2:10: the runbook has no steps; write them below the second '---'"],
    ),
]
