"""Times as people read them, in the viewer's zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from dashboard.components.time_format import Zone, aware, due, duration, overdue, unbroken, until, utc


def test_times_are_shown_in_the_viewers_zone() -> None:
    moment = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert Zone("Europe/Berlin").show(moment) == "25 Oct 02:30"
    assert Zone("Europe/Berlin").show(moment.replace(hour=1)) == "25 Oct 02:30"  # the hour that comes twice
    assert Zone("no/where").show(moment) == "25 Oct 00:30"
    assert Zone().show(pd.NaT) == "–"
    assert list(Zone("Asia/Tokyo").local(pd.Series([pd.Timestamp("2026-01-01 00:00")]))) == [pd.Timestamp("2026-01-01 09:00", tz="UTC")]


def test_stored_sentences_are_retold_in_the_viewers_zone() -> None:
    places = {"Berlin": "Europe/Berlin", "UTC": "UTC", "New York": "America/New_York"}
    told = Zone("Asia/Kolkata").retell(
        "start 2026-11-26 08:00:05 UTC + 2 hours = due 2026-11-26 10:00 Berlin; 2026-11-26 04:00 New York", places
    )
    assert told == "start 26 Nov 13:30:05 + 2 hours = due 26 Nov 14:30; 26 Nov 14:30"
    assert Zone("Europe/Berlin").retell("until 2026-11-25T06:35:41+00:00 on it", {}) == "until 25 Nov 07:35:41 on it"
    assert Zone().retell("due 2026-11-26 10:00 Atlantis", places) == "due 2026-11-26 10:00 Atlantis"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (3600, "1 h"), (7260, "2 h 1 min"), (90_000, "1 d 1 h"), (None, "–")]
)
def test_durations(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_until() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert until(datetime(2026, 1, 1, 0, 12, tzinfo=UTC), now) == "in 12 min"


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("at_risk", "overdue, engine 26 s behind"), ("running", "overdue, engine 26 s behind"), ("breached", "overdue 26 s"), ("unknown", "overdue 26 s"),
    ],
)  # fmt: skip
def test_a_deadline_in_the_past_is_overdue_or_yet_to_be_decided(verdict: str, said: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert due(now - timedelta(seconds=26), now, verdict, 1.0) == said
    assert due(now + timedelta(minutes=12), now, verdict, 1.0) == "in 12 min"
    assert due(None, now, verdict, 1.0) == "–"


@pytest.mark.parametrize(
    ("seconds", "speed", "said"),
    [(9, 1, "just passed"), (10, 1, "overdue, engine 10 s behind"), (240, 60, "just passed"), (600, 60, "overdue, engine 10 min behind")],
)
def test_the_engine_is_behind_only_after_the_seconds_that_it_takes(seconds: int, speed: float, said: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert due(now - timedelta(seconds=seconds), now, "at_risk", speed) == said


def test_a_deadline_that_has_passed_says_for_how_long() -> None:
    now = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)
    assert overdue(now - timedelta(minutes=12), now) == "overdue 12 min"
    assert [overdue(one, now) for one in (now + timedelta(minutes=12), None, pd.NaT)] == ["", "", ""]


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("overdue 2 d 17 h", ["overdue", "2_d_17_h"]), ("in 38 min", ["in", "38_min"]), ("overdue, engine 26 s behind", ["overdue,", "engine", "26_s", "behind"]),
        ("failed", ["failed"]), ("due in 1 h 5 min", ["due", "in", "1_h_5_min"]),
    ],
)  # fmt: skip
def test_a_line_ends_before_or_behind_a_duration(words: str, parts: list[str]) -> None:
    assert unbroken(words).replace("\N{NO-BREAK SPACE}", "_").split(" ") == parts


@pytest.mark.parametrize("missing", [None, pd.NaT, float("nan")])
def test_what_is_missing_is_a_dash(missing: object) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert aware(missing) is None
    assert (Zone().show(missing), Zone().clock(missing), until(missing, now), utc(missing)) == ("–", "–", "–", "")
    assert duration(float("nan")) == "–"


@pytest.mark.parametrize(
    "moment",
    [datetime(2026, 3, 27, 15, 5, 9), pd.Timestamp("2026-03-27 16:05:09", tz="Europe/Berlin"), "2026-03-27T15:05:09Z"],  # noqa: DTZ001 - as the store gives it
)
def test_a_time_without_a_zone_is_utc_and_others_are_what_they_say(moment: object) -> None:
    assert aware(moment) == datetime(2026, 3, 27, 15, 5, 9, tzinfo=UTC)
    assert utc(moment) == "2026-03-27 15:05:09 UTC"
    assert Zone("America/New_York").clock(moment) == "11:05:09"
    assert Zone("America/New_York").show(moment, seconds=True) == "27 Mar 11:05:09"


@pytest.mark.parametrize("name", ["", "Europe", "../../etc/passwd", "/etc/localtime", "a" * 5000, "Europe/Berlin\0", "zone.tab"])
def test_a_zone_that_the_address_makes_up_is_utc(name: str) -> None:
    assert (Zone(name).name, str(Zone(name).info)) == ("UTC", "UTC")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3599.9, "59 min"), (3660, "1 h 1 min"), (86_399, "23 h 59 min"), (86_400, "1 d"), (-3661, "1 h 1 min"), (90_061, "1 d 1 h")],
)
def test_durations_are_cut_not_rounded_and_have_no_sign(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_a_column_of_nothing_is_a_column_of_nothing() -> None:
    assert Zone("Asia/Tokyo").local(pd.Series([pd.NaT, None])).isna().all()


def test_a_sentence_without_times_is_left_as_it_is() -> None:
    zones = {"Berlin": "Europe/Berlin", "UTC": "UTC"}
    for text in ("", "no due time", "2026-03-27 is a day", "10:00 Berlin", "2026-03-27 10:00 Berliner Strasse"):
        assert Zone("Asia/Tokyo").retell(text, zones) == text
