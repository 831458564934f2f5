"""Correlation in the store: nothing is read before a catalog is installed as a whole, each slice once, and flows again when they
changed."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from core.errors import NoRoom
from correlator.fold import Fold
from store.client import Store
from store.stages import correlation as correlation_module
from store.stages.correlation import StoredCorrelation
from tests.store.rows import DAY, HOUR, START, put, transaction

NOTHING: dict[str, pd.DataFrame] = {
    "merges": pd.DataFrame(columns=["flow", "from_id", "to_id"]),
    "keys": pd.DataFrame(columns=["flow", "key_type", "key_value", "transaction_id", "active"]),
    "assignments": pd.DataFrame(columns=["flow", "event_id", "transaction_id"]),
    "copies": pd.DataFrame(columns=["flow", "from_id", "to_id"]),
    "bad_keys": pd.DataFrame({"bad_keys": [False]}),
}
NO_RULES: dict[str, list[Any]] = {"flow": []}


FOLD = Fold({})
"""Knows no flow: it says little more of a transaction than how many events it has."""


def milestone(store: Store, slice_: int, identity: str, *keys: tuple[str, str], flow: str = "o2c") -> None:
    row = {"flow": flow, "milestone": "captured", "event_id": identity * 16, "event_time": START, "received_at": START, "keys": list(keys)}
    put(store, "milestone_events", slice=slice_, signal="event", **row)


def installed(store: Store, **definitions: int) -> StoredCorrelation:
    correlation = StoredCorrelation(store)
    correlation.install({}, {}, NO_RULES, definitions or {"o2c": 7})
    return correlation


def frames(**given: list[dict[str, Any]]) -> dict[str, pd.DataFrame]:
    return {**NOTHING, **{name: pd.DataFrame(rows) for name, rows in given.items()}}


def test_nothing_is_correlated_before_a_catalog_is_installed_as_a_whole(store: Store) -> None:
    with pytest.raises(NoRoom, match="installed"):
        StoredCorrelation(store).fresh(10)


def test_a_flow_is_read_again_only_when_its_definition_changed(store: Store) -> None:
    correlation = StoredCorrelation(store)
    assert correlation.install({}, {}, NO_RULES, {"o2c": 7, "p2p": 8}) == ["o2c", "p2p"]
    assert correlation.fresh(10)[1:] == (0, False)
    store.flush()
    assert StoredCorrelation(store).install({}, {}, NO_RULES, {"o2c": 7, "p2p": 8}) == []
    assert StoredCorrelation(store).install({}, {}, NO_RULES, {"o2c": 9}) == ["o2c"]
    correlation = StoredCorrelation(store)
    correlation.read_again()
    assert correlation.install({}, {}, NO_RULES, {"o2c": 9, "p2p": 8}) == ["o2c", "p2p"], "one that was gone is read again, too"


def test_keys_above_the_cursor_come_with_the_transactions_they_name(store: Store) -> None:
    put(store, "transaction_keys", key_value="4711", key_type="order", flow="o2c", transaction_id="known", active=1)
    put(store, "transaction_keys", key_value="4712", key_type="order", flow="o2c", transaction_id="left", active=1)
    put(store, "transaction_keys", key_value="4712", key_type="order", flow="o2c", transaction_id="left", active=0)
    correlation = installed(store)
    correlation.fresh(10)
    milestone(store, 5, "ab", ("order", "4711"), ("delivery", "80"))
    milestone(store, 5, "cd", ("order", "4712"))
    milestone(store, 5, "ef")
    found, position, more = correlation.fresh(10)
    assert {(row["event_id"][:2], row["key_type"], row["key_value"], row["transaction_id"]) for row in found.to_dict("records")} == {
        ("ab", "order", "4711", "known"), ("ab", "delivery", "80", ""), ("cd", "order", "4712", ""), ("ef", "", "", ""),
    }  # fmt: skip
    assert (position, more) == (5, False)
    assert found["candidate_id"].str.len().tolist() == [32] * 4
    assert all(found["candidate_id"].str.startswith(f"{int(START.timestamp() * 1000):012x}"))


def test_what_was_saved_is_not_read_again_and_the_cursor_outlives_the_engine(store: Store) -> None:
    correlation = installed(store)
    correlation.fresh(10)
    milestone(store, 5, "ab", ("order", "4711"))
    event = {"flow": "o2c", "event_id": "ab" * 16, "transaction_id": "t"}
    key = {"flow": "o2c", "key_type": "order", "key_value": "4711", "transaction_id": "t", "active": 1}
    _, position, _ = correlation.fresh(10)
    correlation.save(frames(keys=[key], assignments=[event]), position, FOLD, START + HOUR)
    assert correlation.fresh(10)[1] == 0
    store.flush()
    assert installed(store).fresh(10)[1] == 5, "after a crash a few runs are repeated"
    correlation.write_cursors()
    store.flush()
    assert installed(store).fresh(10)[1] == 0
    assert store.rows("SELECT transaction_id, event_time FROM transaction_events FINAL WHERE active")[0]["transaction_id"] == "t"
    found = correlation.keys_of(pd.DataFrame({"flow": ["o2c"], "from_id": ["t"]}))
    assert found[["key_type", "key_value"]].to_numpy().tolist() == [["order", "4711"]]


def test_a_merge_moves_events_and_retires_the_transaction(store: Store) -> None:
    correlation = installed(store)
    correlation.fresh(10)
    milestone(store, 5, "ab", ("order", "4711"))
    _, position, _ = correlation.fresh(10)
    correlation.save(frames(assignments=[{"flow": "o2c", "event_id": "ab" * 16, "transaction_id": "old"}]), position, FOLD, START)
    transaction(store, "old")
    milestone(store, 6, "cd", ("order", "4711"))
    _, position, _ = correlation.fresh(10)
    correlation.save(frames(merges=[{"flow": "o2c", "from_id": "old", "to_id": "new"}]), position, FOLD, START + DAY)
    rows = store.rows("SELECT transaction_id, active FROM transaction_events FINAL ORDER BY transaction_id")
    assert [(row["transaction_id"], row["active"]) for row in rows] == [("new", 1), ("old", 0)]
    found = store.rows("SELECT transaction_id, state, merged_into, events FROM transactions FINAL ORDER BY transaction_id")
    assert found == [
        {"transaction_id": "new", "state": "open", "merged_into": "", "events": 1},
        {"transaction_id": "old", "state": "merged", "merged_into": "new", "events": 0},
    ]


def test_what_is_folded_is_handed_on_unless_the_store_itself_retires_transactions(store: Store) -> None:
    correlation, handed = installed(store), store.fresh["folded"]
    correlation.fresh(10)
    before = store.revision()
    milestone(store, 5, "ab", ("order", "4711"))
    _, position, _ = correlation.fresh(10)
    correlation.save(frames(assignments=[{"flow": "o2c", "event_id": "ab" * 16, "transaction_id": "old"}]), position, FOLD, START)
    rows, upto = handed.above(before)
    assert (rows["transaction_id"].tolist(), rows["revision"].tolist()) == (["old"], [upto])
    milestone(store, 6, "cd", ("order", "4711"))
    _, position, _ = correlation.fresh(10)
    correlation.save(frames(merges=[{"flow": "o2c", "from_id": "old", "to_id": "new"}]), position, FOLD, START + DAY)
    assert handed.above(before) is handed.above(upto) is None
    after = store.revision()
    milestone(store, 7, "ef", ("order", "4711"))
    _, position, _ = correlation.fresh(10)
    correlation.save(frames(assignments=[{"flow": "o2c", "event_id": "ef" * 16, "transaction_id": "new"}]), position, FOLD, START)
    assert handed.above(after)[0]["transaction_id"].tolist() == ["new"]


def test_an_event_that_its_transaction_has_is_not_written_and_nothing_is_folded_again(store: Store) -> None:
    correlation = installed(store)
    correlation.fresh(10)
    for slice_ in (5, 6):
        milestone(store, slice_, "ab", ("order", "4711"))
        _, position, _ = correlation.fresh(10)
        assignment = {"flow": "o2c", "event_id": "ab" * 16, "transaction_id": "t"}
        correlation.save(frames(assignments=[assignment]), position, FOLD, START)
    assert store.rows("SELECT count() AS n FROM transaction_events") == [{"n": 1}]
    assert store.rows("SELECT count() AS n FROM transactions") == [{"n": 1}]


def test_after_a_restart_everything_above_the_cursor_of_the_fold_is_folded(store: Store) -> None:
    """A transaction of whose events the engine was told nothing, because it stopped; not a shelf, not what is older or was moved away."""
    correlation = installed(store)
    correlation.fresh(10)
    milestone(store, 5, "ab", ("order", "4711"))
    _, position, _ = correlation.fresh(10)
    correlation.save(frames(assignments=[{"flow": "o2c", "event_id": "ab" * 16, "transaction_id": "old"}]), position, FOLD, START)
    correlation.write_cursors()
    for identity, event, active in (("left", "x", 1), ("left", "y", 0), ("@invoice:I", "x", 1)):
        put(store, "transaction_events", flow="o2c", transaction_id=identity, event_id=event, active=active)
    store.command("TRUNCATE TABLE transactions")
    milestone(store, 6, "cd", ("order", "4712"))
    again = installed(store)
    _, position, _ = again.fresh(10)
    again.save(frames(assignments=[{"flow": "o2c", "event_id": "cd" * 16, "transaction_id": "new"}]), position, FOLD, START)
    rows = store.rows("SELECT transaction_id, events FROM transactions FINAL ORDER BY transaction_id")
    assert rows == [{"transaction_id": "left", "events": 1}, {"transaction_id": "new", "events": 1}]


def test_everything_is_folded_again_some_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correlation_module, "_TOGETHER", 2)
    correlation = installed(store)
    for number in range(5):
        for event in range(number + 1):
            put(store, "transaction_events", flow="o2c", transaction_id=f"t{number}", event_id=f"e{event}", active=1)
    correlation.fold_all(FOLD)
    rows = store.rows("SELECT transaction_id, events FROM transactions FINAL ORDER BY transaction_id")
    assert [row["events"] for row in rows] == [1, 2, 3, 4, 5]


def test_milestones_that_belong_to_nothing_are_counted_as_orphans(store: Store) -> None:
    correlation = installed(store)
    assert correlation.orphans() == 0
    row = {"flow": "o2c", "milestone": "shipped", "event_id": "x", "active": 1}
    put(store, "transaction_events", transaction_id="@delivery:80", **row)
    put(store, "transaction_events", transaction_id="@delivery:81", **{**row, "event_id": "y"})
    put(store, "transaction_events", transaction_id="t", **{**row, "event_id": "y"})
    put(store, "transaction_keys", key_value="81", key_type="delivery", flow="o2c", transaction_id="t", active=1)
    assert correlation.orphans() == 1
