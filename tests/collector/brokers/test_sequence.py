from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from collector.brokers.sequence import Sequence
from core.telemetry import M, Telemetry
from tests.collector.receivers.driving import TestIntake, context_of


def event(number: Any) -> bytes:
    return json.dumps({"id": "1", "seq": str(number), "data": {"head": {"no": number}}}).encode()


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


def make(tmp_path: Path, telemetry: Telemetry, path: str = "data.head.no") -> Sequence:
    return Sequence(path, context_of({"type": "mqtt"}, TestIntake(), tmp_path / "state", telemetry))


@pytest.mark.parametrize(
    ("numbers", "gaps"),
    [
        ([5, 6, 7], 0),
        ([5, 7, 10], 2),
        ([5, 6, 5, 6, 7], 0),  # sent again
        ([900, 1, 2], 0),  # the sender counts anew
        (["5", None, True, "x", [6], 6], 0),
        ([1, 1.5, 3], 1),
    ],
)
def test_a_gap_is_a_number_more_than_one_above_the_last(tmp_path: Path, telemetry: Telemetry, numbers: list[Any], gaps: int) -> None:
    sequence = make(tmp_path, telemetry)
    for number in numbers:
        sequence.follow("line-4", [event(number)])
    assert telemetry.value(M.SOURCE_GAPS, source="erp") == gaps


def test_every_place_counts_for_itself_also_over_a_restart(tmp_path: Path, telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> None:
    before = make(tmp_path, telemetry, "seq")
    before.follow("line-4", [event(1), event(2)])
    before.follow("line-5", [event(700)])
    before.save()

    with caplog.at_level(logging.WARNING):
        after = make(tmp_path, telemetry, "seq")
        after.follow("line-5", [event(701)])
        after.follow("line-4", [event(6)])

    (told,) = [record.__dict__["fields"] for record in caplog.records]
    assert told == {"source": "erp", "place": "line-4", "after": 2, "next": 6, "missing": 3}
    assert telemetry.value(M.SOURCE_GAPS, source="erp") == 1


def test_numbers_that_cannot_be_read_are_said_and_begun_anew(
    tmp_path: Path, telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    make(tmp_path, telemetry)
    (tmp_path / "state" / "sequence.json").write_text("{", encoding="ascii")

    make(tmp_path, telemetry).follow("line-4", [event(9)])

    assert "the last numbers of the source cannot be read" in caplog.text
    assert telemetry.value(M.SOURCE_GAPS, source="erp") == 0
