"""Faults to switch on: each has a name, a time and a share of what it affects, and may repeat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class FaultName(StrEnum):
    """What can go wrong."""

    LOST_MESSAGE = "lost-message"
    STUCK_QUEUE = "stuck-queue"
    ERP_REJECTION = "erp-rejection"
    DUPLICATE = "duplicate"
    REORDERING = "reordering"
    SILENT_SOURCE = "silent-source"
    SLOW_PARTNER = "slow-partner"
    CLOCK_SKEW = "clock-skew"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    ``start_minute`` and ``minutes`` count from the moment the plant goes live (negative: before it); ``every_minutes`` repeats it for ever.
    ``target``: the queue (lost message, stuck queue) or the service (silent source, slow partner, clock skew), empty for all. ``share``: of
    the messages or transactions that it affects. ``amount``: minutes of delay (reordering), of clock error (clock skew) or until somebody
    sends the lost message again (0: never), or the factor of a slow partner.
    """

    name: FaultName
    start_minute: float = 0
    minutes: float = 60
    share: float = 1.0
    target: str = ""
    amount: float = 0
    every_minutes: float | None = None

    def stop_at(self, live: datetime, at: datetime) -> datetime | None:
        """Return when the fault that is active at ``at`` stops, or None if it is not active."""
        passed = (at - live) / timedelta(minutes=1) - self.start_minute
        if self.every_minutes is not None and passed >= 0:
            passed %= self.every_minutes
        if not 0 <= passed < self.minutes:
            return None
        return at + timedelta(minutes=self.minutes - passed)


ALWAYS = 1e9


def default_faults() -> tuple[Fault, ...]:
    """Return what makes the demo believable: mostly green, something to act on within the first minute, and more later."""
    return (
        # Live, in turns of three simulated hours.
        Fault(FaultName.ERP_REJECTION, start_minute=2, minutes=40, share=0.12, every_minutes=180),
        Fault(FaultName.STUCK_QUEUE, start_minute=8, minutes=32, target="orders.inbound", every_minutes=180),
        Fault(FaultName.SLOW_PARTNER, start_minute=55, minutes=50, share=0.6, target="supplier-portal", amount=25, every_minutes=360),
        Fault(FaultName.STUCK_QUEUE, start_minute=75, minutes=35, target="shopfloor.orders", every_minutes=360),
        Fault(FaultName.SILENT_SOURCE, start_minute=120, minutes=160, target="tms", every_minutes=540),
        Fault(FaultName.SLOW_PARTNER, start_minute=330, minutes=80, share=0.7, target="tms", amount=12, every_minutes=540),
        # Always, a little.
        Fault(FaultName.ERP_REJECTION, start_minute=-ALWAYS, minutes=2 * ALWAYS, share=0.006),
        Fault(FaultName.LOST_MESSAGE, start_minute=-ALWAYS, minutes=2 * ALWAYS, share=0.003, amount=300),
        Fault(FaultName.DUPLICATE, start_minute=-ALWAYS, minutes=2 * ALWAYS, share=0.01),
        Fault(FaultName.REORDERING, start_minute=-ALWAYS, minutes=2 * ALWAYS, share=0.02, amount=3),
        Fault(FaultName.CLOCK_SKEW, start_minute=-ALWAYS, minutes=2 * ALWAYS, share=1, target="wms", amount=0.4),
        # The days before.
        Fault(FaultName.STUCK_QUEUE, start_minute=-3100, minutes=70, target="orders.inbound"),
        Fault(FaultName.STUCK_QUEUE, start_minute=-1250, minutes=45, target="orders.inbound"),
        Fault(FaultName.ERP_REJECTION, start_minute=-2200, minutes=180, share=0.15),
        Fault(FaultName.SLOW_PARTNER, start_minute=-1900, minutes=300, share=0.5, target="tms", amount=10),
    )
