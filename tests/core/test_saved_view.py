"""Saved views: what is done to one's own and to a shared one can be told apart."""

from __future__ import annotations

from core.saved_view import DELETED, SAVED


def test_each_action_is_recorded_under_a_name_of_its_own() -> None:
    assert SAVED.keys() == DELETED.keys() == {False, True}
    assert len({*SAVED.values(), *DELETED.values()}) == 4
