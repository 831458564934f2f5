"""What is looked at is bounded, whatever arrives."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from store.client import Store
from tests.andon.discovery.arrived import proposed, write_events, written


def test_names_without_end_hide_nothing(store: Store, tmp_path: Path) -> None:
    """Each signal has 40 names of its own, and 500 types were seen once."""
    events = [
        (type_, f"2026-03-20T0{place}:00:00Z", {"order": f"SO-{number}", **{f"k{uuid4().hex}": uuid4().hex for _ in range(40)}})
        for number in range(1_000, 1_300)
        for place, type_ in enumerate(("placed", "booked"))
    ]
    write_events(store, [*events, *((f"x{uuid4()}", "2026-03-20T00:00:00Z", {"order": "SO-1"}) for _ in range(500))])
    catalog, text = written(proposed(store), tmp_path)
    assert list(catalog.flows["order"].milestones) == ["placed", "booked"]
    assert len(text) < 10_000
