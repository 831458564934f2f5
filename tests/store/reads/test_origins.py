"""Sources: when each was heard, how much it sends, and what of it could not be used."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from core.clock import to_milliseconds
from core.signal import Lane, Record, SignalKind
from store.client import Store
from store.loading import slice as slices
from store.loading.hours import Hours, columns_of, count
from store.loading.slice import SHARES, SliceWriter
from store.reads import origins
from tests.store.rows import DAY, HOUR, START, put


def milestone(store: Store, number: int, **row: Any) -> None:
    given = {"flow": "o2c", "milestone": "captured", "event_id": f"e{number}", "source": "crm", "received_at": START, **row}
    put(store, "milestone_events", slice=number, **given)


def event(store: Store, number: int, source: str = "crm", **row: Any) -> None:
    put(store, "events", slice=number, source=source, event_source="/shop", **{"id": f"{source}{number}", "received_at": START, **row})


def load(store: Store, *received: tuple[SignalKind, str, datetime, int]) -> None:
    """Load a slice of requests, each with its kind, source, time of receipt and number of signals."""
    records = [Record(kind, source, Lane.STANDARD, to_milliseconds(at), count, b"") for kind, source, at, count in received]
    write(store, records)


def write(store: Store, records: list[Record]) -> list[Record]:
    """Write a slice and count it; return what the store refused."""
    refused = SliceWriter(store).write(records, store.revision(SHARES))
    counted: Hours = {}
    count(counted, records, refused)
    store.insert("source_hours", columns_of(counted))
    return refused


def test_volumes_count_by_source_kind_and_hour(store: Store) -> None:
    for minutes in (0, 30, 59, 60):
        load(store, (SignalKind.LOGS, "crm", START + HOUR * minutes / 60, 2), (SignalKind.LOGS, "crm", START + HOUR * minutes / 60, 1))
    load(store, (SignalKind.TRACES, "erp", START, 1), (SignalKind.LOGS, "crm", START - DAY, 1), (SignalKind.METRICS, "erp", START, 5))
    found = origins.volumes(store.reader, since=START)
    counted = {(row["source"], row["kind"], row["hour"].hour): row["signals"] for row in found.to_dict("records")}
    assert counted == {("crm", "logs", 8): 9, ("crm", "logs", 9): 3, ("erp", "spans", 8): 1, ("erp", "metrics", 8): 5}


def test_a_source_was_last_heard_when_something_usable_came(store: Store) -> None:
    load(store, (SignalKind.LOGS, "crm", START, 1), (SignalKind.LOGS, "crm", START - HOUR / 60, 1))
    put(store, "quarantine", slice=2, quarantine_id="q", source="crm", received_at=START + HOUR)
    put(store, "quarantine", slice=3, quarantine_id="r", source="mes", received_at=START + HOUR)
    found = {row["source"]: row["last_seen"].replace(tzinfo=START.tzinfo) for row in origins.last_seen(store.reader).to_dict("records")}
    assert found == {"crm": START}


def test_what_the_store_refused_is_counted_as_quarantine_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(slices.DECODED_MAX, SignalKind.TRACES, 0)
    broken = Record(SignalKind.TRACES, "crm", Lane.STANDARD, to_milliseconds(START), 2, b"\x0a\xff\xff\xff\xff\x0f")
    assert write(store, [broken, replace(broken, body=b"")]) == [broken]
    found = {row["kind"]: row["signals"] for row in origins.volumes(store.reader, since=START).to_dict("records")}
    assert found == {"spans": 2, "quarantine": 1}


def test_sources_with_a_rhythm_are_expected_until_they_have_none(store: Store) -> None:
    put(store, "expected_sources", source="crm", since=START)
    put(store, "expected_sources", source="erp", since=START, silent_since=START + HOUR)
    put(store, "expected_sources", source="old", since=START)
    put(store, "expected_sources", source="old", since=None)
    found = {row["source"]: row for row in origins.expected(store.reader).to_dict("records")}
    assert found.keys() == {"crm", "erp"}
    assert str(found["crm"]["silent_since"]) == "NaT"
    assert found["erp"]["silent_since"].replace(tzinfo=START.tzinfo) == START + HOUR


def test_types_of_events_are_the_most_frequent_first(store: Store) -> None:
    for number, type_ in enumerate(("paid", "placed", "placed")):
        event(store, number + 1, type=type_)
    event(store, 9, type="old", received_at=START - DAY)
    assert origins.event_types(store.reader, since=START)[["type", "events"]].to_numpy().tolist() == [["placed", 2], ["paid", 1]]


def test_what_carries_no_key_is_counted_once_a_signal(store: Store) -> None:
    milestone(store, 1, keys=[("order", "4711")])
    milestone(store, 2)
    milestone(store, 3, event_id="e2")  # read again by a changed definition
    milestone(store, 4, received_at=START - DAY)
    assert origins.keyless(store.reader, since=START)[["source", "milestone", "signals"]].to_numpy().tolist() == [["crm", "captured", 1]]


def test_an_event_without_a_key_says_which_and_whether_it_holds_text(store: Store) -> None:
    for number, data, binary in ((1, '"4711;ACME"', 0), (2, '{"order": ""}', 0), (3, "NDcxMQ==", 1)):
        event(store, number, id=f"in Order {number}.csv", data=data, binary=binary)
        milestone(store, number, milestone=f"m{number}", signal="event", signal_id=f"/shop in Order {number}.csv")
    milestone(store, 4, milestone="m4", signal="log", signal_id="l")
    rows = origins.keyless(store.reader, since=START).to_dict("records")
    assert {row["milestone"]: row["example"] for row in rows} == {f"m{n}": f"/shop in Order {n}.csv" for n in (1, 2, 3)} | {"m4": ""}
    ids = tuple(row["example"] for row in rows if row["example"])
    assert sorted(origins.texts(store.reader, ids=ids)["signal_id"]) == ["/shop in Order 1.csv", "/shop in Order 3.csv"]
    assert origins.texts(store.reader, ids=("/other in Order 1.csv", "/shop 1.csv")).empty


def test_facts_that_are_meant_to_be_numbers_and_are_none_are_shown(store: Store) -> None:
    for number, amount in enumerate(("12.5", " 7 ", "", "1,5", "nan", "inf", "1e3", "twelve")):
        milestone(store, number + 1, facts={"amount": amount, "note": "twelve"})
    found = origins.not_numbers(store.reader, since=START, facts=(("o2c", "amount"), ("p2p", "note")))
    (row,) = found.to_dict("records")
    assert (row["fact"], row["signals"]) == ("amount", 4)
    assert row["example"] in {"1,5", "nan", "inf", "twelve"}
    assert origins.not_numbers(store.reader, since=START, facts=()).empty


def test_quarantined_input_is_told_by_its_beginning_and_its_size(store: Store) -> None:
    body = ("é" * 500).encode() + b"\xff"
    for number, source in enumerate(("crm", "erp", "crm")):
        row = {"quarantine_id": f"q{number}", "source": source, "reason": "bad_json", "body": body.decode("latin-1")}
        put(store, "quarantine", slice=number + 1, received_at=START + number * HOUR, **row)
    found = origins.quarantined(store.reader)
    assert found["quarantine_id"].tolist() == ["q2", "q1", "q0"]
    assert "body" not in found
    assert found["beginning"].str.len().tolist() == [400] * 3
    assert (found["size"] > 1000).all()
    assert origins.quarantined(store.reader, sources=("erp", "it's"))["quarantine_id"].tolist() == ["q1"]
    assert origins.quarantined(store.reader, sources=()).empty
    assert origins.quarantined(store.reader, limit=1)["quarantine_id"].tolist() == ["q2"]
    assert origins.quarantine_reasons(store.reader, since=START + HOUR)[["source", "records"]].to_numpy().tolist() in (
        [["crm", 1], ["erp", 1]], [["erp", 1], ["crm", 1]],
    )  # fmt: skip


def test_a_source_is_as_far_off_as_most_of_its_signals(store: Store) -> None:
    for number, seconds in enumerate((1, 2, 30)):
        event(store, number, time=START - timedelta(seconds=seconds))
    event(store, 9, time=START)  # none of its own
    event(store, 10, received_at=START - HOUR, time=START - 9 * HOUR)
    put(store, "spans", slice=1, source="erp", received_at=START, end_time=START + 2 * HOUR)
    put(store, "logs", slice=1, source="erp", received_at=START)  # says no time
    put(store, "logs", slice=1, source="andon", received_at=START, time=START - HOUR)
    found = origins.clock_skew(store.reader, since=START).set_index("source")
    assert found["skew_seconds"].to_dict() == {"crm": 2.0, "erp": -7_200.0}
    assert found.loc["crm", "signals"] == 3


def test_a_history_that_was_sent_once_says_nothing_about_a_sources_clock(store: Store) -> None:
    received = [START + number * timedelta(seconds=1) for number in range(400)]
    says = [at - (9 * HOUR if number < 300 else timedelta(seconds=2)) for number, at in enumerate(received)]
    store.insert(
        "spans",
        {
            "slice": [1] * 400,
            "source": ["crm"] * 400,
            "span_id": [f"{number:016x}" for number in range(400)],
            "received_at": received,
            "end_time": says,
        },
    )
    (row,) = origins.clock_skew(store.reader, since=START).to_dict("records")
    assert (row["signals"], row["skew_seconds"], row["spread_seconds"]) == (100, 2.0, 0.0)
