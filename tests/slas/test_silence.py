"""Silent sources: through which a stage is heard, since when they are silent, and how seldom the store is asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from core.catalog.calendar import Calendar
from core.catalog.catalog import Catalog
from core.catalog.source import Source
from core.clock import to_milliseconds
from core.pauses import Pause
from slas.clock import Calendars
from slas.due import MISSING
from slas.evaluate import Silence
from slas.silence import Sources
from tests.slas.builders import BOOK, calendar, catalog, utc

NOON = utc("2026-03-27 12:00")
"""A Friday."""


class Activity:
    """A store that knows when each source was heard last (``slas.ports.SourceActivity``)."""

    def __init__(self, **heard: datetime) -> None:
        self.heard = heard
        self.asked = 0
        self.since: dict[str, datetime] = {}
        self.noted: list[dict[str, datetime]] = []

    def last_seen(self) -> pd.DataFrame:
        self.asked += 1
        moments = [at.replace(tzinfo=None) for at in self.heard.values()]
        return pd.DataFrame({"source": list(self.heard), "last_seen": moments}) if self.heard else pd.DataFrame()

    def expected_since(self, sources: Collection[str], now: datetime) -> dict[str, datetime]:
        self.since = {name: self.since.get(name, now) for name in sources}
        return self.since

    def note_silences(self, since: Mapping[str, datetime], silent: Mapping[str, datetime]) -> None:
        assert since == self.since
        self.noted.append(dict(silent))

    def unknown_transactions(self) -> pd.DataFrame:
        return pd.DataFrame()


def source(name: str, system: str | None = "ERP", every: str | None = "1 hour", of_calendar: str | None = None) -> Source:
    expect = {"expect": {"every": every, "calendar": of_calendar}} if every else {}
    return Source.model_validate({"source": name, "owner": "x", **({"system": system} if system else {}), **expect})


def definitions(*sources: Source, calendars: list[Calendar] | None = None, match: dict[str, Any] | None = None) -> Catalog:
    """Return a catalog whose milestone ``booked`` matches so."""
    found = catalog({"book": BOOK}, calendars, sources=list(sources))
    if match:
        booked = found.flows["o2c"].milestones["booked"]
        found.flows["o2c"].milestones["booked"] = booked.model_copy(update={"match": booked.match.model_copy(update=match)})
    return found


def sources_of(found: Catalog, activity: Activity, now: datetime = NOON) -> Sources:
    sources = Sources(found, Calendars(found))
    sources.expect(now, activity)
    return sources


def silence(
    sources: Sources, activity: Activity, at: datetime, stage: str = "booked", warn: datetime = NOON, stopped: int = MISSING
) -> Silence | None:
    """Return what is said of a stage with a clock that should have warned at ``warn``."""
    clocks = pd.DataFrame({"flow": ["o2c"], "stage": [stage], "warn_at": [to_milliseconds(warn)], "stopped_at": [stopped]})
    return sources.silences(clocks, to_milliseconds(at), activity)("o2c", stage)


def test_a_source_is_silent_from_when_it_should_have_been_heard_again() -> None:
    activity = Activity(sap=NOON)
    found = silence(sources_of(definitions(source("sap")), activity), activity, NOON + timedelta(minutes=5))
    assert found == Silence(to_milliseconds(NOON + timedelta(hours=1)), "sap")


def test_one_that_was_never_heard_counts_from_when_it_was_first_expected() -> None:
    activity = Activity()
    sources_of(definitions(source("sap")), activity, NOON - timedelta(minutes=20))
    restarted = sources_of(definitions(source("sap")), activity, NOON)
    assert silence(restarted, activity, NOON) == Silence(to_milliseconds(NOON + timedelta(minutes=40)), "sap")


def test_a_stage_is_silent_when_the_last_of_its_sources_is() -> None:
    activity = Activity(sap=NOON - timedelta(hours=5), sap2=NOON)
    found = silence(sources_of(definitions(source("sap"), source("sap2")), activity), activity, NOON)
    assert found == Silence(to_milliseconds(NOON + timedelta(hours=1)), "sap2")


@pytest.mark.parametrize(
    ("known", "match", "names"),
    [
        ([source("sap")], {}, True),
        ([source("sap"), source("crm", "CRM")], {}, True),  # of another system
        ([source("sap"), source("sap2", every=None)], {}, False),  # one without a rhythm may speak at any time
        ([source("wms", "WMS")], {}, False),
        ([source("sap", None)], {}, False),
        ([source("crm", "CRM")], {"source": "crm"}, True),  # a match that names its source goes before the system
        ([source("sap"), source("crm", "CRM", None)], {"source": "crm"}, False),
        ([source("sap-1", "X"), source("sap-2", "X")], {"source": "sap-*"}, True),
    ],
)
def test_a_stage_can_be_silent_only_if_each_of_its_sources_has_a_rhythm(known: list[Source], match: dict[str, Any], names: bool) -> None:
    activity = Activity()
    sources = sources_of(definitions(*known, match=match), activity)
    assert (silence(sources, activity, NOON + timedelta(hours=3)) is not None) == names


def test_without_any_rhythm_nothing_can_be_silent() -> None:
    activity = Activity()
    sources = sources_of(definitions(), activity)
    assert not sources.expecting(NOON)
    assert sources.watch(NOON, activity) is None
    assert activity.noted == []


def test_a_rhythm_counts_only_in_its_calendar() -> None:
    activity = Activity(sap=utc("2026-03-27 14:30"))  # Berlin 15:30, half an hour before the plant closes for the weekend
    sources = sources_of(definitions(source("sap", of_calendar="plant"), calendars=[calendar()]), activity)
    found = silence(sources, activity, NOON + timedelta(hours=9))
    assert found == Silence(to_milliseconds(utc("2026-03-30 06:30")), "sap")


def test_a_rhythm_beyond_all_working_time_is_never_broken() -> None:
    activity = Activity(sap=utc("2198-12-30 12:00"))
    sources = sources_of(definitions(source("sap", every="999999 hours", of_calendar="plant"), calendars=[calendar()]), activity)
    found = silence(sources, activity, utc("2198-12-31 12:00"))
    assert found is not None
    assert found.since > to_milliseconds(utc("9999-12-30"))


def test_one_heard_in_the_future_counts_from_when_that_was_noticed() -> None:
    """Else a clock that was set back would leave it out of sight until the future has come."""
    activity = Activity(sap=NOON + timedelta(days=400))
    sources = sources_of(definitions(source("sap")), activity)
    expected = Silence(to_milliseconds(NOON + timedelta(hours=1)), "sap")
    assert silence(sources, activity, NOON) == expected
    assert silence(sources, activity, NOON + timedelta(minutes=50)) == expected


def test_the_store_is_asked_only_if_a_clock_could_turn_on_it() -> None:
    activity = Activity(sap=NOON)
    sources = sources_of(definitions(source("sap")), activity)
    assert silence(sources, activity, NOON, warn=NOON + timedelta(seconds=1)) is None  # not yet
    assert silence(sources, activity, NOON, stopped=to_milliseconds(NOON)) is None  # no more
    assert silence(sources, activity, NOON, stage="shipped") is None  # heard through no source that is known
    assert activity.asked == 0


def test_the_store_is_asked_at_most_every_five_seconds() -> None:
    activity = Activity(sap=NOON)
    sources = sources_of(definitions(source("sap")), activity)
    for seconds in (0, 1, 4.9):
        silence(sources, activity, NOON + timedelta(seconds=seconds))
    assert activity.asked == 1
    activity.heard["sap"] = NOON + timedelta(seconds=5)
    assert silence(sources, activity, NOON + timedelta(seconds=5)) == Silence(to_milliseconds(NOON + timedelta(hours=1, seconds=5)), "sap")
    silence(sources, activity, NOON + timedelta(seconds=1))  # the clock was set back
    assert activity.asked == 3


def test_which_sources_are_silent_is_written_when_it_changes_and_looked_at_each_minute() -> None:
    activity = Activity(sap=NOON, crm=NOON)
    sources = sources_of(definitions(source("sap"), source("crm", "CRM", "2 hours")), activity)
    assert sources.watch(NOON, activity) == NOON + timedelta(minutes=1)
    assert sources.watch(NOON + timedelta(seconds=59), activity) == NOON + timedelta(minutes=1)
    for minutes in (1, 30, 59.9):
        sources.watch(NOON + timedelta(minutes=minutes), activity)
    assert activity.noted == [{}]
    sources.watch(NOON + timedelta(minutes=61), activity)
    assert activity.noted[1:] == [{"sap": NOON + timedelta(hours=1)}]
    activity.heard["sap"] = NOON + timedelta(minutes=62)
    sources.watch(NOON + timedelta(minutes=63), activity)
    assert activity.noted[2:] == [{}]


def test_a_paused_source_raises_no_silence_but_nobody_can_say_what_it_would_have_sent() -> None:
    pauses = {"sap": Pause("Ana", "upgrade", NOON)}
    activity = Activity(sap=NOON)
    sources = Sources(found := definitions(source("sap")), Calendars(found), pauses)
    sources.expect(NOON, activity)
    sources.watch(NOON + timedelta(hours=5), activity)
    assert activity.noted == [{}]
    assert silence(sources, activity, NOON + timedelta(hours=5)) == Silence(to_milliseconds(NOON), "sap", is_paused=True)


def test_one_without_a_rhythm_can_be_paused_too() -> None:
    found = definitions(source("sap", every=None))
    sources = Sources(found, Calendars(found), {"sap": Pause("Ana", "upgrade", NOON)})
    activity = Activity()
    sources.expect(NOON, activity)
    assert sources.expecting(NOON)
    assert silence(sources, activity, NOON + timedelta(hours=5)) == Silence(to_milliseconds(NOON), "sap", is_paused=True)


def test_a_resumed_source_catches_up_before_anything_counts_and_is_expected_from_then_on() -> None:
    resumed = NOON + timedelta(hours=3)
    found = definitions(source("sap"))
    sources = Sources(found, Calendars(found), {"sap": Pause("Ana", "upgrade", NOON, resumed)})
    activity = Activity(sap=NOON - timedelta(minutes=1))
    sources.expect(NOON, activity)
    assert silence(sources, activity, resumed + timedelta(seconds=30)) == Silence(to_milliseconds(NOON), "sap", is_paused=True)
    expected = Silence(to_milliseconds(resumed + timedelta(hours=1)), "sap")
    assert silence(sources, activity, resumed + timedelta(minutes=2)) == expected
