"""Storm limit: one incident speaks a few times in ten minutes, and a channel hears a bounded number of messages a minute."""

from __future__ import annotations

from datetime import datetime, timedelta

from alerts.notice import LATELY, Notice, Passage
from core.catalog.definition import Severity
from core.incident import Reason

CHANNEL_LIMIT = 30
CHANNEL_WINDOW = timedelta(minutes=1)
FLAPPING_LIMIT = LATELY
FLAPPING_WINDOW = timedelta(minutes=10)


class Storm:
    """Delays, never drops: the latest state is told as soon as the window allows. Critical news and resolves are not counted out."""

    name = "storm"

    def check(self, notice: Notice, now: datetime) -> Passage:
        """Say whether the notice goes on, and why."""
        lately = [at for at in notice.announced.lately if now - at < FLAPPING_WINDOW]
        if notice.reason in {Reason.OPENED, Reason.GROWN} and len(lately) >= FLAPPING_LIMIT:
            return Passage(False, f"flapping: told {len(lately)} times in ten minutes", lately[-FLAPPING_LIMIT] + FLAPPING_WINDOW)
        if notice.reason is Reason.RESOLVED or (notice.incident.severity == Severity.CRITICAL.value and notice.reason is not Reason.GROWN):
            return Passage(True, "never held back")
        within = [at for at in notice.recent if now - at < CHANNEL_WINDOW]
        if len(within) >= CHANNEL_LIMIT:
            return Passage(False, f"channel '{notice.channel}' heard {len(within)} messages within a minute", min(within) + CHANNEL_WINDOW)
        return Passage(True, "the channel is calm")


STAGE = Storm()
