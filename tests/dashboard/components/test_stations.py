"""A flow as a line of stations: what each counts, where it leads, and that it escapes what is stored."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from dashboard.components import status_badge
from dashboard.components.stations import LEGEND, badge, line
from dashboard.places import Counts, Line, Station
from tests.dashboard.synthetic import NOW


def station(**more: Any) -> Station:
    return Station(**{"flow": "o2c", "stage": "booked", "title": "Booked", "system": "ERP", **more})


def shown(*stations: Station, open_: int = 0, held: Counts | None = None) -> str:
    return str(line(Line("o2c", "Order to cash", open_, held or Counts(), list(stations)), ("€1.20k", "€1k + $250"), NOW))


@pytest.mark.parametrize(
    ("held", "busy", "lamp"),
    [
        ({}, 0, status_badge.IDLE), ({}, 1, status_badge.GREEN), ({"unknown": 1}, 9, status_badge.GREY), ({"at_risk": 1}, 9, status_badge.AMBER),
        ({"late": 1, "failed": 1}, 9, status_badge.RED), ({"late": 1, "at_risk": 5, "unknown": 3}, 9, status_badge.RED),
    ],
)  # fmt: skip
def test_a_lamp_is_the_worst_that_is_held_up(held: dict[str, int], busy: int, lamp: status_badge.Badge) -> None:
    assert badge(Counts(**held), busy) is lamp


def test_what_others_miss_further_on_is_grey_and_lights_no_lamp() -> None:
    tile = shown(station(earlier=18, per_hour=3))
    assert '<li class="station ok">' in tile
    assert re.search(r'<span class="tally dim" title="misses an SLA here[^"]*"><b aria-hidden="true">«</b>18', tile)


def test_a_bar_shows_the_share_that_is_held_up() -> None:
    few, many = shown(station(waiting=243, held=Counts(late=1))), shown(station(waiting=20, held=Counts(late=18, at_risk=1)))
    assert 'aria-label="1 late, 0 at risk and 0 unknown of 243"><i class="bad" style="width:0.4%">' in few
    assert '<i class="bad" style="width:90.0%"></i><i class="warn" style="width:5.0%"></i>' in many
    assert "<i class=" not in shown(station(waiting=3)).partition('class="share"')[2].partition("</span>")[0]


@pytest.mark.parametrize(
    ("counts", "address"),
    [
        ({"waiting": 3, "before": "mapped", "held": Counts(late=2)}, "transactions?flow=o2c&state=open&stage=mapped&period=all"),
        ({"held": Counts(late=2)}, "transactions?flow=o2c&awaited=booked&period=all"),
        ({"earlier": 2}, "transactions?flow=o2c&awaited=booked&period=all"),
        ({}, "transactions?flow=o2c&state=open&stage=booked&period=all"),
    ],
)
def test_a_station_leads_to_what_waits_there_else_to_what_is_late_there_else_to_what_has_reached_it(
    counts: dict[str, Any], address: str
) -> None:
    assert f'href="{address}"' in unescape(shown(station(**counts)))


def test_a_station_says_how_long_the_oldest_waits_and_how_much_gets_through() -> None:
    busy = station(waiting=3, oldest_at=NOW - timedelta(minutes=130), per_hour=34)
    assert (
        '<span class="pace"><span>oldest 2\N{NO-BREAK SPACE}h\N{NO-BREAK SPACE}10\N{NO-BREAK SPACE}min</span><span>34/h</span></span>'
        in shown(busy)
    )
    assert '<span class="pace"><span>0/h</span></span>' in shown(station())
    first = shown(station(first=True, per_hour=34))
    assert "<b>34</b> <i>last hour</i>" in first
    assert '<span class="pace"></span>' in first


def test_more_that_are_held_up_than_wait_are_the_large_number_and_where_it_leads() -> None:
    """One part of an order may be held up here while another is further on, where it waits."""
    for waiting, said in ((0, "<b>3</b> <i>held up</i>"), (2, "<b>3</b> <i>held up</i>"), (3, "<b>3</b> <i>waiting</i>")):
        tile = shown(station(waiting=waiting, before="mapped", held=Counts(late=1, failed=1, at_risk=1, unknown=1)))
        assert said in tile
        assert ("awaited=booked" in tile) == (waiting < 3)
    assert "<i>last hour</i>" in shown(station(first=True, held=Counts(late=1)))


def test_the_hint_tells_every_count() -> None:
    held = Counts(late=9, failed=5, at_risk=3, unknown=1)
    found = station(waiting=20, oldest_at=NOW - timedelta(minutes=5), per_hour=7, earlier=2, held=held)
    (hint,) = re.findall(r'<li class="station bad"><a [^>]*title="([^"]*)"', shown(found))
    assert unescape(hint) == (
        "Booked: 20 open transactions waiting, the oldest 5 min; 7 on time, 4 late, 5 failed, 3 at risk, 1 unknown; 2 held up earlier; "
        "7 reached it in the last hour"
    )


def test_a_flow_has_its_own_counts() -> None:
    head, tiles = shown(station(waiting=2, held=Counts(late=1)), open_=5, held=Counts(late=2, value={"EUR": 1200.0})).split(
        '<ol class="stations">'
    )
    assert '<span class="sum">5 open</span>' in head
    assert "</b>2<i> late</i>" in head
    assert "</b>1<i> late</i>" in tiles
    assert '<span class="money" title="€1k + $250">€1.20k</span>' in head


def test_what_failed_is_late_but_told_apart() -> None:
    tile = shown(station(held=Counts(late=7, failed=3)))
    assert "</b>4<i> late</i>" in tile
    assert "</b>3<i> failed</i>" in tile


def test_a_count_is_no_status_badge_whose_shape_would_cut_it() -> None:
    found = shown(station(held=Counts(late=12)), held=Counts(late=12)) + str(LEGEND)
    assert found.count('<span class="tally bad"') == 4  # the flow's, the station's, and two of the legend
    assert all("<b" not in one for one in re.findall(r'<span class="badge [^>]*>(.*?)</span>', found))


def test_what_is_zero_is_not_shown() -> None:
    assert '<span class="tallies"></span><span class="money"></span></a>' in shown(station(waiting=1))


def test_large_counts_are_grouped_and_set_smaller() -> None:
    assert '<span class="here long"><b>12,345</b>' in shown(station(waiting=12345))
    assert '<span class="here "><b>999</b>' in shown(station(waiting=999))


def test_stored_words_stay_words() -> None:
    hostile = '"><script>x</script>'
    one = station(
        title=hostile,
        system=hostile,
        flow=hostile,
        stage=hostile,
        waiting=1,
        before=hostile,
        held=Counts(late=1, value={hostile: 5.0}),
    )
    assert "<script>" not in str(line(Line(hostile, hostile, 1, one.held, [one]), (hostile, hostile), NOW))


def test_a_flow_without_stations_is_still_a_line() -> None:
    assert 'href="transactions?flow=o2c&amp;state=open&amp;period=all"' in shown()


def test_the_legend_has_the_sign_of_every_count_below_a_station() -> None:
    for mark in (status_badge.RED, status_badge.FAILED, status_badge.AMBER, status_badge.GREY):
        assert mark.glyph in LEGEND
    assert "«" in LEGEND
