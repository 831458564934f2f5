"""The top of an incident: names, deadlines and the status of now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from dashboard.components import incident_header
from tests.dashboard.synthetic import NOW


@pytest.mark.parametrize(
    ("names", "said"),
    [([], ""), (["A"], "A"), (["A", "B"], "A, B"), (("A", "B", "C"), "A, B and 1 more"), (["A", "B", "C", "D"], "A, B and 2 more")],
)
def test_many_names_are_counted(names: Any, said: str) -> None:
    assert incident_header.names(names) == said


@pytest.mark.parametrize(("minutes", "status"), [(1, "acknowledged"), (0, "open"), (-1, "open")])
def test_its_status_is_that_of_now(minutes: int, status: str) -> None:
    row = {"status": "acknowledged", "acknowledged_until": NOW + timedelta(minutes=minutes)}
    assert incident_header.status(row, NOW) == status
