"""Journal bytes → spans and milestone events in the embedded engine, spans a second, from real segments through the engine's loader.

In the same rounds the rows that came out are inserted again as ready-made ClickHouse blocks, into tables of the same definition: what
decoding and reading milestones cost on top of storing. Every tenth span is a milestone of the benchmark's catalog.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure, percentile, show
from benchmarks.journals import SPANS, Bench, Taken, bench, request
from core.catalog.load import load_catalog
from core.telemetry import Telemetry
from correlator.engine import Correlator
from store.client import Store
from store.loading.slice import SHARES
from store.stages.correlation import StoredCorrelation

CATALOG = Path(__file__).parent / "catalogs" / "orders"
NAMES = ["order.receive", *(f"GET /part/{number}" for number in range(9))]
TABLES = ("spans", "milestone_events")


def _insert_again(store: Store, slices: list[int]) -> Taken:
    """Insert the slices' rows as Native blocks into empty tables; reading them out, in no order, is not counted."""
    blocks: list[tuple[str, bytes]] = []
    numbers = [number for slice_ in slices for number in range(slice_, slice_ + SHARES)]
    for table in TABLES:
        store.command(f"DROP TABLE IF EXISTS {table}_again SYNC")
        store.command(f"CREATE TABLE {table}_again AS {table}")
        rows = f"SELECT * FROM {table} WHERE slice = {{}} ORDER BY rand() FORMAT Native"
        blocks += [(table, store.reader.raw_query(rows.format(slice_))) for slice_ in numbers]
    wall, processor = time.perf_counter(), time.process_time()
    for table, block in blocks:
        store.insert_raw(f"{table}_again", block, "Native", {"optimize_on_insert": 0})
    return Taken(time.perf_counter() - wall, time.process_time() - processor)


def _landing(requests: int, rounds: int) -> float:
    """Return the least processor time of some loads of these requests into a store that decodes nothing, in seconds."""
    with tempfile.TemporaryDirectory() as folder, bench(Path(folder)) as opened:
        opened.store.command("DROP VIEW decode_spans SYNC")
        taken = []
        for _ in range(rounds):
            opened.write([request(NAMES) for _ in range(requests)])
            taken.append(opened.load()[0].processor)
    return min(taken)


def _check(opened: Bench, spans: int) -> None:
    """A figure of rows that did not arrive is worth nothing."""
    for table, wanted in (("spans", spans), ("milestone_events", spans // 10)):
        found = opened.store.rows(f"SELECT count() AS n FROM {table} FINAL")[0]["n"]
        if found != wanted:
            raise RuntimeError(f"{table} holds {found} rows instead of {wanted}")


def main() -> None:
    """Load and insert again, in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=94, help="requests of 1,000 spans a round; 47 fill a slice")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, bench(Path(folder)) as opened:
        Correlator(StoredCorrelation(opened.store), load_catalog(CATALOG).catalog, Telemetry())
        count = options.requests * SPANS
        loads, again = [], []
        for _ in range(options.rounds):
            opened.write([request(NAMES) for _ in range(options.requests)])
            taken, slices = opened.load()
            loads.append(taken)
            again.append(_insert_again(opened.store, slices))
        _check(opened, count * options.rounds)
        bytes_ = opened.store.rows("SELECT sum(bytes_on_disk) / sum(rows) AS n FROM system.parts WHERE active AND table = 'spans'")[0]["n"]
    least, stored, landed = (
        min(one.processor for one in loads),
        min(one.processor for one in again),
        _landing(options.requests, options.rounds),
    )
    rates = [count / taken.wall for taken in loads]
    ratios = [stored.processor / taken.processor for taken, stored in zip(loads, again, strict=True)]
    show(f"Journal to tables ({options.rounds} rounds of {count:,} spans, a tenth of them milestones)", [
        Figure("spans a second, median", f"{percentile(rates, 0.5):,.0f}", "≥ 200,000"),
        Figure("spans a second, best round", f"{max(rates):,.0f}", ""),
        Figure("ready-made blocks, spans a second, median", f"{percentile([count / taken.wall for taken in again], 0.5):,.0f}", ""),
        Figure("processor time of ready-made blocks / of the journal", f"{percentile(ratios, 0.5):.2f}", "≥ 0.4"),
        Figure("processor time a span, best round", f"{least / count * 1e6:.1f} µs", ""),
        Figure("- of that reading the journal, checksums, landing", f"{landed / count * 1e6:.1f} µs", ""),
        Figure("- of that decoding and finding milestones", f"{(least - landed - stored) / count * 1e6:.1f} µs", ""),
        Figure("- of that storing the rows", f"{stored / count * 1e6:.1f} µs", ""),
        Figure("bytes stored a span", f"{bytes_:.0f}", "≤ 60"),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
