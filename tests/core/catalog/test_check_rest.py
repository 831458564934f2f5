"""Cross-checks of calendars, sources, contracts, routes and owners."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.catalog.load import load_catalog
from core.catalog.positions import Diagnostic
from tests.core.catalog.broken import Broken, edit, problems, told

BROKEN = [
    Broken(
        "unknown-source-owner",
        "sources/crm.yaml",
        "owner: order-management",
        "owner: sales",
        ["sources/crm.yaml:2:8: owner 'sales' is not defined in owners.yaml; known: order-management"],
    ),
    Broken(
        "unknown-source-calendar",
        "sources/crm.yaml",
        "calendar: plant",
        "calendar: plant-de07",
        ["sources/crm.yaml:7:44: calendar 'plant-de07' is not defined in calendars/; did you mean 'plant'?"],
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
        "contract-ends-first",
        "contracts/acme-2026.yaml",
        "until: 2027-01-01",
        "until: 2025-01-01",
        ["contracts/acme-2026.yaml:5:8: the contract ends on 2025-01-01, which is not after its start on 2026-01-01; swap the dates"],
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
        "bad-category",
        "calendars/plant.yaml",
        "subdivision: BY",
        "subdivision: BY, categories: [public, cathlic]",
        ["calendars/plant.yaml:5:63: DE has no holidays of the category 'cathlic'; did you mean 'catholic'?"],
    ),
    Broken(
        "category-without-country",
        "calendars/plant.yaml",
        "country: DE, subdivision: BY",
        "categories: [public]",
        ["calendars/plant.yaml:5:12: categories need a country; add 'country: DE'"],
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
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_what_is_wrong_is_told_where_it_is_and_with_what_to_write(folder: Path, broken: Broken) -> None:
    assert told(folder, broken) == broken.expected


def test_incidents_that_no_route_takes_are_a_warning(folder: Path):
    edit(folder, "routes.yaml", "  - {name: all, channels: [desk], repeat_every: 4 hours}\n", "")
    edit(folder, "routes.yaml", "    flow: order-to-cash\n", "    severity: info\n")

    def untold() -> list[Diagnostic]:
        return [warning for warning in load_catalog(folder).warnings if warning.message.startswith("no route in routes.yaml matches its")]

    (found,) = untold()
    assert (Path(found.file).name, found.line) == ("order-to-cash.yaml", 1)
    assert found.message.endswith("; they go to the first channel, 'desk'"), "as alerting does"
    (folder / "routes.yaml").unlink()
    assert untold()[0].message.endswith("; nobody will be notified")


def test_a_route_for_what_is_critical_alone_leaves_its_early_warnings_without_a_route(folder: Path):
    edit(folder, "routes.yaml", "  - {name: all, channels: [desk], repeat_every: 4 hours}\n", "")
    edit(folder, "routes.yaml", "    flow: order-to-cash\n", "    severity: [critical, info]\n")

    (found,) = [each.message for each in load_catalog(folder).warnings if each.message.startswith("no route in routes.yaml")]

    assert "(warning, owner order-management)" in found


def test_a_rhythm_that_changes_no_verdict_is_a_warning(folder: Path):
    def warned() -> list[str]:
        return [one.message for one in load_catalog(folder).warnings if "silent" in one.message]

    assert warned() == []
    edit(folder, "sources/sap-ecc.yaml", "source: sap-ecc\n", "source: sap-ecc\nsystem: CRM\n")
    (shared,) = warned()
    assert shared.startswith("while 'crm' is silent, what waits for it is late and not unknown: its milestones may also come from sap-ecc")
    edit(folder, "flows/order-to-cash.yaml", "match: {event: crm.order.captured}", "match: {event: crm.order.captured, source: crm}")
    assert warned() == []
    edit(folder, "flows/order-to-cash.yaml", ", source: crm}", "}")
    edit(folder, "sources/crm.yaml", "system: CRM\n", "")
    (alone,) = warned()
    assert alone.endswith("no milestone has its 'system', or names it under 'source' of its match")


def test_fallbacks_without_end_are_refused(folder: Path):
    channels = "".join(f"  c{number}: {{type: webhook, fallback: c{number + 1}}}\n" for number in range(100))
    (folder / "routes.yaml").write_text(f"channels:\n{channels}  c2000: {{type: webhook}}\nroutes: []\n")
    found = problems(folder)
    assert "routes.yaml:2:33: more than 10 fallbacks of 'c0' form a chain; end it with a channel that has none" in found
    assert len(found) == 90
