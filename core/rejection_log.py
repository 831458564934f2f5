"""The log of rejections: everything that was not accepted as it came, by whatever route, in one form and within limits.

A line gives the reason, the source, the peer, the size and a fingerprint, with which a sender's records can be matched to the log; never
the content, a header or a credential. A flood of one reason writes ten lines a minute plus one with the number left out, and hides no other
reason.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from core.clock import Clock
from core.signal import Record
from core.telemetry import M, Telemetry

LINES_PER_MINUTE = 10
MINUTE_SECONDS = 60.0
FLUSH_SECONDS = 5.0
"""How often a loop should call :meth:`RejectionLog.flush`."""
_LOG = logging.getLogger("andon.rejections")
_FINGERPRINT_CHARACTERS = 12


class Body(Protocol):
    """What was sent."""

    size: int

    def sha256(self) -> str:
        """Return its SHA-256 in hexadecimal."""
        ...


@dataclass
class _Minute:
    """What was logged for one reason since its first line of this minute."""

    began: float
    lines: int = 0
    left_out: int = 0


class RejectionLog:
    """Counts and logs rejections. Any thread may call.

    A reason is a word from a closed list; a source is one of the catalog, or empty for a stranger.
    """

    def __init__(self, clock: Clock, telemetry: Telemetry) -> None:
        self._clock = clock
        self._telemetry = telemetry
        self._minutes: dict[str, _Minute] = {}
        self._lock = threading.Lock()

    def rejected(self, reason: str, *, source: str = "", peer: str = "", body: Body | None = None) -> None:
        """Count and log a request that is not kept. ``body`` is as sent; None if it was not read to its end."""
        self._telemetry.add(M.REJECTED_REQUESTS, source=source, reason=reason)
        size = None if body is None else body.size
        self._tell("rejected", reason, lambda: _fields(source, peer, size, "" if body is None else body.sha256()))

    def quarantined(self, record: Record) -> None:
        """Log an input that went to quarantine, given its record; it is counted when it is written to the journal."""
        detail: dict[str, Any] = msgspec.json.decode(record.detail)

        def fields() -> dict[str, Any]:
            size = int(detail.get("size_bytes") or len(record.body))
            digest = str(detail.get("sha256") or hashlib.sha256(record.body).hexdigest())
            return _fields(record.source, str(detail.get("peer", "")), size, digest, str(detail.get("quarantine_id", "")))

        self._tell("quarantined", str(detail.get("reason", "unknown")), fields)

    def flush(self, *, at_end: bool = False) -> None:
        """Log how many lines were left out in the minutes that are over, or in all of them if ``at_end``."""
        now = self._clock.monotonic()
        with self._lock:
            over = {reason: minute for reason, minute in self._minutes.items() if at_end or now - minute.began >= MINUTE_SECONDS}
            for reason in over:
                del self._minutes[reason]
        for reason, minute in over.items():
            if minute.left_out:
                _LOG.info("rejections left out", extra={"fields": {"event": "left_out", "reason": reason, "count": minute.left_out}})

    def _tell(self, event: str, reason: str, fields: Callable[[], dict[str, Any]]) -> None:
        self.flush()
        with self._lock:
            minute = self._minutes.setdefault(reason, _Minute(self._clock.monotonic()))
            told = minute.lines < LINES_PER_MINUTE
            minute.lines += told
            minute.left_out += not told
        if told:  # only now: a fingerprint of 20 MiB takes as long as many requests
            _LOG.info("not taken", extra={"fields": {"event": event, "reason": reason, **fields()}})


def _fields(source: str, peer: str, size: int | None, digest: str, quarantine_id: str = "") -> dict[str, Any]:
    """Return the fields of every line; ``size`` in bytes."""
    return {"source": source, "peer": peer, "size": size, "sha256_12": digest[:_FINGERPRINT_CHARACTERS], "quarantine_id": quarantine_id}
