"""The correlation loop: new milestone events are linked by their keys, and the transactions they touch are folded again."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import pandas as pd

from core.catalog.catalog import Catalog
from core.catalog.definition import definition_hash
from core.clock import EPOCH
from core.errors import UsageError
from core.telemetry import M, Telemetry
from correlator.compile import BAD_KEY, compile_catalog
from correlator.fold import Fold
from correlator.link import Links, link
from correlator.ports import CorrelationStore

logger = logging.getLogger("andon.correlator")

BATCH = 20_000
MERGED = "@merged"
"""Key type under which the id of a merged transaction names the one it was merged into."""

ORPHAN_POLL = timedelta(seconds=60)


class Correlator:
    """Correlates; one thread only. Holds nothing that a restart could lose. Must exist before signals are loaded."""

    def __init__(self, store: CorrelationStore, catalog: Catalog, telemetry: Telemetry) -> None:
        self._store = store
        self._telemetry = telemetry
        self._count_orphans_at = EPOCH
        self.reload(catalog)

    def reload(self, catalog: Catalog) -> None:
        """Take over a changed catalog: changed flows are read again from the stored signals. Raises UsageError if it does not compile."""
        try:
            compiled = compile_catalog(catalog)
        except ValueError as error:
            raise UsageError(str(error)) from error
        definitions = {
            name: definition_hash(flow.model_dump_json(exclude={"slas", "title", "owner", "lane"})) for name, flow in compiled.flows.items()
        }
        self._attached = {
            (name, type_) for name, flow in compiled.flows.items() for type_, key in flow.keys.items() if key.relation == "many-to-many"
        }
        self._fold = Fold(compiled.flows)
        changed = self._store.install(compiled.selects, compiled.sifted, compiled.rules, definitions)
        if changed:
            logger.info("flows are read again from the stored signals", extra={"fields": {"flows": changed}})

    @property
    def fold(self) -> Fold:
        """Folds transactions according to the catalog in force."""
        return self._fold

    def run(self, now: datetime) -> bool:
        """Correlate one batch of what was loaded; return whether there may be more."""
        batch, position, more = self._store.fresh(BATCH)
        if position:
            links = link(batch, self._attached, BAD_KEY)
            self._store.save(self._rows(links), position, self._fold, now)
            self._telemetry.add(M.TRANSACTIONS_TOUCHED, links.assignments["transaction_id"].nunique())
            if links.bad_keys:
                self._telemetry.add(M.QUARANTINED, links.bad_keys, reason=BAD_KEY)
            if links.keyless:
                self._telemetry.add(M.KEYLESS, links.keyless)
        if now >= self._count_orphans_at:
            self._count_orphans_at = now + ORPHAN_POLL
            self._telemetry.set(M.ORPHANS, self._store.orphans())
        return more

    def _rows(self, links: Links) -> dict[str, pd.DataFrame]:
        """Return the rows of a batch; a merge moves all keys of a transaction and keeps its id as one more key."""
        keys = [links.keys.assign(active=1)]
        if len(links.merges):
            moving = self._store.keys_of(links.merges).merge(links.merges, left_on=["flow", "transaction_id"], right_on=["flow", "from_id"])
            columns = ["flow", "key_type", "key_value"]
            keys += [
                moving[[*columns, "from_id"]].set_axis([*columns, "transaction_id"], axis=1).assign(active=0),
                moving[[*columns, "to_id"]].set_axis([*columns, "transaction_id"], axis=1).assign(active=1),
                pd.DataFrame(
                    {
                        "flow": links.merges["flow"],
                        "key_type": MERGED,
                        "key_value": links.merges["from_id"],
                        "transaction_id": links.merges["to_id"],
                        "active": 1,
                    }
                ),
            ]
        return {
            "merges": links.merges,
            "keys": pd.concat(keys, ignore_index=True).drop_duplicates(),
            "assignments": links.assignments,
            "copies": links.copies,
            "bad_keys": pd.DataFrame({"any": [links.bad_keys > 0]}),
        }
