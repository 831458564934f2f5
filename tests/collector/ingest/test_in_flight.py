"""The bytes of all requests at work: small bodies and large ones have bounds of their own."""

from __future__ import annotations

import pytest

from collector.ingest.content import SMALL_MAX_BYTES
from collector.ingest.in_flight import FREE_BYTES, InFlight
from core.errors import Full

SMALL, LARGE = SMALL_MAX_BYTES, SMALL_MAX_BYTES + 1


def test_a_body_that_grows_is_counted_once_and_forgotten_whole() -> None:
    in_flight = InFlight()
    for before, after in ((0, FREE_BYTES), (FREE_BYTES, SMALL), (SMALL, LARGE), (LARGE, 2 * LARGE)):
        in_flight.count(before, after)
        assert (in_flight.size, in_flight.large_size) == ((0, after) if after > SMALL else (after - FREE_BYTES, 0))
    in_flight.forget(2 * LARGE)
    assert (in_flight.size, in_flight.large_size) == (0, 0)


def test_one_too_many_is_told_to_come_back_and_still_counted_until_it_is_forgotten() -> None:
    in_flight = InFlight(max_bytes=2 * SMALL, large_max_bytes=2 * LARGE)
    for size, what in ((SMALL, "too many requests"), (LARGE, "too many large requests")):
        in_flight.count(0, size)
        in_flight.count(0, size)
        with pytest.raises(Full, match=what) as caught:
            in_flight.count(0, size)
        assert caught.value.retry_after_seconds == 1
        in_flight.forget(size)
        in_flight.forget(size)
        in_flight.count(0, size)


def test_large_bodies_keep_no_small_one_out_and_a_tiny_one_has_always_its_place() -> None:
    in_flight = InFlight(max_bytes=SMALL, large_max_bytes=LARGE)
    in_flight.count(0, LARGE)
    in_flight.count(0, SMALL)
    for _ in range(1000):
        in_flight.count(0, FREE_BYTES)


def test_one_that_is_larger_than_the_bound_is_taken_when_it_is_alone() -> None:
    in_flight = InFlight(max_bytes=1, large_max_bytes=1)
    in_flight.count(0, SMALL)
    in_flight.count(0, LARGE)
    with pytest.raises(Full):
        in_flight.count(0, LARGE)
