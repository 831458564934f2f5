"""Texts as numbers, combinations and runs of rows, and flat rows as the lists and maps that they make."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from correlator.columns import (
    beginnings,
    combined,
    encoded,
    first_and_last,
    flattened,
    lists,
    maps,
    moments,
    offsets,
    pairs,
    sorted_by,
    texts_at,
)


def numbers(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_texts_become_numbers_in_the_order_in_which_they_appear() -> None:
    codes, names = encoded(pa.array(["b", "a", "b"]), pa.array(["x", "x", "y"]))
    assert codes.tolist() == [0, 1, 2]
    assert pairs(names) == [("b", "x"), ("a", "x"), ("b", "y")]
    assert encoded(pa.array(["b", "a", "b"]))[0].tolist() == [0, 1, 0]


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 1 << 40)] * 3), max_size=20))
def test_combined_numbers_are_equal_and_sort_as_their_parts_do(rows: list[tuple[int, int, int]]) -> None:
    codes = combined(*(np.array([row[part] for row in rows], np.int64) for part in range(3))).tolist()
    for one, code in zip(rows, codes, strict=True):
        for other, with_it in zip(rows, codes, strict=True):
            assert ((one < other), (one == other)) == ((code < with_it), (code == with_it))


def test_where_numbers_stand_first_and_last() -> None:
    first, last = first_and_last(numbers(7, 3, 7, 5, 3))
    assert (first.tolist(), last.tolist()) == ([0, 1, 3], [2, 4, 3])
    assert beginnings(numbers(7, 7, 3, 3, 3), numbers(1, 1, 1, 1, 2)).tolist() == [0, 2, 4]
    assert beginnings(numbers()).tolist() == []


def test_texts_sort_by_their_bytes() -> None:
    assert sorted_by(group=pa.array([1, 0, 0, 0]), name=pa.array(["a", "é", "Z", "a"])).tolist() == [2, 3, 1, 0]


def test_flat_rows_make_lists_and_maps_of_which_some_are_empty() -> None:
    assert lists(numbers(0, 2), pa.array(["a", "b", "c"])).to_pylist() == [["a", "b"], ["c"]]
    assert offsets(numbers(0, 0, 2), 4).to_pylist() == [0, 2, 2, 3, 3]
    assert maps(numbers(0, 0, 2), 4, pa.array(["a", "b", "a"]), pa.array([1, 2, 3])).to_pylist() == [
        [("a", 1), ("b", 2)],
        [],
        [("a", 3)],
        [],
    ]


@pytest.mark.parametrize("start", [0, 1])
def test_lists_of_pairs_and_maps_become_flat_rows(start: int) -> None:
    kind = pa.list_(pa.struct({"type": pa.string(), "value": pa.string()}))
    of_lists = pa.array([[{"type": "a", "value": "1"}], [], [{"type": "b", "value": "2"}, {"type": "c", "value": "3"}]], kind)
    of_maps = pa.array([[("a", "1")], [], [("b", "2"), ("c", "3")]], pa.map_(pa.string(), pa.string()))
    wanted = [(0, "a", "1"), (2, "b", "2"), (2, "c", "3")]
    for column in (of_lists, of_maps):
        row, first, second = flattened(column[start:])
        found = list(zip((row + start).tolist(), first.to_pylist(), second.to_pylist(), strict=True))
        assert found == [each for each in wanted if each[0] >= start]


def test_what_is_absent_is_null_or_empty() -> None:
    assert moments(numbers(1, 2), np.array([True, False])).cast(pa.int64()).to_pylist() == [None, 2]
    assert texts_at(["a", "b"], numbers(1, -1, 0)).to_pylist() == ["b", "", "a"]
    assert texts_at(pa.array([], pa.string()), numbers(-1)).to_pylist() == [""]
