"""An outbox for each test."""

from __future__ import annotations

import pytest

from tests.alerts.delivery.office import Office


@pytest.fixture
def office() -> Office:
    return Office()
