"""Queues: what stands in each, and what was dead-lettered."""

from __future__ import annotations

import re
from datetime import timedelta

from store.client import Store
from tests.dashboard.shown import View, words
from tests.dashboard.synthetic import NOW
from tests.store.queues import tell


def test_queues_say_what_stands_in_them_and_which_dead_letters_they_have(view: View, filled: Store) -> None:
    moments = [NOW - timedelta(hours=2), NOW - timedelta(minutes=1)]
    tell(
        filled,
        "broker",
        "orders.inbound",
        (moments[0], {"waiting": 40}),
        (moments[1], {"waiting": 7, "unacknowledged": 2, "dead_letters": 3}),
    )
    tell(filled, "broker", "idle", (moments[0], {"waiting": 0, "oldest_seconds": 0.0}), reader="erp")
    shown = words(view("sources", filled))
    row = shown[shown.index("orders.inbound") :]
    cells = re.findall(r"<td[^>]*>(.*?)</td>", row)[:5]
    assert cells == ["broker", "7", "2", "–", '<span class="pill bad" title="3 dead letters">3</span>']
    assert ": 40" in row
    assert "read by erp" in shown
    assert "2h 0m ago" in shown or "2 h ago" in shown or "2h ago" in shown
