"""What pages read and the one thing they may write.

Every reading goes through :meth:`Data.read`: a function of ``store.reads`` with its parameters, cached for a few seconds for all
viewers together (the key holds the address, the function and every parameter). When the engine does not answer, the last good
answer is shown and marked as old; where there is none, :class:`Unreachable` is raised. A zero on the screen is always a counted zero.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import streamlit as st

from core.clock import Clock
from core.config import own_secret
from core.errors import AndonError, Permanent, Retryable
from store.reads.connection import connect

FRESH_SECONDS = 3
SLOW_SECONDS = 60
_KEPT = 512

Read = Callable[..., Any]


class Unreachable(Retryable):
    """The engine did not answer and there is no earlier answer to show."""


@dataclass(frozen=True)
class Connection:
    """Where the engine is and where its secrets lie."""

    url: str = field(default_factory=lambda: os.environ.get("ANDON_ENGINE_URL", "http://127.0.0.1:8123").rstrip("/"))
    data: Path = field(default_factory=lambda: Path(os.environ.get("ANDON_DATA", ".andon")))


@st.cache_resource(show_spinner=False, max_entries=4)
def _client(url: str, data: str) -> Any:
    return connect(url, "andon", own_secret(Path(data), "reader"))


@st.cache_data(ttl=FRESH_SECONDS, show_spinner=False, max_entries=_KEPT)
def _fetch(url: str, data: str, name: str, parameters: tuple[tuple[str, Hashable], ...], _read: Read) -> Any:
    return _ask(url, data, name, parameters, _read)


@st.cache_data(ttl=SLOW_SECONDS, show_spinner=False, max_entries=_KEPT)
def _fetch_slow(url: str, data: str, name: str, parameters: tuple[tuple[str, Hashable], ...], _read: Read) -> Any:
    return _ask(url, data, name, parameters, _read)


def _ask(url: str, data: str, name: str, parameters: tuple[tuple[str, Hashable], ...], _read: Read) -> Any:
    try:
        return _read(_client(url, data), **dict(parameters))
    except Exception as error:  # boundary: the engine, whose client raises many kinds of error
        if "UNKNOWN_TABLE" not in str(error):
            _client.clear()
        raise Unreachable(f"{name}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}") from error


class _Kept:
    """The last good answers, bounded, for all viewers."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Hashable, tuple[datetime, Any]] = OrderedDict()
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


@st.cache_resource(show_spinner=False)
def _kept() -> _Kept:
    return _Kept()


class Data:
    """One viewer's access for one run of a page. ``delayed_since`` is set when something shown is an old answer."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self.delayed_since: datetime | None = None
        self.failure = ""

    @property
    def url(self) -> str:
        """The engine's address."""
        return self._connection.url

    def read(self, function: Read, *, slow: bool = False, **parameters: Hashable) -> Any:
        """Return ``function(client, **parameters)``, at most a few seconds old (a minute, if ``slow``). Raises :class:`Unreachable`."""
        name = f"{function.__module__}.{function.__qualname__}"
        ordered = tuple(sorted(parameters.items()))
        key = (self._connection.url, str(self._connection.data), name, ordered)
        try:
            answer = (_fetch_slow if slow else _fetch)(self._connection.url, str(self._connection.data), name, ordered, function)
        except Unreachable as error:
            self.failure = str(error)
            if (kept := _kept().get(key)) is None:
                raise
            self.delayed_since = min(kept[0], self.delayed_since or kept[0])
            return kept[1]
        _kept().put(key, self._clock.now(), answer)
        return answer

    def act(self, path: str, body: dict[str, Any]) -> None:
        """POST to the engine's ``/api/v1/<path>``. Raises :class:`Permanent` or :class:`Retryable` with the engine's own words."""
        token = own_secret(self._connection.data, "actions")
        try:
            reply = httpx.post(f"{self._connection.url}/api/v1/{path}", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=10)
        except httpx.HTTPError as error:
            raise Retryable(f"the engine at {self._connection.url} did not answer: {error}; nothing was changed, try again") from error
        if reply.is_success:
            _fetch.clear()
            return
        kind: type[AndonError] = Retryable if reply.status_code >= 500 else Permanent
        raise kind(f"{_message(reply)} (HTTP {reply.status_code})")


def _message(reply: httpx.Response) -> str:
    try:
        body = reply.json()
    except ValueError:
        return reply.text[:300] or reply.reason_phrase
    if isinstance(body, dict):
        return str(body.get("detail") or body.get("message") or body.get("error") or body)[:300]
    return str(body)[:300]
