"""What an evaluation changes, by comparison with the clocks that were written before."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from core.verdict import pauses_as_text
from slas.due import MISSING
from slas.revision import merge_previous, to_rows, to_verdict_rows

NOW = 5_000
MEASURED: dict[str, Any] = {
    "flow": "o2c", "sla": "book", "transaction_id": "t1", "reference": "4711", "stage": "booked", "verdict": "running", "cause": "", "severity": "warning",
    "owner": "team", "runbook": "r", "value": 10.0, "currency": "EUR", "penalty": 0.0, "customer": "ACME", "supplier": "", "carrier": "", "plant": "DE", "started_at": 1_000, "warn_at": 1_600,
    "due_at": 2_000, "stopped_at": MISSING, "next_at": 1_600, "paused": [], "contract_version": "v1: own limit",
}  # fmt: skip


def measured(*clocks: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([{**MEASURED, **each} for each in clocks], columns=list(MEASURED))


def written(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of ``clocks`` as the store gives them back: with the pauses as a text, without what the verdict was before."""
    rows = to_rows(frame)
    return rows.assign(pauses=[pauses_as_text(each) for each in rows["paused"]]).drop(columns=["paused", "previous"])


def first() -> pd.DataFrame:
    return merge_previous(measured({}), pd.DataFrame(), 4_000)


def test_a_new_clock_is_the_first_version_of_its_verdict() -> None:
    (row,) = first().to_dict("records")
    assert (row["fresh"], row["verdict_version"], row["verdict_at"], row["previous"], row["removed"]) == (True, 1, 4_000, "", 0)


def test_what_has_not_changed_is_not_written_again() -> None:
    assert merge_previous(measured({}), written(first()), NOW).empty
    assert merge_previous(measured({}), written(first()), NOW)["fresh"].dtype == bool


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "at_risk", "cause": "overdue"},
        {"due_at": 2_001},
        {"due_at": MISSING},
        {"stopped_at": 1_500, "verdict": "met"},
        {"stopped_at": 1_500},
    ],
)
def test_another_verdict_due_time_or_stop_is_a_new_version(change: dict[str, Any]) -> None:
    (row,) = merge_previous(measured(change), written(first()), NOW).to_dict("records")
    assert (row["fresh"], row["verdict_version"], row["verdict_at"], row["previous"]) == (True, 2, NOW, "running")


@pytest.mark.parametrize(
    "change",
    [
        {"reference": "4712"}, {"stage": "shipped"}, {"cause": "CREDIT"}, {"severity": "critical"}, {"owner": "other"}, {"runbook": "q"}, {"value": 11.0},
        {"currency": "USD"}, {"paused": [(1_100, 1_200, "credit")]}, {"penalty": 1.0}, {"customer": "Beta"}, {"supplier": "Stahl"}, {"carrier": "Rapid"}, {"plant": "US"}, {"started_at": 900}, {"warn_at": 1_500}, {"next_at": MISSING},
    ],
)  # fmt: skip
def test_anything_else_is_written_under_the_same_version(change: dict[str, Any]) -> None:
    (row,) = merge_previous(measured(change), written(first()), NOW).to_dict("records")
    assert (row["fresh"], row["verdict_version"], row["verdict_at"]) == (False, 1, 4_000)


def test_a_catalog_that_says_the_same_moves_no_clock() -> None:
    assert merge_previous(measured({"contract_version": "v2: own limit"}), written(first()), NOW).empty


def test_pauses_are_written_once_again_where_they_are_others() -> None:
    paused = merge_previous(measured({"paused": [(1_100, MISSING, "credit")]}), written(first()), NOW)
    assert len(paused) == 1, "the list of a clock is the same in whatever order its pauses came"
    assert merge_previous(measured({"paused": [(1_100, MISSING, "credit")]}), written(paused), NOW).empty
    assert len(merge_previous(measured({"paused": [(1_100, 1_200, "credit")]}), written(paused), NOW)) == 1


@pytest.mark.parametrize("left", [measured(), measured({"transaction_id": "t2"})], ids=["none", "another"])
def test_a_clock_that_is_no_more_is_removed_once(left: pd.DataFrame) -> None:
    found = merge_previous(left, written(first()), NOW)
    (gone,) = found[found["transaction_id"] == "t1"].to_dict("records")
    assert (gone["removed"], gone["next_at"], gone["fresh"], gone["verdict_version"], gone["previous"]) == (1, MISSING, False, 1, "running")
    again = merge_previous(left, written(found), NOW)
    assert not (again["transaction_id"] == "t1").any()


def test_a_clock_that_comes_back_is_written_although_it_says_the_same() -> None:
    gone = written(merge_previous(measured(), written(first()), NOW))
    (back,) = merge_previous(measured({}), gone, NOW + 1).to_dict("records")
    assert (back["removed"], back["verdict_version"], back["fresh"]) == (0, 1, False)


def test_versions_of_clocks_side_by_side_are_each_their_own() -> None:
    before = merge_previous(measured({}, {"sla": "ship"}, {"transaction_id": "t2"}), pd.DataFrame(), 4_000)
    now = measured({"verdict": "at_risk"}, {"sla": "ship"}, {"transaction_id": "t2", "due_at": 3_000}, {"transaction_id": "t3"})
    found = merge_previous(now, written(before), NOW).set_index(["sla", "transaction_id"])["verdict_version"]
    assert found.to_dict() == {("book", "t1"): 2, ("book", "t2"): 2, ("book", "t3"): 1}


def test_rows_carry_times_in_utc_and_nothing_for_what_is_missing() -> None:
    (row,) = to_rows(first()).to_dict("records")
    assert (row["started_at"], row["stopped_at"]) == (pd.Timestamp("1970-01-01 00:00:01"), pd.NaT)
    assert to_rows(measured()).empty


def test_a_verdict_row_says_what_was_decided_when_and_why() -> None:
    found = merge_previous(measured({"verdict": "breached"}), written(first()), NOW)
    (row,) = to_verdict_rows(found, NOW, ["too late"]).to_dict("records")
    told = {name: row[name] for name in ("verdict", "previous", "version", "reason", "contract_version", "value", "currency")}
    assert told == {
        "verdict": "breached", "previous": "running", "version": 2, "reason": "too late", "contract_version": "v1: own limit", "value": 10.0, "currency": "EUR",
    }  # fmt: skip
    assert row["decided_at"] == pd.Timestamp("1970-01-01 00:00:05")
    assert to_verdict_rows(found.head(0), NOW, []).empty
