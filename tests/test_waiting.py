"""A busy machine gets the time that it needs, and a condition that fails says how."""

from __future__ import annotations

import itertools
import os
import time

import pytest

from tests.waiting import wait_until


def test_the_limit_grows_with_what_the_machine_has_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for load, at_least in ((0.0, 0.05), (2.0 * (os.cpu_count() or 1), 0.15)):
        monkeypatch.setattr(os, "getloadavg", lambda load=load: (load, 0.0, 0.0))
        began = time.monotonic()
        with pytest.raises(AssertionError, match=r"^the sun rises: not within \d+ s, 0\.05 s on a quiet machine; last: 0$"):
            wait_until(lambda: 0, 0.05, "the sun rises", pause=0.001)
        assert time.monotonic() - began >= at_least


def test_what_fails_is_asked_again_and_named_in_the_end() -> None:
    answers = iter([ValueError("not yet"), 0, 7])

    def condition() -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert wait_until(condition, 60, "it comes", pause=0) == 7
    with pytest.raises(AssertionError, match="StopIteration"):
        wait_until(condition, 0.01, "it comes", pause=0)


def test_what_takes_long_to_ask_is_asked_half_of_the_time() -> None:
    asked: list[tuple[float, float]] = []

    def condition() -> bool:
        began = time.monotonic()
        time.sleep(0.05)
        asked.append((began, time.monotonic()))
        return len(asked) == 4

    wait_until(condition, 60, "it comes", pause=0.001)
    assert all(again - ended >= ended - began for (began, ended), (again, _) in itertools.pairwise(asked))
