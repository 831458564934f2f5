"""What a refresh of the board costs the engine, in processor time, and which of its statements takes how much of it.

The store (:mod:`benchmarks.million`) is served by the real read endpoint in a process of its own, and the time is that process's. A refresh
is what the board reads, without the dashboard's cache: what the first of all viewers costs.

``--against`` names the folder of another checkout that has this benchmark; its refreshes alternate with those of this one.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, percentile, show
from benchmarks.pages import NOW, processor_seconds, served
from store.reads.board import board

CHECKOUT = Path(__file__).parents[1]
"""This one."""
TIMES = 10
"""How often in a row each is done: the kernel counts processor time in hundredths of a second."""
REFRESH, UNCHANGED = "a refresh after a write to incidents", "a refresh after none"
_Ask = Callable[[], dict[str, float]]


def _statements(client: Any) -> dict[str, Callable[[], object]]:
    """Return, by how they begin, the statements of one refresh, each to be asked again."""
    asked: dict[str, Callable[[], object]] = {}

    def noting(real: Callable[..., object]) -> Callable[..., object]:
        def call(sql: str, parameters: Any = None) -> object:
            asked[" ".join(sql.split())[:80]] = lambda: real(sql, parameters=parameters)
            return real(sql, parameters=parameters)

        return call

    real = client.query, client.query_df
    client.query, client.query_df = map(noting, real)
    board(client, now=NOW, limit=8)
    client.query, client.query_df = real
    return asked


def _worker(transactions: int) -> None:
    """Answer each line read with what a refresh and its statements took, in milliseconds by name, as a line of JSON."""

    def run(client: Any, engine: int, _counts: dict[str, int]) -> None:
        minutes = itertools.count()
        steps = {
            REFRESH: lambda: board(client, now=NOW + timedelta(minutes=next(minutes)), limit=8),  # of another minute, all is read
            UNCHANGED: lambda: board(client, now=NOW, limit=8),
            **_statements(client),
        }
        for _ in sys.stdin:
            taken = {}
            for name, step in steps.items():
                before = processor_seconds(engine)
                for _ in range(TIMES):
                    step()
                taken[name] = (processor_seconds(engine) - before) * 1000 / TIMES
            print(json.dumps(taken), flush=True)

    with tempfile.TemporaryDirectory() as folder:
        served(Path(folder), transactions, run)


@contextmanager
def _worker_of(checkout: Path, transactions: int) -> Iterator[_Ask]:
    """Yield a function that asks a worker on the code of a checkout."""
    command = [sys.executable, "-P", str(checkout / "benchmarks" / "board.py"), "--worker", "--transactions", str(transactions)]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as process:

        def ask() -> dict[str, float]:
            print(file=process.stdin, flush=True)
            if not (answer := process.stdout.readline() if process.stdout else ""):
                raise SystemExit(f"the worker on {checkout} has ended")
            found: dict[str, float] = json.loads(answer)
            return found

        yield ask
        if process.stdin:
            process.stdin.close()


def main() -> None:
    """Refresh the board, of both checkouts in turn if there are two, and show medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transactions", type=int, default=20_000, help="of which there are 5,000 incidents and 230,000 clocks")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--against", type=Path, help="the folder of another checkout")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        _worker(options.transactions)
        return
    checkouts = [CHECKOUT, *([options.against.absolute()] if options.against else [])]
    with ExitStack() as stack:
        asks = {checkout: stack.enter_context(_worker_of(checkout, options.transactions)) for checkout in checkouts}
        rounds = [{checkout: ask() for checkout, ask in asks.items()} for _ in range(options.rounds + 1)][1:]  # the first warms up
    for checkout in checkouts:
        figures = [
            Figure(
                name,
                f"{percentile([each[checkout][name] for each in rounds], 0.5):.1f} ms",
                "≤ 50 ms" if name in {REFRESH, UNCHANGED} else "",
            )
            for name in rounds[0][checkout]
        ]
        show(f"The board over {options.transactions:,} transactions, the engine's processor time: {checkout.name}", figures)


if __name__ == "__main__":
    main()
