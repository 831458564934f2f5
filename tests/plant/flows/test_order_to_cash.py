"""Order to cash: what the systems say is what the shipped catalog reads, in the order in which business happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from plant.faults import FaultName
from plant.flows import order_to_cash
from plant.hours import REGENSBURG, ROCKFORD, local_day, works
from tests.plant.flows.shipped import LIVE, always, begun, courses, differences, milestones, required


def test_the_shipped_catalog_reads_the_milestones_of_the_ledger_and_no_others() -> None:
    rejections = courses(order_to_cash, always(FaultName.ERP_REJECTION, share=0.5), always(FaultName.SLOW_PARTNER, target="tms", amount=12))
    assert differences(order_to_cash, [*courses(order_to_cash, count=300), *rejections]) == []
    told = {name for happening in [*courses(order_to_cash, count=300), *rejections] for name in milestones(happening)}
    assert told >= {"rejected", "credit-blocked", "short-picked", "tender-refused", "cancelled"}, "else this would say little"


def test_an_order_passes_every_station_in_order_unless_it_is_cancelled() -> None:
    orders = [begun(happening) for happening in courses(order_to_cash, count=200)]
    whole = [order for order in orders if "cancelled" not in order]
    assert len(whole) > 190
    for order in whole:
        passed = [order[name] for name in required(order_to_cash) if name != "confirmed"]  # the warehouse does not wait for that
        assert all(one <= next_ for one, next_ in pairwise(passed)), order
        assert order["booked"] < order["confirmed"]
    for order in orders:
        assert "cancelled" not in order or list(order) == ["captured", "cancelled"]


def test_the_order_number_is_one_in_all_systems_although_erp_pads_it() -> None:
    for happening in courses(order_to_cash, count=20):
        number = str(happening.truth.number)
        assert happening.truth.keys["sales_order"] == (number,)
        for signal in happening.signals:
            if "sap.vbeln" in signal.attributes:
                assert signal.attributes["sap.vbeln"] == number.zfill(14)


def test_several_deliveries_are_invoiced_after_the_last_of_them() -> None:
    several = [happening for happening in courses(order_to_cash, count=120) if len(happening.truth.keys.get("delivery", ())) > 1]
    assert several
    for happening in several:
        arrived = [reached.at for reached in happening.truth.reached if reached.milestone == "delivered"]
        (invoiced,) = [reached.at for reached in happening.truth.reached if reached.milestone == "invoiced"]
        assert len(arrived) == len(happening.truth.keys["delivery"]) == len(happening.truth.keys["shipment"])
        assert max(arrived) < invoiced


def test_a_rejected_order_is_submitted_again_an_hour_later_and_keeps_its_number() -> None:
    rejected = [h for h in courses(order_to_cash, always(FaultName.ERP_REJECTION), count=20) if "rejected" in milestones(h)]
    assert len(rejected) > 15
    for happening in rejected:
        times = milestones(happening)
        assert timedelta(minutes=40) <= times["booked"] - times["rejected"] <= timedelta(minutes=91)
        (failed,) = [signal for signal in happening.signals if signal.milestone == "rejected"]
        assert failed.attributes["error.type"] in {"MATERIAL_NOT_IN_PLANT", "PRICE_MISSING"}
        assert "{" not in failed.error


def test_an_order_whose_message_is_lost_is_never_booked() -> None:
    for happening in courses(order_to_cash, always(FaultName.LOST_MESSAGE, target="orders.inbound"), count=20):
        assert list(milestones(happening)) in (["captured", "accepted", "mapped"], ["captured", "cancelled"])


def test_goods_leave_and_arrive_on_working_days() -> None:
    sites = {site.name: site for site in (REGENSBURG, ROCKFORD)}
    for happening in courses(order_to_cash, count=60):
        site = sites[happening.truth.plant]
        for name in ("picked", "shipped", "delivered"):
            if name in milestones(happening):
                assert works(site, local_day(site, milestones(happening)[name])), name


def test_the_promise_lies_ahead_and_is_in_utc() -> None:
    for happening in courses(order_to_cash, count=20):
        (captured,) = [signal for signal in happening.signals if signal.milestone == "captured"]
        promised = datetime.fromisoformat(str(captured.attributes["promisedDate"]))
        assert promised.utcoffset() == timedelta(0)
        assert promised.astimezone(UTC) > LIVE
