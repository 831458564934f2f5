"""Sends until it is acknowledged, in requests of bounded size, and gives up only where it must."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest

from core.errors import Permanent
from plant import sender
from plant.emit import Emitter, Outgoing
from plant.sender import Sender
from plant.signal import Signal
from tests.plant.capture import capturing

AT = datetime(2026, 3, 3, 9, tzinfo=UTC)
EVENTS = [Outgoing("crm", {"specversion": "1.0", "id": str(number), "source": "crm", "type": "x"}) for number in range(5)]


class Impatient(threading.Event):
    """Notes how long it would have waited, and is set after a number of waits."""

    def __init__(self, waits: int) -> None:
        super().__init__()
        self.waits = waits
        self.waited: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout or 0.0)
        return len(self.waited) >= self.waits


@contextmanager
def sending(url: str, token: str = "", waits: int = 100) -> Iterator[tuple[Sender, Impatient]]:
    stop = Impatient(waits)
    opened = Sender(url, token, stop)
    try:
        yield opened, stop
    finally:
        opened.close()


def answering(monkeypatch: pytest.MonkeyPatch, *statuses: int | Exception) -> list[bytes]:
    """Answer the requests for events in turn; return the bodies that came."""
    bodies: list[bytes] = []
    left = list(statuses)

    def post(_: httpx.Client, url: str, *, content: bytes, **__: object) -> httpx.Response:
        bodies.append(content)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, text="no such source", request=httpx.Request("POST", url))

    monkeypatch.setattr(httpx.Client, "post", post)
    return bodies


def test_signals_of_every_kind_are_sent_with_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "REQUEST_SIGNALS", 2)
    emitter = Emitter("7")
    for number in range(3):
        for kind in ("span", "log", "event"):
            emitter.take(Signal(f"{kind}/{number}", kind, "crm", "x", AT, AT, AT, AT))  # type: ignore[arg-type] # a literal in a loop is a str
    with capturing() as capture, sending(capture.url + "/", "t0ken") as (opened, _):
        assert opened.send(emitter.ready(AT))
    emitter.close()
    assert (len(capture.spans), len(capture.records), len(capture.events)) == (3, 3, 3)
    assert capture.tokens == {("crm", "Bearer t0ken")}


def test_nothing_is_sent_where_there_is_nothing() -> None:
    with sending("http://127.0.0.1:9") as (opened, stop):
        assert opened.send([])
    assert stop.waited == []


def test_events_go_in_requests_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "REQUEST_EVENTS", 2)
    bodies = answering(monkeypatch, 200, 202, 204)
    with sending("http://collector") as (opened, _):
        assert opened.send(EVENTS)
    assert [body.count(b"specversion") for body in bodies] == [2, 2, 1]


@pytest.mark.parametrize("answer", [408, 429, 500, 502, 503, 504, httpx.ConnectError("refused"), httpx.ReadTimeout("slow")])
def test_what_may_pass_is_tried_again_with_the_same_bytes(monkeypatch: pytest.MonkeyPatch, answer: int | Exception) -> None:
    bodies = answering(monkeypatch, answer, answer, 200)
    with sending("http://collector") as (opened, stop):
        assert opened.send(EVENTS)
    assert len(bodies) == 3
    assert len(set(bodies)) == 1
    assert stop.waited == [0.25, 0.5]


def test_pauses_grow_to_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, *[503] * 8, 200)
    with sending("http://collector") as (opened, stop):
        assert opened.send(EVENTS)
    assert stop.waited == [0.25, 0.5, 1, 2, 4, 5, 5, 5]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_what_is_refused_for_good_ends_it_with_the_collectors_words(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    answering(monkeypatch, status)
    with sending("http://collector") as (opened, _), pytest.raises(Permanent, match=f"with status {status}: no such source"):
        opened.send(EVENTS)


def test_it_says_when_it_was_stopped_before_all_was_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "REQUEST_EVENTS", 3)
    bodies = answering(monkeypatch, 200, 503, 503)
    with sending("http://collector", waits=2) as (opened, _):
        assert not opened.send(EVENTS)
    assert len(bodies) == 3
