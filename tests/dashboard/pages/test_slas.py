"""SLAs: the share that was met, and the deadlines to come."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from dashboard.pages import slas
from store.client import Store
from store.reads import attainment
from tests.dashboard.shown import View, words


def test_no_deadline_ahead_is_not_called_good_while_one_is_past(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attainment, "next_due", lambda *_, **__: pd.DataFrame())
    shown = words(view("slas", filled))
    assert "Past the deadline and still open" in shown
    assert "andon-notice good" not in shown


def days(*rows: tuple[str, str, int, int, int]) -> pd.DataFrame:
    """Return what was decided: SLA of order-to-cash, day, met, missed, unknown."""
    frame = pd.DataFrame(rows, columns=["sla", "day", "met", "missed", "unknown"])
    return frame.assign(flow="order-to-cash", total=frame["met"] + frame["missed"] + frame["unknown"])


DECIDED = days(
    ("book-in-time", "2026-11-20", 9, 1, 0), ("book-in-time", "2026-11-21", 10, 0, 2), ("ship-as-promised", "2026-11-20", 1, 1, 0),
    ("confirm-in-time", "2026-11-20", 0, 0, 3),
)  # fmt: skip


def test_the_lowest_share_comes_first_and_what_has_none_last(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attainment, "attainment", lambda *_, **__: DECIDED)
    rows = words(view("slas", filled)).split('aria-label="Attainment by SLA"')[1].split("</table>")[0]
    places = [rows.index(f"sla=order-to-cash%2F{name}") for name in ("ship-as-promised", "book-in-time", "confirm-in-time")]
    assert places == sorted(places)
    assert ["50.0%" in rows, "95.0%" in rows, ">–</td>" in rows] == [True] * 3


def test_one_sla_is_told_in_figures(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attainment, "attainment", lambda *_, **__: DECIDED)
    test = view("slas", filled, sla="order-to-cash/book-in-time")
    assert [(metric.label, metric.value) for metric in test.metric] == [
        ("Share met", "95.0%"),
        ("Met", "19"),
        ("Missed", "1"),
        ("Unknown", "2"),
    ]
    undecided = view("slas", filled, sla="order-to-cash/no-such")
    assert [metric.value for metric in undecided.metric] == ["–", "0", "0", "0"]
    assert "Nothing decided" in words(undecided)


def test_a_period_in_which_nothing_was_decided_says_so(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attainment, "attainment", lambda *_, **__: DECIDED.head(0))
    assert "No SLA was decided in this period" in words(view("slas", filled))


def test_no_deadline_at_all_is_good(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attainment, "next_due", lambda *_, **__: pd.DataFrame())
    monkeypatch.setattr(attainment, "still_late", lambda *_, **__: 0)
    assert "andon-notice good" in words(view("slas", filled))


@pytest.mark.parametrize(("share", "kind"), [(1.0, "ok"), (0.95, "ok"), (0.9499, "warn"), (0.9, "warn"), (0.8999, "bad"), (0.0, "bad")])
def test_a_bar_is_green_from_its_target_and_amber_from_ninety_per_cent(share: float, kind: str) -> None:
    assert f'<div class="meter {kind}"' in slas._bar(share)
    assert slas._bar(None) == ""


@pytest.mark.parametrize(("met", "missed", "share"), [(0, 0, None), (1, 3, 0.25), (4, 0, 1.0)])
def test_unknown_clocks_count_as_neither(met: int, missed: int, share: float | None) -> None:
    row: dict[str, Any] = {"met": met, "missed": missed, "unknown": 99}
    assert slas._share(row) == share
    assert slas._order(row) == (2.0 if share is None else share)


def test_a_trend_has_a_bar_for_each_of_the_last_thirty_days() -> None:
    many = days(*(("x", f"day {number}", number % 2, 1 - number % 2, 0) for number in range(40)))
    shown = slas._spark(many)
    assert shown.count("<i ") == 30
    assert 'title="day 39: 100%"' in shown
    assert 'title="day 9: 100%"' not in shown
    assert 'class="dim"' in slas._spark(days(("x", "d", 0, 0, 5)))
    assert slas._spark(None) == ""
