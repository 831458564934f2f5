"""Of rows that replace each other the latest counts, as the store itself says of the same rows."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.client import Store
from store.stages.latest_rows import latest

KEY = ("key_value", "key_type", "flow", "transaction_id")
NAMES = (*KEY, "active", "revision")


def test_a_row_that_is_not_active_takes_away_the_one_before_it_and_is_taken_away_by_the_one_after() -> None:
    rows = [
        ("A", "k", "f", "t", 1, 5),
        ("A", "k", "f", "t", 0, 6),
        ("B", "k", "f", "t", 1, 7),
        ("B", "k", "f", "t", 0, 6),
        ("C", "k", "f", "t", 0, 1),
    ]
    found = latest(pa.table({name: [row[place] for row in rows] for place, name in enumerate(NAMES)}), KEY)
    assert found.to_pylist() == [{"key_value": "B", "key_type": "k", "flow": "f", "transaction_id": "t"}]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(*[st.sampled_from("AB")] * 4, st.integers(0, 1)), max_size=12), st.randoms(use_true_random=False))
def test_it_is_what_the_store_says(store: Store, rows: list[tuple[str, str, str, str, int]], chance) -> None:
    store.command("TRUNCATE TABLE transaction_keys")
    revised = [(*row, revision) for revision, row in enumerate(rows, 1)]
    chance.shuffle(revised)
    for row in revised:
        store.insert("transaction_keys", dict(zip(NAMES, ([value] for value in row), strict=True)))
    found = latest(store.table(f"SELECT {', '.join(NAMES)} FROM transaction_keys"), KEY)
    wanted = store.rows(f"SELECT {', '.join(KEY)} FROM transaction_keys FINAL WHERE active")
    assert sorted(tuple(row.values()) for row in found.to_pylist()) == sorted(tuple(row.values()) for row in wanted)
