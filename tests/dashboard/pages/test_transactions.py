"""The list of transactions, and the search by identifier."""

from __future__ import annotations

import html
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pandas as pd
import pytest

from core.catalog.flow import HEARTBEAT
from dashboard import data
from dashboard.pages import transactions
from store.client import Store
from store.reads import search
from tests.dashboard.shown import View, first_of, words
from tests.dashboard.synthetic import NOW


def test_a_station_leads_to_what_is_late_there(view: View, filled: Store) -> None:
    shown = words(view("transactions", filled, flow="order-to-cash", awaited="booked", period="all"))
    late = filled.rows(
        "SELECT reference FROM clocks FINAL WHERE flow = 'order-to-cash' AND stage = 'booked' AND verdict IN ('at_risk', 'breached', 'unknown')"
    )
    assert late
    assert all(row["reference"] in shown for row in late)


def test_search_ignores_leading_zeros_and_says_when_nothing_is_found(view: View, filled: Store) -> None:
    reference = first_of(filled, "transactions", "reference", "flow = 'order-to-cash'")
    shown = words(view("transactions", filled, find=f"000{reference}"))
    assert "What to tell" in shown, "one that is found alone is opened"
    assert f"<h1>{reference} " in shown
    assert "No transaction found for “4711-0815”" in words(view("transactions", filled, find="4711-0815"))


def test_a_search_that_finds_too_much_says_so(view: View, filled: Store) -> None:
    shown = view("transactions", filled, find="45")
    words(shown)
    assert any("Type more of it" in caption.value for caption in shown.caption)


def test_heartbeats_are_not_listed_unless_asked_for(view: View, filled: Store) -> None:
    identity = f"{int(NOW.timestamp() * 1000):012x}{'0' * 20}"
    row = {"flow": HEARTBEAT, "transaction_id": identity, "revision": 1, "reference": "beat", "state": "completed", "started_at": NOW}
    filled.insert("transactions", {name: [value] for name, value in row.items()})
    assert identity not in words(view("transactions", filled))
    assert identity in words(view("transactions", filled, flow=HEARTBEAT))


