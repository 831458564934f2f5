"""Finding a transaction: by any identifier as a person types it, or by where it stands, bounded and the youngest first."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.business_key import visible
from store.client import Store
from store.read_endpoint.endpoint import QUERY_BYTES
from store.reads import search
from store.reads.connection import Reader
from store.stages.derived import follow_clocks
from tests.store.rows import DAY, HOUR, START, clock, put, transaction


def key(store: Store, value: str, identity: str, type_: str = "order", active: int = 1) -> None:
    put(store, "transaction_keys", key_value=value, key_type=type_, flow="o2c", transaction_id=identity, active=active)


def identity(age: timedelta) -> str:
    """Return the id of a transaction that was first seen so long before START."""
    return f"{int((START - age).timestamp() * 1000):012x}{'0' * 20}"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("4711", ["4711"]),
        (" 4711 ", ["4711"]),
        ("004711", ["004711", "4711"]),
        ("000", ["000", "0"]),
        ("0", ["0"]),
        ("", [""]),
        ("A-0", ["A-0"]),
        ("\ufeff 47\u200b11\u00a0\r\n", ["4711"]),
    ],
)
def test_an_identifier_is_looked_for_as_it_is_and_without_leading_zeros(typed: str, found: list[str]) -> None:
    assert search.forms(typed) == found


@given(st.text(max_size=20))
def test_of_any_text_there_is_a_form_and_none_twice(typed: str) -> None:
    found = search.forms(typed)
    assert found[0] == visible(typed)
    assert len(set(found)) == len(found) <= 2


def test_exact_identifiers_come_first_then_those_it_begins(store: Store) -> None:
    key(store, "4711", "t1")
    key(store, "47110", "t3")
    key(store, "4711-A", "t2", "delivery")
    key(store, "5711", "t4")
    key(store, "4711", "t5", "invoice")
    key(store, "47", "t6")
    key(store, "4711", "t9", active=0)
    found = search.find(store.reader, value="00471")
    assert found["transaction_id"].tolist() == ["t5", "t3", "t2", "t1"], "what begins with it is found as it is stored, too"
    found = search.find(store.reader, value=" 4711")
    assert [(row["transaction_id"], row["key_type"]) for row in found.to_dict("records")] == [
        ("t5", "invoice"), ("t1", "order"), ("t3", "order"), ("t2", "delivery"),
    ]  # fmt: skip
    assert len(search.find(store.reader, value="4711", limit=1)) == 1
    assert search.find(store.reader, value="'; DROP TABLE clocks; --").empty


def test_a_heartbeat_is_found_by_its_whole_name_alone(store: Store) -> None:
    beat = "2026-12-01T02:25:58.852907+00:00"
    key(store, "2026-00042", "t1")
    put(store, "transaction_keys", flow="andon-heartbeat", key_type="heartbeat", key_value=beat, transaction_id="t2", active=1)

    def found(value: str) -> list[str]:
        return [row["transaction_id"] for row in search.find(store.reader, value=value).to_dict("records")]

    assert found("2026-") == found("026") == ["t1"]
    assert found("12-01T02") == []
    assert found(beat) == ["t2"]


def test_the_id_of_a_merged_transaction_leads_to_the_one_it_went_into(store: Store) -> None:
    key(store, "gone", "stays", "@merged")
    assert search.find(store.reader, value="gone")[["transaction_id", "key_type"]].to_numpy().tolist() == [["stays", "@merged"]]


def test_a_part_of_a_number_or_a_name_finds_if_nothing_is_called_so(store: Store) -> None:
    for number, (reference, customer) in enumerate([("4711", "Müller & Söhne"), ("SO-14712", "ACME GmbH"), ("9", "Acme Ltd")]):
        key(store, reference, identity(HOUR * number))
        transaction(store, identity(HOUR * number), reference=reference, facts={"customer": customer, "plant": "DE07"})
    transaction(store, identity(9 * HOUR), facts={"customer": "ACME gone"}, state="merged")

    def found(value: str, **limit: int) -> list[tuple[str, str]]:
        rows = search.find(store.reader, value=value, **limit)
        return [(row["key_type"], row["key_value"]) for row in rows.to_dict("records")]

    assert found("4711") == [("order", "4711")], "a whole number means only itself"
    assert found("471") == [("order", "4711"), ("order", "SO-14712")], "what begins with it comes first"
    assert found("so-14") == [("order", "SO-14712")]
    assert found("acme") == [("@customer", "ACME GmbH"), ("@customer", "Acme Ltd")]
    assert found("müller") == [("@customer", "Müller & Söhne")]
    assert found("de07", limit=2) == [("@plant", "DE07")] * 2
    assert found("a") == [], "a single letter is in nearly all"
    assert found("%") == found("___") == []


def test_what_is_typed_is_completed_by_numbers_that_begin_so_and_names_that_contain_it(store: Store) -> None:
    for number, (reference, customer) in enumerate([("470", "Firma 47"), ("4711", "ACME"), ("47110", "Firma 47"), ("14711", "old 47")]):
        age = 90 * DAY if customer == "old 47" else HOUR * number
        key(store, reference, identity(age))
        transaction(store, identity(age), reference=reference, facts={"customer": customer})
    key(store, "4799", "gone", active=0)
    key(store, "4798", "merged", "@merged")

    def told(value: str, **limit: int) -> list[tuple[str, str]]:
        rows = search.suggested(store.reader, value=value, since=START - 30 * DAY, **limit)
        return [(row["kind"], row["value"]) for row in rows.to_dict("records")]

    assert told("0047") == [("order", "470"), ("order", "4711"), ("order", "47110")]
    assert told("47", limit=2) == [("order", "470"), ("order", "4711"), ("@customer", "Firma 47")]
    assert told("acm") == [("@customer", "ACME")]
    assert told("4") == told("") == []


@pytest.mark.parametrize("order", ["worst", "newest"])
def test_a_file_of_many_transactions_asks_no_query_that_is_too_long(
    store: Store, monkeypatch: pytest.MonkeyPatch, order: search.Order
) -> None:
    number, longest = 35_000, [0]
    ids = [identity(timedelta(milliseconds=at)) for at in range(number)]
    store.insert("transactions", {"flow": ["o2c"] * number, "transaction_id": ids, "revision": [1] * number, "state": ["open"] * number})
    clocks = {"flow": "o2c", "sla": "book", "stage": "booked", "verdict": "breached", "due_at": START, "revision": 1, "removed": 0}
    store.insert("clocks", {"transaction_id": ids, **{name: [value] * number for name, value in clocks.items()}})
    whole = search.frame

    def measured(client: Reader, sql: str, parameters: Mapping[str, Any] | None = None) -> pd.DataFrame:
        longest.append(len(repr(parameters)))
        return whole(client, sql, parameters)

    monkeypatch.setattr(search, "frame", measured)
    found = search.listing(store.reader, now=START + HOUR, order=order, limit=50_000)

    assert len(found) == found["transaction_id"].nunique() == number
    assert set(found["verdict"]) == {"breached"}
    assert max(longest) < QUERY_BYTES / 2


def test_lists_look_back_until_they_have_enough(store: Store) -> None:
    """Of one customer's orders, one a day, the youngest come first from however far back; another's old one is found too."""
    ages = [timedelta(days=days) for days in range(100)]
    ids = [identity(age) for age in ages]
    rows = {
        "flow": ["o2c"] * 100, "transaction_id": ids, "revision": [1] * 100, "state": ["open"] * 100, "started_at": [START - age for age in ages],
        "facts": [{"customer": "ACME" if number < 99 else "Globex"} for number in range(100)],
    }  # fmt: skip
    store.insert("transactions", rows)
    for number in (3, 70):
        clock(store, ids[number], "breached", revision=2)
        clock(store, ids[number + 1], "met", stopped_at=START, revision=2)

    def listed(**choices: Any) -> list[str]:
        return search.listing(store.reader, now=START, **choices)["transaction_id"].tolist()

    assert listed(customer="ACME", limit=20) == ids[:20]
    assert listed(customer="ACME", limit=200) == ids[:99]
    assert listed(customer="Globex") == [ids[99]]
    assert listed(customer="ACME", since=START - timedelta(days=5)) == ids[:6]
    assert listed(customer="ACME", since=START - timedelta(days=90), until=START - timedelta(days=80)) == ids[81:91]
    assert listed(until=START - timedelta(days=97)) == ids[98:]
    assert listed(order="worst", since=START - timedelta(days=71), until=START - timedelta(days=69)) == [ids[70], ids[71]]
    assert listed(order="value", until=START - timedelta(days=69), limit=1) == [ids[70]]
    assert listed(verdict="breached") == [ids[3], ids[70]]
    assert listed(verdict="met") == [ids[4], ids[71]]
    assert listed(awaited="booked", since=START - timedelta(days=9)) == [ids[3]]
    assert listed(ids=(ids[99], ids[2])) == [ids[2], ids[99]]


def test_failed_merged_and_heartbeats(store: Store) -> None:
    ids = [identity(HOUR * number) for number in range(4)]
    transaction(store, ids[0], failed_stage="booked", failed_milestone="rejected", cause="blocked")
    transaction(store, ids[1], state="merged")
    transaction(store, ids[2], flow="andon-heartbeat")
    transaction(store, ids[3])

    def listed(**choices: Any) -> list[str]:
        found = search.listing(store.reader, now=START, **choices)
        return found["transaction_id"].tolist() if len(found) else []

    assert listed() == [ids[0], ids[3]]
    assert listed(verdict="failed") == listed(awaited="booked") == [ids[0]]
    assert listed(verdict="failed", awaited="shipped") == []
    assert listed(flow="andon-heartbeat") == [ids[2]], "when it is asked for"
    assert set(listed(ids=tuple(ids))) == set(ids), "what is named by its id is told whatever it is"


def test_a_transaction_is_listed_with_its_worst_clock(store: Store) -> None:
    one, other = identity(HOUR), identity(2 * HOUR)
    transaction(store, one)
    transaction(store, other)
    clock(store, one, "running", sla="x", value=900.0, currency="USD", due_at=START)
    clock(store, one, "breached", sla="z", due_at=START + 2 * HOUR)
    clock(store, one, "breached", sla="y", due_at=START + HOUR)
    clock(store, one, "breached", sla="w", due_at=START - DAY, removed=1)
    rows = {row["transaction_id"]: row for row in search.listing(store.reader, now=START).to_dict("records")}
    assert [rows[one][name] for name in ("sla", "verdict", "value", "currency")] == ["y", "breached", 900.0, "USD"]
    assert [rows[other][name] for name in ("sla", "verdict", "currency")] == ["", "", ""]
    assert search.worst_clocks(store.reader, ids=(other, "none")).empty


def test_the_worst_come_first_then_the_newest(store: Store) -> None:
    ids = [identity(HOUR * number) for number in range(1, 7)]
    for one in ids:
        transaction(store, one, facts={"supplier": "Stahl AG"} if one == ids[4] else {})
    clock(store, ids[1], "at_risk", due_at=START + HOUR, value=5.0)
    clock(store, ids[3], "breached", due_at=START + 3 * HOUR, value=1.0)
    clock(store, ids[4], "breached", due_at=START + 2 * HOUR, value=9.0, sla="ship", supplier="Stahl AG")
    clock(store, ids[5], "running", due_at=START, value=7.0)

    def listed(**choices: Any) -> list[int]:
        found = search.listing(store.reader, now=START, **choices)
        return [ids.index(one) for one in found["transaction_id"]] if len(found) else []

    assert listed(order="worst") == [4, 3, 1, 0, 2, 5]
    assert listed(order="worst", limit=2) == [4, 3]
    assert listed(order="worst", since=START - 4.5 * HOUR) == [3, 1, 0, 2]
    assert listed(order="worst", verdict="breached") == [4, 3]
    assert listed(order="worst", state="open", stage="captured", limit=1) == [4]
    assert listed(order="worst", state="completed") == []
    assert listed(order="worst", verdict="met") == []
    assert listed(order="due") == [5, 1, 4, 3, 0, 2]
    assert listed(order="due", reverse=True) == [3, 4, 1, 5, 0, 2]
    assert listed(order="value") == [4, 5, 1, 3, 0, 2]
    assert listed(order="value", reverse=True) == [3, 1, 5, 4, 0, 2]
    assert listed(order="worst", supplier="Stahl AG") == listed(supplier="Stahl AG") == [4]
    assert listed(order="worst", awaited="booked") == [4, 3, 1]


def test_a_column_is_put_in_order_over_all_that_match_and_not_only_over_what_is_shown(store: Store) -> None:
    rows = [
        ("4711", "captured", "globex", 3, "DE07"),
        ("815", "booked", "ACME", 1, ""),
        ("A-1", "booked", "", 2, "US02"),
        ("99", "captured", "Zeta", 0, "DE01"),
    ]
    ids = [identity(HOUR * number) for number in range(1, 5)]
    for one, (reference, stage, customer, hours, plant) in zip(ids, rows, strict=True):
        facts = {"customer": customer, "plant": plant}
        transaction(
            store, one, reference=reference, stage=stage, started_at=START + HOUR * hours, updated_at=START - HOUR * hours, facts=facts
        )
    transaction(store, identity(9 * HOUR), flow="p2p", reference="5", failed_stage="x")
    titles = (("o2c", "", "Orders"), ("p2p", "", "Buying"), ("o2c", "captured", "Arrived"), ("o2c", "booked", "Zipped"))

    def listed(order: search.Order, **choices: Any) -> list[str]:
        return search.listing(store.reader, now=START, order=order, titles=titles, **choices)["reference"].tolist()

    assert listed("reference") == ["A-1", "5", "99", "815", "4711"]
    assert listed("reference", reverse=True, limit=2) == ["4711", "815"]
    assert listed("customer") == ["815", "4711", "99", "A-1", "5"]
    assert listed("customer", reverse=True) == ["99", "4711", "815", "A-1", "5"]
    assert listed("plant", flow="o2c") == ["99", "4711", "A-1", "815"]
    assert listed("started", flow="o2c") == ["4711", "A-1", "815", "99"]
    assert listed("updated", flow="o2c", reverse=True) == ["4711", "A-1", "815", "99"]
    assert listed("flow")[0] == "5", "by titles"
    assert listed("stage", flow="o2c") == ["4711", "99", "815", "A-1"], "by titles"
    assert listed("state", limit=1) == ["5"], "failed comes before open"
    for order in search.ORDERS:
        assert len(search.listing(store.reader, now=START, order=order)) == 5, f"{order}, without titles"


def test_the_largest_values_are_found_among_all_clocks_decided_or_not(store: Store) -> None:
    ids = [identity(HOUR * number) for number in range(1, 6)]
    for number, one in enumerate(ids):
        transaction(store, one, state="completed" if number < 2 else "open")
    clock(store, ids[0], "met", value=50.0, stopped_at=START)
    clock(store, ids[1], "met_late", value=900.0, stopped_at=START + 2 * HOUR, customer="Globex")
    clock(store, ids[2], "running", value=300.0)
    clock(store, ids[2], "met", sla="ship", value=700.0, stopped_at=START)
    clock(store, ids[3], "breached", value=10.0)
    follow_clocks(store)

    def listed(**choices: Any) -> list[int]:
        found = search.listing(store.reader, now=START, order="value", **choices)
        return [ids.index(one) for one in found["transaction_id"]]

    assert listed() == [1, 2, 0, 3, 4]
    assert listed(reverse=True) == [3, 0, 2, 1, 4]
    assert listed(limit=2, since=START - 4.5 * HOUR) == [1, 2]
    assert listed(state="completed") == [1, 0]
    assert listed(verdict="met") == [2, 0]
    assert listed(customer="Globex", limit=1) == [1]
    assert listed(promises=(("o2c", "book"),)) == [1, 2, 0, 3], "700 is of another promise"
    clock(store, ids[4], "running", value=100_000.0, currency="JPY")
    assert listed(rates=(("JPY", 0.006),)) == [1, 2, 4, 0, 3]


def test_of_the_promises_asked_for_only_their_clocks_count(store: Store) -> None:
    one, other, none = identity(HOUR), identity(2 * HOUR), identity(3 * HOUR)
    for each in (one, other, none):
        transaction(store, each)
    clock(store, one, "breached", sla="book")
    clock(store, one, "running", sla="ship", due_at=START + 9 * HOUR)
    clock(store, other, "met", sla="ship", stopped_at=START)
    for order in search.ORDERS:
        found = search.listing(store.reader, now=START, order=order, promises=(("o2c", "ship"),))
        assert dict(zip(found["transaction_id"], found["verdict"], strict=True)) == {one: "running", other: "met"}, order
    found = search.listing(store.reader, now=START, order="worst", promises=(("o2c", "book"), ("o2c", "ship")), verdict="breached")
    assert found["transaction_id"].tolist() == [one]
    assert search.listing(store.reader, now=START, order="worst", promises=(("", ""),)).empty


def test_nothing_listed_has_the_columns_of_its_clock_all_the_same(store: Store) -> None:
    assert {"sla", "verdict", "due_at", "value", "currency"} <= set(search.listing(store.reader, now=START).columns)


def test_choices_are_the_customers_and_plants_seen_since_then(store: Store) -> None:
    for number, (customer, age) in enumerate([("ACME", HOUR), ("ACME", 2 * HOUR), ("Globex", HOUR), ("Old", 9 * DAY)]):
        transaction(store, identity(age)[:-1] + str(number), facts={"customer": customer, "supplier": "S", "plant": "DE07"})
    found = search.choices(store.reader, since=START - DAY)
    named = found[["customer", "supplier", "carrier", "plant", "transactions"]].to_numpy().tolist()
    assert named == [["ACME", "S", "", "DE07", 2], ["Globex", "S", "", "DE07", 1]]


def test_a_file_of_all_that_matches_costs_by_its_rows(store: Store) -> None:
    """With an array of so many ids the store took more than a minute."""
    count = 50_000
    ids = [identity(timedelta(seconds=number)) for number in range(count)]
    store.insert("transactions", {"flow": ["o2c"] * count, "transaction_id": ids, "revision": [1] * count, "state": ["open"] * count})
    clocks = {"sla": ["book"] * count, "verdict": ["met"] * count, "due_at": [START] * count}
    store.insert("clocks", {"flow": ["o2c"] * count, "transaction_id": ids, "revision": [1] * count, **clocks})
    began = time.process_time()
    assert len(search.listing(store.reader, now=START, ids=tuple(ids), limit=count)) == count
    assert time.process_time() - began < 30
