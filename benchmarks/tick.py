"""What a tick costs: processor time of each statement it sends, by stage, for so many touched among so many open transactions.

A tick here is the engine's own (``andon.engine.loop``) on an embedded store and with its journal: it loads one slice, correlates, evaluates
and alerts. A touched transaction is an open order of :mod:`benchmarks.million` that makes one step: half by a span, half by an event, and
one in ten is in an incident. The clock stands still, so no deadline passes; touching nothing shows what an idle tick costs.

*Processor time* is that of all threads of the process, in milliseconds: the embedded engine's are among them, and so are its merges. To
tell statements apart, those that a real tick sends in parallel or in the background are sent one after the other. *Planning* is the
processor time of an ``EXPLAIN`` of the same statement and, for an insert, of the statements of all views that read what it inserts;
*running* is the rest.

``--against`` names the folder of another checkout that has this benchmark; its ticks alternate with those of this one.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from andon.engine.loop import Engine
from andon.engine.pipeline import Pipeline
from andon.wiring.pipeline import pipeline_on
from benchmarks import million
from benchmarks.figures import Figure, show
from benchmarks.statements import Ledger, record
from core.catalog.load import load_catalog
from core.clock import FakeClock, to_milliseconds
from core.config import Settings
from core.folder import make_folder
from core.signal import Lane, Record, SignalKind
from core.telemetry import Telemetry
from journal.format import segment_path
from journal.segment import SegmentWriter, make_row
from slas.engine import promises_of
from store.client import Store
from store.migrations import migrate
from store.recovery.keeping import kept_in_journal

CHECKOUT = Path(__file__).parents[1]
"""This one."""
TOUCHED = (0, 1, 10, 1_000)
STAGES = ("load", "correlate", "evaluate", "alert")
DAYS = 2
"""Over how many days the transactions began: so short a time that nearly all are open."""
EXPLAINED = 3
"""How often a statement is explained; the cheapest counts."""
_OPEN = """
SELECT reference FROM transactions AS t FINAL
WHERE flow = 'order-to-cash' AND state = 'open' AND transaction_id {not_in} IN
    (SELECT transaction_id FROM clocks FINAL WHERE flow = 'order-to-cash' AND verdict IN ('at_risk', 'breached'))
ORDER BY transaction_id LIMIT 20000"""
_TOUCHED = "SELECT uniqExact(flow, transaction_id) AS n FROM transactions WHERE revision > {after:UInt64}"


class InTurn(Store):
    """A store that does one thing after the other, in the thread that asks for it."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        if hasattr(self, "patience"):  # an older checkout's store has none
            self.patience.run = lambda step: step()  # type: ignore[method-assign]  # so that a statement knows who sends it

    def side_by_side(self, *steps: Callable[[], Any]) -> list[Any]:
        """Run the steps in order."""
        return [step() for step in steps]

    def write_behind(self, step: Callable[[], object]) -> None:
        """Write at once."""
        step()


