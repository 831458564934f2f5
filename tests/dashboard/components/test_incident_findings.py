"""The findings on an incident's page: sentences first, then who is next, and how it went last time."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from store.client import Store
from store.reads import incident_findings as reads
from tests.dashboard.shown import View, words
from tests.dashboard.synthetic import NOW

HOSTILE = "<b>US02</b>"


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the store finds out, by the name of the read."""
    answers: dict[str, Any] = {
        "standing": pd.DataFrame({"stage": ["mapped", "accepted"], "transactions": [18, 2]}),
        "rhythm": {"last_at": NOW - timedelta(minutes=46), "usual_seconds": 60.0, "times": 9},
        "outstanding": pd.DataFrame(
            [
                {
                    "trait": "plant",
                    "value": HOSTILE,
                    "affected": 18,
                    "affected_total": 20,
                    "healthy": 0,
                    "healthy_total": 243,
                    "lift": math.inf,
                },
                {"trait": "hour", "value": "3", "affected": 9, "affected_total": 20, "healthy": 5, "healthy_total": 243, "lift": 22.0},
            ]
        ),
        "first_errors": pd.DataFrame(
            [{"at": NOW, "kind": "log", "service": "sap", "what": "ERROR", "said": HOSTILE, "transaction_id": "t1"}]
        ),
        "changes": pd.DataFrame([{"at": pd.Timestamp(NOW - timedelta(days=9)), "kind": "version", "what": "sap 2.1"}]),
        "victims": pd.DataFrame(),
        "similar": pd.DataFrame(),
    }
    for name in tuple(answers):
        monkeypatch.setattr(reads, name, lambda *_, name=name, **__: answers[name])
    return answers


@pytest.mark.usefixtures("found")
def test_the_hypothesis_comes_first_with_what_stands_out_the_first_error_and_what_changed(view: View, filled: Store) -> None:
    row = filled.rows("SELECT incident_id FROM incidents FINAL WHERE flow = 'order-to-cash' AND status = 'open' LIMIT 1")[0]
    shown = words(view("incidents", filled, id=row["incident_id"]))
    said = shown.split("andon-findings")[1].split("andon-table")[0]
    assert (
        "18 of 20 stand at Mapped, 2 at Accepted by the API. "
        "Nothing has reached Taken from the queue since 24 Nov 09:44, 46 minutes ago; usually one every minute." in said
    )
    assert "<b>&lt;b&gt;US02&lt;/b&gt;</b>: 18 of 20 affected, 0 of 243 others: only here" in said
    assert "Started</i><span><b>03:00 to 04:00</b>: 9 of 20 affected" in said
    assert re.search(r"24 Nov 10:30:00</a>, [\w ]+ after it opened: sap ERROR: &lt;b&gt;US02&lt;/b&gt;", said)
    assert "new version: sap 2.1" in said
    assert shown.index("andon-findings") < shown.index('aria-label="Affected transactions"')
    assert 'aria-label="Next transactions"' not in shown
    assert 'aria-label="Earlier incidents"' not in shown


def test_who_is_next_and_how_it_went_last_time_are_tables_of_their_own(view: View, filled: Store, found: dict[str, Any]) -> None:
    found["victims"] = pd.DataFrame(
        [
            {
                "transaction_id": "t9", "reference": "4711", "sla": "book-in-time", "due_at": NOW + timedelta(minutes=12), "value": 1200.0,
                "currency": "EUR", "customer": HOSTILE, "total": 7,
            }
        ]
    )  # fmt: skip
    found["similar"] = pd.DataFrame(
        [
            {
                "incident_id": "inc-9", "title": HOSTILE, "opened_at": NOW - timedelta(days=2), "resolved_at": NOW - timedelta(days=2, hours=-3),
                "peak_breached": 12, "peak_penalty": {"EUR": 20.0}, "actor": "Ana", "detail": "restarted the connector",
            }
        ]
    )  # fmt: skip
    test = view("incidents", filled, id="inc-0000")
    shown = words(test)
    assert "Next: 7 transactions due within a day, not yet warned of" in [one.value for one in test.subheader]
    assert shown.index('aria-label="Affected transactions"') < shown.index('aria-label="Next transactions"')
    assert "Showing 1 of 7, first due first." in [one.value for one in test.caption]
    assert "in 12 min" in shown.split('aria-label="Next transactions"')[1].split("</table>")[0]
    earlier = shown.split('aria-label="Earlier incidents"')[1].split("</table>")[0]
    for said in ("3 h", "12", "€20", "Ana: restarted the connector", "&lt;b&gt;US02&lt;/b&gt;"):
        assert said in earlier


@pytest.mark.usefixtures("found")
def test_a_resolved_incident_stands_nowhere_and_nobody_is_next(view: View, filled: Store) -> None:
    row = filled.rows("SELECT incident_id FROM incidents FINAL WHERE status = 'resolved' LIMIT 1")[0]
    shown = words(view("incidents", filled, id=row["incident_id"]))
    assert "stand at" not in shown
    assert "What sets them apart" in shown


def test_what_was_found_in_a_real_store_is_told_without_an_error(view: View, filled: Store) -> None:
    row = filled.rows("SELECT incident_id FROM incidents FINAL WHERE status = 'open' AND members > 1 LIMIT 1")[0]
    assert " stand at " in words(view("incidents", filled, id=row["incident_id"]))
