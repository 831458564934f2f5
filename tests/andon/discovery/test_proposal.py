"""Where a key is read."""

from __future__ import annotations

import pytest

from andon.discovery.proposal import Key, Proposal
from tests.andon.discovery.fields import field, sort

ORDER, OTHER = sort(1), sort(2)


def test_a_key_is_read_where_most_signals_have_it() -> None:
    seldom, often = field(1, ORDER, "data.id", signals=2), field(2, ORDER, "data.orderId")
    assert Key("order", (seldom, often)).of(ORDER) == often
    assert Key("order", (seldom, often)).of(OTHER) is None


def test_what_is_sometimes_a_list_is_read_as_one() -> None:
    alone, several = field(1, ORDER, "data.order"), field(2, ORDER, "data.order[]", signals=3)
    assert Key("order", (alone, several)).of(ORDER) == several


def test_a_path_is_better_than_a_word_in_a_text() -> None:
    word, path = field(1, ORDER, "body#1"), field(2, ORDER, "attributes.order.id")
    assert Key("order", (word, path)).of(ORDER) == path


@pytest.mark.parametrize(("looked_at", "words"), [({"event": 1, "span": 2_000}, "1 event, 2,000 spans"), ({}, "")])
def test_what_it_was_made_after_is_counted(looked_at: dict[str, int], words: str) -> None:
    assert Proposal([], [], looked_at=looked_at).made_after == words
