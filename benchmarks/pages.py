"""Every page of the dashboard over a store of a million transactions: seconds until it is drawn, and the memory of the process that draws
it.

The store (:mod:`benchmarks.million`) is made inside ClickHouse and served by the real read endpoint in a process of its own. The pages are
the real ones, run by Streamlit's AppTest, without anything cached: what the first viewer waits for.

The engine's part of the processor time is what a refresh costs it, unless another viewer's answers are still there; of the board it should
be 50 ms at most.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import streamlit as st
from streamlit.components.v2.component_manager import BidiComponentManager

from benchmarks import million
from benchmarks.figures import Figure, percentile, show
from core.config import own_secret
from store.reads.connection import connect
from tests.ports import free_port
from tests.waiting import wait_until

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
WANTED = "≤ 1 s"
_INCIDENT = "SELECT incident_id FROM incidents FINAL WHERE status != 'resolved' ORDER BY members DESC LIMIT 1"
_REFERENCES = "SELECT transaction_id, reference FROM transactions WHERE flow = 'order-to-cash' AND state = 'completed' ORDER BY transaction_id DESC LIMIT 1"


def _views(client: Any) -> dict[str, tuple[str, dict[str, str]]]:
    """Return what is measured: a page with the address it is opened by."""
    identity, reference = client.query(_REFERENCES).result_rows[0]
    return {
        "Board": ("board", {}),
        "Transactions, last 7 days": ("transactions", {}),
        "Transactions, all time": ("transactions", {"period": "all"}),
        "Transactions, breached": ("transactions", {"verdict": "breached"}),
        "Transactions, held up at a station": ("transactions", {"flow": "order-to-cash", "awaited": "booked"}),
        "Transactions, of one customer": ("transactions", {"customer": "Customer 7", "period": "all"}),
        "Transactions, of one SLA": ("transactions", {"sla": "order-to-cash/book-in-time"}),
        "Transactions, by value, all time": ("transactions", {"order": "value", "period": "all"}),
        "Transactions, by customer, all time": ("transactions", {"order": "customer", "period": "all"}),
        "Transactions, found by identifier": ("transactions", {"find": reference}),
        "Transactions, found by its beginning": ("transactions", {"find": reference[:3]}),
        "Transactions, found by a part": ("transactions", {"find": reference[3:]}),
        "Transactions, found by a name": ("transactions", {"find": "omer 39"}),
        "One transaction": ("transactions", {"id": identity}),
        "SLAs": ("slas", {}),
        "SLAs, last 90 days": ("slas", {"period": "90d"}),
        "One SLA": ("slas", {"sla": "order-to-cash/book-in-time"}),
        "Incidents": ("incidents", {}),
        "Incidents, resolved too": ("incidents", {"status": "all"}),
        "One incident of thousands": ("incidents", {"id": client.query(_INCIDENT).result_rows[0][0]}),
        "KPIs": ("kpis", {}),
        "KPIs, last 90 days": ("kpis", {"period": "90d"}),
        "KPIs of a quarter, by customer": ("kpis", {"period": "2026-q4", "by": "customer"}),
        "KPIs, behind the missed of a quarter": ("kpis", {"period": "2026-q4", "behind": "missed"}),
        "KPIs, behind cycle time": ("kpis", {"behind": "slowest"}),
        "Interfaces": ("interfaces", {}),
        "Sources": ("sources", {}),
    }


@dataclass(frozen=True)
class _Drawn:
    """Seconds one view took: on the clock, and of the processors, by the engine and in all."""

    wall: float
    engine: float
    processor: float


@cache
def _components() -> BidiComponentManager:
    """Return what AppTest looks for in everything that is installed before it draws: a server does so once, when it starts."""
    found = BidiComponentManager()
    found.discover_and_register_components(start_file_watching=False)
    return found


def _drawn(page: str, address: dict[str, str], engine: int) -> _Drawn:
    """Draw one view with nothing cached. A page that shows an error is no figure."""
    from tests.dashboard.script import page_at  # noqa: PLC0415 - what is imported with it warns, unless it is told not to

    st.cache_data.clear()
    test = page_at(page, address, timeout=60)
    test._bidi_component_manager = _components()  # noqa: SLF001 - there is no other way to give it
    wall, here, there = time.perf_counter(), time.process_time(), processor_seconds(engine)
    test.run()
    of_engine = processor_seconds(engine) - there
    drawn = _Drawn(time.perf_counter() - wall, of_engine, of_engine + time.process_time() - here)
    shown = "".join(str(element.proto.body) for element in test.get("html"))
    if test.exception or "andon-notice bad" in shown or "andon-" not in shown:
        raise RuntimeError(f"{page} {address}: {test.exception or [*(element.value for element in test.text), shown[:300]]}")
    return drawn


def processor_seconds(process: int) -> float:
    """Return what a process has taken so far, of all processors."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident_bytes(process: int | str = "self") -> int:
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return 1024 * int(next(line.split()[1] for line in lines if line.startswith("VmRSS")))


