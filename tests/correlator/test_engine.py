"""The loop of correlation: what is read again, what merges, what is counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from core.catalog.flow import Flow
from core.errors import UsageError
from core.telemetry import M, Telemetry
from correlator import engine
from correlator.engine import MERGED, ORPHAN_POLL, Correlator
from store.client import Store
from store.stages.correlation import StoredCorrelation
from tests.correlator.recording import FLOW, NOW, catalog, feed, stored
from tests.model.transactions import Heard

COLUMNS = ["flow", "event_id", "candidate_id", "key_type", "key_value", "transaction_id"]


class Recorder:
    """A store that gives one batch and keeps what is saved (``correlator.ports.CorrelationStore``)."""

    def __init__(self, rows: Sequence[tuple[str, ...]] = (), keys: Sequence[tuple[str, ...]] = ()) -> None:
        self.batch = pd.DataFrame(rows, columns=COLUMNS)
        self.keys = pd.DataFrame(keys, columns=["flow", "key_type", "key_value", "transaction_id"])
        self.installed: list[Mapping[str, int]] = []
        self.saved: list[tuple[Mapping[str, pd.DataFrame], int, str, datetime]] = []
        self.orphans_asked = 0

    def install(
        self,
        _selects: Mapping[str, str],
        _sifted: Mapping[str, tuple[str, str]],
        _rules: Mapping[str, list[Any]],
        definitions: Mapping[str, int],
    ) -> list[str]:
        self.installed.append(definitions)
        return []

    def fresh(self, _limit: int) -> tuple[pd.DataFrame, int, bool]:
        return self.batch, 7 if len(self.batch) else 0, False

    def keys_of(self, merges: pd.DataFrame) -> pd.DataFrame:
        return self.keys[self.keys["transaction_id"].isin(merges["from_id"])]

    def save(self, frames: Mapping[str, pd.DataFrame], position: int, fold: str, now: datetime) -> None:
        self.saved.append((frames, position, fold, now))

    def orphans(self) -> int:
        self.orphans_asked += 1
        return 3


def changed(**more: Any) -> Flow:
    return Flow.model_validate({**FLOW.model_dump(mode="json", by_alias=True), **more})


def test_what_merges_moves_all_its_keys_and_leaves_its_id_as_one_more() -> None:
    rows = [("orders", "e1", "f1", "order", "A", "a"), ("orders", "e1", "f1", "ticket", "T", "b")]
    keys = [("orders", "ticket", "T", "b"), ("orders", "delivery", "D", "b"), ("orders", "order", "A", "a")]
    store = Recorder(rows, keys)
    correlator = Correlator(store, catalog(), Telemetry())
    assert correlator.run(NOW) is False
    ((frames, position, fold, now),) = store.saved
    assert (position, fold, now) == (7, correlator.fold, NOW)
    # T is among the keys of the batch, too: that it names a now is written once
    assert sorted(frames["keys"][["key_type", "key_value", "transaction_id", "active"]].itertuples(index=False, name=None)) == [
        (MERGED, "b", "a", 1),
        ("delivery", "D", "a", 1),
        ("delivery", "D", "b", 0),
        ("ticket", "T", "a", 1),
        ("ticket", "T", "b", 0),
    ]
    assert frames["merges"].to_numpy().tolist() == [["orders", "b", "a"]]


def test_a_run_without_news_saves_nothing() -> None:
    store, telemetry = Recorder(), Telemetry()
    assert Correlator(store, catalog(), telemetry).run(NOW) is False
    assert store.saved == []
    assert telemetry.value(M.TRANSACTIONS_TOUCHED) == 0


def test_orphans_are_counted_at_once_and_then_each_minute() -> None:
    store, telemetry = Recorder(), Telemetry()
    correlator = Correlator(store, catalog(), telemetry)
    for seconds in (0, 1, ORPHAN_POLL.total_seconds() - 1):
        correlator.run(NOW + timedelta(seconds=seconds))
    assert store.orphans_asked == 1
    assert telemetry.value(M.ORPHANS) == 3
    correlator.run(NOW + ORPHAN_POLL)
    assert store.orphans_asked == 2


@pytest.mark.parametrize("more", [{"title": "Other"}, {"owner": "others"}, {"lane": "critical"}])
def test_what_does_not_say_which_events_belong_together_is_no_reason_to_read_again(more: dict[str, Any]) -> None:
    store = Recorder()
    Correlator(store, catalog(), Telemetry()).reload(catalog(changed(**more)))
    assert store.installed[0] == store.installed[1]


@pytest.mark.parametrize("more", [{"ends": ["booked"], "cancels": []}, {"facts": {}}, {"keys": {**FLOW.model_dump()["keys"], "batch": {}}}])
def test_what_decides_about_transactions_is(more: dict[str, Any]) -> None:
    store = Recorder()
    Correlator(store, catalog(), Telemetry()).reload(catalog(changed(**more)))
    assert store.installed[0].keys() == store.installed[1].keys()
    assert store.installed[0] != store.installed[1]


def test_a_catalog_that_does_not_compile_is_refused_and_the_one_before_stays() -> None:
    store = Recorder()
    correlator = Correlator(store, catalog(), Telemetry())
    before = correlator.fold
    wrong = {"captured": {"system": "S", "match": {"event": "x", "status": "ok"}, "keys": {"order": "data.order"}}}
    with pytest.raises(UsageError, match="'status' cannot be matched on signal kind 'event'"):
        correlator.reload(catalog(changed(milestones=wrong, ends=["captured"], cancels=[])))
    assert len(store.installed) == 1
    assert correlator.fold == before


def test_oversized_keys_are_quarantined_and_keyless_events_counted(store: Store) -> None:
    telemetry = Telemetry()
    correlator = Correlator(StoredCorrelation(store), catalog(), telemetry)
    feed(store, [Heard("long", "captured", 0, (("order", "X" * 513),)), Heard("none", "captured", 1, ())], store.revision())
    correlator.run(NOW)
    assert stored(store) == []
    assert telemetry.value(M.QUARANTINED, reason="bad_correlation_id") == 1
    assert telemetry.value(M.KEYLESS) == 2
    assert [row["reason"] for row in store.rows("SELECT reason FROM quarantine FINAL")] == ["bad_correlation_id"]


def test_a_batch_that_is_full_says_that_there_may_be_more(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BATCH", 2)
    correlator = Correlator(StoredCorrelation(store), catalog(), Telemetry())
    for number in (0, 1, 1, 2, 3):  # one signal twice: two rows, one event
        feed(store, [Heard(f"e{number}", "captured", number, (("order", f"O{number}"),))], store.revision())
    assert [correlator.run(NOW) for _ in range(3)] == [True, True, False]
    assert len(stored(store)) == 4


def test_a_changed_flow_is_read_again_from_history(store: Store) -> None:
    Correlator(StoredCorrelation(store), catalog(), Telemetry())
    feed(store, [Heard("a", "captured", 0, (("order", "A"),)), Heard("b", "shipped", 1, (("ticket", "T"),))], store.revision())
    correlator = Correlator(StoredCorrelation(store), catalog(), Telemetry())
    correlator.run(NOW)
    assert len(stored(store)) == 2
    changed = catalog().flows["orders"].model_dump(mode="json", by_alias=True)
    del changed["milestones"]["shipped"]
    correlator.reload(catalog(Flow.model_validate(changed)))
    while correlator.run(NOW):
        pass
    assert [row["reference"] for row in stored(store)] == ["A"]
    assert store.rows("SELECT DISTINCT milestone FROM milestone_events") == [{"milestone": "captured"}]
