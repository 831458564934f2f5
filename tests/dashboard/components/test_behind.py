"""The lists behind figures: what counts, what it is narrowed to, and links to them."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from dashboard.components import behind
from store.client import Store
from store.reads import leadership
from tests.dashboard.shown import View, files_offered, first_of, no_foreign_markup, words

TITLES = {
    "missed": "Missed SLAs",
    "protected": "Protected: met after their warning",
    "slowest": "Slowest transactions",
    "risk": "Value at risk now",
}


@pytest.mark.parametrize("what", TITLES)
def test_each_list_shows_its_transactions_and_leads_to_them(what: str, view: View, filled: Store) -> None:
    shown = words(view("kpis", filled, behind=what, plant="DE07"))
    rows = shown.split(f'aria-label="{TITLES[what]}"')[1].split("<tbody>")[1].split("</tbody>")[0]
    assert rows.count("<tr>") == rows.count('href="transactions?id=') == rows.count(">DE07</td>") > 0


@pytest.mark.parametrize("what", TITLES)
def test_the_file_has_what_the_list_leaves_out(what: str, view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    files = files_offered(monkeypatch)
    view("kpis", filled, behind=what)
    whole = files[f"kpis-{what}"]()
    monkeypatch.setattr(behind, "_SHOWN", 3)
    test = view("kpis", filled, behind=what)
    assert [caption.value for caption in test.caption if caption.value.startswith("Showing the first 3, ")]
    assert len(files[f"kpis-{what}"]()) == len(whole) > 3


def test_what_the_address_does_not_know_is_no_list(view: View, filled: Store) -> None:
    assert "andon-kpis" in words(view("kpis", filled, behind="everything"))


def test_customers_promises_are_listed_apart(view: View, filled: Store) -> None:
    promised, own = (words(view("kpis", filled, behind="missed", promised=to)) for to in ("customer", "internal"))
    assert "Goods arrive as promised" in promised
    assert "Order booked in ERP" not in promised
    assert "Goods arrive as promised" not in own


def test_a_list_says_what_it_is_of_and_how_many(view: View, filled: Store) -> None:
    test = view("kpis", filled, behind="missed", sla="order-to-cash/book-in-time", period="7d", customer="Globex")
    (about,) = [caption.value for caption in test.caption if "clock" in caption.value and "·" in caption.value]
    assert about.startswith("the last 7 days · Order to cash · Order booked in ERP · Globex · ")


def test_what_was_met_in_time_is_told_by_how_much_and_has_no_column_for_what_only_a_miss_has(view: View, filled: Store) -> None:
    shown = words(view("kpis", filled, behind="protected"))
    titles, rows = shown.split(f'aria-label="{TITLES["protected"]}"')[1].split("</table>")[0].split("<tbody>")
    assert "To spare" in titles
    assert not [title for title in ("Late by", "Cause", "Penalty") if title in titles]
    spared = re.findall(r'data-title="To spare"[^>]*>([^<]*)<', rows)
    assert len(spared) == rows.count("<tr>") > 0
    assert all(spared)


def test_what_is_at_risk_now_says_how_many_it_is(view: View, filled: Store) -> None:
    test = view("kpis", filled, behind="risk")
    rows = words(test).split(f'aria-label="{TITLES["risk"]}"')[1].split("<tbody>")[1].count("<tr>")
    assert f"{rows} transactions" in [caption.value for caption in test.caption]


def test_an_empty_list_is_good(view: View, empty: Store) -> None:
    for what in TITLES:
        assert "Nothing here" in words(view("kpis", empty, behind=what))


def test_hostile_words_stay_words(view: View, hostile: Store) -> None:
    customer = first_of(hostile, "clocks", "customer", "verdict = 'met_late'")
    for what, narrowed in (("missed", customer), *((what, "") for what in TITLES)):
        test = view("kpis", hostile, behind=what, customer=narrowed)
        assert "&lt;script&gt;" in words(test)
        no_foreign_markup(test)


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        ("source-silent:tms", "tms was silent"),
        ("source-paused:tms", "tms was paused"),
        ("overdue", "takes too long"),
        ("MATERIAL_LOCKED", "MATERIAL_LOCKED"),
        ("", "none recorded"),
    ],
)
def test_a_cause_is_told_as_people_say_it(cause: str, told: str) -> None:
    assert behind.cause_title(cause) == told


def test_amounts_are_kept_by_name_and_currency_without_nothing() -> None:
    frame = pd.DataFrame([("a", "EUR", 1.0), ("a", "USD", 2.0), ("b", "EUR", 0.0)], columns=["name", "currency", "missed"])
    assert behind.by_currency(frame, "missed") == {"a": {"EUR": 1.0, "USD": 2.0}}
    assert behind.by_currency(pd.DataFrame(), "missed") == {}


def test_selections_become_parameters_only_where_they_are_given() -> None:
    assert leadership.Selected(plant="DE07").named("plant", "customer") == ("plant",)
    assert leadership.Selected(plant="DE07").parameters() == {"flow": "andon-heartbeat", "plant": "DE07"}
