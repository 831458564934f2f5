"""What was shown to somebody before it is sent: only that is sent, once, and while it is fresh."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.steps import Change
from core.catalog.runbook import Runbook, Step
from core.errors import UsageError

FRESH_FOR = timedelta(minutes=10)
"""How long what was shown may be confirmed: later, it may no longer be what anybody means."""
_KEPT = 1_000


@dataclass(frozen=True)
class Shown:
    """What a step of an incident would send, as somebody was shown it at a time (aware)."""

    incident_id: str
    done: tuple[Runbook, Step]
    change: Change
    at: datetime


class Confirmations:
    """What waits to be confirmed, in memory: a restart asks again. Any thread may ask."""

    def __init__(self) -> None:
        self._shown: dict[str, Shown] = {}
        self._lock = threading.Lock()

    def show(self, shown: Shown) -> str:
        """Keep what is shown, and return the word that confirms it. The oldest is forgotten where there are too many."""
        word = secrets.token_hex(16)
        with self._lock:
            self._shown[word] = shown
            while len(self._shown) > _KEPT:
                del self._shown[next(iter(self._shown))]
        return word

    def take(self, word: str, incident_id: str, now: datetime) -> Shown:
        """Return what was shown, for once. Raises :class:`UsageError` if it was sent, is of another incident or was shown long ago."""
        with self._lock:
            shown = self._shown.get(word)
            if shown is None or shown.incident_id != incident_id or now - shown.at > FRESH_FOR:
                raise UsageError("confirm: it was sent already, or shown more than ten minutes ago; look again at what would be sent")
            return self._shown.pop(word)

    def back(self, word: str, shown: Shown) -> None:
        """Let it be confirmed again: nothing was sent."""
        with self._lock:
            self._shown[word] = shown
