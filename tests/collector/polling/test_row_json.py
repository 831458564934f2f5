"""A row's values as JSON: exact where JSON has the type, else a text that says the same."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest

from collector.polling.row_json import json_document, json_value

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (9_007_199_254_740_993, 9_007_199_254_740_993),
        (0.1, 0.1),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (Decimal("12.50"), "12.50"),
        ("Müller", "Müller"),
        (b"\x00\xff", "AP8="),
        (memoryview(b"\x00\xff"), "AP8="),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (date(2026, 3, 27), "2026-03-27"),
        (time(14, 50), "14:50:00"),
        (timedelta(minutes=1.5), 90.0),
        (datetime(2026, 3, 27, 14, 50), "2026-03-27T14:50:00+01:00"),  # noqa: DTZ001 - as a database without zones gives it
        (datetime(2026, 3, 27, 13, 50, tzinfo=UTC), "2026-03-27T14:50:00+01:00"),
        ({1: [Decimal(1), (date(2026, 1, 2), b"")]}, {"1": ["1", ["2026-01-02", ""]]}),
    ],
)
def test_values(value: Any, expected: Any) -> None:
    found = json_value(value, lambda moment: moment.replace(tzinfo=BERLIN) if moment.tzinfo is None else moment.astimezone(BERLIN))
    assert found == expected
    assert json.loads(json.dumps(found, allow_nan=False)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": [1.5, null]}', {"a": [1.5, None]}),
        (r'{"a\ud800": "b\udfffc\ud83d\ude00"}', {"a\ufffd": "b\ufffdc😀"}),
        (r'["a\u0000", "\\ud800"]', ["a\ufffd", r"\ud800"]),
        ('{"a": 1e999}', '{"a": 1e999}'),
        ("[-1e999]", "[-1e999]"),
        ("[NaN]", "[NaN]"),
        (b'["\xed\xa0\x80"]', '["\ufffd\ufffd\ufffd"]'),
        ("[" * 100 + "]" * 100, "[" * 100 + "]" * 100),
    ],
)
def test_a_document_is_what_an_event_can_hold_or_the_text_that_it_is(text: str | bytes, expected: Any) -> None:
    found = json_document(text)
    assert found == expected
    assert msgspec.json.decode(msgspec.json.encode(found)) == expected
