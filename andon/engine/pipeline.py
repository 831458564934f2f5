"""The stages of an engine on one store: what the engine's loop runs and ``andon sla test`` rehearses. ``andon.wiring`` builds it."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pandas as pd

from alerts.engine import AlertEngine
from andon.engine.ports import Loaded, Stages
from core.catalog.catalog import Catalog
from core.catalog.flow import HEARTBEAT
from core.clock import Clock, from_milliseconds
from core.clock_skew import WINDOW_HOURS
from core.condition import Conditions
from core.config import Settings
from core.errors import NoRoom, Retryable
from core.signal import Lane
from core.telemetry import Telemetry
from correlator.composed import composed_keys
from correlator.engine import Correlator
from slas.engine import SlaEngine
from store.client import STORE_ERRORS, Store
from store.disk.held import write_where_there_is_room
from store.loading.loader import SLICE_MAX_BYTES, Loader
from store.loading.unseen import Unseen
from store.migrations import note_applied
from store.reads.origin_offsets import loaded_upto, origin_offsets
from store.reads.origins import clock_skew
from store.recovery.keeping import Keeping
from store.recovery.parts_ledger import skip_what_was_used
from store.stages.clocks import StoredClocks
from store.stages.correlation import StoredCorrelation
from store.statement import statement

_FROM_SIGNALS = frozenset({"milestone_events", "milestone_rules", "transaction_events", "transaction_keys"})
_FROM_EVENTS = frozenset({"transactions", "clocks", "verdicts"})
_OF_ALERTING = frozenset({"incidents", "incident_members", "deliveries", "silences"})
"""Tables by what has to be done if rows of them were lost."""


@dataclass
class Pipeline:
    """Loader, correlator, evaluation and alerts, ready to run."""

    store: Store
    settings: Settings
    clock: Clock
    telemetry: Telemetry
    loader: Loader
    correlator: Correlator
    evaluation: SlaEngine
    alerting: AlertEngine
    conditions: Conditions
    catalog: Catalog
    correlation: StoredCorrelation
    clocks: StoredClocks
    unseen: Unseen
    keeping: Keeping | None = None
    _compared: int | None = None

    @property
    def stages(self) -> Stages:
        """The parts of a tick."""
        return Stages(
            self._load, self.correlator, self.evaluation, self.alerting, self.loader.waits, self.loader.positions, self.unseen.after
        )

    def reload(self, catalog: Catalog) -> None:
        """Use a changed, checked catalog in every stage.

        Every stage must then run: the next run re-evaluates open transactions of flows whose promises have changed.
        """
        self.catalog = catalog
        self.alerting.reload(catalog)
        self.correlator.reload(catalog)
        self.evaluation.reload(catalog)
        self.unseen.reload(composed_keys(catalog))

    def tidy(self, *, sweep: bool) -> None:
        """Write what waits for the disk and how far the stages are, look for secrets that have become readable, and delete old segments.

        The segments only if asked to.
        """
        write_where_there_is_room(self.store.held)
        with suppress(NoRoom):
            self.loader.write_progress()
            self.correlation.write_cursors()
        if sweep:
            with suppress(NoRoom):  # a segment is deleted only once the books record what was in it
                self.store.patience.run(self._sweep)
        self.alerting.look_for_secrets()

    def _sweep(self) -> None:
        if self.keeping:
            self.keeping.sweep(self.clock.now() - timedelta(seconds=self.settings.journal_keep_seconds))
        self.loader.sweep()

    def clock_stepped(self) -> None:
        """Repeat decisions that were made by a clock that has since been corrected."""
        self.evaluation.reevaluate()
        self.alerting.look_again(self.clock.now())

    def note_again(self, tables: Collection[str]) -> None:
        """Write again what these tables record about the others, from memory or from the others, before anything else is restored."""
        if "revision_blocks" in tables:
            skip_what_was_used(self.store)
        if "schema_files" in tables:
            note_applied(self.store)
        if "loaded_segments" in tables:
            self.loader.note_progress_again()

    def bring_back(self, tables: Collection[str]) -> list[str]:
        """Restore rows that are missing from these tables: from the engine's journal, or from what they derive from.

        Returns a sentence for each part of the journal that cannot be read. The stages have work afterwards.
        """
        damage = self.keeping.bring_back(tables).damage if self.keeping else []
        if not _FROM_SIGNALS.isdisjoint(tables):
            self.correlation.read_again()
            self.correlator.reload(self.catalog)
        if not _FROM_EVENTS.isdisjoint(tables):
            self.correlation.fold_all(self.correlator.fold)
        if not _OF_ALERTING.isdisjoint(tables):
            self.alerting.recover()
        return damage

    def last_heartbeat(self) -> datetime | None:
        """Return when the last heartbeat to become a transaction was sent. Raises :class:`core.errors.Retryable` if the store fails."""
        try:
            rows = self.store.rows(statement("correlation/last_started"), {"flow": HEARTBEAT})
        except STORE_ERRORS as error:
            raise Retryable(f"the store does not answer: {error}") from error
        return rows[0]["at"].replace(tzinfo=UTC) if rows[0]["n"] else None

    def origin_offsets(self) -> pd.DataFrame:
        """Return how far the times of what arrived since the last call are from its receipt, by origin.

        As in ``store.reads.origin_offsets``.
        """
        with self.store.own_client() as client:
            after, upto = self._compared, loaded_upto(client)
            found = origin_offsets(client, after=after, upto=upto) if after is not None else pd.DataFrame()
        self._compared = upto
        return found

    def clock_skews(self) -> pd.DataFrame:
        """Return by how much the receipt of what each source sent lately lies after the time it says (``clock_skew`` of reads)."""
        with self.store.own_client() as client:
            return clock_skew(client, since=self.clock.now() - timedelta(hours=WINDOW_HOURS))

    def _load(self, lanes: Collection[Lane] = tuple(Lane), slice_bytes: int = SLICE_MAX_BYTES) -> Loaded:
        if not self.correlation.is_installed:
            return Loaded(some=False, no_room=True)
        report = self.loader.load(lanes, slice_bytes, write_behind=True)
        upto = None if report.upto is None else from_milliseconds(report.upto)
        return Loaded(bool(report.slices), report.more, upto, report.no_room, sum(report.signals.values()))
