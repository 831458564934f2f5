"""When a row happened: by the change column, by others, and what is said of a table whose rows do not say it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector.receivers.sql_table import RECEIVER
from core.errors import UsageError
from tests.collector.receivers.sql_tables import read, settings

ERDAT = {"columns": ["erdat", "erzet"], "format": "YYYYMMDDhhmmss"}
TABLE = "CREATE TABLE orders (id INTEGER PRIMARY KEY, erdat TEXT, erzet TEXT, day DATE, changed_at DATETIME)"
ROW = "INSERT INTO orders VALUES (1, '20260327', '145000', '2026-03-26', '2026-03-28 10:00:00')"


def test_other_columns_say_when_a_row_happened(small: Callable[..., None], tmp_path: Path):
    small(TABLE, ROW)
    (event,) = read(tmp_path, 1, change="id", time=ERDAT, time_zone="Europe/Berlin", columns=["day"])
    assert event["time"] == "2026-03-27T14:50:00+01:00"
    assert event["data"] == {"id": 1, "erdat": "20260327", "erzet": "145000", "day": "2026-03-26"}


def test_a_row_that_says_no_time_is_read_and_told(small: Callable[..., None], tmp_path: Path, caplog: pytest.LogCaptureFixture):
    small(TABLE, ROW.replace("20260327", "00000000"), ROW.replace("(1, '20260327'", "(2, NULL"), ROW.replace("(1,", "(3,"))
    events = read(tmp_path, 3, change="id", time=ERDAT, time_zone="UTC")
    assert [event.get("time") for event in events] == [None, None, "2026-03-27T14:50:00+00:00"]
    told = [record for record in caplog.records if record.message.startswith("a row says no time that can be read")]
    assert told
    assert "00000000145000" in told[0].__dict__["fields"]["why"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"change": "id"},
            "the change column 'id' says no time (int), so every row would count from the time it is loaded; name the column",
        ),
        ({"change": "day"}, "the change column 'day' says no time (date)"),
        ({"change": "id", "time": "erzet"}, "the newest row says no time that can be read"),
        ({"change": "id", "time": {"columns": "erdat", "format": "DD.MM.YYYY"}}, "'20260327' is not written so"),
        ({"change": "id", "time": ERDAT}, None),
        ({"change": "id", "time": "day"}, None),
        ({"change": "changed_at"}, None),
    ],
)
def test_the_database_is_asked_before_the_start(small: Callable[..., None], more: dict[str, Any], said: str | None):
    small(TABLE)
    assert RECEIVER.doubts(settings(**more)) == [], "an empty table says nothing"
    small(ROW)
    found = RECEIVER.doubts(settings(**more))
    assert (said in found[0] if found else False) if said else found == []


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ({"columns": [], "format": "YYYYMMDD"}, "'time.columns' is wrong: name at least one column"),
        ({"columns": "a", "format": "soon"}, "'time.format' is wrong: has 'soon', which means nothing"),
        ({"column": "a"}, "'time."),
    ],
)
def test_wrong_settings_say_what_to_write(time: dict[str, Any], said: str):
    with pytest.raises(UsageError) as caught:
        RECEIVER.validate(settings(time=time))
    assert str(caught.value).startswith(said)
