"""The worlds that tests of the alert stage share: one over a store in memory, and one over a real store for what only that can prove."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.client import Store
from tests.alerts.counter import Counter, counter_in
from tests.alerts.world import StoredWorld, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def stored_world(store: Store) -> StoredWorld:
    return StoredWorld(database=store)


@pytest.fixture
def counter(world: World, tmp_path: Path) -> Counter:
    """Where people act: an engine with one critical incident that the desk was told of."""
    return counter_in(world, tmp_path)
