"""How long a receiver waits before it tries again."""

from __future__ import annotations

from collector.backoff import Backoff


def test_waiting_times_double_up_to_the_last_and_begin_again_when_something_worked() -> None:
    backoff = Backoff(first=1, last=5)
    for whole in (1, 2, 4, 5, 5):
        assert whole / 2 <= backoff.next() <= whole
    backoff.reset()
    assert 0.5 <= backoff.next() <= 1
