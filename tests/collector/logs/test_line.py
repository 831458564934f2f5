"""What a line says of its time, its severity and its trace."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from collector.logs.line import LineReader, LineTime, Said, nanoseconds

NOON = nanoseconds(datetime(2026, 3, 27, 12, tzinfo=UTC))
BERLIN = ZoneInfo("Europe/Berlin")


def read(line: str, severity: str | None = None, **time: Any) -> Said:
    return LineReader(LineTime(**time), severity, BERLIN).read(line)


@pytest.mark.parametrize(
    "line",
    [
        "2026-03-27T12:00:00Z order 4711",
        "[2026-03-27 13:00:00,000] order",
        "2026-03-27 13:00:00 order",
        "INFO 2026-03-27T14:00:00.000+02:00 order",
        '{"time": "2026-03-27T12:00:00Z", "order": 4711}',
        '{"@timestamp": "2026-03-27T13:00:00.000+01:00"}',
        '{"ts": 1774612800}',
        '{"ts": 1774612800.0}',
        '{"timestamp": 1774612800000}',
    ],
)
def test_the_usual_times_are_read(line: str):
    assert read(line).time == NOON


def test_a_time_is_read_as_the_source_says_it_is_written():
    written = {"pattern": r"^(\S+ \S+) ", "format": "DD.MM.YYYY hh:mm:ss"}
    assert read("27.03.2026 13:00:00 order", **written).time == NOON
    assert read('{"at": {"on": "27.03.2026 13:00:00"}}', path="at.on", format="DD.MM.YYYY hh:mm:ss").time == NOON


def test_fractions_of_a_second_are_kept():
    assert read("2026-03-27T12:00:00.123456Z").time == NOON + 123_456_000
    assert read('{"ts": 1774612800.5}').time == NOON + 500_000_000


@pytest.mark.parametrize(
    "line", ["order 4711", "2026-02-31 12:00:00 order", '{"time": "soon"}', '{"time": null}', "", "0001-01-01 00:00:00"]
)
def test_a_time_that_cannot_be_read_is_none(line: str):
    assert read(line).time <= 0


def test_a_pattern_whose_group_may_be_left_out_finds_no_time_then():
    assert read("order 4711", pattern=r"(\d{4}-\S+)? ?order").time == 0


@pytest.mark.parametrize(
    ("line", "severity", "text"),
    [
        ("2026-03-27 ERROR order", 17, "ERROR"),
        ("warning: order", 13, "warning"),
        ('{"level": "fatal", "msg": "no INFO"}', 21, "fatal"),
        ("information desk", 9, "information"),
        ("the order was errorless", 0, ""),
    ],
)
def test_the_usual_severities_are_known(line: str, severity: int, text: str):
    assert (read(line).severity, read(line).severity_text) == (severity, text)


def test_a_severity_is_found_where_the_source_says():
    said = read("<E> INFO desk", severity="^<(.)>")
    assert (said.severity, said.severity_text) == (0, "E")


def test_an_object_is_taken_apart_and_anything_else_is_text():
    assert read('{"order": {"id": 4711}}').body == {"order": {"id": 4711}}
    for text in ('{"order": 4711', '["4711"]', '{"a": 1, "a": 2}', "{" * 100):
        assert read(text).body == text


def test_the_trace_of_an_object_is_known():
    said = read('{"trace_id": "4BF92F3577B34DA6A3CE929D0E0E4736", "span_id": "00f067aa0ba902b7"}')
    assert (said.trace_id.hex(), said.span_id.hex()) == ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
    for text in ("0" * 32, "x", "4bf9"):
        assert read(f'{{"trace_id": "{text}"}}').trace_id == b""
