"""States of queues in the store, as the collector's records bring them there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from collector.queue_series import QueueState, record_of
from core.clock import to_milliseconds
from store.client import Store
from store.decoder import decode


def tell(store: Store, source: str, queue: str, *states: tuple[datetime, dict[str, Any]], reader: str = "") -> None:
    """Write the states of one queue at these moments: ``{"waiting": 3}`` and so on."""
    for number, (at, figures) in enumerate(states):
        moment = to_milliseconds(at)
        record = record_of({(source, queue, reader): (QueueState(queue, reader, **figures), moment)}, moment)
        rows = decode(record.kind, [record], number)
        store.insert_raw(rows.table, rows.content, "RowBinary", {}, rows.columns)