@pytest.fixture
def listed(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Draw the list; return the page and what the store was asked for."""

    def draw(**address: str) -> tuple[Any, dict[str, Any]]:
        asked: dict[str, Any] = {}

        def listing(_client: object, **parameters: Any) -> pd.DataFrame:
            asked.update(parameters)
            return pd.DataFrame()

        monkeypatch.setattr(search, "listing", listing)
        return view("transactions", filled, **address), asked

    return draw


def test_the_filters_of_the_address_are_what_the_store_is_asked_for(listed: Any) -> None:
    address = {
        "flow": "order-to-cash",
        "state": "completed",
        "verdict": "met_late",
        "stage": "booked",
        "customer": "ACME GmbH",
        "plant": "DE07",
    }
    _, asked = listed(**address, period="24h")
    assert {name: asked[name] for name in address} == address
    assert asked["since"] == NOW.replace(second=0) - timedelta(days=1)


@pytest.mark.parametrize("address", [{"verdict": "breached"}, {"awaited": "booked"}, {"stage": "booked"}, {"state": "open"}])
def test_no_filter_changes_the_period(listed: Any, address: dict[str, str]) -> None:
    assert listed(**address)[1]["since"] == listed()[1]["since"]
    assert listed(**address, period="all")[1]["since"] is None


def test_the_list_begins_with_a_week(listed: Any) -> None:
    assert listed()[1]["since"] == NOW - timedelta(days=7)


def test_own_days_are_what_the_store_is_asked_for(listed: Any) -> None:
    own = {"period": "own", "from": "2026-11-19", "to": "2026-11-20"}
    _, asked = listed(**own)
    assert (asked["since"], asked["until"]) == (datetime(2026, 11, 18, 23, tzinfo=UTC), datetime(2026, 11, 20, 23, tzinfo=UTC))
    assert listed(**{**own, "to": f"{NOW:%Y-%m-%d}"})[1]["until"] is None, "what came within this minute is in it"


def test_what_led_here_from_the_board_is_said_and_can_be_left(listed: Any) -> None:
    test, asked = listed(flow="order-to-cash", awaited="booked")
    assert asked["awaited"] == "booked"
    assert "on the way to “Booked in ERP”" in test.text[0].value
    next(button for button in test.button if button.label == "Show all").click().run()
    assert asked["awaited"] == ""
    assert "awaited" not in test.query_params


def test_filters_that_match_nothing_say_so(listed: Any) -> None:
    assert "Nothing matches" in words(listed(customer="nobody")[0])


def test_an_identifier_that_is_typed_is_kept_in_the_address(view: View, filled: Store) -> None:
    reference = first_of(filled, "transactions", "reference", "flow = 'order-to-cash'")
    test = view("transactions", filled)
    test = test.text_input[0].set_value(f"  {reference} ").run()
    assert reference in words(test)
    assert test.query_params["find"] == reference


def test_the_breached_come_first_and_only_exceptions_are_coloured(view: View, filled: Store) -> None:
    shown = words(view("transactions", filled, period="30d"))
    rows = re.findall(r"<tr>(.*?)</tr>", shown)[1:]
    status = [row for row in rows if "breached" in row]
    assert status
    assert rows[: len(status)] == status
    assert 'class="pill info"' not in "".join(rows), "what runs is said, not coloured"


def test_filters_by_sla_and_owner_name_the_promises_of_both(listed: Any) -> None:
    _, asked = listed(sla="order-to-cash/book-in-time")
    assert asked["promises"] == (("order-to-cash", "book-in-time"),)
    _, asked = listed(owner="warehouse", flow="order-to-cash")
    assert asked["promises"] == (("order-to-cash", "ship-as-promised"),)
    _, asked = listed(owner="warehouse", sla="order-to-cash/book-in-time")
    assert asked["promises"] == (("", ""),), "nothing is promised by both"
    assert "promises" not in listed()[1]


def test_a_flow_offers_the_companies_of_its_roles(listed: Any) -> None:
    assert [box.label for box in listed(flow="procure-to-pay")[0].selectbox if box.label in {"Customer", "Supplier", "Carrier"}] == [
        "Supplier"
    ]
    test, asked = listed(supplier="Stahl AG", carrier="Rapid", order="due")
    assert [box.label for box in test.selectbox][4:7] == ["Customer", "Supplier", "Carrier"]
    assert (asked["supplier"], asked["carrier"], asked["order"]) == ("Stahl AG", "Rapid", "due")


def test_an_order_that_is_none_is_the_worst_first(listed: Any) -> None:
    assert listed(order="sideways")[1]["order"] == "worst"


def test_the_worst_are_never_last(listed: Any) -> None:
    assert listed(order="worst", reverse="1")[1]["reverse"] is False


def test_a_click_on_a_head_sorts_by_its_column_and_another_turns_it_round(view: View, filled: Store) -> None:
    def heads(**address: str) -> dict[str, tuple[str, dict[str, str]]]:
        shown = words(view("transactions", filled, **address))
        found = re.findall(
            r'<th class="[^"]*" scope="col"(?: aria-sort="([a-z]*)")?><a href="transactions\?([^"]*)"[^>]*>([^<]*)</a>', shown
        )
        return {title: (order, dict(parse_qsl(html.unescape(query)))) for order, query, title in found}

    first = heads(period="30d", plant="DE07")
    assert first["SLA status"] == ("descending", {"period": "30d", "plant": "DE07", "order": "worst"})
    assert first["Customer"] == ("", {"period": "30d", "plant": "DE07", "order": "customer"})
    once = heads(**first["Customer"][1])
    assert once["Customer"] == ("ascending", {**first["Customer"][1], "reverse": "1"})
    assert once["Value"] == ("", {"period": "30d", "plant": "DE07", "order": "value"}), "another column begins its own way"
    assert heads(**once["Customer"][1])["Customer"] == ("descending", first["Customer"][1])


@pytest.mark.parametrize(("order", "column"), [("customer", "customer"), ("plant", "plant"), ("reference", "reference")])
def test_rows_stand_in_the_order_asked_for_and_so_does_the_file(
    view: View, filled: Store, monkeypatch: pytest.MonkeyPatch, order: str, column: str
) -> None:
    monkeypatch.setattr(transactions, "_LIMIT", 20)
    offered: list[Any] = []
    monkeypatch.setattr(transactions.export, "offer", lambda *given, **_: offered.append(given[1]))
    words(view("transactions", filled, order=order, period="all", flow="order-to-cash"))
    values = offered[0]()[column].tolist()
    assert len(values) > 20
    assert values == sorted(values, key=lambda value: (not value, value.lower()))


def test_a_part_of_a_name_finds_the_transactions_of_that_company(view: View, filled: Store) -> None:
    shown = words(view("transactions", filled, find="globe"))
    assert "Customer Globex" in shown
    rows = re.findall(r"<tr>(.*?)</tr>", shown)[1:]
    assert rows
    assert all("Globex" in row for row in rows)
    late = [row for row in rows if "breached" in row]
    assert late
    assert rows[: len(late)] == late, "the worst first"
    assert "aria-sort" not in shown


def test_the_number_itself_comes_before_those_that_begin_with_it(view: View, filled: Store) -> None:
    for number, reference in enumerate(("7700", "77001", "770")):
        identity = f"{int(NOW.timestamp() * 1000) + number:012x}{'0' * 20}"
        row = {
            "flow": "order-to-cash",
            "transaction_id": identity,
            "revision": 1,
            "reference": reference,
            "state": "open",
            "started_at": NOW,
        }
        filled.insert("transactions", {name: [value] for name, value in row.items()})
        key = {
            "key_type": "sales_order",
            "key_value": reference,
            "flow": "order-to-cash",
            "transaction_id": identity,
            "revision": 1,
            "active": 1,
        }
        filled.insert("transaction_keys", {name: [value] for name, value in key.items()})
    shown = words(view("transactions", filled, find="7700"))
    assert re.findall(r">(770\d*)</a>", shown) == ["7700", "77001"]


def test_the_file_has_all_that_match_and_not_only_what_is_shown(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "_LIMIT", 20)
    offered: list[Any] = []
    monkeypatch.setattr(transactions.export, "offer", lambda *given, **_: offered.append(given[1]))
    test = view("transactions", filled, period="all")
    assert len(re.findall(r"<tr>", words(test))) == 21
    assert (
        len(offered[0]())
        == filled.rows("SELECT count() AS n FROM transactions FINAL WHERE state != 'merged' AND flow != 'andon-heartbeat'")[0]["n"]
    )


@pytest.mark.parametrize("address", [{}, {"verdict": "breached"}, {"find": "4500"}, {"id": "01a20ce14ad9"}])
def test_without_an_answer_no_list_no_search_and_no_transaction_is_made_up(view: View, address: dict[str, str]) -> None:
    shown = words(view("transactions", None, **address))
    assert "Data delayed" in shown
    assert not re.search("andon-table|andon-where|No transaction found|No such transaction|Nothing matches", shown)


@pytest.mark.parametrize("part", ["andon-table", "andon-where"])
def test_a_slow_store_is_waited_for_and_what_it_says_is_shown_whole(
    view: View, filled: Store, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    quick, asked = data._ask, []

    def slow(*given: Any) -> Any:
        asked.append(given[1])
        time.sleep(0.1)
        return quick(*given)

    monkeypatch.setattr(data, "_ask", slow)
    identity = first_of(filled, "transactions", "transaction_id", "flow = 'order-to-cash' AND state = 'open'")
    shown = words(view("transactions", filled, **({"id": identity} if part == "andon-where" else {})))
    assert asked
    assert part in shown
    assert "Data delayed" not in shown


def test_an_empty_store_has_no_such_transaction_and_finds_nothing(view: View, empty: Store) -> None:
    assert "No such transaction" in words(view("transactions", empty, id="01a20ce14ad9"))
    assert "No transaction found for “4711”" in words(view("transactions", empty, find="4711"))
