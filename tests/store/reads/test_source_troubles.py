"""What the collector tells of sources: what was missing, and which cannot be read."""

from __future__ import annotations

from datetime import datetime, timedelta

from collector.own_points import record_of
from collector.source_troubles import SourceTroubles
from core.clock import to_milliseconds
from store.client import Store
from store.loading.decoder import decode
from store.reads import source_troubles
from tests.store.queues import send
from tests.store.rows import HOUR, START


def keep(store: Store, troubles: SourceTroubles, at: datetime) -> None:
    """Bring what is due to the store, as the collector does."""
    points = troubles.due(to_milliseconds(at))
    record = record_of(points, to_milliseconds(at))
    rows = decode(record.kind, [record], to_milliseconds(at))
    store.insert_raw(rows.table, rows.content, "RowBinary", {}, rows.columns)
    troubles.keep(points)


def test_a_source_that_cannot_be_read_says_since_when_and_why_until_it_is_read(store: Store) -> None:
    troubles = SourceTroubles()
    for minutes, why in ((0, ""), (1, "FileNotFoundError: /srv/in"), (2, "PermissionError: /srv/in")):
        troubles.read("edi", to_milliseconds(START + timedelta(minutes=minutes)), why)
        troubles.read("broker", to_milliseconds(START + timedelta(minutes=minutes)))
        keep(store, troubles, START + timedelta(minutes=minutes))
    (row,) = source_troubles.unread(store.reader, since=START).to_dict("records")
    assert (row["source"], row["reason"]) == ("edi", "PermissionError: /srv/in")
    assert row["since"] == (START + timedelta(minutes=1)).replace(tzinfo=None)
    troubles.read("edi", to_milliseconds(START + timedelta(minutes=3)))
    keep(store, troubles, START + timedelta(minutes=3))
    assert source_troubles.unread(store.reader, since=START).empty


def test_of_whose_queues_nobody_tells_is_known_until_somebody_does(store: Store) -> None:
    troubles = SourceTroubles()
    for minutes, why in ((0, ""), (1, "its broker tells of none")):
        troubles.untold("shop", to_milliseconds(START + timedelta(minutes=minutes)), why)
        troubles.untold("erp", to_milliseconds(START + timedelta(minutes=minutes)))
        keep(store, troubles, START + timedelta(minutes=minutes))
    assert source_troubles.untold(store.reader, since=START).to_dict("records") == [
        {"source": "shop", "reason": "its broker tells of none"}
    ]
    assert source_troubles.unread(store.reader, since=START).empty
    troubles.untold("shop", to_milliseconds(START + timedelta(minutes=2)))
    keep(store, troubles, START + timedelta(minutes=2))
    assert source_troubles.untold(store.reader, since=START).empty


def test_gaps_are_counted_by_what_happened(store: Store) -> None:
    troubles = SourceTroubles()
    for minutes, count in ((0, 2), (30, 1)):
        for number in range(count):
            fields = {"file": f"posting.log.{minutes + number}"}
            troubles.gap("erp", "a log file is gone", fields, to_milliseconds(START + timedelta(minutes=minutes)))
        keep(store, troubles, START + timedelta(minutes=minutes))
    troubles.gap("erp", "a log file was truncated", {}, to_milliseconds(START - HOUR))
    keep(store, troubles, START + HOUR)
    (row,) = source_troubles.gaps(store.reader, since=START).to_dict("records")
    assert (row["source"], row["what"], row["gaps"], row["place"]) == ("erp", "a log file is gone", 3, "file posting.log.30")


def test_nobody_else_tells_it_of_a_source(store: Store) -> None:
    service = {"service.name": "andon-collector"}
    send(
        store,
        "stranger",
        START,
        service,
        ("andon_source_unread", {"source": "edi", "why": "x"}, 1),
        ("andon_source_gap", {"source": "edi"}, 1),
    )
    assert source_troubles.unread(store.reader, since=START).empty
    assert source_troubles.gaps(store.reader, since=START).empty
