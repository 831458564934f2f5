"""What a process says about itself: one list of metrics with their units, and a log of which a line is always one object."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Counter, Gauge, Histogram, generate_latest

from core.telemetry import JsonFormatter, M, Telemetry

UNITLESS = {
    M.RECEIVER_UP, M.SOURCE_PAUSED, M.SOURCE_LATENESS, M.LAG_RECORDS, M.ACCOUNTED, M.ACCOUNTING_DIFFERENCE, M.BROKEN_PARTS, M.STORE_LOST_ROWS, M.DAMAGED_PARTS, M.ORPHANS,
    M.QUEUE_WAITING, M.QUEUE_UNACKNOWLEDGED, M.QUEUE_DEAD_LETTERS, M.INCIDENTS_OPEN, M.OUTBOX_PENDING, M.CATALOG_RELOAD_OK,
    M.SECRETS_UNREADABLE, M.DISK_FREE_INODES,
}  # fmt: skip
"""Counts of things, named after them, shares, and yes or no."""


def line(message: str, *args: object, **given: Any) -> str:
    record = logging.LogRecord("andon.test", logging.WARNING, "file.py", 1, message, args, given.get("exc_info"))
    record.created = 1_774_000_000.123
    if "fields" in given:
        record.fields = given["fields"]
    return JsonFormatter().format(record)


@pytest.mark.parametrize("metric", M, ids=lambda metric: metric.name)
def test_a_metric_is_named_as_prometheus_wants_it(metric: M) -> None:
    name, kind = metric.value.name, metric.value.kind
    assert re.fullmatch(r"andon(_[a-z]+)+", name)
    assert name.endswith("_total") is (kind is Counter)
    if kind is Histogram:
        assert name.endswith("_seconds")
    if kind is Gauge:
        assert name.endswith(("_seconds", "_bytes")) is (metric not in UNITLESS)
    assert metric.value.help
    assert not metric.value.help.endswith(".")
    assert all(re.fullmatch("[a-z]+", label) for label in metric.value.labels)


def test_every_metric_is_shown_once_with_its_help() -> None:
    assert len({metric.value.name for metric in M}) == len(M)
    shown = generate_latest(Telemetry().registry).decode()
    for metric in M:
        name = metric.value.name
        assert f"# HELP {name} {metric.value.help}\n" in shown


def test_counters_gauges_and_histograms() -> None:
    telemetry = Telemetry()
    assert telemetry.value(M.RECEIVED, lane="critical", kind="event") == 0
    telemetry.add(M.RECEIVED, lane="critical", kind="event")
    telemetry.add(M.RECEIVED, 2.5, kind="event", lane="critical")
    assert telemetry.value(M.RECEIVED, lane="critical", kind="event") == 3.5
    assert telemetry.value(M.RECEIVED, lane="bulk", kind="event") == 0
    telemetry.set(M.ORPHANS, 7)
    telemetry.set(M.ORPHANS, 3)
    assert telemetry.value(M.ORPHANS) == 3
    telemetry.observe(M.TICK_SECONDS, 0.25, stage="load")
    assert telemetry.registry.get_sample_value("andon_tick_seconds_sum", {"stage": "load"}) == 0.25


def test_a_label_that_a_metric_does_not_have_is_a_mistake_in_the_code() -> None:
    for labels in ({"lane": "critical"}, {"lane": "critical", "kind": "event", "source": "crm"}):
        with pytest.raises(ValueError, match="label"):
            Telemetry().add(M.RECEIVED, **labels)


def test_two_processes_in_one_have_metrics_of_their_own() -> None:
    one, other = Telemetry(), Telemetry()
    one.set(M.ORPHANS, 7)
    assert other.value(M.ORPHANS) == 0


def test_a_line_says_when_in_utc_how_loud_who_and_what() -> None:
    assert json.loads(line("%d segments of %s", 3, "local", fields={"lane": "bulk"})) == {
        "time": "2026-03-20T09:46:40.123+00:00",
        "level": "warning",
        "logger": "andon.test",
        "message": "3 segments of local",
        "lane": "bulk",
    }


def test_an_exception_is_in_the_same_line() -> None:
    try:
        int("no\nnumber")
    except ValueError:
        written = line("failed", exc_info=sys.exc_info())
    assert len(written.splitlines()) == 1
    assert json.loads(written)["exception"].endswith(r"ValueError: invalid literal for int() with base 10: 'no\nnumber'")


@given(st.text(), st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.binary(), st.none(), st.lists(st.text()))))
def test_whatever_is_logged_stays_in_its_line_and_is_ascii(value: str, fields: dict[str, Any]) -> None:
    written = line("%s", value, fields={"told": fields})
    assert len(written.splitlines()) == 1
    assert written.isascii()
    entry = json.loads(written)
    assert entry["message"] == value
    assert entry["told"].keys() == fields.keys()


def test_a_process_logs_to_standard_error_and_its_libraries_only_what_is_wrong() -> None:
    script = """
import logging
from core.telemetry import configure_logging
configure_logging()
logging.getLogger("andon").info("said")
logging.getLogger("andon").debug("kept back")
logging.getLogger("httpx").info("a request")
logging.getLogger("httpx").warning("a warning")
logging.getLogger("uvicorn.error").warning("a stranger")
"""
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout == ""
    assert [json.loads(each)["message"] for each in done.stderr.splitlines()] == ["said", "a warning"]
