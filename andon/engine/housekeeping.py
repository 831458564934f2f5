"""What the engine's thread does between two ticks, when no stage is half done.

It follows the clock and the catalog, and keeps the store intact.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from andon.catalog_watch import LOOK_SECONDS, CatalogWatch
from andon.engine.freeze_endpoint import FreezeEndpoint
from andon.engine.pause_watch import PauseWatch
from andon.engine.pipeline import Pipeline
from andon.engine.recovery import Recovery
from andon.health.clock_watch import ClockWatch
from core.clock import Clock
from core.errors import NoRoom
from core.rejection_log import RejectionLog

logger = logging.getLogger("andon.engine")


@dataclass
class Housekeeping:
    """Call it between two ticks: it checks the clock each time, and everything else every :data:`LOOK_SECONDS`."""

    clock: Clock
    clock_watch: ClockWatch
    catalog_watch: CatalogWatch
    pause_watch: PauseWatch
    recovery: Recovery
    pipeline: Pipeline
    freeze_endpoint: FreezeEndpoint
    rejections: RejectionLog
    owe_every_stage: Callable[[], None]
    """Called when rows came back, or a source was paused or resumed: every stage then has work."""
    _done: float = field(init=False)

    def __post_init__(self) -> None:
        self._done = self.clock.monotonic()

    def __call__(self) -> None:
        """Do what is due. Failures are raised, and everything is then due again at once."""
        self.clock_watch.look()
        if self.clock.monotonic() - self._done >= LOOK_SECONDS:
            self._look_after()
            self._done = self.clock.monotonic()

    def _look_after(self) -> None:
        try:
            self.catalog_watch.look()  # if the store fails, it is repeated before anything else
        except NoRoom as error:  # deadlines are evaluated meanwhile, but nothing is loaded
            logger.warning("the changed catalog takes effect once the disk has room", extra={"fields": {"error": str(error)}})
        if self.pause_watch.look():
            self.owe_every_stage()
        if self.recovery.step():
            self.owe_every_stage()
        self.pipeline.tidy(sweep=not self.recovery.losses.waiting())  # what was lost may be in the oldest segment
        self.freeze_endpoint.step()
        self.rejections.flush()
