"""What verdicts are, said again in the plainest way: one clock at a time, working time by walking the minutes, no code of the product."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Promise:
    """An SLA from ``captured``: minutes of working time (Berlin, Monday to Friday 08:00-16:00) or of the wall clock."""

    to: str
    minutes: int
    working: bool = False
    warn_share: float = 0.8
    all_deliveries: bool = False


@dataclass
class Order:
    """All that is known of one transaction: whole minutes in UTC."""

    captured: datetime
    booked: datetime | None = None
    blocked: datetime | None = None
    released: datetime | None = None
    cancelled: datetime | None = None
    deliveries: dict[str, datetime | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Expected:
    """What a clock must say."""

    verdict: str
    due_at: datetime
    stopped_at: datetime | None


def expected(promise: Promise, order: Order, now: datetime) -> Expected:
    """Return the verdict of one promise for one order at ``now``."""
    reached = _stopped(promise, order)
    called_off = order.cancelled is not None and (reached is None or order.cancelled < reached)
    stopped = order.cancelled if called_off else reached
    due = _after(order.captured, promise.minutes, promise.working)
    warn = _after(order.captured, promise.minutes * promise.warn_share, promise.working)
    pauses = _pauses(order, stopped)
    for begin, end in pauses:
        if end is not None:
            held = _between(begin, end, promise.working)
            due = _after(due, held, promise.working) if begin < due else due
            warn = _after(warn, held, promise.working) if begin < warn else warn
    begin, end = pauses[-1] if pauses else (None, None)
    verdict = "cancelled" if called_off else _verdict(stopped, due, warn, begin if end is None else None, now)
    return Expected(verdict, due, stopped)


def _verdict(stopped: datetime | None, due: datetime, warn: datetime, held_since: datetime | None, now: datetime) -> str:
    if stopped is not None:
        return "met" if stopped <= due else "met_late"
    if held_since is not None and held_since <= now and held_since < due:
        return "paused"
    if now >= due:
        return "breached"
    return "at_risk" if now >= warn else "running"


def _stopped(promise: Promise, order: Order) -> datetime | None:
    if promise.to == "booked":
        return order.booked
    shipped = [at for at in order.deliveries.values() if at is not None]
    if not shipped:
        return None
    if promise.all_deliveries:
        return max(shipped) if len(shipped) == len(order.deliveries) else None
    return min(shipped)


def _pauses(order: Order, stopped: datetime | None) -> list[tuple[datetime, datetime | None]]:
    """Return the pauses inside of the clock's time, in order, the end of the last one None while it lasts.

    A release that nothing was blocked before held the clock from its start.
    """
    pauses: list[tuple[datetime, datetime | None]] = []
    if order.released is not None and (order.blocked is None or order.released < order.blocked):
        pauses.append((order.captured, order.released))
    if order.blocked is not None:
        pauses.append((order.blocked, order.released if order.released is not None and order.released >= order.blocked else None))
    inside = []
    for begin, end in pauses:
        since = max(begin, order.captured)
        until = stopped if end is None else end if stopped is None else min(end, stopped)
        if until is None or until > since:
            inside.append((since, until))
    return inside


def _works(at: datetime) -> bool:
    wall = at.astimezone(ZoneInfo("Europe/Berlin"))
    return wall.weekday() < 5 and 8 <= wall.hour < 16


def _after(start: datetime, minutes: float, working: bool) -> datetime:
    if not working:
        return start + minutes * MINUTE
    at, left = start, round(minutes)
    while left:
        left -= _works(at)
        at += MINUTE
    return at


def _between(start: datetime, end: datetime, working: bool) -> float:
    if not working:
        return (end - start) / MINUTE
    return sum(_works(start + n * MINUTE) for n in range(int((end - start) / MINUTE)))


def moment(minutes: int) -> datetime:
    """Return a moment counted from the Friday before the clocks go forward."""
    return datetime(2026, 3, 27, 6, tzinfo=UTC) + minutes * MINUTE
