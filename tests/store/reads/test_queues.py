"""Queues: what stands in each now, and the most that stood in it in each hour."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from store.client import Store
from store.reads import queues
from tests.store.queues import tell
from tests.store.rows import HOUR, START


def test_a_queue_is_as_it_was_told_last(store: Store) -> None:
    states = [(START, {"waiting": 9}), (START + HOUR, {"waiting": 3, "unacknowledged": 4}), (START + HOUR * 1.5, {"waiting": 1})]
    tell(store, "broker", "orders", *states)
    tell(store, "broker", "orders", (START, {"waiting": 5, "oldest_seconds": 2.5}), reader="erp")
    tell(store, "broker", "earlier", (START - timedelta(minutes=1), {"waiting": 5}))
    one, two = queues.latest(store.reader, since=START).to_dict("records")
    assert (one["source"], one["queue"], one["reader"], one["waiting"]) == ("broker", "orders", "", 1)
    assert one["told_at"] == (START + HOUR * 1.5).replace(tzinfo=None)
    assert pd.isna(one["unacknowledged"])
    assert dict(one["by_hour"]) == {int(START.timestamp()): 9, int((START + HOUR).timestamp()): 7}
    assert (two["reader"], two["oldest_seconds"]) == ("erp", 2.5)
