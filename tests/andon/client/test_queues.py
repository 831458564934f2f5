"""What stands in queues, as a terminal shows it."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd

from andon.client.queues import listed

TOLD = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def row(source: str, queue: str, **figures: float | None) -> dict[str, object]:
    none = dict.fromkeys(("waiting", "unacknowledged", "oldest_seconds", "dead_letters"))
    return {"source": source, "queue": queue, "reader": "", "told_at": TOLD, "by_hour": {}, **none, **figures}


def test_what_a_broker_does_not_tell_is_a_dash() -> None:
    queues = pd.DataFrame(
        [row("broker", "orders", waiting=1_234.0, dead_letters=0.0), row("mes", "events", waiting=2.0, oldest_seconds=61.5)]
    )
    (orders,) = listed(queues, "broker").to_dict("records")
    assert [orders[name] for name in ("queue", "waiting", "dead letters", "oldest (s)", "unacknowledged")] == [
        "orders",
        "1,234",
        "0",
        "–",
        "–",
    ]
    assert listed(queues, "")["oldest (s)"].tolist() == ["–", "61"]
    assert listed(queues, "other").empty
    assert listed(pd.DataFrame(), "").empty
