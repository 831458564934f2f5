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
    """Return one row a lane: lane, acknowledged = in_journal + loaded, and refused (of the loaded: quarantined by the store), in signals.

    ``folder`` is the journal's. Exact when nobody writes or loads meanwhile; damaged records count with none, since their count is lost.
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

    Exact while retention has removed nothing. ``duplicates`` is what is left over; when it is negative, the store holds signals that
    nobody acknowledged.
    """
    row = next(iter(client.query(statement("accounting/identity")).named_results()))
    counts = {str(name): int(count) for name, count in row.items()}
    left = counts["loaded"] - counts["stored"] - counts["quarantined"]
    counts["lost"] = min(counts["lost"], max(0, left))  # of what was lost some rows were duplicates that no merge had taken away yet
    return {**counts, "duplicates": left - counts["lost"]}


def account(client: Reader, folder: Path) -> dict[str, int]:
    """Return acknowledged = stored + duplicates + quarantined + lost + in_journal, all lanes together, in signals.

    Exact when nobody writes or loads meanwhile. ``duplicates`` holds what retention has removed, too.
    """
    whole = identity(client)
    in_journal = int(lanes(client, folder)["in_journal"].sum())
    parts = {name: whole[name] for name in ("stored", "duplicates", "quarantined", "lost")}
    return {"acknowledged": whole["loaded"] + in_journal, "in_journal": in_journal, **parts}


def stored_since(client: Reader, since: datetime) -> int:
    """Return the signals in the store that were received at or after ``since`` (aware)."""
    return int(next(iter(client.query(statement("accounting/stored_since"), parameters={"since": since}).named_results()))["stored"])


def lost_since(client: Reader, since: datetime) -> int:
    """Return the signals that were found lost at or after ``since`` (aware) and are not back."""
    return int(next(iter(client.query(statement("accounting/lost_since"), parameters={"since": since}).named_results()))["lost"])


def losses(client: Reader) -> list[dict[str, Any]]:
    """Return what the store has lost, the latest first, a row a table and discovery, with times in UTC without a zone."""
    return list(client.query(statement("accounting/losses")).named_results())
