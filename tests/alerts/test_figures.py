"""The figures of incidents are what adding up their members one by one gives."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.figures import figures_of
from alerts.members import LATE, SEVERITIES
from tests.alerts.clocks import at
from tests.alerts.messages import NOW

HOUR = timedelta(hours=1)
MEMBERS = st.lists(
    st.fixed_dictionaries(
        {
            "incident_id": st.sampled_from(["i", "j"]),
            "flow": st.sampled_from(["orders", "returns"]),
            "transaction_id": st.sampled_from(["a", "b", "c"]),
            "sla": st.sampled_from(["book", "ship", ""]),
            "verdict": st.sampled_from(["at_risk", "breached", "failed", "unknown"]),
            "due_at": st.sampled_from([pd.NaT, *(at(NOW + hours * HOUR) for hours in (-1, 0, 1, 2))]),
            "value": st.sampled_from([0.0, 10.0, 20.5, 99.9]),
            "penalty": st.sampled_from([0.0, 1.5]),
            "currency": st.sampled_from(["EUR", "USD"]),
            "customer": st.sampled_from(["", "ACME", "Globex"]),
            "plant": st.sampled_from(["", "DE07"]),
            "rank": st.integers(0, len(SEVERITIES) - 1),
            "owner": st.sampled_from(["desk", "sales"]),
            "runbook": st.sampled_from(["", "call", "look"]),
        }
    ),
    max_size=12,
    unique_by=lambda row: (row["flow"], row["transaction_id"], row["sla"]),
)


def added_up(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of one incident, in its members' order."""
    once: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        key = row["flow"], row["transaction_id"]
        if key not in once or (row["value"], row["rank"]) >= (once[key]["value"], once[key]["rank"]):
            once[key] = row
    worst = max(rows, key=lambda row: row["rank"])  # the first of the gravest
    value: dict[str, float] = {}
    penalty: dict[str, float] = {}
    for totals, name, counted in ((value, "value", once.values()), (penalty, "penalty", rows)):
        for row in counted:
            if row[name]:
                totals[row["currency"]] = totals.get(row["currency"], 0.0) + row[name]
    to_come = [row["due_at"] for row in rows if row["due_at"] > at(NOW)]
    return {
        "members": len(once),
        "breached": len({(row["flow"], row["transaction_id"]) for row in rows if row["verdict"] in LATE}),
        "severity": SEVERITIES[worst["rank"]],
        "next_due_at": min(to_come, default=None),
        "owner": worst["owner"],
        "runbook": next((row["runbook"] for row in rows if row["runbook"]), ""),
        "value": pytest.approx(value),
        "penalty": pytest.approx(penalty),
        "customers": most_money_first(list(once.values()), "customer"),
        "plants": most_money_first(list(once.values()), "plant"),
    }


def most_money_first(rows: list[dict[str, Any]], name: str) -> list[str]:
    totals: dict[str, float] = {}
    for row in rows:
        if row[name]:
            totals[row[name]] = totals.get(row[name], 0.0) + row["value"]
    return sorted(totals, key=lambda text: (-round(totals[text], 6), text))


@given(MEMBERS)
def test_figures_are_those_of_the_members_one_by_one(rows: list[dict[str, Any]]) -> None:
    members = pd.DataFrame(rows, columns=None if rows else ["incident_id"])
    if rows:
        members["due_at"] = members["due_at"].astype("datetime64[ms]")
    found = figures_of(members, NOW)
    by_incident = {name: [row for row in rows if row["incident_id"] == name] for name in ("i", "j")}
    assert found.keys() == {name for name, mine in by_incident.items() if mine}
    for name, figures in found.items():
        expected = added_up(by_incident[name])
        due = figures.pop("next_due_at")
        expected_due = expected.pop("next_due_at")
        assert figures == expected
        assert (None if due is None else at(due)) == expected_due
