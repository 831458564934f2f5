"""Broken parts are seen at the start."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from core.telemetry import M, Telemetry
from store.client import Store
from store.recovery.health import report_detached_parts


def test_a_broken_part_is_logged_and_measured(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    telemetry = Telemetry()
    assert report_detached_parts(store, telemetry) == 0
    store.insert("events", {"slice": [1], "id": ["1"]})
    [part] = store.rows("SELECT path, name FROM system.parts WHERE database = currentDatabase() AND table = 'events' AND active")
    store.command("DETACH TABLE events")
    _break(part["path"])
    store.command("ATTACH TABLE events")
    with caplog.at_level(logging.ERROR):
        assert report_detached_parts(store, telemetry) == 1
    assert telemetry.value(M.BROKEN_PARTS) == 1
    assert "broken" in caplog.text
    store.command(f"ALTER TABLE events DROP DETACHED PART '{_detached(store)}'", settings={"allow_drop_detached": 1})
    assert report_detached_parts(store, telemetry) == 0


def _break(path: str) -> None:
    """Overwrite what the part's file begins and ends with: it says there what it holds."""
    file = Path(path) / "data.packed"
    file.write_bytes(b"garbage!" * 4 + file.read_bytes()[32:-32] + b"garbage!" * 4)


def _detached(store: Store) -> str:
    return str(store.rows("SELECT name FROM system.detached_parts WHERE database = currentDatabase() AND table = 'events'")[0]["name"])
