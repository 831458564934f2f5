"""The accounting identity: what was acknowledged is stored, a duplicate, in quarantine, lost, or still in the journal."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from core.signal import Lane
from journal.format import segments
from journal.segments import SegmentReader
from store.reads.connection import Reader
from store.statement import statement

_COUNTS = ["acknowledged", "in_journal", "loaded", "refused"]
"""Columns of :func:`lanes`, all in signals."""


def lanes(client: Reader, folder: Path) -> pd.DataFrame:
    """Return one row per lane: lane, acknowledged = in_journal + loaded, and refused (of the loaded: quarantined by the store), in signals.

    ``folder`` is the journal's. Exact while nobody writes or loads; damaged records count as no signals, because their count is lost.
    """
    rows = client.query(statement("accounting/loaded_segments")).named_results()
    totals = {lane.value: dict.fromkeys(_COUNTS, 0) for lane in Lane}
    positions: dict[str, int] = {}
    for row in rows:
        positions[str(row["segment"])] = int(row["position"])
        counts = totals[str(row["lane"])]
        counts["loaded"] += sum(int(count) for count in row["signals"].values())
        counts["refused"] += int(row["refused_signals"])
    for lane in Lane:
        for path in segments(folder, lane):
            segment = SegmentReader(path, lane)
            totals[lane.value]["in_journal"] += segment.waiting(positions.get(segment.name, 0)).signals
    for counts in totals.values():
        counts["acknowledged"] = counts["in_journal"] + counts["loaded"]
    return pd.DataFrame([{"lane": lane, **counts} for lane, counts in totals.items()])


def identity(client: Reader) -> dict[str, int]:
    """Return what became of all loaded signals: loaded = stored + duplicates + quarantined + lost, all lanes together.

    Exact as long as retention has removed nothing. ``duplicates`` is whatever is left over; if it is negative, the store holds signals that
    nobody acknowledged.
    """
    row = next(iter(client.query(statement("accounting/identity")).named_results()))
    counts = {str(name): int(count) for name, count in row.items()}
    left = counts["loaded"] - counts["stored"] - counts["quarantined"]
    counts["lost"] = min(counts["lost"], max(0, left))  # some of the lost rows were duplicates that no merge had removed yet
    return {**counts, "duplicates": left - counts["lost"]}


def account(client: Reader, folder: Path) -> dict[str, int]:
    """Return acknowledged = stored + duplicates + quarantined + lost + in_journal, all lanes together, in signals.

    Exact while nobody writes or loads. ``duplicates`` also includes what retention has removed.
    """
    whole = identity(client)
    in_journal = int(lanes(client, folder)["in_journal"].sum())
    parts = {name: whole[name] for name in ("stored", "duplicates", "quarantined", "lost")}
    return {"acknowledged": whole["loaded"] + in_journal, "in_journal": in_journal, **parts}


def stored_since(client: Reader, since: datetime) -> int:
    """Return the signals in the store that were received at or after ``since`` (aware)."""
    return int(next(iter(client.query(statement("accounting/stored_since"), parameters={"since": since}).named_results()))["stored"])


def lost_since(client: Reader, since: datetime) -> int:
    """Return the signals found lost at or after ``since`` (aware) that are not back."""
    return int(next(iter(client.query(statement("accounting/lost_since"), parameters={"since": since}).named_results()))["lost"])


def losses(client: Reader) -> list[dict[str, Any]]:
    """Return what the store has lost, latest first, one row per table and discovery, with times in UTC without a zone."""
    return list(client.query(statement("accounting/losses")).named_results())
