"""Compares this machine's clock with those of all senders: if they agree with each other but not with it, it is wrong."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pandas as pd

from andon.health.clock_watch import duration_of
from core.clock import Clock
from core.condition import Condition, Conditions
from core.telemetry import M, Telemetry
from store.client import STORE_ERRORS

logger = logging.getLogger("andon.clock")

EVERY_SECONDS = 60.0
WRONG_FROM_SECONDS = 60.0
"""A smaller difference may be the usual time between an event and its sending."""
ALIKE_SECONDS = 30.0
"""How far apart the offsets of origins may be and still show the same fault."""
ORIGINS_MIN = 2
"""A single origin that is off has a wrong clock itself."""
SIGNALS_MIN = 3
IN_A_ROW = 2
"""Comparisons that must agree: signals that were held up and arrive all at once are old in one comparison and fresh in the next."""
CONDITION = "clock-wrong"


def clock_error(offsets: pd.DataFrame, speed: float = 1.0) -> float | None:
    """Return by how many seconds all origins are ahead of this machine (negative: behind), 0 if they are not, None if there are too few.

    ``offsets``: columns signals, offset_seconds (see ``store.reads.origin_offsets``). ``speed``: of simulated time.
    """
    heard = offsets[offsets["signals"] >= SIGNALS_MIN]["offset_seconds"] if len(offsets) else pd.Series(dtype="float64")
    if len(heard) < ORIGINS_MIN:
        return None
    alike = heard.max() - heard.min() <= ALIKE_SECONDS * speed
    wrong = heard.abs().min() >= WRONG_FROM_SECONDS * speed
    return float(heard.median()) if alike and wrong else 0.0


class ClockSkewCheck:
    """One thread's work; reads only."""

    def __init__(
        self, offsets: Callable[[], pd.DataFrame], clock: Clock, telemetry: Telemetry, conditions: Conditions, speed: float = 1.0
    ) -> None:
        """``offsets`` returns the offsets of what was loaded since the last call."""
        self._offsets = offsets
        self._clock = clock
        self._telemetry = telemetry
        self._conditions = conditions
        self._speed = speed
        self._suspected: list[float] = []
        telemetry.set(M.CLOCK_WRONG_SECONDS, 0)

    def run(self, stopping: threading.Event) -> None:
        """Compare until stopped; runs in a thread of its own."""
        while not stopping.wait(EVERY_SECONDS):
            try:
                self.compare()
            except STORE_ERRORS:  # it is asked again in a minute
                logger.warning("the clocks of the sources could not be compared; trying again", exc_info=True)

    def compare(self) -> None:
        """Compare once, and report what is found twice in a row."""
        error = clock_error(self._offsets(), self._speed)
        if error is None:
            return
        self._suspected = [*self._suspected, error][-IN_A_ROW:] if error else []
        alike = len(self._suspected) == IN_A_ROW and max(self._suspected) - min(self._suspected) <= ALIKE_SECONDS * self._speed
        self._telemetry.set(M.CLOCK_WRONG_SECONDS, error if alike else 0)
        if alike:
            self._tell(error)
        elif not error:
            self._conditions.clear(CONDITION)

    def _tell(self, error: float) -> None:
        side, when = ("behind", "future") if error > 0 else ("ahead", "past")
        title = (
            f"The clock of this machine seems to be {duration_of(error)} {side}: the times that all sources send are about that far in the {when}."
            " Correct the clock; verdicts depend on it"
        )
        held = {condition.name: condition for condition in self._conditions.current()}.get(CONDITION)
        if held is None:
            logger.error(title, extra={"fields": {"event": "clock_wrong", "seconds": round(error, 1)}})
        self._conditions.raise_(Condition(CONDITION, "", title, held.since if held else self._clock.now()))
