"""The top of an incident: names, deadlines and the status of now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
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


@pytest.mark.parametrize(
    ("changed", "said", "in_header"),
    [
        ({}, "overdue 2 h 10 min", "overdue 2 h 10 min, next due in 5 min"),
        ({"next_due_at": None}, "overdue 2 h 10 min", "overdue 2 h 10 min"),
        ({"overdue_since": pd.NaT}, "due in 5 min", "due in 5 min"),
        ({"overdue_since": None, "next_due_at": NOW - timedelta(minutes=1)}, "just passed", "just passed"),
        ({"overdue_since": None, "next_due_at": None}, "failed", "failed"),
        ({"overdue_since": None, "next_due_at": None, "breached": 0}, "–", "–"),
        ({"status": "resolved"}, "–", "–"),
        ({"flow": "andon"}, "–", "–"),
    ],
)
def test_an_incident_says_how_long_it_has_been_overdue(changed: dict[str, Any], said: str, in_header: str) -> None:
    row = {
        "status": "open",
        "flow": "order-to-cash",
        "breached": 3,
        "overdue_since": NOW - timedelta(minutes=130),
        "next_due_at": NOW + timedelta(minutes=5),
        **changed,
    }
    assert (incident_header.deadline(row, NOW), incident_header._deadlines(row, NOW)) == (said, in_header)
