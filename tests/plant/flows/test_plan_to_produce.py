"""Plan to produce: what the systems say is what the shipped catalog reads, in the order in which business happens."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from plant.faults import FaultName
from plant.flows import plan_to_produce
from plant.hours import REGENSBURG, ROCKFORD, at_hour, local_day, works
from tests.plant.flows.shipped import always, courses, differences, milestones, required


def test_the_shipped_catalog_reads_the_milestones_of_the_ledger_and_no_others() -> None:
    usual, rejected = courses(plan_to_produce, count=200), courses(plan_to_produce, always(FaultName.ERP_REJECTION, share=0.5))
    assert differences(plan_to_produce, [*usual, *rejected]) == []
    told = {name for happening in [*usual, *rejected] for name in milestones(happening)}
    assert told >= {"release-rejected", "line-stopped"}, "else this would say little"


def test_a_production_order_passes_every_station() -> None:
    for happening in courses(plan_to_produce):
        times = milestones(happening)
        assert set(required(plan_to_produce)) <= set(times)
        made = [times[name] for name in ("planned", "released", "dispatched")]
        made += [times[name] for name in ("started", "finished", "posted")]
        assert all(one <= next_ for one, next_ in pairwise(made)), times
        assert times["released"] <= times["staged"] <= times["started"]
        assert times["finished"] <= times["stored"]


def test_the_planned_order_leads_to_the_production_order_and_the_batch() -> None:
    for happening in courses(plan_to_produce, count=20):
        keys = happening.truth.keys
        assert [len(keys[name]) for name in ("planned_order", "production_order", "batch")] == [1, 1, 1]
        assert {signal.attributes["sap.aufnr"] for signal in happening.signals if "sap.aufnr" in signal.attributes} == {
            keys["production_order"][0].zfill(14)
        }


def test_the_shop_floor_works_in_the_hours_of_its_site() -> None:
    sites = {site.name: site for site in (REGENSBURG, ROCKFORD)}
    for happening in courses(plan_to_produce):
        site = sites[happening.truth.plant]
        for name in ("staged", "started", "finished"):
            at = milestones(happening)[name]
            day = local_day(site, at)
            assert works(site, day)
            assert at_hour(site, day, site.opens) <= at.replace(microsecond=0) <= at_hour(site, day, site.closes) or name == "staged"


def test_the_start_that_is_planned_is_said_in_utc_and_lies_ahead() -> None:
    for happening in courses(plan_to_produce, count=20):
        (starts,) = {str(signal.attributes["order.start_at"]) for signal in happening.signals if "order.start_at" in signal.attributes}
        assert starts.endswith("Z")
        assert datetime.fromisoformat(starts) > happening.truth.started_at


def test_a_lost_message_keeps_the_order_from_the_shop_floor() -> None:
    for happening in courses(plan_to_produce, always(FaultName.LOST_MESSAGE, target="shopfloor.orders"), count=10):
        assert list(milestones(happening)) == ["planned", "released"]


def test_a_lost_confirmation_leaves_the_order_unposted_and_the_goods_in_the_warehouse() -> None:
    for happening in courses(plan_to_produce, always(FaultName.LOST_MESSAGE, target="confirmations"), count=10):
        assert "posted" not in milestones(happening)
        assert "stored" in milestones(happening)
