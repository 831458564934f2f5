"""A store that is emptied is as new: no row of a test of users' SLAs reaches the next one."""

from __future__ import annotations

from store.client import Store
from store.migrations import migrate
from store.scratch import empty
from tests.store.rows import clock, transaction


def test_every_row_goes_and_the_tables_stay(store: Store) -> None:
    transaction(store, "t")
    clock(store, "t", "running")
    store.insert("events", {"slice": [1], "id": ["a"]})
    empty(store)
    rows = store.rows(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND total_rows > 0 AND name != 'schema_files'"
        " AND engine LIKE '%MergeTree'"
    )
    assert rows == []
    assert migrate(store) == [], "the schema is still noted"
