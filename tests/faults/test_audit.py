"""The audit of the kill test can fail: each way in which what people see may be wrong is found, and named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.faults.audit import Page, Seen, faults
from tests.faults.ledger import ACKNOWLEDGED, UNKNOWN, Ledger, cause_of

LEDGER = Ledger(
    events={"a": ACKNOWLEDGED, "b": ACKNOWLEDGED, "c": UNKNOWN},
    spans={"s1": ACKNOWLEDGED, "s2": ACKNOWLEDGED, "s3": UNKNOWN},
    rejections={"b": ACKNOWLEDGED},
    orders={"s1": "a", "s2": "b", "s3": "b"},
)
A = Page(1, ("captured", "received"), ("a",), ("s1",))
B = Page(1, ("captured", "received", "rejected"), ("b", "b"), ("s2",))
RIGHT = Seen(
    events=("a", "b"),
    spans=("s1", "s2"),
    orders=("a", "b"),
    board=2,
    milestones=(("a", "captured"), ("a", "received"), ("b", "captured"), ("b", "received"), ("b", "rejected")),
    pages=(("a", A), ("b", B)),
    incidents=(cause_of("b"),),
    messages=((cause_of("b"), "opened", "1"),),
)


def test_what_is_right_is_found_right() -> None:
    assert faults(LEDGER, RIGHT) == []


def test_what_was_not_acknowledged_may_be_there_too() -> None:
    more = replace(
        RIGHT,
        events=(*RIGHT.events, "c"),
        spans=(*RIGHT.spans, "s3"),
        orders=("a", "b", "c"),
        board=3,
        milestones=(*RIGHT.milestones, ("c", "captured"), ("b", "received")),
        pages=(("a", A), ("b", replace(B, milestones=(*B.milestones, "received"), spans=("s2", "s3")))),
    )
    assert faults(LEDGER, more) == []
    assert faults(LEDGER, replace(more, messages=RIGHT.messages * 2), restarts=1) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"events": ("a",)}, "event lost: b"),
        ({"events": ("a", "b", "b")}, "event 2 times: b"),
        ({"events": ("a", "b", "x")}, "event invented: x"),
        ({"spans": ("s1",)}, "span lost: s2"),
        ({"spans": ("s1", "s2", "s2")}, "span 2 times: s2"),
        ({"orders": ("a",), "board": 1}, "order without a transaction: b"),
        ({"orders": ("a", "b", "b")}, "order with 2 transactions: b"),
        ({"orders": ("a", "b", "x"), "board": 3}, "transaction invented: x"),
        ({"board": 3}, "the board counts 3 open transactions, and there are 2 orders"),
        ({"milestones": RIGHT.milestones[:-1]}, "milestone rejected 0 times, not 1: b"),
        ({"milestones": (*RIGHT.milestones, ("a", "captured"))}, "milestone captured 2 times, not 1: a"),
        ({"milestones": (*RIGHT.milestones, ("x", "received"))}, "milestone received 1 times, not 0: x"),
        ({"pages": (("a", replace(A, found=2)),)}, "the search finds 2 transactions: a"),
        ({"pages": (("a", replace(A, milestones=("captured",), spans=())),)}, "the page shows {'captured': 1}, not"),
        ({"pages": (("a", replace(A, events=("a", "a"))),)}, "the page shows the events ('a', 'a'): a"),
        ({"pages": (("a", replace(A, spans=("s1", "s1"))),)}, "the page shows 2 spans, not 1: a"),
        ({"pages": (("a", replace(A, spans=("s2",))),)}, "the page shows 1 spans, not 1: a"),
        ({"incidents": ()}, f"0 incidents: {cause_of('b')}"),
        ({"incidents": (cause_of("b"),) * 2}, f"2 incidents: {cause_of('b')}"),
        ({"incidents": (cause_of("b"), "X")}, "incident invented: X"),
        ({"messages": ()}, f"nobody was told: {cause_of('b')}"),
        ({"messages": (*RIGHT.messages, (cause_of("b"), "opened", "2"))}, f"told 2 times that it is opened: {cause_of('b')}"),
        ({"messages": (*RIGHT.messages, (cause_of("b"), "resolved", "2"))}, f"told that it is resolved: {cause_of('b')}"),
        ({"messages": RIGHT.messages * 2}, "a message 2 times: 1"),
    ],
)
def test_what_is_wrong_is_found_and_named(wrong: dict[str, Any], said: str) -> None:
    (found,) = faults(LEDGER, replace(RIGHT, **wrong))
    assert found.startswith(said)
