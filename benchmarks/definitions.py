"""What more definitions cost: the same journal through the engine's loader with 3 and with 50 flows of 12 milestones each.

Every tenth span is a milestone of one of the first 3 flows; the other 47 cannot match any. The two are measured in turn.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.figures import Figure, percentile, show
from benchmarks.journals import SPANS, Bench, Taken, bench, request
from core.catalog.catalog import Catalog
from core.catalog.flow import Flow
from core.telemetry import Telemetry
from correlator.engine import Correlator
from store.stages.correlation import StoredCorrelation

FEW, MANY, MILESTONES = 3, 50, 12
NAMES = [
    name
    for number in range(FEW)
    for step in range(MILESTONES)
    for name in (f"flow-{number} step-{step}", *(f"GET /part/{number}/{step}/{part}" for part in range(9)))
]


def flows(count: int) -> Catalog:
    """Return ``count`` flows; every fourth milestone has a condition and a fact more."""
    made = {}
    for number in range(count):
        milestones = {
            f"step-{step}": {
                "system": "System",
                "match": {
                    "span": f"flow-{number} step-{step}",
                    "service": "order-gateway",
                    **({"status": ["ok", "unset"]} if step % 4 == 0 else {}),
                },
                "keys": {"order": "attributes.order.id"},
                "facts": {"plant": "attributes.plant"} if step % 4 == 0 else {},
            }
            for step in range(MILESTONES)
        }
        name = f"flow-{number}"
        made[name] = Flow.model_validate(
            {"flow": name, "title": name, "owner": "team", "keys": {"order": {}}, "milestones": milestones, "ends": ["step-11"]}
        )
    return Catalog(version=str(count), flows=made)


def _load(opened: Bench, count: int, bodies: list[bytes]) -> Taken:
    for table in ("spans", "milestone_events"):
        opened.store.command(f"TRUNCATE TABLE {table}")
    Correlator(StoredCorrelation(opened.store), flows(count), Telemetry())
    opened.write(bodies)
    taken, _ = opened.load()
    rows = opened.store.rows("SELECT count() AS n FROM milestone_events FINAL")[0]["n"]
    wanted = sum(NAMES[number % len(NAMES)].startswith("flow-") for number in range(SPANS)) * len(bodies)
    if rows != wanted:  # a figure of rows that did not arrive is worth nothing
        raise RuntimeError(f"milestone_events holds {rows} rows instead of {wanted}")
    return taken


def main() -> None:
    """Load with few and with many definitions, in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=50, help="requests of 1,000 spans a round")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    taken: dict[int, list[Taken]] = {FEW: [], MANY: []}
    with tempfile.TemporaryDirectory() as folder, bench(Path(folder)) as opened:
        for _ in range(options.rounds):
            for count, found in taken.items():
                found.append(_load(opened, count, [request(NAMES) for _ in range(options.requests)]))
    spans = options.requests * SPANS
    wall = {count: percentile([each.wall for each in found], 0.5) for count, found in taken.items()}
    processor = {count: percentile([each.processor for each in found], 0.5) for count, found in taken.items()}
    figures = [
        Figure(
            f"{count} flows × {MILESTONES} milestones",
            f"{spans / wall[count]:,.0f} spans/s, {processor[count] / spans * 1e6:.1f} µs of CPU a span",
            "",
        )
        for count in taken
    ]
    ratio = f"{wall[FEW] / wall[MANY]:.2f} (by CPU time {processor[FEW] / processor[MANY]:.2f})"
    show("What more definitions cost", [*figures, Figure(f"rate with {MANY} flows to rate with {FEW}", ratio, "≥ 0.60")])


if __name__ == "__main__":
    main()
