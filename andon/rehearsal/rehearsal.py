"""The real pipeline in virtual time: journal, store, correlator, evaluation and alerts with a clock that is moved by hand.

Nothing is delivered: outgoing messages stay in the outbox.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from andon.engine.pipeline import Pipeline
from andon.wiring.pipeline import pipeline_on
from core.catalog.catalog import Catalog
from core.clock import FakeClock, to_milliseconds
from core.config import Settings
from core.folder import make_folder
from core.signal import Lane, Record, SignalKind
from core.telemetry import Telemetry
from journal.format import segment_path
from journal.segment import SegmentWriter, make_row
from store.client import Store

COLLECTOR = "rehearsal"


class Rehearsal:
    """One pipeline whose time stands still until :meth:`advance`."""

    def __init__(self, pipeline: Pipeline, settings: Settings, clock: FakeClock) -> None:
        self.pipeline = pipeline
        self._settings = settings
        self._clock = clock
        self._numbers = itertools.count(1)

    def send(self, kind: SignalKind, bodies: Sequence[bytes], source: str = "default", lane: Lane = Lane.STANDARD) -> None:
        """Write bodies (OTLP requests or CloudEvents documents) to the journal as if received now, and run the pipeline."""
        received = to_milliseconds(self._clock.now())
        path = segment_path(self._settings.journal, COLLECTOR, lane, next(self._numbers))
        make_folder(path.parent)
        segment = SegmentWriter(path)
        segment.append([make_row(Record(kind, source, lane, received, 1, body)) for body in bodies])
        segment.close(received)
        self.settle()

    def advance(self, to: datetime) -> None:
        """Move time to ``to``, stopping at every deadline on the way as a running engine would; no source is heard meanwhile."""
        evaluation = self.pipeline.evaluation
        while (deadline := evaluation.next_change()) is not None and self._clock.now() < deadline < to:
            self._clock.set(deadline)
            self.settle()
            if evaluation.next_change() == deadline:
                self._clock.advance(timedelta(milliseconds=1))
        self._clock.set(to)
        self.settle()

    def settle(self) -> None:
        """Run every stage until none has anything left to do now; the stages before evaluation only if something arrived."""
        stages, now = self.pipeline.stages, self._clock.now()
        loaded = False
        while (found := stages.load()).some or found.more:
            loaded = True
        while loaded and stages.correlate.run(now):
            pass
        stages.evaluate.run(now)
        stages.alert.run(now)


@contextmanager
def rehearsing(folder: Path, store: Store, catalog: Catalog, start: datetime) -> Iterator[Rehearsal]:
    """Yield a rehearsal with an empty, migrated store and a journal in ``folder``, whose clock is set to ``start``."""
    settings = Settings(data=folder)
    clock = FakeClock(start)
    with pipeline_on(store, settings, catalog, clock, Telemetry()) as pipeline:
        yield Rehearsal(pipeline, settings, clock)
