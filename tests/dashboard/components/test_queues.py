"""Queues: what stands in each, and what was dead-lettered."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from collector.source_troubles import SourceTroubles
from core.catalog.flow import Through
from core.catalog.source import Source
from core.clock import to_milliseconds
from dashboard.components import queues
from store.client import Store
from tests.dashboard.shown import View, words
from tests.dashboard.synthetic import NOW
from tests.slas.builders import BOOK, catalog
from tests.store.queues import tell
from tests.store.reads.test_source_troubles import keep


def test_queues_say_what_stands_in_them_and_which_dead_letters_they_have(view: View, filled: Store) -> None:
    moments = [NOW - timedelta(hours=2), NOW - timedelta(minutes=1)]
    states = [(moments[0], {"waiting": 40}), (moments[1], {"waiting": 7, "unacknowledged": 2, "dead_letters": 3})]
    tell(filled, "broker", "refunds", *states)
    tell(filled, "broker", "idle", (moments[0], {"waiting": 0, "oldest_seconds": 0.0}), reader="erp")
    shown = words(view("sources", filled))
    cells = {}
    for row in re.findall(r"<tr>(.*?)</tr>", shown.partition('aria-label="Queues"')[2].partition("</table>")[0])[1:]:
        queue, *others = re.findall(r"<td[^>]*>(.*?)</td>", row)
        cells[queue.partition("<")[0]] = (queue, others)
    queue, (waiting, dead_letters, oldest, unacknowledged, trend, told) = cells["refunds"]
    assert "<small>broker</small>" in queue
    assert (waiting, oldest, unacknowledged, told) == ("7", "–", "2", "1 min ago")
    assert dead_letters == '<span class="pill bad" title="3 dead letters">3</span>'
    assert ": 40" in trend
    queue, (waiting, dead_letters, oldest, _, _, told) = cells["idle"]
    assert "broker · read by erp" in queue
    assert (waiting, dead_letters, oldest) == ("0", "–", ""), "nothing is in it, so that nothing is old"
    assert 'class="pill warn"' in told
    assert cells["shopfloor.orders"][1][0] == "–"
    assert "not told" in cells["shopfloor.orders"][1][-1], "a milestone names it"
    assert list(cells)[:2] == ["refunds", "orders.inbound"], "those with dead letters come first"
    assert 'aria-label="Queues"' not in words(view("sources", filled, source="erp")), "of the chosen source alone"
    assert "refunds" in words(view("sources", filled, source="broker"))


@pytest.mark.parametrize(("named", "told", "untold"), [("", "", 0), ("", "erp", 0), ("erp", "erp", 0), ("erp", "other", 1), ("erp", "", 1)])
def test_a_queue_is_not_told_where_the_reader_that_a_milestone_means_is_not(named: str, told: str, untold: int) -> None:
    queues_told = pd.DataFrame([{"source": "broker", "queue": "orders", "reader": told}])
    found = queues._untold(catalog({"book": BOOK}, through={"booked": Through(source="broker", queue="orders", reader=named)}), queues_told)
    assert [(row["queue"], row["reader"]) for row in found] == [("orders", named)] * untold


@pytest.mark.parametrize(("told", "named"), [("broker", True), ("erp", False)])
def test_a_broker_that_tells_no_queues_is_named_with_the_reason(told: str, named: bool) -> None:
    known = replace(catalog({"book": BOOK}), sources={"erp": Source(source="erp", owner="it")})
    untold = pd.DataFrame([{"source": source, "reason": "nobody asks it"} for source in ("erp", "removed")])
    rows = pd.DataFrame([{"source": told, "queue": "orders", "reader": ""}])
    assert queues._silent(known, untold, rows, None) == ({"erp": "nobody asks it"} if named else {})
    assert queues._silent(known, untold, rows, {"other"}) == {}


def test_where_no_broker_tells_its_queues_the_page_says_so(view: View, filled: Store) -> None:
    troubles = SourceTroubles()
    troubles.untold("wms", to_milliseconds(NOW), "MQTT brokers tell it of no session")
    keep(filled, troubles, NOW)
    said = [one.value for one in view("sources", filled, source="wms").caption]
    assert "Not told is what waits for wms, since MQTT brokers tell it of no session." in said
