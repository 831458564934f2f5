"""What pages are made of."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pandas as pd
import pytest

from dashboard.components import export, money, status_badge, timeline
from dashboard.components.time_format import Zone, duration, next_deadline, until
from dashboard.components.waterfall import ordered
from dashboard.pages.sources import _every

SIGNS = ["=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫", "⁼", "⁺", "₊", "−"]
HIDDEN = [
    "", " ", "\u00a0", "\ufeff", "\u200b", "\u200c", "\u200d", "\u2060", "\u00ad", "\u200e", "\u202e", "\u2066", "\u3000", "\u2003", "\u2028", "\u180e", "\u115f",
    "\u3164", "\uffa0", "\u2800", "\u034f", "\ufe0f", "\U000e0020", "\x00", "\x0b", "\x1b", "\x7f", "\x85", "\ue000", "\ufeff \u200b\t",
]  # fmt: skip
FORMULAS = [hidden + sign + "1+1" for hidden in HIDDEN for sign in SIGNS]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =cmd|' /C calc'!A0", "\tx", "\rx", "\nx"])
def test_csv_never_starts_a_formula(text: str) -> None:
    read = list(csv.reader(io.StringIO(export.csv(pd.DataFrame({"=name": [text], "n": [-1.5]})).decode("utf-8-sig"), newline="")))
    assert read == [["'=name", "n"], ["'" + text, "-1.5"]]


def test_no_width_and_nothing_unseen_hides_a_formula() -> None:
    read = list(csv.reader(io.StringIO(export.csv(pd.DataFrame({"n": FORMULAS})).decode("utf-8-sig"), newline="")))
    assert [row[0] for row in read[1:]] == ["'" + text for text in FORMULAS]


@pytest.mark.parametrize("text", ["4711", "a=b", "Ä-1", "\u200bname", "日本", "é@example.com", "'=1", "(-1)", "", " "])
def test_what_is_no_formula_is_left_as_it_is(text: str) -> None:
    read = list(csv.reader(io.StringIO(export.csv(pd.DataFrame({"n": [text], "m": [-1.5]})).decode("utf-8-sig"), newline="")))
    assert read[1] == [text, "-1.5"]


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
        "due 2026-11-26 10:00 Berlin: 2 hours on the wall clock from start 2026-11-26 08:00:05 UTC; 2026-11-26 04:00 New York", places
    )
    assert told == "due 26 Nov 14:30: 2 hours on the wall clock from start 26 Nov 13:30:05; 26 Nov 14:30"
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
    assert until(datetime(2025, 12, 31, 23, 59, 20, tzinfo=UTC), now) == "40 s ago"


def test_money_is_never_added_across_currencies() -> None:
    assert money.several({"EUR": 1_240_000.0, "USD": 900.0}) == "€1.24M + $900"
    assert money.several({"EUR": 900.0, "USD": 1_240_000.0}) == "€900 + $1.24M", "a currency keeps its place"
    assert money.several({}) == "–"
    assert money.several({"EUR": 3.0, "USD": 2.0, "PLN": 1.0}, 2) == "€3 + $2 + 1 more"
    assert money.amount(681.5, "USD") == "$681.50"
    assert money.amount(12_400.4, "XAU") == "XAU 12,400"


def test_a_waterfall_places_parents_before_children_and_survives_rings() -> None:
    spans = pd.DataFrame(
        {
            "span_id": ["c", "a", "b", "x", "y"],
            "parent_span_id": ["b", "missing", "a", "y", "x"],
            "start_time": pd.to_datetime([3, 1, 2, 4, 5], unit="s"),
        }
    )
    placed = ordered(spans)
    assert list(placed["span_id"]) == ["a", "b", "c", "x", "y"]
    assert list(placed["depth"]) == [0, 1, 2, 0, 0]


def test_names_of_milestones_close_in_time_do_not_cover_each_other() -> None:
    start = pd.Timestamp("2026-01-01 09:00", tz="UTC")
    minutes = [0, 1, 2, 40, 590, 598]
    names = ["Accepted by the gateway", "Mapped", "Taken from the queue", "Booked", "Delivered to the customer", "Invoiced"]
    frame = pd.DataFrame({"system": "ERP", "seen_at": [start + pd.Timedelta(minutes=at) for at in minutes], "milestone": names})
    lifts, lefts = timeline._places(frame, (start, start + pd.Timedelta(minutes=600)))
    taken: dict[int, list[tuple[float, float]]] = {}
    for at, name, lift, left in zip(minutes, names, lifts, lefts, strict=True):
        begin, width = at / 600 * timeline._WIDTH, timeline._LETTER * len(name)
        low, high = (begin - width, begin) if left else (begin, begin + width)
        assert high <= timeline._WIDTH
        assert all(high <= other_low or other_high <= low for other_low, other_high in taken.get(lift, []))
        taken.setdefault(lift, []).append((low, high))
    assert lefts == [False, False, False, False, True, True]


def test_an_incidents_lamp_is_its_state() -> None:
    assert status_badge.incident("open", 2) is status_badge.incident("acknowledged", 1) is status_badge.RED
    assert status_badge.incident("open", 0) is status_badge.AMBER
    assert status_badge.incident("resolved", 0) is status_badge.incident("resolved", 3) is status_badge.GREEN


def test_a_deadline_that_has_passed_is_none_to_come() -> None:
    now = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)
    assert next_deadline(datetime(2026, 11, 26, 12, 42, tzinfo=UTC), now, 3) == "due in 12 min"
    assert next_deadline(datetime(2026, 11, 26, 12, 18, tzinfo=UTC), now, 1) == next_deadline(None, now, 1) == "overdue"
    assert next_deadline(None, now, 0) == "–"


@pytest.mark.parametrize(
    ("written", "shown"),
    [("90 minutes", "1 h 30 min"), ("90minutes", "1 h 30 min"), ("2 days", "2 d"), ("40 working hours", "40 working hours")],
)
def test_working_time_between_signals_is_shown_as_written(written: str, shown: str) -> None:
    assert _every(written) == shown
