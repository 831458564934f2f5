"""Handovers as transactions passed them, and what was received of each milestone."""

from __future__ import annotations

from datetime import timedelta

from store.client import Store
from store.reads import interfaces
from tests.store.rows import DAY, HOUR, START, put, transaction

STATIONS = tuple(("o2c", name) for name in ("captured", "mapped", "booked"))


def passed(store: Store, identity: str, *hours: tuple[str, float], **other: object) -> None:
    first = {name: START + hour * HOUR for name, hour in hours}
    transaction(store, identity, first_at=first, updated_at=max(first.values()), **other)


def test_transactions_go_from_one_milestone_to_the_next_in_the_order_it_happened(store: Store) -> None:
    passed(store, "a", ("booked", 3), ("captured", 0), ("mapped", 1), ("credit-blocked", 2))
    passed(store, "b", ("captured", 0), ("mapped", 3))
    passed(store, "c", ("captured", 0), ("mapped", 1), state="merged")
    passed(store, "d", ("captured", -48), ("mapped", -47))
    passed(store, "e", ("captured", 1), ("mapped", 1), ("booked", 1))
    found = interfaces.hops(store.reader, since=START, stations=STATIONS)
    rows = {(row["before"], row["milestone"]): row for row in found.to_dict("records")}
    assert {pair: row["transactions"] for pair, row in rows.items()} == {("captured", "mapped"): 3, ("mapped", "booked"): 2}
    assert rows["captured", "mapped"]["median_seconds"] == 3600
    assert rows["mapped", "booked"]["last_at"].hour == 11
    assert interfaces.hops(store.reader, since=START + DAY, stations=STATIONS).empty


def test_arrivals_count_each_signal_once_and_failures_apart(store: Store) -> None:
    def milestone(number: int, name: str, event: str, **row: object) -> None:
        given = {
            "flow": "o2c",
            "milestone": name,
            "event_id": event,
            "source": "erp",
            "event_time": START,
            "received_at": START + HOUR / 60,
            **row,
        }
        put(store, "milestone_events", slice=number, **given)

    milestone(1, "booked", "a")
    milestone(2, "booked", "a")
    milestone(3, "booked", "b", event_time=START + HOUR)
    milestone(4, "rejected", "c", failure=1, cause="LOCKED")
    milestone(5, "booked", "d", received_at=START - DAY)
    milestone(6, "beat", "e", flow="andon-heartbeat")
    found = interfaces.arrivals(store.reader, since=START)
    assert [(row["milestone"], row["source"], row["signals"], row["failures"]) for row in found.to_dict("records")] == [
        ("booked", "erp", 2, 0),
        ("rejected", "erp", 1, 1),
    ]
    assert found["delay_seconds"].tolist()[1] == 60


def test_how_long_signals_take_to_get_here_is_that_of_the_last_hundred_and_not_of_a_history(store: Store) -> None:
    for received, seconds, first in ((START, 3 * DAY.total_seconds(), 0), (START + HOUR, 2, 1000)):
        names = [str(first + number) for number in range(150)]
        columns = {"flow": "o2c", "milestone": "booked", "source": "erp", "slice": 1, "received_at": received}
        columns |= {"event_time": received - timedelta(seconds=seconds)}
        store.insert("milestone_events", {"event_id": names, **{name: [value] * len(names) for name, value in columns.items()}})
    (row,) = interfaces.arrivals(store.reader, since=START).to_dict("records")
    assert (row["signals"], row["delay_seconds"]) == (300, 2)
