"""Times in messages are those of the plant's clocks."""

from __future__ import annotations

import pytest

from alerts.plant_time import plant_time
from core.catalog.calendar import Calendar, Shift
from core.catalog.catalog import Catalog
from core.catalog.sla import Sla
from tests.alerts.messages import NOW
from tests.alerts.shop import ORDERS


def calendar(name: str, zone: str) -> Calendar:
    return Calendar(calendar=name, time_zone=zone, shifts=[Shift(days=["mon"], start="08:00", end="17:00")])


def sla(**given: object) -> Sla:
    return Sla.model_validate({"from": "captured", "to": "booked", "within": "1 hour", **given})


SLAS = {"plain": sla(), "gone": sla(calendar="gone"), "ohio": sla(calendar=["us02", "de07"]), "bavaria": sla(calendar="de07")}
CATALOG = Catalog(
    flows={"orders": ORDERS.model_copy(update={"slas": SLAS}), "bare": ORDERS.model_copy(update={"slas": {"plain": sla()}})},
    calendars={"de07": calendar("de07", "Europe/Berlin"), "us02": calendar("us02", "America/New_York")},
)


@pytest.mark.parametrize(
    ("flow", "sla_id", "text"),
    [
        ("orders", "bavaria", "2026-03-02 11:00 Berlin"),
        ("orders", "ohio", "2026-03-02 05:00 New York"),
        ("orders", "plain", "2026-03-02 05:00 New York"),
        ("orders", "gone", "2026-03-02 05:00 New York"),
        ("orders", "", "2026-03-02 05:00 New York"),
        ("bare", "plain", "2026-03-02 10:00 UTC"),
        ("unknown", "plain", "2026-03-02 10:00 UTC"),
    ],
)
def test_a_time_is_told_in_the_zone_of_the_calendar(flow: str, sla_id: str, text: str) -> None:
    assert plant_time(CATALOG, flow, sla_id, NOW) == text
