"""Procure to pay: what the systems say is what the shipped catalog reads, in the order in which business happens."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from plant.faults import FaultName
from plant.flows import procure_to_pay
from plant.hours import OFFICE, local_day, works
from tests.plant.flows.shipped import always, courses, differences, milestones, required


def test_the_shipped_catalog_reads_the_milestones_of_the_ledger_and_no_others() -> None:
    usual, rejected = courses(procure_to_pay, count=200), courses(procure_to_pay, always(FaultName.ERP_REJECTION, share=0.5))
    assert differences(procure_to_pay, [*usual, *rejected]) == []
    told = {name for happening in [*usual, *rejected] for name in milestones(happening)}
    assert told >= {"order-rejected", "invoice-blocked"}, "else this would say little"


def test_a_purchase_passes_every_station_in_order() -> None:
    for happening in courses(procure_to_pay):
        times = milestones(happening)
        passed = [times[name] for name in required(procure_to_pay)]
        assert all(one <= next_ for one, next_ in pairwise(passed)), times


def test_the_order_number_is_one_in_all_systems_although_erp_pads_it() -> None:
    for happening in courses(procure_to_pay, count=20):
        (number,) = happening.truth.keys["purchase_order"]
        assert number.startswith("45")
        padded = [signal.attributes["sap.ebeln"] for signal in happening.signals if "sap.ebeln" in signal.attributes]
        assert padded == [number.zfill(15)]


def test_each_delivery_of_several_is_announced_and_received_and_the_invoice_comes_after_the_last() -> None:
    several = [happening for happening in courses(procure_to_pay, count=120) if len(happening.truth.keys["delivery_note"]) > 1]
    assert several
    for happening in several:
        at = {name: [reached.at for reached in happening.truth.reached if reached.milestone == name] for name in milestones(happening)}
        assert len(at["announced"]) == len(at["received"]) == len(happening.truth.keys["delivery_note"])
        assert max(at["received"]) < min(at["invoice-received"])


def test_it_is_paid_once_on_a_working_day_of_the_office_after_it_is_matched() -> None:
    for happening in courses(procure_to_pay):
        times = milestones(happening)
        assert [reached.milestone for reached in happening.truth.reached].count("paid") == 1
        assert works(OFFICE, local_day(OFFICE, times["paid"]))
        assert times["paid"] >= times["matched"]


def test_a_slow_supplier_answers_later_and_nothing_before_it_changes() -> None:
    usual, slow = courses(procure_to_pay), courses(procure_to_pay, always(FaultName.SLOW_PARTNER, target="supplier-portal", amount=25))
    later = 0
    for before, after in zip(map(milestones, usual), map(milestones, slow), strict=True):
        assert after["transmitted"] == before["transmitted"]
        assert after["acknowledged"] >= before["acknowledged"]
        later += after["acknowledged"] - before["acknowledged"] > timedelta(hours=1)
    assert later > len(usual) / 2


def test_an_order_lost_on_its_way_to_the_supplier_goes_no_further() -> None:
    for happening in courses(procure_to_pay, always(FaultName.LOST_MESSAGE, target="orders.outbound"), count=10):
        assert list(milestones(happening)) == ["requested", "ordered"]
