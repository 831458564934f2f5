"""The log of rejections: bounded by reason, counted in full, with a fingerprint and never with what was sent."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.clock import FakeClock
from core.rejection_log import LINES_PER_MINUTE, RejectionLog
from core.signal import Lane, Record, SignalKind
from core.telemetry import JsonFormatter, M, Telemetry

CONTENT = b"hunter2, and nobody else's business"


class Sent:
    """A body as a receiver holds it; counts how often its fingerprint was taken."""

    size = len(CONTENT)
    taken = 0

    def sha256(self) -> str:
        self.taken += 1
        return hashlib.sha256(CONTENT).hexdigest()


def quarantined(**detail: Any) -> Record:
    return Record(SignalKind.QUARANTINE, "crm", Lane.STANDARD, 5, 1, CONTENT, json.dumps({"reason": "bad_json", **detail}))


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[dict[str, Any]]]:
    """Return the lines of the log of rejections so far, as they are written."""
    caplog.set_level(logging.INFO)
    return lambda: [json.loads(JsonFormatter().format(record)) for record in caplog.records if record.name == "andon.rejections"]


def test_a_flood_of_one_reason_is_counted_and_hides_no_other(told: Callable[[], list[dict[str, Any]]]) -> None:
    clock, telemetry = FakeClock(), Telemetry()
    rejections = RejectionLog(clock, telemetry)
    for _ in range(25):
        rejections.rejected("full", source="crm")
    rejections.rejected("too_large")
    assert [line["reason"] for line in told()] == ["full"] * LINES_PER_MINUTE + ["too_large"]
    assert telemetry.value(M.REJECTED_REQUESTS, source="crm", reason="full") == 25
    clock.advance(timedelta(seconds=59))
    rejections.flush()
    assert len(told()) == 11
    clock.advance(timedelta(seconds=1))
    rejections.flush()
    (left_out,) = told()[11:]
    assert (left_out["event"], left_out["reason"], left_out["count"]) == ("left_out", "full", 15)
    rejections.flush()
    assert len(told()) == 12, "what was left out is told once"


def test_the_count_comes_before_the_next_line_and_at_the_end(told: Callable[[], list[dict[str, Any]]]) -> None:
    clock = FakeClock()
    rejections = RejectionLog(clock, Telemetry())
    for _ in range(12):
        rejections.rejected("full")
    clock.advance(timedelta(seconds=61))
    for _ in range(11):
        rejections.rejected("full")
    assert [line["event"] for line in told()][10:12] == ["left_out", "rejected"]
    assert len(told()) == 21
    rejections.flush(at_end=True)
    assert [line["count"] for line in told() if line["event"] == "left_out"] == [2, 1]


def test_a_line_says_what_sender_and_log_are_compared_by_and_not_what_was_sent(told: Callable[[], list[dict[str, Any]]]) -> None:
    rejections = RejectionLog(FakeClock(), Telemetry())
    rejections.rejected("bad_signature:wrong", source="crm", peer="10.0.0.7", body=Sent())
    rejections.rejected("slow_client", peer="10.0.0.7")
    digest = hashlib.sha256(CONTENT).hexdigest()[:12]
    asked = ("reason", "source", "peer", "size", "sha256_12", "quarantine_id")
    assert [[line[name] for name in asked] for line in told()] == [
        ["bad_signature:wrong", "crm", "10.0.0.7", len(CONTENT), digest, ""],
        ["slow_client", "", "10.0.0.7", None, "", ""],
    ]
    assert "hunter2" not in json.dumps(told())


def test_a_fingerprint_is_taken_only_for_a_line_that_is_written(told: Callable[[], list[dict[str, Any]]]) -> None:
    rejections, body = RejectionLog(FakeClock(), Telemetry()), Sent()
    for _ in range(LINES_PER_MINUTE + 5):
        rejections.rejected("too_large", body=body)
    assert body.taken == len(told()) == LINES_PER_MINUTE


def test_an_input_in_quarantine_is_told_by_its_id_and_not_counted_again(told: Callable[[], list[dict[str, Any]]]) -> None:
    telemetry = Telemetry()
    rejections = RejectionLog(FakeClock(), telemetry)
    rejections.quarantined(quarantined(quarantine_id="q-1", peer="10.0.0.7"))
    rejections.quarantined(quarantined(quarantine_id="q-2", size_bytes=20 << 20, sha256="ab" * 32))
    digest = hashlib.sha256(CONTENT).hexdigest()[:12]
    asked = ("event", "reason", "source", "peer", "size", "sha256_12", "quarantine_id")
    assert [[line[name] for name in asked] for line in told()] == [
        ["quarantined", "bad_json", "crm", "10.0.0.7", len(CONTENT), digest, "q-1"],
        ["quarantined", "bad_json", "crm", "", 20 << 20, "ab" * 6, "q-2"],
    ]
    assert telemetry.value(M.REJECTED_REQUESTS, source="crm", reason="bad_json") == 0


def test_threads_lose_no_count(told: Callable[[], list[dict[str, Any]]]) -> None:
    telemetry = Telemetry()
    rejections = RejectionLog(FakeClock(), telemetry)
    threads = [threading.Thread(target=lambda: [rejections.rejected("full", source="crm") for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rejections.flush(at_end=True)
    assert telemetry.value(M.REJECTED_REQUESTS, source="crm", reason="full") == 800
    assert len(told()) == LINES_PER_MINUTE + 1
    assert told()[-1]["count"] == 800 - LINES_PER_MINUTE
