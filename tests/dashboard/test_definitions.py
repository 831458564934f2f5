"""Titles of the catalog, and ids made readable where it has none or is not known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.catalog.calendar import Calendar, Shift
from core.catalog.catalog import Catalog, catalog_to_json
from core.catalog.flow import HEARTBEAT
from dashboard import definitions
from dashboard.data import Unreachable
from tests.dashboard.synthetic import catalog

CATALOG = catalog()
O2C = CATALOG.flows["order-to-cash"]


def test_an_sla_aims_for_its_objective_and_says_to_whom_it_is_promised() -> None:
    assert definitions.objective(CATALOG, "order-to-cash", "deliver-as-promised") == pytest.approx(0.97)
    assert definitions.objective(CATALOG, "order-to-cash", "book-in-time") == definitions.objective(CATALOG, "gone", "gone") == 0.95
    assert definitions.promises(CATALOG) == definitions.promises(CATALOG, "order-to-cash") == (("order-to-cash", "deliver-as-promised"),)
    assert definitions.promises(CATALOG, "procure-to-pay") == ()


class Answer:
    """A store that says which catalog is in force, or does not answer."""

    def __init__(self, found: dict[str, str] | None) -> None:
        self.found = found

    def read(self, _function: Callable[..., Any]) -> dict[str, str]:
        if self.found is None:
            raise Unreachable("nobody there")
        return self.found


def in_force(found: dict[str, str] | None) -> tuple[Catalog, str]:
    return definitions.in_force(Answer(found))  # type: ignore[arg-type] # it asks for nothing else


def test_the_catalog_is_the_engines_without_the_flow_of_heartbeats() -> None:
    beating = replace(CATALOG, flows={**CATALOG.flows, HEARTBEAT: O2C.model_copy(update={"flow": HEARTBEAT})})
    found, refused = in_force({"definitions": catalog_to_json(beating), "problem": ""})
    assert found.flows == CATALOG.flows
    assert (found.version, refused) == (CATALOG.version, "")


def test_of_a_refusal_the_first_line_is_told() -> None:
    found, refused = in_force({"definitions": catalog_to_json(CATALOG), "problem": "a.yaml:1:1: first\nb.yaml:2:2: second"})
    assert (set(found.flows), refused) == (set(CATALOG.flows), "a.yaml:1:1: first")


@pytest.mark.parametrize("answer", [None, {"definitions": "", "problem": ""}])
def test_while_no_catalog_is_known_it_is_empty(answer: dict[str, str] | None) -> None:
    assert in_force(answer) == (Catalog(), "")


@pytest.mark.parametrize(
    ("found", "title"),
    [
        (definitions.flow_title(CATALOG, "order-to-cash"), "Order to cash"),
        (definitions.flow_title(CATALOG, "some_old-flow"), "Some old flow"),
        (definitions.stage_title(CATALOG, "order-to-cash", "dequeued"), "Taken from the queue"),
        (definitions.stage_title(CATALOG, "order-to-cash", "no-such"), "No such"),
        (definitions.stage_title(CATALOG, "gone", "dequeued"), "Dequeued"),
        (definitions.sla_title(CATALOG, "order-to-cash", "book-in-time"), O2C.slas["book-in-time"].title),
        (definitions.sla_title(CATALOG, "order-to-cash", "no-such"), "No such"),
        (definitions.key_title(CATALOG, "order-to-cash", "sales_order"), "Sales order"),
        (definitions.key_title(CATALOG, "gone", "sales_order"), "Sales order"),
        (definitions.fact_title(O2C, "amount"), "Order value"),
        (definitions.fact_title(O2C, "ship_to"), "Ship to"),
        (definitions.fact_title(None, "amount"), "Amount"),
        (definitions.owner_title(CATALOG, O2C.owner), CATALOG.owners.owners[O2C.owner].title),
        (definitions.owner_title(CATALOG, "night-shift"), "Night shift"),
        (definitions.runbook_title(CATALOG, "order-not-booked"), CATALOG.runbooks["order-not-booked"].title),
        (definitions.runbook_title(CATALOG, "gone-away"), "Gone away"),
        (definitions.owner_contact(CATALOG, "night-shift"), ""),
    ],
)
def test_a_title_is_the_catalogs_or_the_id_made_readable(found: str, title: str) -> None:
    assert found == title


def test_a_milestone_or_key_without_a_title_has_its_id() -> None:
    bare = O2C.model_copy(
        update={
            "milestones": {"goods-out": O2C.milestones["booked"].model_copy(update={"title": ""})},
            "keys": {"sales_order": O2C.keys["sales_order"].model_copy(update={"title": ""})},
        }
    )
    known = replace(CATALOG, flows={"order-to-cash": bare})
    assert definitions.stage_title(known, "order-to-cash", "goods-out") == "Goods out"
    assert definitions.key_title(known, "order-to-cash", "sales_order") == "Sales order"


def test_an_owner_is_reached_as_the_catalog_says() -> None:
    contact = definitions.owner_contact(CATALOG, O2C.owner)
    assert str(CATALOG.owners.owners[O2C.owner].email) in contact


def test_cities_of_verdicts_name_the_zones_of_the_calendars_and_utc() -> None:
    shifts = [Shift(days=["mon"], start="08:00", end="16:00")]
    calendars = [Calendar(calendar=f"c{n}", time_zone=zone, shifts=shifts) for n, zone in enumerate(["Europe/Berlin", "America/New_York"])]
    known = replace(CATALOG, calendars={calendar.calendar: calendar for calendar in calendars})
    assert definitions.zones_by_city(known) == {"UTC": "UTC", "Berlin": "Europe/Berlin", "New York": "America/New_York"}


def test_stations_are_what_every_transaction_passes_in_order() -> None:
    found = definitions.stations(O2C)
    assert found[:2] == ["captured", "accepted"]
    assert not {"rejected", "credit-blocked"} & set(found)
    assert found == [name for name in O2C.milestones if name in found]
