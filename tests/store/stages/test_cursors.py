"""Cursors: in memory at once, in the store now and then, and never ahead of what was written before them."""

from __future__ import annotations

from store.client import Store
from store.stages.cursors import MOVES, Cursors

STAGES = ["alert:clocks", "alert:transactions"]


def test_a_position_counts_at_once_and_outlives_the_engine_after_some_moves(store: Store) -> None:
    cursors = Cursors(store, STAGES)
    assert cursors.of(STAGES[0]) == 0
    for position in range(1, MOVES):
        cursors.move({STAGES[0]: position}, store.revision())
    assert (cursors.of(STAGES[0]), cursors.of(STAGES[1])) == (MOVES - 1, 0)
    assert Cursors(store, STAGES).of(STAGES[0]) == 0
    cursors.move({STAGES[1]: 7}, store.revision())
    store.flush()
    again = Cursors(store, STAGES)
    assert [again.of(stage) for stage in STAGES] == [MOVES - 1, 7]
    assert Cursors(store, ["evaluate"]).of("evaluate") == 0


def test_a_stage_that_starts_over_goes_on_from_what_the_store_has(store: Store) -> None:
    cursors = Cursors(store, STAGES)
    cursors.move({STAGES[0]: 5}, store.revision())
    cursors.forget()
    assert cursors.of(STAGES[0]) == 0
