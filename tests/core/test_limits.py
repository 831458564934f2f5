"""Limits per client: one cannot take what is everybody's, and loopback, which everybody shares, has no share of its own."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.clock import FakeClock
from core.limits import (
    CONNECTIONS_MAX,
    CONNECTIONS_PER_CLIENT_MAX,
    FAILURES_PER_MINUTE,
    MINUTE_SECONDS,
    PEERS_REMEMBERED,
    FailedAttempts,
    may_connect,
)


def test_a_client_has_its_share_of_the_connections_and_loopback_has_them_all() -> None:
    assert may_connect("192.0.2.1", CONNECTIONS_PER_CLIENT_MAX, CONNECTIONS_MAX)
    assert not may_connect("192.0.2.1", CONNECTIONS_PER_CLIENT_MAX + 1, CONNECTIONS_MAX)
    assert not may_connect("192.0.2.1", 1, CONNECTIONS_MAX + 1)
    for peer in ("127.0.0.1", "::1", "::ffff:127.0.0.1"):
        assert may_connect(peer, CONNECTIONS_MAX, CONNECTIONS_MAX)
        assert not may_connect(peer, CONNECTIONS_MAX + 1, CONNECTIONS_MAX + 1)


def test_failures_are_counted_by_the_minute_and_by_the_peer() -> None:
    clock = FakeClock()
    failures = FailedAttempts(clock)
    assert [failures.note("a") for _ in range(10)] == [0] * 10
    assert failures.note("a") == 60
    assert failures.note("b") == 0
    clock.advance(timedelta(seconds=45))
    assert failures.note("a") == 15
    clock.advance(timedelta(seconds=15))
    assert failures.note("a") == 0
    for number in range(PEERS_REMEMBERED):
        failures.note(str(number))
    assert len(failures._peers) == PEERS_REMEMBERED


def test_the_peer_that_was_quiet_the_longest_is_forgotten_first() -> None:
    failures = FailedAttempts(FakeClock())
    for _ in range(FAILURES_PER_MINUTE):
        failures.note("quiet")
        failures.note("busy")
    for number in range(PEERS_REMEMBERED - 2):
        failures.note(str(number))
    assert failures.note("busy") > 0
    failures.note("one more")
    assert failures.note("quiet") == 0


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 70)), max_size=60))
def test_a_peer_waits_when_it_failed_too_often_in_the_minute_of_its_first_failure(attempts: list[tuple[str, float]]) -> None:
    clock = FakeClock()
    failures = FailedAttempts(clock)
    model: dict[str, list[float]] = {}
    for peer, pause in attempts:
        clock.advance(timedelta(seconds=pause))
        now = clock.monotonic()
        minute = model.setdefault(peer, [])
        if minute and now - minute[0] >= MINUTE_SECONDS:
            minute.clear()
        wait = failures.note(peer)
        assert (wait > 0) is (len(minute) >= FAILURES_PER_MINUTE)
        assert wait <= MINUTE_SECONDS
        minute.append(now)
