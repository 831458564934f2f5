"""The stages of an engine on one store, with the plug-ins they use: what the engine runs and what ``andon sla test`` rehearses."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pandas as pd
from starlette.applications import Starlette

from alerts.api import action_api
from alerts.engine import AlertEngine
from andon.engine_process import Loaded, Stages
from andon.plugins import notifiers
from core.catalog.catalog import Catalog
from core.catalog.flow import HEARTBEAT
from core.clock import Clock, from_milliseconds
from core.condition import Conditions
from core.config import Settings, own_secret
from core.errors import NoRoom, Retryable
from core.http.guard import Guard
from core.signal import Lane
from core.telemetry import Telemetry
from correlator.engine import Correlator
from slas.engine import SlaEngine
from store.client import STORE_ERRORS, Store, open_store, store_alone
from store.clocks import StoredClocks
from store.correlation import StoredCorrelation
from store.endpoint import Readers, read_endpoint
from store.freeze import forget_left_over
from store.health import report_detached_parts
from store.held import write_where_there_is_room
from store.incidents import StoredIncidents
from store.keeping import Keeping, is_rebuilding, kept_in_journal
from store.loader import SLICE_MAX_BYTES, Loader
from store.losses import Losses
from store.migrations import migrate, note_applied
from store.parts import Part
from store.parts_ledger import PartsLedger, skip_what_was_used
from store.reads.origin_offsets import loaded_upto, origin_offsets
from store.statement import statement
from store.unseen import Unseen

_FROM_SIGNALS = frozenset({"milestone_events", "milestone_rules", "transaction_events", "transaction_keys"})
_FROM_EVENTS = frozenset({"transactions", "clocks", "verdicts"})
_OF_ALERTING = frozenset({"incidents", "incident_members", "deliveries", "silences"})
"""Tables by what has to be done where rows of them were lost."""


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
        return Stages(self._load, self.correlator, self.evaluation, self.alerting, self.unseen.since)

    def reload(self, catalog: Catalog) -> None:
        """Take a changed, checked catalog in every stage.

        Every stage is owed a run then: the next one evaluates open transactions again where promises have changed.
        """
        self.catalog = catalog
        self.alerting.reload(catalog)
        self.correlator.reload(catalog)
        self.evaluation.reload(catalog)

    def tidy(self, *, sweep: bool) -> None:
        """Write what waits for the disk, look for secrets that can be read now and, if asked to, delete old segments."""
        write_where_there_is_room(self.store.held)
        if sweep:
            self._sweep()
        self.alerting.look_for_secrets()

    def _sweep(self) -> None:
        if self.keeping:
            self.keeping.sweep(self.clock.now() - timedelta(seconds=self.settings.journal_keep_seconds))
        with suppress(NoRoom):  # a segment is deleted only once the books say what was in it
            self.loader.sweep()

    def clock_stepped(self) -> None:
        """Have what was decided by a clock that was corrected decided again."""
        self.evaluation.reevaluate()
        self.alerting.look_again(self.clock.now())

    def note_again(self, tables: Collection[str]) -> None:
        """Write again what these tables note of the others and memory has or the others say, before anything else is brought back."""
        if "revision_blocks" in tables:
            skip_what_was_used(self.store)
        if "schema_files" in tables:
            note_applied(self.store)
        if "loaded_segments" in tables:
            self.loader.note_progress_again()

    def bring_back(self, tables: Collection[str]) -> list[str]:
        """Let rows that are missing from these tables come back: from the engine's journal, or from what they derive from.

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
        """Return when the heartbeat was sent that has become a transaction last. Raises :class:`core.errors.Retryable` when the store fails."""
        try:
            rows = self.store.rows(statement("correlation/last_started"), {"flow": HEARTBEAT})
        except STORE_ERRORS as error:
            raise Retryable(f"the store does not answer: {error}") from error
        return rows[0]["at"].replace(tzinfo=UTC) if rows[0]["n"] else None

    def origin_offsets(self) -> pd.DataFrame:
        """Return how far what came since the last call lies from its receipt, by origin (see ``store.reads.origin_offsets``)."""
        with self.store.own_client() as client:
            after, upto = self._compared, loaded_upto(client)
            found = origin_offsets(client, after=after, upto=upto) if after is not None else pd.DataFrame()
        self._compared = upto
        return found

    def action_api(self, guard: Guard) -> Starlette:
        """Return the API people and the dashboard act through."""
        return action_api(self.alerting, own_secret(self.settings.data, "actions"), self.clock, guard)

    def read_endpoint(self, guard: Guard) -> Starlette | None:
        """Return the read endpoint of the embedded store; None in server mode, where readers go to ClickHouse itself."""
        if self.settings.store != "embedded":
            return None
        return read_endpoint(Readers(str(self.settings.store_folder)), own_secret(self.settings.data, "reader"), guard)

    def _load(self, lanes: Collection[Lane] = tuple(Lane), slice_bytes: int = SLICE_MAX_BYTES) -> Loaded:
        if not self.correlation.is_installed:
            return Loaded(some=False, no_room=True)
        report = self.loader.load(lanes, slice_bytes, write_behind=True)
        return Loaded(bool(report.slices), report.more, None if report.upto is None else from_milliseconds(report.upto), report.no_room)


@contextmanager
def pipeline_on(
    store: Store, settings: Settings, catalog: Catalog, clock: Clock, telemetry: Telemetry, keeping: Keeping | None = None
) -> Iterator[Pipeline]:
    """Yield the pipeline on an open, migrated store; ``keeping`` is what its inserts are kept by in the journal."""
    clocks = StoredClocks(store, restoring=is_rebuilding(store))
    correlation = StoredCorrelation(store)
    loader = Loader(settings, store, clock, telemetry)
    conditions, unseen = Conditions(), Unseen(settings.journal)
    try:
        yield Pipeline(
            store,
            settings,
            clock,
            telemetry,
            loader,
            Correlator(correlation, catalog, telemetry),
            SlaEngine(clocks, clocks, clocks, unseen, catalog, telemetry),
            AlertEngine(StoredIncidents(store), catalog, notifiers(), settings, telemetry, clock, conditions),
            conditions,
            catalog,
            correlation,
            clocks,
            unseen,
            keeping,
        )
    finally:
        loader.close()


@dataclass(frozen=True)
class Opened:
    """An open, migrated store, what its inserts are kept by, and what it has lost since it was last looked at, by table."""

    store: Store
    keeping: Keeping
    ledger: PartsLedger
    lost: Mapping[str, list[Part]]

    def losses(self, clock: Clock, telemetry: Telemetry, conditions: Conditions) -> Losses:
        """Return the watch of its parts, which has told what was lost already."""
        return Losses(self.store, self.ledger, clock, telemetry, conditions, self.lost)


@contextmanager
def open_kept(settings: Settings, clock: Clock, telemetry: Telemetry) -> Iterator[Opened]:
    """Open the store the settings name, and bring it to the current schema and to one level with the engine's journal."""
    if settings.store == "embedded":
        with store_alone(settings):
            forget_left_over(settings.store_folder)
    ledger = PartsLedger.of(settings, clock)
    store = open_store(settings)
    try:
        lost = ledger.lost_meanwhile(store)
        if "revision_blocks" in lost:
            skip_what_was_used(store)
        migrate(store, settings.retention_days)
        report_detached_parts(store, telemetry)
        with kept_in_journal(store, settings, clock) as keeping:
            yield Opened(store, keeping, ledger, lost)
    finally:
        store.close()
