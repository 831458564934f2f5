"""What pages read, and the one thing they may write.

Every read goes through :meth:`Data.read`: a function of ``store.reads`` with its parameters, cached for a few seconds for all viewers (the
key holds the store asked, the function and every parameter). If the store does not answer, the last good answer is shown and marked as old;
if there is none, :class:`Unreachable` is raised. A zero on the screen is always a counted zero.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Any

import streamlit as st

from core.clock import Clock
from core.config import Settings, own_secret
from core.errors import AndonError, Retryable
from core.http.actions import post_action
from core.telemetry import M
from dashboard.measures import telemetry
from store.reads.connection import Reader, ReaderError, connect_reader, whom

logger = logging.getLogger(__name__)

FRESH_SECONDS = 5
"""As long as the board stands still between two refreshes: whoever looks meanwhile shares what the first of them was told."""
SLOW_SECONDS = 60
_KEPT = 512
_OF_THE_CLOCK = frozenset({"now", "since"})
"""Parameters that follow the clock. An old answer is that of an earlier moment, and is told as one: it is known without them."""

Read = Callable[..., Any]


class Unreachable(Retryable):
    """The store did not answer, and there is no earlier answer to show."""


def _place(settings: Settings) -> tuple[str, str]:
    """What distinguishes one store from another in the caches; a password does not belong in a cache key."""
    return whom(settings), str(settings.data)


_BY_PLACE: dict[str | type[Any], Callable[[Any], Any]] = {Settings: _place}


@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs=_BY_PLACE)
def _client(settings: Settings) -> Reader:
    return connect_reader(settings)


@st.cache_data(ttl=FRESH_SECONDS, show_spinner=False, max_entries=_KEPT, hash_funcs=_BY_PLACE)
def _fetch(settings: Settings, name: str, parameters: tuple[tuple[str, Hashable], ...], _read: Read) -> Any:
    return _ask(settings, name, parameters, _read)


@st.cache_data(ttl=SLOW_SECONDS, show_spinner=False, max_entries=_KEPT, hash_funcs=_BY_PLACE)
def _fetch_slow(settings: Settings, name: str, parameters: tuple[tuple[str, Hashable], ...], _read: Read) -> Any:
    return _ask(settings, name, parameters, _read)


def _ask(settings: Settings, name: str, parameters: tuple[tuple[str, Hashable], ...], _read: Read) -> Any:
    try:
        return _read(_client(settings), **dict(parameters))
    except AndonError as error:
        raise Unreachable(f"{name}: {error}") from error
    except ReaderError as error:
        if "UNKNOWN_TABLE" not in str(error):
            _client.clear()
        raise Unreachable(f"{name}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}") from error


class _Kept:
    """The last good answers for all viewers, bounded in number."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, tuple[datetime, Any]] = OrderedDict()
        self._failing: set[str] = set()
        self._lock = threading.Lock()

    def put(self, key: Hashable, at: datetime, answer: Any) -> None:
        with self._lock:
            self._answers[key] = (at, answer)
            self._answers.move_to_end(key)
            while len(self._answers) > _KEPT:
                self._answers.popitem(last=False)

    def get(self, key: Hashable) -> tuple[datetime, Any] | None:
        with self._lock:
            return self._answers.get(key)

    def turned(self, name: str, failing: bool) -> bool:
        """Record whether a read fails; return whether that changed, so that the log mentions it once and not on every attempt."""
        with self._lock:
            new = failing != (name in self._failing)
            (self._failing.add if failing else self._failing.discard)(name)
            return new


@st.cache_resource(show_spinner=False)
def _kept() -> _Kept:
    return _Kept()


class Data:
    """One viewer's access during one run of a page. ``delayed_since`` is set when something shown is an old answer."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self.delayed_since: datetime | None = None

    @property
    def asked(self) -> str:
        """The store being asked, as words for a sentence."""
        return whom(self._settings)

    def read(self, function: Read, *, slow: bool = False, **parameters: Hashable) -> Any:
        """Return ``function(client, **parameters)``, at most a few seconds old (a minute if ``slow``). Raises :class:`Unreachable`."""
        name = f"{function.__module__}.{function.__qualname__}"
        ordered = tuple(sorted(parameters.items()))
        key = (_place(self._settings), name, tuple(each for each in ordered if each[0] not in _OF_THE_CLOCK))
        try:
            answer = (_fetch_slow if slow else _fetch)(self._settings, name, ordered, function)
        except Unreachable as error:
            telemetry().add(M.FAILED_READS, read=name)
            if _kept().turned(name, failing=True):
                logger.warning("a dashboard read fails", extra={"fields": {"read": name, "error": str(error)}})
            if (kept := _kept().get(key)) is None:
                raise
            telemetry().add(M.OLD_ANSWERS, read=name)
            self.delayed_since = min(kept[0], self.delayed_since or kept[0])
            return kept[1]
        if _kept().turned(name, failing=False):
            logger.info("a dashboard read succeeds again", extra={"fields": {"read": name}})
        _kept().put(key, self._clock.now(), answer)
        return answer

    def act(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST to the engine's ``/api/v1/<path>`` and return its answer.

        Raises :class:`core.errors.Permanent` or :class:`Retryable` with its own message.
        """
        try:
            answer = post_action(self._settings, path, body, own_secret(self._settings.data, "actions"))
        except AndonError as error:
            telemetry().add(M.ACTIONS, result="failed" if isinstance(error, Retryable) else "refused")
            raise
        _fetch.clear()
        telemetry().add(M.ACTIONS, result="done")
        return answer
