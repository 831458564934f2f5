"""Condition: something that is wrong with Andon itself or with the machine it runs on.

Watchers (disk, clock, store) raise and clear conditions; the alert stage turns each into an incident about Andon itself.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from core.catalog.definition import Severity


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that holds. ``name`` and ``subject`` identify it: ``disk-full`` of one folder.

    ``title``: one sentence for people; ``since``: aware, UTC.
    """

    name: str
    subject: str
    title: str
    since: datetime
    severity: Severity = Severity.CRITICAL


Key = tuple[str, str]


class Conditions:
    """The conditions that hold now, and those that were checked and found not to hold. Any thread may call.

    An incident opened by an earlier process stays open until its watcher has looked again: it is over only once it has been cleared.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[Key, Condition] = {}
        self._cleared: set[str] = set()
        self._changes = 0

    def raise_(self, condition: Condition) -> None:
        """Raise a condition, or change its wording."""
        key = (condition.name, condition.subject)
        with self._lock:
            if self._held.get(key) != condition:
                self._held[key] = condition
                self._changes += 1

    def clear(self, name: str, subject: str | None = None) -> None:
        """Clear a condition, or confirm that it does not hold; without a subject, all conditions of this name.

        A watcher calls it whenever it looks and finds nothing wrong.
        """
        with self._lock:
            self._clear(name, [key for key in self._held if key[0] == name and subject in {None, key[1]}])

    def clear_all_but(self, name: str, subjects: Collection[str]) -> None:
        """Clear all conditions of this name except for one subject: for a watcher that has looked at all of them."""
        with self._lock:
            self._clear(name, [key for key in self._held if key[0] == name and key[1] not in subjects])

    def _clear(self, name: str, gone: list[Key]) -> None:
        for key in gone:
            del self._held[key]
        if gone or name not in self._cleared:
            self._cleared.add(name)
            self._changes += 1

    def current(self) -> list[Condition]:
        """Return the conditions that hold, longest-standing first."""
        with self._lock:
            return sorted(self._held.values(), key=lambda one: (one.since, one.name, one.subject))

    def is_over(self, name: str, subject: str) -> bool:
        """Return whether a condition that may have held before is known to hold no longer."""
        with self._lock:
            return name in self._cleared and (name, subject) not in self._held

    @property
    def changes(self) -> int:
        """A number that rises with every change."""
        with self._lock:
            return self._changes
