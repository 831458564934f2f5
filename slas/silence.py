"""Silent sources: from which sources the signals of a stage come, and since when they have been silent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
import pandas as pd

from core.catalog.catalog import Catalog
from core.clock import from_milliseconds, to_milliseconds
from core.duration import parse_duration
from core.errors import UsageError
from core.pauses import Pause
from slas.calendar import CompiledCalendar
from slas.clock import Calendars
from slas.evaluate import Silence, Silences
from slas.ports import SourceActivity

_STALE = 5_000
_WATCH = 60_000
"""How often to check whether a source has become silent, in milliseconds. Verdicts do not wait for it."""
_CATCH_UP = 60_000
"""How long a source that was paused has, in milliseconds, to deliver what has waited meanwhile, before anything counts as late."""


class Sources:
    """The sources of each milestone: those named in its ``match.source``, else those of its system.

    A stage can be silent only if every one of its sources says how often it is expected, or is paused. A source that was never seen counts
    from the moment it was first expected: the first run of an engine with a catalog that says so, which a restart does not change. One that
    was paused counts from the moment it went on.
    """

    def __init__(self, catalog: Catalog, calendars: Calendars, pauses: Mapping[str, Pause] | None = None) -> None:
        """Take ``pauses``: the last one of each source that was ever paused."""
        self._catalog = catalog
        self._calendars = calendars
        self._pauses = pauses or {}
        self._seen: dict[str, int] = {}
        self._since: dict[str, int] | None = None
        self._silent: dict[str, int] | None = None
        self._watched_at = -_WATCH
        self._asked_at = -_STALE
        self._ahead: dict[tuple[str, int], int] = {}
        self._stages = {
            (flow.flow, name): sources
            for flow in catalog.flows.values()
            for name, milestone in flow.milestones.items()
            if (sources := catalog.sources_of(milestone))
        }

    def expecting(self, now: datetime) -> bool:
        """Return whether any stage can be silent at all: one whose sources have a rhythm, or are paused or catching up now."""
        return any(self._can_be_silent(stage, to_milliseconds(now)) for stage in self._stages)

    def expect(self, now: datetime, activity: SourceActivity) -> None:
        """Read since when each source has been expected; asked once, at the first run with this catalog."""
        if self._since is None:
            expected = [name for name, source in self._catalog.sources.items() if source.expect is not None]
            self._since = {name: to_milliseconds(at) for name, at in activity.expected_since(expected, now).items()}

    def watch(self, now: datetime, activity: SourceActivity) -> datetime | None:
        """Write which sources are silent, if that has changed; return when to check again (None: no source has a rhythm)."""
        assert self._since is not None  # noqa: S101 - the engine reads it first
        moment = to_milliseconds(now)
        if not self._since:
            return None
        if moment >= self._watched_at + _WATCH:
            seen = self._last_seen(moment, activity)
            ends = {source: self._expected_until(source, seen) for source in self._since}
            silent = {source: end for source, end in ends.items() if end <= moment and self._paused_since(source, moment) is None}
            if silent != self._silent:
                since = {source: from_milliseconds(at) for source, at in self._since.items()}
                activity.note_silences(since, {source: from_milliseconds(at) for source, at in silent.items()})
            self._silent, self._watched_at = silent, moment
        return from_milliseconds(self._watched_at + _WATCH)

    def silences(self, clocks: pd.DataFrame, now: int, activity: SourceActivity) -> Silences:
        """Return the lookup for :func:`slas.evaluate.evaluate`; the store is asked only if it could change the verdict of a clock here."""
        asked = {stage for stage in zip(clocks["flow"], clocks["stage"], strict=True) if self._can_be_silent(stage, now)}
        waiting = (clocks["warn_at"].to_numpy(np.int64) <= now) & (clocks["stopped_at"].to_numpy(np.int64) < 0)
        if not asked or not waiting.any():
            return lambda _flow, _stage: None
        seen = self._last_seen(now, activity)
        found = {stage: self._silence(stage, seen, now) for stage in asked}
        return lambda flow, stage: found.get((flow, stage))

    def _last_seen(self, now: int, activity: SourceActivity) -> dict[str, int]:
        """Return the latest arrival per source in milliseconds; asked at most every five seconds, because the query is a scan."""
        if not 0 <= now - self._asked_at < _STALE:
            frame = activity.last_seen()
            self._seen, self._asked_at = {}, now
            if len(frame):  # an empty frame has no columns
                moments = frame["last_seen"].to_numpy("datetime64[ms]").astype(np.int64)
                self._seen = {
                    source: self._not_ahead(source, at, now) for source, at in zip(frame["source"], moments.tolist(), strict=True)
                }
        return self._seen

    def _not_ahead(self, source: str, at: int, now: int) -> int:
        """Return when a source was last seen. If that is in the future because the clock was set back, it is when this was noticed."""
        return at if at <= now else min(at, self._ahead.setdefault((source, at), now))

    def _silence(self, stage: tuple[str, str], seen: dict[str, int], now: int) -> Silence:
        found = []
        for source in self._stages[stage]:
            paused = self._paused_since(source, now)
            found.append((self._expected_until(source, seen) if paused is None else paused, source, paused is not None))
        since, last, is_paused = max(found)
        return Silence(since, last, is_paused=is_paused)

    def _can_be_silent(self, stage: tuple[str, str], now: int) -> bool:
        sources = self._stages.get(stage, ())
        return bool(sources) and all(self._catalog.sources[name].expect or self._paused_since(name, now) is not None for name in sources)

    def _paused_since(self, source: str, now: int) -> int | None:
        """Return since when a source has been paused, in milliseconds; one that has just been resumed still has to catch up."""
        pause = self._pauses.get(source)
        if pause is None or (pause.until is not None and now >= to_milliseconds(pause.until) + _CATCH_UP):
            return None
        return to_milliseconds(pause.since)

    def _expected_until(self, source: str, seen: dict[str, int]) -> int:
        """Return the moment from which a source with a rhythm is silent if it is not seen again."""
        expectation = self._catalog.sources[source].expect
        assert self._since is not None and expectation is not None  # noqa: S101, PT018 - such sources are read before anything is evaluated
        pause = self._pauses.get(source)
        last = max(seen.get(source, self._since[source]), to_milliseconds(pause.until) if pause and pause.until else 0)
        return _latest(self._calendars.of(expectation.calendar), last, parse_duration(expectation.every).milliseconds)


def _latest(calendar: CompiledCalendar, seen: int, every: int) -> int:
    """Return when a source becomes silent at the latest; never, if its calendar has no working time."""
    try:
        return int(calendar.add(seen, every)[0])
    except UsageError:
        return int(np.iinfo(np.int64).max)
