"""A flow as a line of stations: what each counts, where it leads, and that it escapes what is stored."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from dashboard.components import status_badge
from dashboard.components.stations import LEGEND, Station, line


def station(**more: Any) -> Station:
    return Station(**{"flow": "o2c", "stage": "booked", "title": "Booked", "system": "ERP", **more})


def shown(*stations: Station, worst: dict[str, int] | None = None, value: dict[str, float] | None = None) -> str:
    return str(line("Order to cash", list(stations), worst or {}, value or {}))


@pytest.mark.parametrize(
    ("counts", "badge"),
    [
        ({}, status_badge.IDLE), ({"here": 1}, status_badge.GREEN), ({"running": 1}, status_badge.GREEN), ({"paused": 1}, status_badge.GREEN),
        ({"here": 9, "unknown": 1}, status_badge.GREY), ({"at_risk": 1}, status_badge.AMBER), ({"failed": 1}, status_badge.RED), ({"breached": 1}, status_badge.RED),
    ],
)  # fmt: skip
def test_a_station_has_the_badge_of_the_worst_that_holds_there(counts: dict[str, int], badge: status_badge.Badge) -> None:
    assert station(**counts).badge is badge


def test_a_station_leads_to_what_is_late_there_else_to_what_has_reached_it() -> None:
    assert 'href="transactions?flow=o2c&amp;stage=booked"' in shown(station(here=3, running=2))
    assert 'href="transactions?flow=o2c&amp;awaited=booked"' in shown(station(here=3, at_risk=1))


def test_the_hint_tells_every_count() -> None:
    hint = unescape(
        re.search(
            r'<li class="station bad"><a [^>]*title="([^"]*)"', shown(station(here=1, running=2, paused=1, at_risk=3, breached=4, failed=5))
        )[1]
    )  # type: ignore[index] # no match fails the test here
    assert hint.startswith("Booked: 1 open transaction reached it last.")
    for part in ("3 on time", "3 at risk", "4 breached", "0 unknown", "5 failed"):
        assert part in hint


def test_a_flow_counts_each_transaction_once_and_its_stations_each_their_own() -> None:
    late = [station(here=2, breached=1), station(stage="shipped", title="Shipped", breached=1)]
    head, tiles = shown(*late, worst={"breached": 1}, value={"EUR": 1200.0}).split('<ol class="stations">')
    assert '<span class="sum">2 open</span>' in head
    assert head.count("</b>1<i> breached</i>") == 1
    assert tiles.count("</b>1<i> breached</i>") == 2
    assert "€1.20k" in head


def test_a_count_is_no_status_badge_whose_shape_would_cut_it() -> None:
    found = shown(station(breached=12), worst={"breached": 12}) + str(LEGEND)
    assert found.count('<span class="tally bad"') == 4  # the flow's, the station's, and two of the legend
    assert all("<b" not in badge for badge in re.findall(r'<span class="badge [^>]*>(.*?)</span>', found))


def test_what_is_zero_is_not_shown() -> None:
    tile = shown(station(here=1))
    assert "due here" not in tile
    assert '<span class="tallies"></span><span class="money"></span></a>' in tile


def test_large_counts_are_grouped_and_set_smaller() -> None:
    assert '<span class="here long"><b>12,345</b>' in shown(station(here=12345))
    assert '<span class="here "><b>999</b>' in shown(station(here=999))


def test_stored_words_stay_words() -> None:
    hostile = '"><script>x</script>'
    tile = str(line(hostile, [station(title=hostile, system=hostile, flow=hostile, stage=hostile)], {}, {hostile: 5.0}))
    assert "<script>" not in tile


def test_a_flow_without_stations_is_still_a_line() -> None:
    assert 'href="transactions"' in shown()


def test_the_legend_has_the_sign_of_every_count_below_a_station() -> None:
    for badge in (status_badge.RED, status_badge.FAILED, status_badge.AMBER, status_badge.GREY):
        assert badge.glyph in LEGEND
