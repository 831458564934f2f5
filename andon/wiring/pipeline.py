"""The stages on a store: which class each of them is, which store adapter it gets, and how the store is opened for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from alerts.engine import AlertEngine
from alerts.unstored import Unstored
from andon.engine.pipeline import Pipeline
from andon.plugins import notifiers
from core.catalog.catalog import Catalog
from core.clock import Clock
from core.condition import Conditions
from core.config import Settings
from core.telemetry import Telemetry
from correlator.composed import composed_keys
from correlator.engine import Correlator
from slas.engine import SlaEngine
from store.client import Store, open_store, store_alone
from store.loading.loader import Loader
from store.loading.unseen import Unseen
from store.migrations import migrate
from store.recovery.freeze import forget_left_over
from store.recovery.health import report_detached_parts
from store.recovery.keeping import Keeping, is_rebuilding, kept_in_journal
from store.recovery.losses import Losses
from store.recovery.parts import Part
from store.recovery.parts_ledger import PartsLedger, skip_what_was_used
from store.stages.clocks import StoredClocks
from store.stages.correlation import StoredCorrelation
from store.stages.incidents import StoredIncidents


def match_signals(store: Store, catalog: Catalog) -> None:
    """Let the signals that are inserted from now on become milestone events of a catalog."""
    Correlator(StoredCorrelation(store), catalog, Telemetry())


@contextmanager
def pipeline_on(
    store: Store, settings: Settings, catalog: Catalog, clock: Clock, telemetry: Telemetry, keeping: Keeping | None = None
) -> Iterator[Pipeline]:
    """Yield the pipeline on an open, migrated store; ``keeping`` keeps its inserts in the journal."""
    clocks = StoredClocks(store, restoring=is_rebuilding(store))
    correlation = StoredCorrelation(store)
    loader = Loader(settings, store, clock, telemetry)
    conditions, unseen = Conditions(), Unseen(settings.journal, store.patience)
    unseen.reload(composed_keys(catalog))
    try:
        yield Pipeline(
            store,
            settings,
            clock,
            telemetry,
            loader,
            Correlator(correlation, catalog, telemetry),
            SlaEngine(clocks, clocks, clocks, clocks, unseen, catalog, telemetry),
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
class EngineStore:
    """An open, migrated store, what keeps its inserts, and what it has lost since it was last checked, by table."""

    store: Store
    keeping: Keeping
    ledger: PartsLedger
    lost: Mapping[str, list[Part]]

    def losses(self, clock: Clock, telemetry: Telemetry, conditions: Conditions) -> Losses:
        """Return the watch of its parts, which has already reported what was lost."""
        return Losses(self.store, self.ledger, clock, telemetry, conditions, self.lost)


@contextmanager
def open_engine_store(settings: Settings, clock: Clock, telemetry: Telemetry) -> Iterator[EngineStore]:
    """Open the store that the settings name, bring it to the current schema and into step with the engine's journal."""
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
            yield EngineStore(store, keeping, ledger, lost)
    finally:
        store.close()


def alerting_without_store(settings: Settings, catalog: Catalog, clock: Clock, conditions: Conditions) -> AlertEngine:
    """Return alerting that knows only Andon's own conditions and keeps nothing."""
    return AlertEngine(Unstored(), catalog, notifiers(), settings, Telemetry(), clock, conditions)
