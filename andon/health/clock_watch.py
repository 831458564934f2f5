"""Reports when the machine's clock was set or the machine was suspended, and prevents verdicts based on a doubtful time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from core.clock import Step, SystemClock
from core.condition import Condition, Conditions
from core.telemetry import M, Telemetry

logger = logging.getLogger("andon.clock")

TOLD_FOR_SECONDS = 600.0
"""How long the incident of a step stays open: long enough to be noticed, because the step itself is over at once."""
CONDITION = "clock-step"


class ClockWatch:
    """Checked in every tick; :meth:`clock_trusted` is asked before a verdict is given. One thread only."""

    def __init__(
        self, clock: SystemClock, telemetry: Telemetry, conditions: Conditions, on_step: Callable[[], None] = lambda: None
    ) -> None:
        """``on_step`` is called once a step is followed: what was decided by the old time must be decided again."""
        self._clock = clock
        self._telemetry = telemetry
        self._conditions = conditions
        self._on_step = on_step
        self._seen = 0
        self._doubted = False
        self._told_at: float | None = None
        telemetry.set(M.CLOCK_STEP_SECONDS, 0)

    def look(self) -> None:
        """Compare the clocks, report what was found and follow it."""
        settled = self._clock.settled
        if not settled and not self._doubted:
            logger.error("the machine's clock was set, or the machine was suspended; nothing is evaluated until it has settled")
        self._doubted = not settled
        while self._seen < len(self._clock.steps):
            self._told(self._clock.steps[self._seen])
            self._on_step()
            self._seen += 1
        if self._told_at is None or self._clock.monotonic() - self._told_at >= TOLD_FOR_SECONDS:
            self._told_at = None
            self._conditions.clear(CONDITION)

    def clock_trusted(self) -> bool:
        """Return whether the time can be relied on, and is the one that :meth:`look` saw."""
        return self._clock.settled and self._seen == len(self._clock.steps)

    def _told(self, step: Step) -> None:
        self._told_at = self._clock.monotonic()
        self._telemetry.set(M.CLOCK_STEP_SECONDS, step.seconds)
        now, by = self._clock.now(), duration_of(step.seconds)
        if step.suspended:
            title = f"This machine was suspended for {by} until {now:%Y-%m-%d %H:%M:%S} UTC: nothing was received or evaluated meanwhile"
        else:
            direction = "forward" if step.seconds > 0 else "back"
            title = f"The clock of this machine was set {direction} by {by}, to {now:%Y-%m-%d %H:%M:%S} UTC: open transactions are evaluated again"
        logger.error(title, extra={"fields": {"event": "clock_step", "seconds": round(step.seconds, 3), "suspended": step.suspended}})
        self._conditions.raise_(Condition(CONDITION, "suspended" if step.suspended else "set", title, now))


def duration_of(seconds: float) -> str:
    """Return ``1 h 0 min 4 s``: the whole seconds of a duration, whatever its sign, without leading zeros."""
    whole = timedelta(seconds=round(abs(seconds)))
    hours, rest = divmod(whole.seconds, 3600)
    parts = [(whole.days, "d"), (hours, "h"), (rest // 60, "min"), (rest % 60, "s")]
    first = next((index for index, (number, _) in enumerate(parts) if number), len(parts) - 1)
    return " ".join(f"{number} {unit}" for number, unit in parts[first:])
