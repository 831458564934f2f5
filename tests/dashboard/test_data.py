"""What pages read and write: fresh for a few seconds, old when nobody answers, refused in the engine's words."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import streamlit as st
from streamlit.runtime.caching import cache_utils

from core.clock import FakeClock
from core.config import Settings
from core.errors import AndonError, Permanent, Retryable
from core.telemetry import M
from dashboard import data, measures
from dashboard.data import Data, Unreachable
from store.client import Store
from store.reads.connection import ReaderError
from tests.dashboard.shown import View, words
from tests.dashboard.synthetic import NOW


def test_the_last_good_picture_is_kept_and_marked_as_old(view: View, filled: Store) -> None:
    words(view("board", filled))
    data._fetch.clear()
    data._client.clear()
    shown = words(view("board", None))
    assert "Data delayed: showing data from 24 Nov 10:30:00" in shown
    assert "andon-board" in shown


@pytest.mark.parametrize(("status", "kind"), [(400, Permanent), (401, Permanent), (503, Retryable)])
def test_a_refused_action_carries_the_engines_words(
    status: int, kind: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(httpx, "post", lambda *_, **__: httpx.Response(status, json={"error": "reason: say why"}))
    with pytest.raises(kind, match=f"reason: say why .HTTP {status}."):
        data.Data(Settings(data=tmp_path), FakeClock(NOW)).act("silences", {})


def measured(metric: M, **labels: str) -> float:
    return measures.telemetry().registry.get_sample_value(metric.value.name, labels) or 0.0


def test_old_answers_failed_reads_and_actions_are_counted(
    view: View, filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = "store.reads.board.board"
    before = [measured(metric, read=read) for metric in (M.FAILED_READS, M.OLD_ANSWERS)]
    words(view("board", filled))
    data._fetch.clear()
    data._client.clear()
    words(view("board", None))
    assert [measured(metric, read=read) for metric in (M.FAILED_READS, M.OLD_ANSWERS)] == [count + 1 for count in before]

    results = {200: "done", 400: "refused", 503: "failed"}
    counts = {result: measured(M.ACTIONS, result=result) for result in results.values()}
    for status, result in results.items():
        monkeypatch.setattr(httpx, "post", lambda *_, status=status, **__: httpx.Response(status, json={}))
        with contextlib.suppress(AndonError):
            data.Data(Settings(data=tmp_path), FakeClock(NOW)).act("silences", {})
        assert measured(M.ACTIONS, result=result) == counts[result] + 1


class Engine:
    """What answers a read: a number that grows with every answer, or an error."""

    def __init__(self) -> None:
        self.connected = 0
        self.answers = 0
        self.error: Exception | None = None

    def connect(self, _settings: Settings) -> object:
        self.connected += 1
        return self

    def read(self, client: object, **parameters: Any) -> tuple[int, dict[str, Any]]:
        assert client is self
        if self.error:
            raise self.error
        self.answers += 1
        return self.answers, parameters


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    st.cache_data.clear()
    st.cache_resource.clear()
    found = Engine()
    monkeypatch.setattr(data, "connect_reader", found.connect)
    return found


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Data]:
    """Give one viewer's access, at NOW or so many seconds later; ``folder`` is the data folder's name."""
    return lambda seconds=0.0, folder="data": Data(Settings(data=tmp_path / folder), FakeClock(NOW + timedelta(seconds=seconds)))


def expire() -> None:
    """Let what was read grow older than it may be."""
    data._fetch.clear()
    data._fetch_slow.clear()


def test_viewers_share_an_answer_and_other_parameters_have_their_own(engine: Engine, opened: Callable[..., Data]) -> None:
    assert opened().read(engine.read, flow="a", limit=3) == (1, {"flow": "a", "limit": 3})
    assert opened().read(engine.read, limit=3, flow="a")[0] == 1
    assert opened().read(engine.read, flow="b", limit=3)[0] == 2
    assert opened().read(engine.read, flow="a", limit=3, slow=True)[0] == 3
    assert engine.connected == 1


def test_stores_do_not_share_answers(engine: Engine, opened: Callable[..., Data]) -> None:
    assert opened().read(engine.read)[0] == 1
    assert opened(folder="other").read(engine.read)[0] == 2
    engine.error = ReaderError("gone")
    expire()
    assert opened(folder="other").read(engine.read)[0] == 2
    with pytest.raises(Unreachable):
        opened(folder="third").read(engine.read)


def test_an_old_answer_is_given_with_its_age_while_nobody_answers(engine: Engine, opened: Callable[..., Data]) -> None:
    opened().read(engine.read, flow="a")
    expire()
    opened(60).read(engine.read, flow="b")
    engine.error = ReaderError("gone")
    expire()
    later = opened(300)
    assert later.read(engine.read, flow="b")[0] == 2
    assert later.delayed_since == NOW + timedelta(seconds=60)
    assert later.read(engine.read, flow="a")[0] == 1
    assert later.delayed_since == NOW, "the oldest of what is shown"
    engine.error = None
    expire()
    again = opened(310)
    assert again.read(engine.read, flow="a")[0] == 3
    assert again.delayed_since is None


def test_the_old_answer_is_found_however_long_ago_it_was_asked_for(engine: Engine, opened: Callable[..., Data]) -> None:
    opened().read(engine.read, flow="a", now=NOW, since=NOW - timedelta(hours=1))
    engine.error = ReaderError("gone")
    expire()
    later = opened(7200)
    moment = NOW + timedelta(seconds=7200)
    assert later.read(engine.read, flow="a", now=moment, since=moment - timedelta(hours=1))[0] == 1
    assert later.delayed_since == NOW
    with pytest.raises(Unreachable):
        later.read(engine.read, flow="b", now=moment, since=moment - timedelta(hours=1))


def test_where_there_is_no_earlier_answer_it_says_what_was_asked_and_why_it_failed(engine: Engine, opened: Callable[..., Data]) -> None:
    engine.error = ReaderError("Code: 47. first line\nsecond line")
    with pytest.raises(Unreachable, match=r"Engine\.read: ClickHouseError: Code: 47\. first line$"):
        opened().read(engine.read)
    engine.error = Permanent("the token is wrong")
    with pytest.raises(Unreachable, match=r"Engine\.read: the token is wrong$"):
        opened().read(engine.read)


def test_a_defect_in_a_read_is_not_taken_for_a_store_that_does_not_answer(engine: Engine, opened: Callable[..., Data]) -> None:
    engine.error = KeyError("no such column")
    with pytest.raises(KeyError):
        opened().read(engine.read)


@pytest.mark.parametrize(
    ("error", "connected"), [(ReaderError("broken pipe"), 2), (ReaderError("UNKNOWN_TABLE clocks"), 1), (Permanent("no"), 1)]
)
def test_a_connection_that_broke_is_made_anew(engine: Engine, opened: Callable[..., Data], error: Exception, connected: int) -> None:
    engine.error = error
    with pytest.raises(Unreachable):
        opened().read(engine.read)
    engine.error = None
    opened().read(engine.read)
    assert engine.connected == connected


def test_the_log_says_once_that_a_read_fails_and_once_that_it_is_answered(
    engine: Engine, opened: Callable[..., Data], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "dashboard.data")
    opened().read(engine.read)
    for error in (ReaderError("gone"), ReaderError("gone"), None, None):
        engine.error = error
        expire()
        opened().read(engine.read)
    assert [record.levelname for record in caplog.records if record.name == "dashboard.data"] == ["WARNING", "INFO"]


def test_old_answers_are_bounded_in_number(engine: Engine, opened: Callable[..., Data]) -> None:
    for number in range(data._KEPT + 1):
        opened().read(engine.read, number=number)
    engine.error = ReaderError("gone")
    expire()
    assert opened().read(engine.read, number=1)[0] == 2
    with pytest.raises(Unreachable):
        opened().read(engine.read, number=0)


def test_an_action_goes_to_the_engine_with_its_token_and_what_was_read_is_read_again(
    engine: Engine, opened: Callable[..., Data], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, Any, str]] = []

    def post(url: str, *, json: Any, headers: dict[str, str], timeout: float) -> httpx.Response:
        assert timeout <= 30, "longer than a step of a runbook may take to ask somebody else, and not for ever"
        sent.append((url, json, headers["Authorization"]))
        return httpx.Response(200, json={})

    monkeypatch.setattr(httpx, "post", post)
    viewer = opened()
    viewer.read(engine.read)
    viewer.act("silences", {"by": "m.weber"})
    ((url, body, token),) = sent
    assert url.endswith("/api/v1/silences")
    assert body == {"by": "m.weber"}
    assert len(token) > len("Bearer ") + 20
    assert viewer.read(engine.read)[0] == 2


def test_an_engine_that_does_not_answer_has_changed_nothing_as_far_as_anybody_knows(
    opened: Callable[..., Data], monkeypatch: pytest.MonkeyPatch
) -> None:
    def post(*_: object, **__: object) -> httpx.Response:
        raise httpx.ConnectError("connection refused")

    monkeypatch.setattr(httpx, "post", post)
    with pytest.raises(Retryable, match="did not answer: connection refused"):
        opened().act("silences", {})


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (httpx.Response(400, json={"detail": "d", "message": "m", "error": "e"}), "d"),
        (httpx.Response(400, json={"message": "m"}), "m"),
        (httpx.Response(400, json={"other": 1}), "{'other': 1}"),
        (httpx.Response(400, json=["a"]), r"\['a'\]"),
        (httpx.Response(400, text="plain words"), "plain words"),
        (httpx.Response(502, text=""), "Bad Gateway"),
        (httpx.Response(400, text="x" * 5000), "x{300}"),
    ],
)
def test_words_of_a_refusal_are_found_wherever_they_stand_and_are_bounded(
    opened: Callable[..., Data], monkeypatch: pytest.MonkeyPatch, reply: httpx.Response, words: str
) -> None:
    monkeypatch.setattr(httpx, "post", lambda *_, **__: reply)
    with pytest.raises(AndonError, match=rf"^{words} \(HTTP {reply.status_code}\)$"):
        opened().act("silences", {})


@pytest.mark.parametrize(
    ("store", "asked"), [("embedded", "the engine at http://"), ("clickhouse://andon@db.example:8123/andon", "the ClickHouse server at ")]
)
def test_whom_it_asks_is_told_in_words(tmp_path: Path, store: str, asked: str) -> None:
    assert Data(Settings(data=tmp_path, store=store), FakeClock(NOW)).asked.startswith(asked)


def test_an_answer_lasts_as_long_as_the_board_stands_still_so_that_all_its_viewers_share_it(
    engine: Engine, opened: Callable[..., Data], monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = [0.0]
    monkeypatch.setattr(cache_utils, "TTLCACHE_TIMER", lambda: passed[0])
    st.cache_data.clear()  # the next cache is made with this timer

    def answered(seconds: float) -> int:
        passed[0] = seconds
        return int(opened().read(engine.read, now=NOW)[0])

    assert [answered(seconds) for seconds in (0.0, 3.1, 4.9, 5.1)] == [1, 1, 1, 2]
    st.cache_data.clear()
