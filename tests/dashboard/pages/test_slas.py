"""SLAs: the share that was met, and the deadlines to come."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from dashboard.components import charts
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


def test_the_most_used_budget_comes_first_and_what_has_none_last(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attainment, "attainment", lambda *_, **__: DECIDED)
    rows = words(view("slas", filled)).split('aria-label="Misses against budget by SLA"')[1].split("</table>")[0]
    places = [rows.index(f'sla=order-to-cash%2F{name}">') for name in ("ship-as-promised", "book-in-time", "confirm-in-time")]
    assert places == sorted(places)
    assert ["1000%" in rows or "10 times" in rows, "100%" in rows, ">–</td>" in rows] == [True] * 3
    assert 'behind=missed">1</a>' in rows


def test_one_sla_is_told_in_figures(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attainment, "attainment", lambda *_, **__: DECIDED)
    test = view("slas", filled, sla="order-to-cash/book-in-time")
    shown = words(test)
    figures = shown.split('class="andon-kpis"')[1].split("</div></div>")[0]
    assert re.findall(r'<span class="label">(.*?)</span><b>(.*?)</b>', figures) == [
        ("Missed", "1"),
        ("Budget used", "100%"),
        ("Met", "95.0%"),
        ("Unknown", "2"),
    ]
    assert "1 allowed by the objective of 95%" in figures
    assert re.search(r'<a class="figure warn" href="slas\?sla=order-to-cash%2Fbook-in-time&amp;behind=missed"', figures)
    undecided = words(view("slas", filled, sla="order-to-cash/no-such"))
    assert re.findall(r"</span><b>(.*?)</b>", undecided) == ["0", "–", "–", "0"]
    assert "Nothing decided" in undecided


def test_a_click_on_misses_lists_the_clocks_that_were_missed(view: View, filled: Store) -> None:
    shown = words(view("slas", filled, sla="order-to-cash/book-in-time", behind="missed"))
    assert 'aria-label="Missed SLAs"' in shown
    assert '<a class="andon-back" href="slas?sla=order-to-cash%2Fbook-in-time">' in shown
    rows = shown.split("<tbody>")[1].split("</tbody>")[0]
    assert rows.count("<tr>") == rows.count("Order booked in ERP") > 0


def test_a_period_in_which_nothing_was_decided_says_so(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attainment, "attainment", lambda *_, **__: DECIDED.head(0))
    assert "No SLA was decided in the last 30 days" in words(view("slas", filled))


def test_no_deadline_at_all_is_good(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attainment, "next_due", lambda *_, **__: pd.DataFrame())
    monkeypatch.setattr(attainment, "still_late", lambda *_, **__: 0)
    assert "andon-notice good" in words(view("slas", filled))


@pytest.mark.parametrize(
    ("used", "kind", "width"), [(0.0, "ok", 0), (0.5, "ok", 25), (1.0, "warn", 50), (1.5, "bad", 75), (9.0, "bad", 100)]
)
def test_a_bar_is_as_long_as_what_was_used_of_twice_the_budget(used: float, kind: str, width: int) -> None:
    assert f'<div class="meter budget {kind}"' in slas._meter(used)
    assert f"width:{width}.0%" in slas._meter(used)
    assert slas._meter(None) == ""


@pytest.mark.parametrize(("met", "missed", "share"), [(0, 0, None), (1, 3, 0.25), (4, 0, 1.0)])
def test_unknown_clocks_count_as_neither(met: int, missed: int, share: float | None) -> None:
    row: dict[str, Any] = {"met": met, "missed": missed, "unknown": 99}
    assert slas._share(row) == share


def test_a_day_has_its_own_name_wherever_the_browser_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser takes an unlabelled midnight for one of its own zone: west of London it was told as the day before."""
    drawn: list[Any] = []
    monkeypatch.setattr(charts, "draw", lambda chart, *_: drawn.append(chart))
    slas._trend(pd.DataFrame({"day": ["2026-12-01"], "met": [3], "missed": [1]}), 0.9)
    (row,) = drawn[0].data.to_dict("records")
    assert (f"{row['day']:%d %b %H:%M %Z}", row["name"]) == ("01 Dec 00:00 UTC", "01 Dec")
    assert "name:N" in {tip.shorthand for tip in drawn[0].layer[0].encoding.tooltip}


def test_a_day_is_red_where_it_missed_more_than_it_may() -> None:
    many = days(*(("x", f"day {number}", 19, number % 3, 0) for number in range(40)))
    shown = slas._spark(many, 0.95)
    assert shown.count("<i ") == 30
    assert 'title="day 39: 0 of 19 missed"' in shown
    assert 'title="day 9: 0 of 19 missed"' not in shown
    assert (shown.count('class="ok"'), shown.count('class="bad"')) == (20, 10)
    assert 'class="dim"' in slas._spark(days(("x", "d", 0, 0, 5)), 0.95)
    assert slas._spark(None, 0.95) == ""
