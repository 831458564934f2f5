"""What more definitions cost: the same spans through the views of 3 and of 50 flows with 12 milestones each.

Run: ``python -m benchmarks.definitions``. The load matches only the first 3 flows; process CPU time is given beside wall time.
"""

from __future__ import annotations

import tempfile
import time

from core.catalog.catalog import Catalog
from core.catalog.flow import Flow
from correlator.compile import compile_catalog
from store.client import Store
from store.migrations import migrate

SPANS = 100_000
ROUNDS = 5


def flows(count: int) -> Catalog:
    """``count`` flows of 12 span milestones with names of their own; every fourth one has a condition and a fact more."""
    made = {}
    for number in range(count):
        milestones = {
            f"step-{step}": {
                "system": "S",
                "match": {"span": f"flow{number}.step{step}", "service": "bench", **({"status": "ok"} if step % 4 == 0 else {})},
                "keys": {"order": "attributes.order.id"},
                "facts": {"amount": "attributes.amount"} if step % 4 == 0 else {},
            }
            for step in range(12)
        }
        definition = {
            "flow": f"flow{number}",
            "title": "F",
            "owner": "o",
            "keys": {"order": {}},
            "milestones": milestones,
            "ends": ["step-11"],
        }
        made[f"flow{number}"] = Flow.model_validate(definition)
    return Catalog(version="1", flows=made)


def load(store: Store, catalog: Catalog) -> tuple[float, float]:
    """Return the best wall and CPU seconds of one insert of SPANS spans; one span in ten is a milestone."""
    store.command("DROP VIEW IF EXISTS milestones_of_spans SYNC")
    store.command(f"CREATE MATERIALIZED VIEW milestones_of_spans TO milestone_events AS {compile_catalog(catalog).selects['span']}")
    best = []
    for number in range(ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        store.command(
            "INSERT INTO spans (slice, source, received_at, service, name, trace_id, span_id, start_time, status, attributes)"
            " SELECT {slice:UInt64}, 'bench', now64(3), 'bench', if(number % 10 = 0, concat('flow', toString(number % 3), '.step',"
            " toString(intDiv(number, 10) % 12)), concat('other', toString(number % 40))), hex(sipHash128(number)), hex(sipHash64(number)),"
            " now64(9), 'ok', map('order.id', toString(number), 'amount', '12.5', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')"
            f" FROM numbers({SPANS})",
            {"slice": store.revision()},
        )
        best.append((time.perf_counter() - wall, time.process_time() - cpu))
        store.command("TRUNCATE TABLE spans")
        store.command("TRUNCATE TABLE milestone_events")
    return min(wall for wall, _ in best), min(cpu for _, cpu in best)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"chdb://{folder}")
        migrate(store)
        few, many = load(store, flows(3)), load(store, flows(50))
        store.close()
    print(f"{'flows':>6} {'milestones':>10} {'spans/s':>12} {'CPU µs/span':>12}")
    for count, (wall, cpu) in ((3, few), (50, many)):
        print(f"{count:>6} {count * 12:>10} {SPANS / wall:>12,.0f} {cpu / SPANS * 1e6:>12.2f}")
    print(f"rate with 50 flows / rate with 3 flows: {few[0] / many[0]:.2f} (by CPU time {few[1] / many[1]:.2f}); wanted at least 0.60")


if __name__ == "__main__":
    main()
