"""Sources: when each was last seen, how much it sends, and what could not be used."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from core.catalog.source import OWN_SOURCE
from store.reads.connection import Reader
from store.reads.frame import frame
from store.statement import statement


def volumes(client: Reader, *, since: datetime) -> pd.DataFrame:
    """Return source, kind (spans, logs, metrics, events, quarantine), hour (UTC), signals and last_at (received, UTC).

    ``since`` begins an hour.
    """
    return frame(client, statement("origins/volumes"), parameters={"since": since})


def last_seen(client: Reader) -> pd.DataFrame:
    """Return source and last_seen: when something was last received from it (UTC), not counting quarantined input."""
    return frame(client, statement("source_last_seen"))


def expected(client: Reader) -> pd.DataFrame:
    """Return source, since (when it was first expected) and silent_since (NaT unless it is silent) of sources with a rhythm; UTC."""
    return frame(client, statement("expected_sources"))


def pauses(client: Reader) -> pd.DataFrame:
    """Return source, since (UTC), by and reason of the sources that are paused."""
    return frame(client, statement("origins/pauses"))


def clock_skew(client: Reader, *, since: datetime) -> pd.DataFrame:
    """Return source, signals, skew_seconds and spread_seconds of the last hundred received since then (UTC) that say a time of their own.

    ``skew_seconds``: the median of receipt minus that time (negative: it is in the future); ``spread_seconds``: from the first to the last
    tenth. Andon's own signals are left out.
    """
    return frame(client, statement("origins/clock_skew"), parameters={"since": since, "own": OWN_SOURCE})


def event_types(client: Reader, *, since: datetime) -> pd.DataFrame:
    """Return source, type, events and last_at of the CloudEvents received since then (UTC)."""
    return frame(client, statement("origins/event_types"), parameters={"since": since})


def keyless(client: Reader, *, since: datetime) -> pd.DataFrame:
    """Return source, flow, milestone and signals of milestone events received since then (UTC) that carry none of their flow's keys.

    ``example``: the id of the last signal, if that is an event.
    """
    return frame(client, statement("origins/keyless"), parameters={"since": since})


def texts(client: Reader, *, ids: tuple[str, ...]) -> pd.DataFrame:
    """Return signal_id of the events among these (``SOURCE ID``) whose data is text or bytes, so that no path finds anything in it."""
    return frame(client, statement("origins/texts"), parameters={"ids": list(ids)})


def not_numbers(client: Reader, *, since: datetime, facts: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    """Return source, flow, fact, example and signals of milestone events received since then (UTC) with a fact that is not a number.

    ``facts``: (flow, fact) of those that are meant to be numbers. At most 50 rows, most frequent first.
    """
    return frame(client, statement("origins/not_numbers"), parameters={"since": since, "facts": list(facts)})


def quarantined(client: Reader, *, sources: tuple[str, ...] | None = None, limit: int = 100) -> pd.DataFrame:
    """Return the latest rows of ``quarantine``, without the body but with its size and its first 400 characters.

    ``sources``: of these alone; None: of all.
    """
    parameters = {"sources": list(sources or ()), "limit": limit}
    return frame(client, statement("origins/quarantined", some_sources=sources is not None), parameters=parameters)


def quarantine_reasons(client: Reader, *, since: datetime) -> pd.DataFrame:
    """Return source, reason, records and last_at of what was quarantined since then."""
    return frame(client, statement("origins/quarantine_reasons"), parameters={"since": since})
