"""What of the troubles of sources is kept, and when."""

from __future__ import annotations

from collector.own_points import OwnPoint
from collector.source_troubles import AGAIN_MILLISECONDS, GAP, UNREAD, SourceTroubles


def told(points: list[OwnPoint]) -> list[tuple[str, float, str]]:
    return [(each.name, each.value, each.attributes.get("why", each.attributes.get("what", ""))) for each in points]


def test_a_source_is_told_of_when_that_it_is_read_changes_and_again_while_it_is_not() -> None:
    troubles = SourceTroubles()
    troubles.read("edi", 1_000)
    troubles.keep(first := troubles.due(1_000))
    assert told(first) == [(UNREAD, 0, "")], "once, so that what an earlier collector told is over"
    troubles.read("edi", 2_000)
    assert not troubles.due(2_000)
    troubles.read("edi", 3_000, "it is gone")
    assert told(troubles.due(3_000)) == told(troubles.due(3_000)) == [(UNREAD, 1, "it is gone")], "until it is on disk"
    troubles.keep(troubles.due(3_000))
    troubles.read("edi", 4_000, "it is gone")
    for moment in (3_000 + AGAIN_MILLISECONDS, 3_000 + 2 * AGAIN_MILLISECONDS):  # nobody notes it again: it has stopped for good
        assert not troubles.due(moment - 1)
        troubles.keep(again := troubles.due(moment))
        assert told(again) == [(UNREAD, 1, "it is gone")]
        assert again[0].at == moment
    troubles.read("edi", 200_000)
    assert told(troubles.due(200_000)) == [(UNREAD, 0, "")]


def test_gaps_are_joined_until_they_are_on_disk_and_none_is_lost_that_comes_meanwhile() -> None:
    troubles = SourceTroubles()
    for number in range(1_000):
        troubles.gap("syslog", "datagrams were dropped", {"dropped": number}, number)
    due = troubles.due(2_000)
    assert told(due) == [(GAP, 1_000, "datagrams were dropped")]
    assert due[0].attributes["place"] == "dropped 999"
    troubles.gap("syslog", "datagrams were dropped", {"dropped": 7}, 2_000)
    troubles.keep(due)
    assert told(troubles.due(2_000)) == [(GAP, 1, "datagrams were dropped")]
    troubles.keep(troubles.due(2_000))
    assert not troubles.due(2_000)
