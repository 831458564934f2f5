"""The world that tests of the alert stage share."""

from __future__ import annotations

import pytest

from store.client import Store
from tests.alerts.world import World


@pytest.fixture
def world(store: Store) -> World:
    return World(store)
