"""When a row says that it happened."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from collector.polling.event_time import EventTime

BERLIN = ZoneInfo("Europe/Berlin")


def berlin(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("values", "written", "moment"),
    [
        (["20260327", "145000"], "YYYYMMDDhhmmss", "2026-03-27T14:50:00+01:00"),
        (["20260327", "240000"], "YYYYMMDDhhmmss", "2026-03-28T00:00:00+01:00"),
        (["20260327", None], "YYYYMMDD[hhmmss]", "2026-03-27T00:00:00+01:00"),
        (["27.03.2026 14:50"], "DD.MM.YYYY hh:mm", "2026-03-27T14:50:00+01:00"),
        ([20260327145000], None, "2026-03-27T14:50:00+01:00"),
        (["2026-03-27T14:50:00Z"], None, "2026-03-27T14:50:00+00:00"),
        ([datetime(2026, 3, 27, 14, 50, tzinfo=UTC)], None, "2026-03-27T14:50:00+00:00"),
        ([date(2026, 3, 27)], None, "2026-03-27T00:00:00+01:00"),
        ([date(2026, 3, 27), time(14, 50)], None, "2026-03-27T14:50:00+01:00"),
    ],
)
def test_a_row_says_when_it_happened(values: list[Any], written: str | None, moment: str) -> None:
    columns = [f"c{number}" for number in range(len(values))]
    found = EventTime(columns=tuple(columns), format=written).of(dict(zip(columns, values, strict=True)), berlin)
    assert found.isoformat() == moment


@pytest.mark.parametrize("values", [["00000000", "000000"], [None, None], ["soon", ""], ["20260327", ""]])
def test_what_cannot_be_read_is_an_error(values: list[Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        EventTime(columns=("a", "b"), format="YYYYMMDDhhmmss").of(dict(zip("ab", values, strict=True)), berlin)


@pytest.mark.parametrize("keys", [{"columns": []}, {"columns": ""}, {"columns": "a", "format": "soon"}, {"column": "a"}])
def test_settings_that_mean_nothing_are_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EventTime.model_validate(keys)