def _measure(client: Any, engine: int, rounds: int) -> list[Figure]:
    views = _views(client)
    _drawn("board", {}, engine)  # imports and the first connection belong to the start of the process, not to a page
    before = _resident_bytes()
    drawn: dict[str, list[_Drawn]] = {name: [] for name in views}
    for _ in range(rounds):
        for name, (page, address) in views.items():
            drawn[name].append(_drawn(page, address, engine))
    figures = []
    for name, all_ in drawn.items():
        wall, processor = [one.wall for one in all_], percentile([one.processor for one in all_], 0.5)
        of_engine = percentile([one.engine for one in all_], 0.5)
        taken = f"({processor:.2f} s of processors, {of_engine:.2f} of them the engine's)"
        figures.append(Figure(name, f"median {percentile(wall, 0.5):.2f} s, worst {max(wall):.2f} s {taken}", WANTED))
    memory = f"{before / 2**20:.0f} MiB at first, {_resident_bytes() / 2**20:.0f} MiB after {rounds * len(views)} pages"
    return [*figures, Figure("dashboard, memory", memory, "")]


def served(folder: Path, transactions: int, run: Callable[[Any, int, dict[str, int]], None]) -> None:
    """Run over the filled and served store; its process ends with it."""
    port, context = free_port(), multiprocessing.get_context("spawn")
    url, filled = f"http://127.0.0.1:{port}", context.Queue()
    password = own_secret(folder, "reader")
    process = context.Process(target=million.serve, args=(folder / "store", transactions, NOW, port, password, filled))
    process.start()
    try:
        while filled.empty():
            if not process.is_alive():
                raise RuntimeError(f"the engine's process ended with {process.exitcode} before the store was filled")
            time.sleep(0.2)
        counts = filled.get()
        wait_until(lambda: httpx.get(f"{url}/ping").status_code == 200, 30, "the read endpoint answers")
        os.environ.update(ANDON_ENGINE_PORT=str(port), ANDON_DATA=str(folder))
        run(connect(url, "andon", password), int(process.pid or 0), counts)
    finally:
        process.terminate()
        process.join(30)


def main() -> None:
    """Fill, serve, draw every page several times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transactions", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="keep the filled store here and use it again")
    options = parser.parse_args()
    logging.disable(logging.WARNING)  # Streamlit warns at every page that no browser asked for, in the middle of the table
    from tests.dashboard.script import stand_still  # noqa: PLC0415 - as above

    stand_still(NOW)

    def run(client: Any, engine: int, counts: dict[str, int]) -> None:
        figures = _measure(client, engine, options.rounds)
        rows = ", ".join(f"{count:,} {table}" for table, count in counts.items() if count >= 100_000)
        show(
            f"Pages over {options.transactions:,} transactions, nothing cached ({options.rounds} rounds); filled: {rows or 'before'}",
            figures,
        )

    with tempfile.TemporaryDirectory() as temporary:
        served(options.folder or Path(temporary), options.transactions, run)


if __name__ == "__main__":
    main()
