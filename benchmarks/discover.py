"""What ``andon discover`` costs over a million events of five types, a fifth of them each, with 0.7 KB of data.

``--orders`` changes how many transactions these are of.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

from andon.discovery.discover import discover
from benchmarks.figures import Figure, show
from store.client import Store
from store.scratch import scratch_store

TYPES = {
    "shop.captured": ("orderId", "", 'total": 12.5, "currency": "EUR'),
    "erp.booked": ("VBELN", "000", 'plant": "DE07'),
    "wms.released": ("order", "", 'delivery": "8{}'),
    "wms.shipped": ("delivery", "8", 'truck": "R'),
    "erp.invoiced": ("order", "", 'invoice": "9{}'),
}
"""The field that names the transaction, what stands before its number, and what else is said."""
LINES = '"lines": [{"material": "M1", "count": 3}, {"material": "M2", "count": 1}]'
INSERT = """
INSERT INTO events (slice, source, received_at, event_source, id, type, time, data)
SELECT {place} + 1, 'shop', toDateTime64('2026-03-20 00:00:00', 3, 'UTC') + number / 1000 + {place}, '/x', concat('{type}', toString(number)),
    '{type}', toDateTime64('2026-03-20 00:00:00', 9, 'UTC') + number + {place} * 60,
    replaceAll('{data}', '@', toString(4000000 + number))
FROM numbers({orders})
"""


def fill(store: Store, orders: int) -> None:
    """Store an event of each type for every order."""
    for place, (type_, (field, before, more)) in enumerate(TYPES.items()):
        text = more.replace("{}", "@")
        data = f'{{"{field}": "{before}@", "{text}", "note": "{"x" * 600}", {LINES}}}'
        store.command(INSERT.format(place=place, type=type_, data=data, orders=orders))


def main() -> None:
    """Measure once; what is measured is told beside what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=200_000)
    orders = parser.parse_args().orders
    with tempfile.TemporaryDirectory() as folder, scratch_store(Path(folder) / "store") as store:
        fill(store, orders)
        began, used = time.monotonic(), time.process_time()
        proposal = discover(store.reader, store, seconds=30 * 86_400, limit=1_000_000)
        seconds, processor = time.monotonic() - began, time.process_time() - used
        highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = ", ".join(f"{len(flow.milestones)} milestones by {' and '.join(flow.keys)}" for flow in proposal.flows)
    title = f"Proposing a catalog after {orders * len(TYPES):,} events: {found}"
    show(
        title,
        [
            Figure("until it is proposed", f"{seconds:.0f} s, {processor:.0f} s of processor time", "a minute for a million"),
            Figure("highest memory of the process that stored them and proposed", f"{highest:.0f} MiB", ""),
        ],
    )


if __name__ == "__main__":
    main()
