"""Clocks of senders: how far event times lie from receipt, by origin and within the slices that are asked for."""

from __future__ import annotations

from datetime import timedelta

from store.client import Store
from store.reads import origin_offsets
from tests.store.rows import START, put

SECOND = timedelta(seconds=1)


def event(store: Store, slice_: int, number: int, ahead: float, source: str = "crm", origin: str = "/shop") -> None:
    moment = START + ahead * SECOND
    put(store, "events", slice=slice_, source=source, event_source=origin, id=f"{slice_}-{number}", received_at=START, time=moment)


def test_nothing_is_loaded_at_first(store: Store) -> None:
    assert origin_offsets.loaded_upto(store.reader) == 0
    assert origin_offsets.origin_offsets(store.reader, after=0, upto=9).empty


def test_the_last_slice_is_the_highest(store: Store) -> None:
    for number, slice_ in enumerate((7, 3)):
        put(store, "loaded_segments", slice=slice_, segment=f"local/critical/{number}", lane="critical")
    assert origin_offsets.loaded_upto(store.reader) == 7


def test_the_median_of_the_slices_asked_for_tells_a_wrong_clock(store: Store) -> None:
    for number, ahead in enumerate((60.0, 59.0, 9_000.0)):
        event(store, 1, number, ahead)
    event(store, 2, 0, -5.0)
    for after, upto, signals, offset in ((0, 1, 3, 60.0), (1, 2, 1, -5.0)):
        found = origin_offsets.origin_offsets(store.reader, after=after, upto=upto)
        assert found[["source", "origin", "signals", "offset_seconds"]].to_numpy().tolist() == [["crm", "/shop", signals, offset]]


def test_origins_are_event_sources_and_services_and_never_our_own(store: Store) -> None:
    event(store, 1, 1, 2.0)
    event(store, 1, 2, 0.0)  # an event without a time of its own has that of its receipt
    event(store, 1, 3, 7.0, source="andon")
    put(store, "spans", slice=1, source="erp", service="sap", trace_id="t", span_id="s", received_at=START, end_time=START + SECOND)
    put(store, "logs", slice=1, source="erp", service="sap-idoc", log_id="l", received_at=START, time=START - SECOND)
    found = origin_offsets.origin_offsets(store.reader, after=0, upto=1)
    assert found[["source", "origin", "offset_seconds"]].to_numpy().tolist() == [
        ["crm", "/shop", 2.0],
        ["erp", "sap", 1.0],
        ["erp", "sap-idoc", -1.0],
    ]
