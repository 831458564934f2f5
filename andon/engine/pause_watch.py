"""Follows which sources are paused: evaluation, incidents and the store go by it."""

from __future__ import annotations

import logging
from datetime import datetime
from itertools import islice

import pandas as pd

from alerts.actions import Act, record
from andon.engine.pipeline import Pipeline
from core.catalog.definition import Severity
from core.condition import Condition
from core.errors import NoRoom
from core.pauses import Change, Pauses
from store.statement import statement

CONDITION = "source-paused-itself"
logger = logging.getLogger("andon.engine")


class PauseWatch:
    """For the engine's thread. The store keeps every change among what people did; it says itself how many of them it has."""

    def __init__(self, pauses: Pauses, pipeline: Pipeline) -> None:
        self._pauses = pauses
        self._pipeline = pipeline
        self._kept: int | None = None
        self._seen = -1

    def look(self) -> bool:
        """Take over what was paused or resumed since the last look; return whether there was anything."""
        try:
            changes = self._pauses.changes()
        except OSError as error:
            logger.warning("it cannot be read which sources are paused", extra={"fields": {"error": str(error)}})
            return False
        try:
            self._keep(changes)
        except NoRoom as error:  # what is paused holds all the same
            logger.warning("who paused a source is kept once the disk has room", extra={"fields": {"error": str(error)}})
        if len(changes) == self._seen:
            return False
        self._seen = len(changes)
        self._pipeline.evaluation.take_pauses(self._pauses.latest())
        self._raise()
        return True

    def _raise(self) -> None:
        conditions, paused = self._pipeline.conditions, self._pauses.paused()
        itself = {name: pause for name, pause in paused.items() if pause.by_itself}
        conditions.clear_all_but(CONDITION, itself)
        for name, pause in itself.items():
            title = f"Source {name} has paused itself: {pause.reason}"
            conditions.raise_(Condition(CONDITION, name, title, pause.since, Severity.WARNING))

    def _keep(self, changes: list[Change]) -> None:
        if self._kept is None:
            self._kept = int(self._pipeline.store.rows(statement("origins/count_pauses"))[0]["changes"])
        fresh = list(islice(changes, self._kept, None))
        if not fresh:
            return
        rows = pd.concat([_row(change) for change in fresh], ignore_index=True)
        self._pipeline.alerting.act(lambda _, __: Act(record=rows), self._pipeline.clock.now())
        self._kept = len(changes)


def _row(change: Change) -> pd.DataFrame:
    at: datetime = change.at
    return record(change.by, f"{change.action} source", change.source, change.reason, at)
