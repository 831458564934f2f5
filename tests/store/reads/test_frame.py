"""A query as a data frame: parameters are bound, never written into the text."""

from __future__ import annotations

from datetime import UTC, datetime

from store.client import Store
from store.reads.frame import frame


def test_rows_become_columns_and_without_a_row_there_are_none(store: Store) -> None:
    found = frame(store.reader, "SELECT number AS n, toString(number) AS text FROM numbers({count:UInt8})", {"count": 3})
    assert found.to_dict("list") == {"n": [0, 1, 2], "text": ["0", "1", "2"]}
    assert list(frame(store.reader, "SELECT 1 AS n WHERE 0").columns) == []


def test_parameters_are_values_whatever_is_in_them(store: Store) -> None:
    hostile = "'; DROP TABLE clocks; -- \\' {x:String}"
    moment = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    found = frame(store.reader, "SELECT {text:String} AS text, {at:DateTime64(3, 'UTC')} AS at", {"text": hostile, "at": moment})
    assert found["text"].tolist() == [hostile]
    assert found["at"][0].to_pydatetime().replace(tzinfo=UTC) == moment
