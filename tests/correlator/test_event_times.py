"""The time an event carries: read as RFC 3339 means it, and marked where it is beyond all plausibility."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from core.clock import to_milliseconds
from core.signal import Lane, Record, SignalKind
from core.telemetry import Telemetry
from correlator.engine import Correlator
from store.client import Store
from store.loading.framing import LANDINGS, frame, insert_settings
from store.stages.correlation import StoredCorrelation
from tests.correlator.recording import catalog

RECEIVED = "2026-02-28 12:00:00.000"
# as written → as stored, whether it is suspect
TIMES = {
    "2026-02-27t19:30:00z": ("2026-02-27 19:30:00.000000000", 0),
    "2026-02-27T19:30:00.1234567891+05:30": ("2026-02-27 14:00:00.123456789", 0),
    "2016-12-31T23:59:60Z": ("2017-01-01 00:00:00.000000000", 0),
    "0001-01-01T00:00:00Z": ("1900-01-01 00:00:00.000000000", 1),
    "1899-12-31T23:59:59-23:59": ("1900-01-01 00:00:00.000000000", 1),
    "1925-06-01T00:00:00Z": ("1925-06-01 00:00:00.000000000", 1),
    "2262-04-09T23:59:59.5-23:59": ("2262-04-10 23:58:59.500000000", 1),
    "2262-05-01T00:00:00Z": ("2262-04-11 00:00:00.000000000", 1),
    "2600-01-01T00:00:00Z": ("2262-04-11 00:00:00.000000000", 1),
    "9999-12-31T23:59:59+00:00": ("2262-04-11 00:00:00.000000000", 1),
}
NONE = (f"{RECEIVED}000000", 0)


def test_times_no_column_holds_are_kept_and_suspect(store: Store) -> None:
    Correlator(StoredCorrelation(store), catalog(), Telemetry())
    received_at = to_milliseconds(datetime(2026, 2, 28, 12, tzinfo=UTC))
    records = []
    for time in ("", *TIMES):
        event = {"specversion": "1.0", "id": time, "source": "/t", "type": "test.captured", "data": {"order": "A"}, "plant": "DE"}
        body = json.dumps({**event, "time": time} if time else event).encode()
        records.append(Record(SignalKind.EVENT, "test", Lane.STANDARD, received_at, 1, body))
    store.insert_raw(LANDINGS[SignalKind.EVENT].table, frame(records, 1), "Protobuf", insert_settings(SignalKind.EVENT))
    rows = {row["id"]: row for row in store.rows("SELECT id, toString(time) AS at, extensions FROM events")}
    milestones = {
        row["signal_id"].removeprefix("/t").strip(): row
        for row in store.rows("SELECT signal_id, toString(event_time) AS at, time_suspect FROM milestone_events")
    }
    for time, (stored, suspect) in {"": NONE, **TIMES}.items():
        assert (rows[time]["at"], milestones[time]["time_suspect"]) == (stored, suspect), time
        assert milestones[time]["at"] == (RECEIVED if suspect else stored[:23]), time
        beyond = suspect and stored[:10] in {"1900-01-01", "2262-04-11"}
        assert rows[time]["extensions"] == ({"plant": "DE", "time": time} if beyond else {"plant": "DE"}), time
