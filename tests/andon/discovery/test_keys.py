"""Which fields hold the same identifiers."""

from __future__ import annotations

from pathlib import Path

from store.client import Store
from tests.andon.discovery.arrived import proposed, write_events, written


def test_numbers_counted_from_one_are_told_apart(store: Store) -> None:
    """Orders and deliveries that are both counted from 1 share nearly all values, and are never the same where both stand."""
    events = [("placed", "2026-03-20T00:00:00Z", {"order": number}) for number in range(100, 200)]
    events += [("shipped", "2026-03-20T01:00:00Z", {"order": number, "delivery": 299 - number}) for number in range(100, 200)]
    events += [("delivered", "2026-03-20T02:00:00Z", {"delivery": number}) for number in range(100, 200)]
    write_events(store, events)
    (flow,) = proposed(store).flows
    assert set(flow.keys) == {"order", "delivery"}
    assert [each.name for each in flow.milestones] == ["placed", "shipped", "delivered"]


def test_one_key_may_have_several_names(store: Store, tmp_path: Path) -> None:
    """``order.id``, ``VBELN`` and the word of a log record are one, with or without zeros in front."""
    write_events(
        store,
        [
            event
            for number in range(4711, 4811)
            for event in (
                ("placed", "2026-03-20T00:00:00Z", {"orderId": str(number)}),
                ("booked", "2026-03-20T01:00:00Z", {"VBELN": f"{number:010d}"}),
                ("shipped", "2026-03-20T02:00:00Z", {"items": [{"order_id": number, "n": 1}, {"order_id": number, "n": 2}]}),
            )
        ],
    )
    proposal = proposed(store)
    (flow,) = proposal.flows
    assert list(flow.keys) == ["order"]
    found = [each.keys["order"].path for each in flow.milestones]
    assert found == ["data.orderId", "data.VBELN", "data.items[].order_id"]
    assert written(proposal, tmp_path)[0].flows["order"].keys["order"].strip_leading == "0"
