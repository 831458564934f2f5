"""Clock skew of a source: the median of receipt minus the time that its signals say."""

from __future__ import annotations

WINDOW_HOURS = 2
"""How far back it is measured."""
_HALF_HOUR = 1_800
_OFFSET_MAX_SECONDS = 14 * 3_600
_BEFORE_SECONDS, _AFTER_SECONDS = 30.0, 120.0
"""How far from a half hour the median may be: senders' clocks differ a little, and signals take a while."""
_SPREAD_SECONDS = 120.0
"""What waits, or is sent in batches, spreads further."""
_SIGNALS_MIN = 20


def labelled_wrongly(skew_seconds: float, spread_seconds: float, signals: int) -> float:
    """Return how many hours ahead of UTC the times are that a source seems to label as UTC (negative: behind); 0: they seem right.

    ``spread_seconds``: from the first to the last tenth of the signals. Only steady differences of whole or half hours are taken for this.
    """
    nearest = round((skew_seconds - (_AFTER_SECONDS - _BEFORE_SECONDS) / 2) / _HALF_HOUR) * _HALF_HOUR
    near = -_BEFORE_SECONDS <= skew_seconds - nearest <= _AFTER_SECONDS
    if not near or spread_seconds > _SPREAD_SECONDS or signals < _SIGNALS_MIN or not 0 < abs(nearest) <= _OFFSET_MAX_SECONDS:
        return 0.0
    return -nearest / 3_600


def varies(skew_seconds: float, spread_seconds: float) -> bool:
    """Say whether the difference is no clock's: a clock is off by one amount, what waits, comes in batches or is a history by many."""
    return spread_seconds > max(_SPREAD_SECONDS, abs(skew_seconds) / 2)


def told(hours: float) -> str:
    """Return what is said of such a source: ``its times are 2 hours ahead: local time labelled as UTC?``."""
    amount, side = abs(hours), "ahead" if hours > 0 else "behind"
    return f"its times are {amount:g} hour{'s' if amount != 1 else ''} {side}: local time labelled as UTC?"
