"""Revisions rise and never come back, whatever is taken, skipped or interrupted."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from store.revision import BLOCK, Revisions


class Shelf:
    """Where the end of the reserved numbers is stored; refuses as long as it is told to."""

    def __init__(self) -> None:
        self.end = 0
        self.refuses = False
        self.reserved: list[int] = []

    def read(self) -> int:
        return self.end

    def reserve(self, end: int) -> None:
        if self.refuses:
            raise OSError("no room")
        self.end = end
        self.reserved.append(end)

    def begin(self) -> Revisions:
        return Revisions(self.read, self.reserve)


class Engines(RuleBasedStateMachine):
    """One engine after another on the same store; ``last`` is the highest number given out or skipped."""

    def __init__(self) -> None:
        super().__init__()
        self.shelf = Shelf()
        self.revisions = self.shelf.begin()
        self.last = 0

    @rule(count=st.sampled_from([1, 2, 4, 1_000, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK]))
    def take(self, count: int) -> None:
        first = self.revisions.next(count)
        assert first > self.last, "none is given twice, and none that was skipped"
        self.last = first + count - 1
        assert self.last < self.shelf.end, "what is given out was reserved before"

    @rule(by=st.sampled_from([-BLOCK, -1, 0, 1, 1_000, BLOCK, 2 * BLOCK]))
    def skip(self, by: int) -> None:
        upto = max(0, self.last + by)
        self.revisions.skip(upto)
        self.last = max(self.last, upto)

    @rule()
    def restart(self) -> None:
        self.revisions = self.shelf.begin()

    @rule(count=st.sampled_from([1, BLOCK]))
    def fail(self, count: int) -> None:
        self.shelf.refuses = True
        try:
            first = self.revisions.next(count)
        except OSError:
            pass
        else:
            assert first > self.last
            self.last = first + count - 1
        finally:
            self.shelf.refuses = False

    @invariant()
    def the_end_only_rises(self) -> None:
        assert self.shelf.reserved == sorted(set(self.shelf.reserved))


TestEngines = Engines.TestCase


def test_numbers_begin_at_one_because_zero_means_none() -> None:
    assert [Shelf().begin().next(count) for count in (1, BLOCK)] == [1, 1]


def test_numbers_are_reserved_in_blocks_and_not_one_by_one() -> None:
    shelf = Shelf()
    revisions = shelf.begin()
    assert [revisions.next() for _ in range(1_000)] == list(range(1, 1_001))
    assert shelf.reserved == [BLOCK]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=20))
def test_those_asked_for_together_are_in_a_row(counts: list[int]) -> None:
    revisions = Shelf().begin()
    taken = [number for count in counts for first in [revisions.next(count)] for number in range(first, first + count)]
    assert taken == list(range(1, sum(counts) + 1))


def test_threads_share_no_number() -> None:
    revisions, taken = Shelf().begin(), list[int]()
    threads = [threading.Thread(target=lambda: taken.extend([revisions.next() for _ in range(500)])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 2_001))


def test_a_store_that_cannot_reserve_gives_none() -> None:
    shelf = Shelf()
    shelf.refuses = True
    revisions = shelf.begin()
    with pytest.raises(OSError, match="no room"):
        revisions.next()
    shelf.refuses = False
    assert revisions.next() == 1
