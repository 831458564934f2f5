"""A database that is thrown away: for the users' tests of their SLAs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store.client import Store
from store.migrations import migrate
from store.statement import statement


@contextmanager
def scratch_store(folder: Path) -> Iterator[Store]:
    """Yield an empty, migrated store in ``folder``. A process has one embedded engine, so it can be called for one folder only."""
    store = Store(f"chdb://{folder.absolute()}")
    try:
        migrate(store)
        yield store
    finally:
        store.close()


def empty(store: Store) -> None:
    """Remove every row but the notes of the schema: a tenth of the time of making the tables anew."""
    for table in store.rows(statement("merge_tree_tables")):
        if table["name"] != "schema_files":
            store.command(statement("truncate", table=table["name"]))
