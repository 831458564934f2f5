"""Clocks as the evaluation stage reads and writes them: whole revisions, current rows only, and what waits for the disk among them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from core.clock import to_milliseconds
from core.errors import NoRoom
from core.verdict import pauses_as_text
from store.client import Store
from store.stages.clocks import StoredClocks
from store.stages.cursors import MOVES
from tests.store.rows import DAY, HOUR, START, clock, transaction


def named(*identities: str, flow: str = "o2c") -> pd.DataFrame:
    return pd.DataFrame({"flow": [flow] * len(identities), "transaction_id": list(identities)})


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([{"flow": "o2c", "sla": "book", "removed": 0, **row} for row in rows])


def verdicts(store: Store, *rows: tuple[str, int, str]) -> None:
    columns: dict[str, list[Any]] = {
        "flow": ["o2c"] * len(rows), "sla": ["book"] * len(rows), "transaction_id": [row[0] for row in rows], "version": [row[1] for row in rows],
        "verdict": [row[2] for row in rows], "started_at": [START] * len(rows), "decided_at": [START + HOUR] * len(rows),
        "revision": [store.revision() for _ in rows],
    }  # fmt: skip
    store.insert("verdicts", columns)


def test_what_changed_is_read_once_with_its_clocks_and_the_cursor_outlives_the_engine(store: Store) -> None:
    transaction(store, "a")
    transaction(store, "b")
    transaction(store, "a", stage="booked", state="completed")
    clock(store, "b", "running")
    stored = StoredClocks(store)
    changed, clocks, upto, more = stored.changed_transactions(1_000)
    assert dict(zip(changed["transaction_id"], changed["state"], strict=True)) == {"a": "completed", "b": "open"}
    assert clocks["transaction_id"].tolist() == ["b"]
    assert not more
    stored.save(pd.DataFrame(), pd.DataFrame(), upto)
    assert stored.changed_transactions(1_000)[2:] == (0, False)
    assert StoredClocks(store).changed_transactions(1_000)[2] == upto, "after a crash a few steps are repeated"
    for _ in range(MOVES):
        stored.save(pd.DataFrame(), pd.DataFrame(), upto)
    store.flush()
    assert StoredClocks(store).changed_transactions(1_000)[2] == 0
    transaction(store, "c")
    assert StoredClocks(store).changed_transactions(1_000)[0]["transaction_id"].tolist() == ["c"]


def test_a_part_of_what_changed_says_that_there_is_more_and_leaves_none_out(store: Store) -> None:
    names = [f"t{number}" for number in range(5)]
    for name in names:
        transaction(store, name)
    stored, seen, mores = StoredClocks(store), [], []
    while True:
        changed, _, upto, more = stored.changed_transactions(2)
        if not upto:
            break
        seen += changed["transaction_id"].tolist()
        mores.append(more)
        stored.save(pd.DataFrame(), pd.DataFrame(), upto)
    assert sorted(seen) == names
    assert mores[-1] is False
    assert True in mores


def test_what_correlation_hands_on_is_not_asked_of_the_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    stored, after = StoredClocks(store), store.revision()
    stored.save(pd.DataFrame(), pd.DataFrame(), after)
    handed = store.fresh["folded"]
    handed.lose(after)  # what came before is known only to the store
    for name, state in (("a", "open"), ("b", "open"), ("a", "completed")):
        revision = store.revision()
        handed.add(named(name).assign(revision=revision, state=state), revision)
    with monkeypatch.context() as patch:
        patch.setattr(stored, "clocks_of", lambda _: pd.DataFrame())
        patch.setattr(Store, "frame", None)
        changed, _, upto, more = stored.changed_transactions(1_000)
    assert changed[["transaction_id", "state"]].to_numpy().tolist() == [["b", "open"], ["a", "completed"]]
    assert (upto, more) == (revision, False)
    stored.save(pd.DataFrame(), pd.DataFrame(), upto)
    assert stored.changed_transactions(1_000)[2:] == (0, False)
    transaction(store, "c")
    handed.lose(store.revision())
    assert stored.changed_transactions(1_000)[0]["transaction_id"].tolist() == ["c"]


def test_a_source_was_last_seen_when_it_was_heard_even_if_that_is_not_counted_in_the_store_yet(store: Store) -> None:
    row = {"hour": START, "source": "crm", "kind": "events", "signals": 1, "last_at": START}
    assert StoredClocks(store).last_seen().empty
    store.heard["erp"] = to_milliseconds(START)
    assert StoredClocks(store).last_seen()["source"].tolist() == ["erp"]
    store.insert("source_hours", {name: [value] for name, value in row.items()})
    store.heard["erp"] = to_milliseconds(START - HOUR)
    for heard, expected in ((START - HOUR, START), (START + HOUR, START + HOUR)):
        store.heard["crm"] = to_milliseconds(heard)
        found = StoredClocks(store).last_seen()
        moments = {source: at.to_pydatetime().replace(tzinfo=UTC) for source, at in zip(found["source"], found["last_seen"], strict=True)}
        assert moments == {"erp": START - HOUR, "crm": expected}


def test_deadlines_come_due_in_their_order_and_only_of_current_clocks(store: Store) -> None:
    for number, name in enumerate(("c", "a", "b")):
        transaction(store, name)
        clock(store, name, "running", next_at=START + number * HOUR)
    transaction(store, "gone")
    clock(store, "gone", "running", next_at=START - HOUR, removed=1)
    clock(store, "idle", "met", next_at=None)
    stored = StoredClocks(store)
    assert stored.next_deadline() == START
    assert set(stored.due_transactions(START + HOUR, 10)["transaction_id"]) == {"c", "a"}
    assert stored.due_transactions(START, 10)["transaction_id"].tolist() == ["c"]
    assert stored.due_transactions(START + DAY, 1)["transaction_id"].tolist() == ["c"]
    assert stored.due_transactions(START - DAY, 10).empty


def test_without_any_clock_nothing_is_due(store: Store) -> None:
    stored = StoredClocks(store)
    assert stored.next_deadline() is None
    assert stored.due_transactions(START, 10).empty
    assert stored.unknown_transactions().empty
    assert stored.clocks_of(named()).empty


def test_clocks_that_are_written_are_read_as_they_were(store: Store) -> None:
    stored = StoredClocks(store)
    times = pd.to_datetime([START.replace(tzinfo=None), pd.NaT]).astype("datetime64[ms]")
    rows = frame({"transaction_id": "a", "verdict": "met"}, {"transaction_id": "b", "verdict": "unknown"})
    rows["due_at"] = times
    rows["paused"] = [[(1_000, 2_000, "credit"), (3_000, -1, "")], []]
    stored.save(rows, pd.DataFrame(), None)
    found = stored.clocks_of(named("a", "b", "none")).set_index("transaction_id")
    assert found["verdict"].to_dict() == {"a": "met", "b": "unknown"}
    assert found["due_at"]["a"].to_pydatetime() == START.replace(tzinfo=None)
    assert pd.isna(found["due_at"]["b"])
    assert found["pauses"].to_dict() == {"a": pauses_as_text(rows["paused"][0]), "b": ""}
    (paused,) = store.rows("SELECT paused FROM clocks WHERE transaction_id = 'a'")
    assert [(begin.timestamp(), end and end.timestamp(), reason) for begin, end, reason in (tuple(each.values()) if isinstance(each, dict) else each for each in paused["paused"])] == [
        (1.0, 2.0, "credit"), (3.0, None, ""),
    ]  # fmt: skip
    transaction(store, "b")
    assert stored.unknown_transactions()["transaction_id"].tolist() == ["b"]


def test_of_versions_that_are_not_merged_yet_the_last_one_is_read(store: Store) -> None:
    store.command("SYSTEM STOP MERGES clocks")
    for identity, verdict in (("b", "running"), ("a", "running"), ("b", "breached"), ("c", "running"), ("b", "met_late"), ("a", "at_risk")):
        clock(store, identity, verdict, revision=store.revision())
    found = StoredClocks(store).clocks_of(named("a", "b", "c"))
    store.command("SYSTEM START MERGES clocks")
    assert dict(zip(found["transaction_id"], found["verdict"], strict=True)) == {"a": "at_risk", "b": "met_late", "c": "running"}
    assert len(found) == 3


def test_open_transactions_are_given_in_pages(store: Store) -> None:
    for name, state in (("a", "open"), ("b", "completed"), ("c", "completed"), ("d", "open")):
        transaction(store, name, state=state)
    clock(store, "c", "running")
    transaction(store, "e", flow="p2p")
    stored = StoredClocks(store)
    assert stored.open_transactions(["o2c"], "", 2)["transaction_id"].tolist() == ["a", "c"]
    assert stored.open_transactions(["o2c"], "c", 2)["transaction_id"].tolist() == ["d"]
    assert stored.open_transactions([], "", 2).empty


def test_clocks_that_wait_for_the_disk_are_read_in_place_of_those_they_follow(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    transaction(store, "a")
    clock(store, "a", "running", next_at=START)
    monkeypatch.setattr(Store, "put", lambda *_: (_ for _ in ()).throw(NoRoom("full")))
    stored = StoredClocks(store)
    later = frame({"transaction_id": "a", "verdict": "breached"}, {"transaction_id": "b", "verdict": "running"})
    later["next_at"] = pd.to_datetime([(START + DAY).replace(tzinfo=None), (START + HOUR).replace(tzinfo=None)]).astype("datetime64[ms]")
    stored.save(later, pd.DataFrame(), None)
    monkeypatch.undo()
    assert len(store.held) == 1
    assert stored.next_deadline() == START + HOUR
    assert stored.due_transactions(START, 10).empty, "its deadline lies later now"


def test_clocks_that_are_made_anew_go_on_from_their_latest_verdict(store: Store) -> None:
    verdicts(store, ("a", 1, "running"), ("a", 2, "at_risk"), ("b", 1, "running"))
    clock(store, "b", "met")
    stored = StoredClocks(store)
    assert stored.clocks_of(named("a", "b"))["transaction_id"].tolist() == ["b"]
    with stored.restoring():
        found = stored.clocks_of(named("a", "b")).set_index("transaction_id")
    assert found["verdict"].to_dict() == {"a": "at_risk", "b": "met"}
    assert found["verdict_version"]["a"] == 2
    assert stored.clocks_of(named("a")).empty, "only meanwhile"


def test_what_flows_were_evaluated_by_is_remembered_until_they_have_no_promises(store: Store) -> None:
    stored = StoredClocks(store)
    assert stored.evaluated_by() == {}
    stored.note_evaluated_by({"o2c": 7, "p2p": 8})
    stored.note_evaluated_by({"p2p": 0})
    assert StoredClocks(store).evaluated_by() == {"o2c": 7}


def test_a_source_is_expected_from_when_it_first_was_until_it_is_not(store: Store) -> None:
    stored = StoredClocks(store)
    assert stored.expected_since(["crm", "erp"], START) == {"crm": START, "erp": START}
    assert stored.expected_since(["crm", "mes"], START + HOUR) == {"crm": START, "mes": START + HOUR}
    assert stored.expected_since(["erp"], START + DAY) == {"erp": START + DAY}, "it was not expected meanwhile"
    stored.note_silences({"erp": START}, {"erp": START + HOUR})
    silent: list[dict[str, datetime]] = store.rows("SELECT silent_since AS at FROM expected_sources FINAL WHERE source = 'erp'")
    assert [row["at"].timestamp() for row in silent] == [(START + HOUR).timestamp()]
    stored.note_silences({"erp": START}, {})
    assert store.rows("SELECT silent_since AS at FROM expected_sources FINAL WHERE source = 'erp'") == [{"at": None}]