class Ticks:
    """An engine on a store of its own, filled with open transactions."""

    def __init__(self, folder: Path, transactions: int, stack: ExitStack) -> None:
        self.now = datetime.now(UTC)
        self._clock = FakeClock(self.now)
        self._settings = Settings(data=folder)
        make_folder(self._settings.store_folder)
        self.store = InTurn(f"chdb://{self._settings.store_folder}")
        stack.callback(self.store.close)
        migrate(self.store)
        self.keeping = stack.enter_context(kept_in_journal(self.store, self._settings, self._clock))
        self.catalog = load_catalog(million.CATALOG).catalog
        self.ledger = Ledger()
        self._segments = 0
        with ExitStack() as empty:
            self._tick_of(empty.enter_context(self._pipeline())).tick()
        million.DAYS = DAYS
        million.fill(self.store, transactions, self.now)
        for table in ("deliveries", "delivery_attempts"):  # their messages are only there to be listed
            self.store.command(f"TRUNCATE TABLE {table}")
        self._reached()
        pipeline = stack.enter_context(self._pipeline())
        self.engine = self._tick_of(pipeline)
        self._references = [
            itertools.cycle([row["reference"] for row in self.store.rows(_OPEN.format(not_in=not_in))]) for not_in in ("NOT", "")
        ]
        (row,) = self.store.rows("SELECT countIf(state = 'open') AS n FROM transactions FINAL")
        self.open = int(row["n"])
        record(type(self.store.reader), self.ledger)

    def _pipeline(self) -> Any:
        return pipeline_on(self.store, self._settings, self.catalog, self._clock, Telemetry(), self.keeping)

    def _reached(self) -> None:
        """Let every stage have read what was filled in."""
        (row,) = self.store.rows("SELECT max(revision) AS n FROM (SELECT revision FROM clocks UNION ALL SELECT revision FROM transactions)")
        upto = int(row["n"])
        self.store.skip_revisions(upto)
        stages = ["correlate", "fold", "evaluate", "alert:clocks", "alert:transactions"]
        revision = self.store.revision()
        positions = {"stage": stages, "position": [revision] * len(stages), "revision": [revision] * len(stages)}
        self.store.insert("cursors", positions)
        promises = promises_of(self.catalog)
        cursors = {"stage": [f"promises:{flow}" for flow in promises], "position": [*promises.values()]}
        self.store.insert("cursors", {**cursors, "revision": [self.store.revision()] * len(promises)})

    def _tick_of(self, pipeline: Pipeline) -> Engine:
        stages = pipeline.stages

        def staged(name: str, run: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **named: Any) -> Any:
                with self.ledger.of_stage(name):
                    return run(*arguments, **named)

            return call

        for name in STAGES[1:]:
            stage: Any = getattr(stages, name)
            stage.run = staged(name, stage.run)
        return Engine(replace(stages, load=staged("load", stages.load)), self._clock, Telemetry())

    def touch(self, count: int) -> None:
        """Write the journal of a step of ``count`` transactions."""
        if not count:
            return
        late = count // 10
        orders = list(itertools.islice(self._references[1], late)) + list(itertools.islice(self._references[0], count - late))
        at = to_milliseconds(self.now)
        spans = ExportTraceServiceRequest()
        resource = spans.resource_spans.add()
        resource.resource.attributes.add(key="service.name").value.string_value = "sap-connector"
        scope = resource.scope_spans.add()
        records = []
        for order in orders[: count // 2]:
            span = scope.spans.add(
                trace_id=os.urandom(16), span_id=os.urandom(8), name="BAPI_SALESORDER_CREATEFROMDAT2", kind=3,
                start_time_unix_nano=at * 1_000_000, end_time_unix_nano=at * 1_000_000 + 1_000_000,
            )  # fmt: skip
            span.status.code = 1  # type: ignore[assignment]  # the stub names no numbers
            span.attributes.add(key="sap.vbeln").value.string_value = order
        if scope.spans:
            records.append(Record(SignalKind.TRACES, "sap-connector", Lane.CRITICAL, at, len(scope.spans), spans.SerializeToString()))
        for order in orders[count // 2 :]:
            event = {
                "specversion": "1.0", "id": os.urandom(8).hex(), "source": "/bench", "type": "wms.delivery.created",
                "time": self.now.isoformat(), "data": {"order": order, "delivery": f"8{order}"},
            }  # fmt: skip
            records.append(Record(SignalKind.EVENT, "wms", Lane.CRITICAL, at, 1, msgspec.json.encode(event)))
        self._segments += 1
        path = segment_path(self._settings.journal, "bench", Lane.CRITICAL, self._segments)
        make_folder(path.parent)
        segment = SegmentWriter(path)
        segment.append([make_row(record) for record in records])
        segment.close(at)

    def tick(self, count: int) -> dict[str, Any]:
        """Touch transactions, run a tick, and return what it took: the processor time in all, by stage and by statement, and how many it
        touched."""
        self.touch(count)
        before = self.store.revision()
        self.ledger.sent.clear()
        self.ledger.stages.clear()
        started = time.process_time()
        self.engine.tick()
        self.store.flush()
        taken = (time.process_time() - started) * 1000
        sent = [vars(one) for one in self.ledger.sent.values()]
        (row,) = self.store.reader.query(_TOUCHED, parameters={"after": before}).named_results()
        return {"all": taken, "stages": dict(self.ledger.stages), "sent": sent, "open": self.open, "touched": row["n"]}

    def planning(self) -> dict[str, float]:
        """Return the planning time of every statement sent so far, by stage and name, in milliseconds."""
        views = self.store.rows(
            "SELECT name, as_select, dependencies_table AS readers FROM system.tables WHERE database = currentDatabase()"
        )
        readers = {row["name"]: row["readers"] for row in views}
        selects = {row["name"]: row["as_select"] for row in views}
        targets = {row["name"]: row["to"] for row in self.store.rows(
            r"SELECT name, extract(create_table_query, ' TO (?:\w+\.)?`?(\w+)') AS to FROM system.tables "
            "WHERE engine = 'MaterializedView' AND database = currentDatabase()"
        )}  # fmt: skip

        @functools.cache
        def of_views(table: str) -> float:
            return sum(self._explain(selects[view], None) + of_views(targets[view]) for view in readers.get(table, ()))

        costs = {}
        for (stage, name), (table, text, parameters) in list(self.ledger.explained.items()):
            costs[f"{stage}\n{name}"] = (self._explain(text, parameters) if text else 0.0) + (of_views(table) if table else 0.0)
        return costs

    def _explain(self, text: str, parameters: Any) -> float:
        client, times = self.store.reader, []
        for _ in range(EXPLAINED):
            started = time.process_time()
            client.raw_query(f"EXPLAIN {text}", parameters=parameters)  # `query` has an eye on LIMIT 0
            times.append((time.process_time() - started) * 1000)
        return min(times)


def _worker(transactions: int) -> None:
    """Answer on standard output: a line of JSON for each number of touched transactions read, or for ``planning``."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        ticks = Ticks(Path(folder), transactions, stack)
        for asked in sys.stdin:
            answer = ticks.planning() if asked.strip() == "planning" else ticks.tick(int(asked))
            print(json.dumps(answer), flush=True)


@contextmanager
def worker_of(checkout: Path, transactions: int) -> Iterator[Callable[[object], Any]]:
    """Yield a function that asks a worker on the code of a checkout."""
    command = [sys.executable, "-P", __file__, "--worker", "--open", str(transactions)]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def ask(what: object) -> Any:
            print(what, file=process.stdin, flush=True)
            if not (answer := process.stdout.readline()):  # type: ignore[union-attr]  # asserted above
                raise SystemExit(f"the worker on {checkout} has ended")
            return json.loads(answer)

        yield ask
        process.stdin.close()


def _median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else 0.0


def _figures(rounds: list[dict[str, Any]], planning: dict[str, float]) -> list[Figure]:
    """Return medians: of the tick, then by stage, and what each of its statements took."""
    figures = [Figure("a tick, in all", f"{_median([one['all'] for one in rounds]):.1f} ms", "")]
    for stage in STAGES:
        figures.append(Figure(stage, f"{_median([one['stages'].get(stage, 0.0) for one in rounds]):.1f} ms", ""))
        names = dict.fromkeys(sent["name"] for one in rounds for sent in one["sent"] if sent["stage"] == stage)
        for name in names:
            found = [sent for one in rounds for sent in one["sent"] if (sent["stage"], sent["name"]) == (stage, name)]
            times = sum(sent["times"] for sent in found) / len(rounds)
            each = _median([sent["processor"] / sent["times"] for sent in found])
            plan = min(planning.get(f"{stage}\n{name}", 0.0), each)
            figures.append(Figure(f"- {name}", f"{times:.1f} × ({plan:.1f} planning + {each - plan:.1f} running) ms", ""))
    return figures


def main() -> None:
    """Run ticks, of both checkouts in turn if there are two, and show their medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--open", type=int, nargs="+", default=[1_000], help="how many transactions; nearly all are open")
    parser.add_argument("--touched", type=int, nargs="+", default=list(TOUCHED), help="by one tick")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--against", type=Path, help="the folder of another checkout")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        _worker(options.open[0])
        return
    checkouts = [CHECKOUT, *([options.against.absolute()] if options.against else [])]
    for transactions in options.open:
        with ExitStack() as stack:
            asks = {checkout: stack.enter_context(worker_of(checkout, transactions)) for checkout in checkouts}
            _show_ticks(asks, options.touched, options.rounds)


def _show_ticks(asks: dict[Path, Callable[[object], Any]], touched: Sequence[int], rounds: int) -> None:
    found: dict[tuple[Path, int], list[dict[str, Any]]] = {}
    for round_ in range(-1, rounds):  # the first of each kind warms up
        for count, (checkout, ask) in itertools.product(touched, asks.items()):
            answer = ask(count)
            if round_ >= 0:
                found.setdefault((checkout, count), []).append(answer)
    planning = {checkout: ask("planning") for checkout, ask in asks.items()}
    here = next(iter(asks))
    for count in touched:
        for checkout in asks:
            ticks = found[checkout, count]
            title = f"{count:,} touched of {ticks[0]['open']:,} open{'' if checkout == here else f', {checkout}'} (medians of {rounds})"
            show(f"A tick: {title}", _figures(ticks, planning[checkout]))
        if len(asks) > 1:
            _show_ratios([found[checkout, count] for checkout in asks], count)


def _show_ratios(both: list[list[dict[str, Any]]], count: int) -> None:
    def share(of: Callable[[dict[str, Any]], float]) -> str:
        ratios = [of(mine) / of(other) for mine, other in zip(*both, strict=True) if of(other)]
        return f"{_median(ratios):.2f} ×" if ratios else "-"

    figures = [Figure("a tick, in all", share(lambda one: one["all"]), "≤ 0.25 ×" if count == 10 else "")]
    figures += [Figure(stage, share(lambda one, stage=stage: one["stages"].get(stage, 0.0)), "") for stage in STAGES]  # type: ignore[misc]  # a default cannot be typed
    show(f"Processor time of this checkout / of the other, {count:,} touched", figures)


if __name__ == "__main__":
    main()
