"""Incidents in the store: what may concern one is read once, what a restarted engine must know comes back, and a full disk loses
nothing."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from core.errors import NoRoom, Retryable
from core.saved_view import DELETED, SAVED
from store.client import Store
from store.stages.clocks import StoredClocks
from store.stages.cursors import MOVES
from store.stages.incidents import StoredIncidents
from tests.store.rows import DAY, HOUR, START, clock, incident, put, transaction


def naive(moment: Any) -> pd.Timestamp:
    return pd.Timestamp(moment.replace(tzinfo=None))


def member(store: Store, of: str, identity: str, **other: Any) -> None:
    put(
        store,
        "incident_members",
        **{"incident_id": of, "flow": "o2c", "transaction_id": identity, "sla": "book", "joined_at": START, **other},
    )


def test_only_clocks_that_hold_a_place_or_leave_one_are_read(store: Store) -> None:
    member(store, "i", "held")
    for identity, verdict, previous in (
        ("risk", "at_risk", "running"),
        ("late", "breached", "at_risk"),
        ("none", "unknown", ""),
        ("back", "running", "at_risk"),
        ("held", "met", "running"),
        ("fine", "met", "running"),
        ("new", "running", ""),
    ):
        clock(store, identity, verdict, previous=previous)
    changes, cursors, more = StoredIncidents(store).changes(1_000)
    assert set(changes["clocks"]["transaction_id"]) == {"risk", "late", "none", "back", "held"}
    assert changes["clocks"]["due_at"].dtype == "datetime64[ms]"
    assert cursors.keys() == {"alert:clocks"}
    assert not more


def test_only_transactions_that_failed_or_once_did_are_read(store: Store) -> None:
    member(store, "i", "healed", sla="")
    transaction(store, "failed", failed_milestone="rejected", failed_stage="booked")
    transaction(store, "healed")
    transaction(store, "fine")
    changes, _, _ = StoredIncidents(store).changes(1_000)
    assert set(changes["transactions"]["transaction_id"]) == {"failed", "healed"}


def test_what_was_saved_is_not_read_again_also_after_a_restart(store: Store) -> None:
    clock(store, "a", "at_risk")
    incidents = StoredIncidents(store)
    _, cursors, _ = incidents.changes(1_000)
    for _ in range(MOVES):
        incidents.save({}, cursors)
    assert incidents.changes(1_000)[1] == {}
    store.flush()
    assert StoredIncidents(store).changes(1_000)[1] == {}
    clock(store, "a", "breached", previous="at_risk")
    changes, cursors, _ = StoredIncidents(store).changes(1_000)
    assert changes["clocks"]["verdict"].tolist() == ["breached"]
    assert cursors["alert:clocks"] > 0


def test_what_evaluation_has_just_written_is_read_without_asking_the_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    clock(store, "earlier", "breached")
    stored, incidents = StoredClocks(store), StoredIncidents(store)
    written = stored.clocks_of(pd.DataFrame({"flow": ["o2c"], "transaction_id": ["earlier"]})).drop(columns=["revision", "pauses"])
    incidents.save({}, incidents.changes(1_000)[1])
    transaction(store, "failed", failed_milestone="rejected", failed_stage="booked")
    upto = stored.changed_transactions(1_000)[2]
    stored.save(written.assign(transaction_id="now", paused=[[]]), pd.DataFrame(), upto)
    changes, cursors, _ = incidents.changes(1_000)
    assert changes["clocks"]["transaction_id"].tolist() == ["now"], "the first time, the store is asked for what came before"
    incidents.save({}, cursors)
    stored.save(written.assign(verdict="met", paused=[[]]), pd.DataFrame(), upto)
    transaction(store, "fine")
    stored.changed_transactions(1_000)
    with monkeypatch.context() as patch:
        patch.setattr(Store, "frame", None)
        patch.setattr(Store, "rows", None)
        fresh, following, more = incidents.changes(1_000)
    assert (fresh["clocks"]["verdict"].tolist(), fresh["transactions"]["transaction_id"].tolist(), more) == (["met"], ["fine"], False)
    assert {stage: following[stage] > cursors[stage] for stage in cursors} == dict.fromkeys(("alert:clocks", "alert:transactions"), True)
    again = StoredIncidents(store).changes(1_000)[0]
    assert set(again["clocks"]["transaction_id"]) == {"earlier", "now"}, "an engine that is started anew reads from the store"


def test_what_a_restarted_engine_must_know_comes_back(store: Store) -> None:
    incident(store, "open")
    incident(store, "fresh", status="resolved", resolved_at=START)
    incident(store, "old", status="resolved", resolved_at=START - 3 * DAY)
    incident(store, "held", status="resolved", resolved_at=START - 3 * DAY)
    member(store, "open", "a")
    member(store, "old", "b", left_at=START - 3 * DAY)
    member(store, "held", "c")
    put(store, "deliveries", delivery_id="d1", incident_id="open", state="sent", created_at=START)
    put(store, "deliveries", delivery_id="d2", incident_id="old", state="pending", created_at=START)
    put(store, "deliveries", delivery_id="d3", incident_id="old", state="sent", created_at=START)
    put(store, "silences", silence_id="s", starts_at=START, ends_at=START + HOUR)
    found = StoredIncidents(store).saved()
    assert set(found["incidents"]["incident_id"]) == {"open", "fresh", "held"}
    assert set(found["incident_members"]["transaction_id"]) == {"a", "c"}
    assert set(found["deliveries"]["delivery_id"]) == {"d1", "d2"}
    assert found["silences"]["silence_id"].tolist() == ["s"]
    assert found["silences"]["ends_at"].tolist() == [naive(START + HOUR)]
    assert "revision" not in found["incidents"]


def test_rows_are_written_in_the_order_given_and_read_as_they_were(store: Store) -> None:
    rows = pd.DataFrame(
        {
            "incident_id": ["a"],
            "title": ["Late"],
            "opened_at": [naive(START)],
            "resolved_at": [pd.NaT],
            "members": [3.0],
            "value": [{"EUR": 2.5}],
        }
    )
    actions = pd.DataFrame({"at": [START], "actor": ["ana"], "action": ["acknowledge"], "target": ["a"]})
    StoredIncidents(store).save({"incidents": rows, "actions": actions, "silences": pd.DataFrame()})
    (row,) = StoredIncidents(store).saved()["incidents"].to_dict("records")
    assert (row["title"], row["members"], row["value"], row["opened_at"]) == ("Late", 3, {"EUR": 2.5}, naive(START))
    assert pd.isna(row["resolved_at"])
    assert store.rows("SELECT actor FROM actions") == [{"actor": "ana"}]


def test_a_view_is_shared_by_who_saved_it_last_unless_it_was_deleted_since(store: Store) -> None:
    kept = StoredIncidents(store)
    for number, (action, actor, said) in enumerate(
        (
            (SAVED[False], "Cy", ""),
            (SAVED[True], "Ana", "Ana"),
            (SAVED[True], "Bo", "Bo"),
            (DELETED[True], "Bo", ""),
            (SAVED[True], "Cy", "Cy"),
        )
    ):
        put(store, "actions", at=START, actor=actor, action=action, target="Steel", detail="transactions", revision=number)
        assert (kept.view_shared_by("Steel"), kept.view_shared_by("steel")) == (said, "")


def test_a_full_disk_lets_decisions_wait_and_refuses_what_people_ask_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise NoRoom("full")

    incidents = StoredIncidents(store)
    actions = pd.DataFrame({"at": [START], "actor": ["ana"]})
    assert store.revision(), "a block of them is reserved"
    with monkeypatch.context() as patch:
        patch.setattr(Store, "put", full)
        with pytest.raises(NoRoom):
            incidents.save({"actions": actions}, hold=False)
        assert not store.held
        incidents.save({"actions": actions})
        assert len(store.held) == 1
        with pytest.raises(NoRoom):
            incidents.saved()
    incidents.saved()
    assert store.rows("SELECT actor FROM actions") == [{"actor": "ana"}]


def test_a_store_that_fails_is_tried_again_later(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise DatabaseError("Code: 60.\n UNKNOWN_TABLE")

    monkeypatch.setattr(Store, "put", fail)
    with pytest.raises(Retryable, match=r"^the store .*: Code: 60\. UNKNOWN_TABLE$"):
        StoredIncidents(store).save({"actions": pd.DataFrame({"at": [START], "actor": ["ana"]})})
