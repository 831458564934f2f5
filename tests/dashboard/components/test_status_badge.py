"""One sign per state, told apart by shape as well as by colour."""

from __future__ import annotations

import pytest

from core.verdict import TransactionState, Verdict
from dashboard.components import status_badge
from dashboard.components.status_badge import AMBER, GREEN, GREY, IDLE, RED


def test_an_incidents_lamp_is_its_state() -> None:
    assert status_badge.incident("open", 2) is status_badge.incident("acknowledged", 1) is status_badge.RED
    assert status_badge.incident("open", 0) is status_badge.AMBER
    assert status_badge.incident("resolved", 0) is status_badge.incident("resolved", 3) is status_badge.GREEN


def test_every_verdict_and_state_has_a_badge_of_its_own_and_an_unknown_word_is_grey() -> None:
    known = [str(word) for word in (*Verdict, *TransactionState) if word is not Verdict.UNKNOWN]
    assert all(status_badge.of(word) is not GREY for word in known)
    assert status_badge.of("unknown") is status_badge.of("no such state") is GREY


def test_states_are_told_apart_without_their_colour() -> None:
    kinds = [GREEN, AMBER, RED, GREY, IDLE, status_badge.BLUE, status_badge.FAILED, status_badge.PAUSED]
    assert len({badge.glyph for badge in kinds}) == len(kinds)
    assert all(badge.light != badge.dark for badge in kinds)


@pytest.mark.parametrize(
    ("counts", "badge"),
    [
        ((1, 1, 1, 1), RED), ((0, 1, 1, 1), AMBER), ((0, 0, 1, 1), GREY), ((0, 0, 0, 1), GREEN), ((0, 0, 0, 0), IDLE),
    ],
)  # fmt: skip
def test_a_station_shows_the_worst_that_holds_there(counts: tuple[int, ...], badge: status_badge.Badge) -> None:
    assert status_badge.station(*counts) is badge


@pytest.mark.parametrize(
    ("state", "said"), [("met_late", "met late"), ("at_risk", "at risk"), ("some_new_state", "some new state"), ("open", "open")]
)
def test_a_state_is_told_in_words(state: str, said: str) -> None:
    assert status_badge.word(state) == said


def test_signs_are_escaped_and_say_themselves_to_a_screen_reader() -> None:
    assert "<b>" not in status_badge.pill("<b>").replace('<b aria-hidden="true">', "")
    shown = status_badge.icon(RED, "small", '"><script>')
    assert "<script>" not in shown
    assert 'role="img" aria-label="breached"' in shown
    assert 'title="breached"' in status_badge.icon(RED)


def test_a_sign_in_plain_text_is_empty_for_no_state() -> None:
    assert (status_badge.sign("at_risk"), status_badge.sign("")) == ("! at risk", "")
