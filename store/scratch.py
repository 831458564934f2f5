"""Databases that are thrown away: for the users' tests of their SLAs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store.client import Store
from store.migrations import migrate

_numbers = itertools.count(1)


@contextmanager
def scratch_store(folder: Path) -> Iterator[Store]:
    """Yield an empty, migrated store: a database of its own in the embedded engine in ``folder``.

    A process has one engine: every call must name the same folder.
    """
    dsn, database = f"chdb://{folder.absolute()}", f"scratch_{next(_numbers)}"
    admin = Store(dsn)
    admin.command(f"CREATE DATABASE {database}")
    try:
        store = Store(dsn, database=database)
        try:
            migrate(store)
            yield store
        finally:
            store.close()
    finally:
        admin.command(f"DROP DATABASE {database}")
        admin.close()
