"""Fixtures every test may ask for. The real store is reached only by tests that ask for ``store``.

The embedded engine allows one folder a process, so a test session has one engine and each test a database of its own in it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.client import Store
from store.migrations import migrate

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def engine_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engine")


@pytest.fixture
def store(engine_folder: Path) -> Iterator[Store]:
    """An empty, migrated store in a temporary folder."""
    database = f"test_{next(_numbers)}"
    dsn = f"chdb://{engine_folder}"
    admin = Store(dsn)
    admin.command(f"CREATE DATABASE {database}")
    opened = Store(dsn, database=database)
    migrate(opened)
    yield opened
    opened.close()
    admin.command(f"DROP DATABASE {database}")
    admin.close()
