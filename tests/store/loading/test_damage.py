"""Records that could not be read are told three times: in quarantine, as a metric, in the log."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from core.clock import to_milliseconds
from core.signal import Lane
from core.telemetry import M, Telemetry
from journal.format import Stored
from journal.segments import SegmentReader
from store.client import Store
from store.loading.damage import report_damage
from tests.store.journals import NOW


def test_each_damaged_record_is_named_once_however_often_it_is_reported(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    telemetry = Telemetry()
    segment = SegmentReader(Path("/data/journal/local/critical/000000007.journal"), Lane.CRITICAL)
    damaged = [Stored(number, None, "the checksum does not fit") for number in (3, 150)]
    with caplog.at_level(logging.ERROR):
        report_damage(store, telemetry, segment, damaged, 9, to_milliseconds(NOW))
        report_damage(store, telemetry, segment, damaged[:1], 10, to_milliseconds(NOW))  # the slice is loaded again after a crash
    rows = store.rows("SELECT quarantine_id, reason, message, lane, source, slice, detail FROM quarantine FINAL ORDER BY quarantine_id")
    assert [(row["quarantine_id"], row["message"], row["slice"]) for row in rows] == [
        (f"local/critical/000000007:{number}", f"record {number} of segment local/critical/000000007: the checksum does not fit", 9)
        for number in (150, 3)
    ]
    assert {(row["reason"], row["lane"], row["source"]) for row in rows} == {("journal_damaged", "critical", "default")}
    assert json.loads(rows[1]["detail"])["record"] == 3
    assert telemetry.value(M.JOURNAL_DAMAGED, lane="critical") == telemetry.value(M.QUARANTINED, reason="journal_damaged") == 3
    assert caplog.records[0].__dict__["fields"] == {"segment": "local/critical/000000007", "records": [3, 150]}


def test_a_long_list_is_cut_in_the_log_and_nowhere_else(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    segment = SegmentReader(Path("/data/journal/local/bulk/000000001.journal"), Lane.BULK)
    report_damage(store, Telemetry(), segment, [Stored(number, None, "gone") for number in range(1, 251)], 1, to_milliseconds(NOW))
    assert len(caplog.records[0].__dict__["fields"]["records"]) == 100
    assert store.rows("SELECT count() AS n FROM quarantine FINAL") == [{"n": 250}]
