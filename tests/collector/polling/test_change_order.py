"""How change values rise."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from collector.polling.change_order import ChangeOrder
from collector.polling.paused import PausedError
from collector.polling.table_settings import SqlTableSettings
from collector.receiver_settings import parse_settings
from core.errors import UsageError

NAMED = {"type": "sql_table", "url": "env:X", "table": "orders", "key": "id", "change": "changed"}


def order(**more: Any) -> ChangeOrder:
    return ChangeOrder(SqlTableSettings.model_validate({**NAMED, **more}))


@pytest.mark.parametrize(
    ("earlier", "later", "more"),
    [
        (1, 2, {}),
        (Decimal("7.9"), Decimal("8.1"), {}),
        (b"\0\0\0\0\0\0\0\xff", b"\0\0\0\0\0\0\1\0", {}),
        (date(2026, 3, 27), date(2026, 3, 28), {}),
        (datetime(2026, 3, 27, 12, tzinfo=UTC), datetime(2026, 3, 27, 12, 0, 0, 1, tzinfo=UTC), {}),
        ("20260327", "20260401", {"change_format": "YYYYMMDD"}),
        ("2026-03-27 23:59", "2026-03-28 00:00", {"change_format": "YYYY-MM-DD hh:mm", "time_zone": "Europe/Berlin"}),
    ],
)
def test_a_rank_rises_with_its_value_and_leads_back_to_it(earlier: Any, later: Any, more: dict[str, Any]):
    found = order(**more)
    assert found.rank(earlier) < found.rank(later)
    for value in (earlier, later):
        assert found.value(found.rank(value), value) == (int(value) if isinstance(value, Decimal) else value)


def test_a_rowversion_never_goes_below_the_first():
    assert order().value(order().overlapped(5, b"\0" * 8), b"\0" * 8) == b"\0" * 8


@pytest.mark.parametrize(
    ("value", "more", "said"),
    [
        ("soon", {}, "if all of it is a time, write how under 'change_format' (YYYYMMDD)"),
        ("00000000", {"change_format": "YYYYMMDD"}, "holds what is no time as YYYYMMDD"),
        (1.5, {}, "holds float, neither a time nor a date nor a whole number"),
        (b"\0", {}, "holds bytes"),
        (True, {}, "holds bool"),
        (datetime(2026, 3, 27), {}, "set 'time_zone'"),  # noqa: DTZ001 - as a database without zones gives it
    ],
)
def test_what_cannot_rise_pauses_the_source_and_says_what_to_do(value: Any, more: dict[str, Any], said: str):
    with pytest.raises(PausedError) as caught:
        order(**more).rank(value)
    assert said in str(caught.value)


@pytest.mark.parametrize("written", ["DD.MM.YYYY", "YYYYMMDD[hhmmss]", "YYYY-M-D", "YYMMDD", "soon"])
def test_a_format_that_does_not_sort_is_refused(written: str):
    with pytest.raises(UsageError, match=r"^'change_format' is wrong: texts in it must sort as the times that they are"):
        parse_settings(SqlTableSettings, {**NAMED, "change_format": written})
