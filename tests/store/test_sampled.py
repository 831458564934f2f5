"""What a sample tells: shared values, relations, the course of transactions."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from store.client import Store
from store.sampled import Sampled

ORDER, LINE, ITEM, OTHER = range(1, 5)
PLACED, SHIPPED = 10, 20


@pytest.fixture
def sampled(store: Store) -> Iterator[Sampled]:
    """Ten orders of two items each; each item is shipped a second later, except the last of all."""
    made = Sampled(store)
    rows = [(order, PLACED, order * 10_000, [ORDER, LINE, LINE, OTHER], [order, order * 10, order * 10 + 1, 7]) for order in range(1, 11)]
    items = [order * 10 + number for order in range(1, 11) for number in range(2)][:-1]
    rows += [(1_000 + item, SHIPPED, item // 10 * 10_000 + 1_000 * (1 + item % 10), [ITEM], [item]) for item in items]
    types = {"signal": pa.uint64(), "sort": pa.uint64(), "at": pa.int64(), "fields": pa.list_(pa.uint64()), "values": pa.list_(pa.uint64())}
    columns = zip(*rows, strict=True)
    made.add(pa.table([pa.array(column, type_) for column, type_ in zip(columns, types.values(), strict=True)], names=list(types)))
    yield made
    made.close()


def test_fields_share_values(sampled: Sampled) -> None:
    assert sampled.fields() == {ORDER: (10, 10), LINE: (20, 20), ITEM: (19, 19), OTHER: (1, 10)}
    shared, distinct = sampled.shared(20)
    assert shared == {(LINE, ITEM): 19}
    assert distinct == {ORDER: 10, LINE: 20, ITEM: 19, OTHER: 1}
    assert sampled.together()[ORDER, LINE] == (10, 0)


def test_transactions_are_followed_along_keys(sampled: Sampled) -> None:
    relations = sampled.place({ORDER: 0, LINE: 1, ITEM: 1})
    assert relations == {(0, 1): (10, 0), (1, 0): (20, 20)}, "each item is of one order, no order of one item"
    for _ in range(2):  # the second flow begins with nothing of the first
        with sampled.transactions(0, [(1, 0)], 10) as followed:
            sorts = followed.sorts()
            assert {sort: (row["signals"], row["transactions"], row["most_times"]) for sort, row in sorts.items()} == {
                PLACED: (10, 10, 1),
                SHIPPED: (19, 10, 2),
            }
            course = followed.orders([PLACED, SHIPPED])[PLACED, SHIPPED]
            assert (course["both"], course["before"], list(course["took"])) == (10, 10, [1_000, 1_000, 1_000])
            assert followed.variants([PLACED, SHIPPED]) == [(frozenset({PLACED, SHIPPED}), 10)]
            assert followed.constant([OTHER, LINE]) == {OTHER: 1.0, LINE: 0.0}


def test_nothing_is_left_behind(store: Store) -> None:
    Sampled(store).close()
    assert store.rows("SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'sampled_')") == []
