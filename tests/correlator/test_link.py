"""Keys seen together become transactions: rules one by one, and a batch against sets that are joined by hand."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from correlator.link import Links, components, link

ATTACHED = {("orders", "invoice")}
BAD = "bad"
COLUMNS = ["flow", "event_id", "candidate_id", "key_type", "key_value", "transaction_id"]
Row = tuple[str, str, str, str]
"""An event, a key's type and value, and the transaction that the key names ("": none)."""


def linked(*rows: Row, flow: str = "orders") -> Links:
    """Link rows of one flow; the candidate id of event ``e1`` is ``f1``."""
    return link(pd.DataFrame([(flow, event, f"f{event[1:]}", *key) for event, *key in rows], columns=COLUMNS), ATTACHED, BAD)


def pairs(frame: pd.DataFrame, *columns: str) -> set[tuple[str, ...]]:
    rows = [tuple(row) for row in frame[list(columns)].itertuples(index=False)]
    assert len(set(rows)) == len(rows), "a row stands there twice"
    return set(rows)


def assigned(links: Links) -> set[tuple[str, ...]]:
    return pairs(links.assignments, "event_id", "transaction_id")


def test_events_that_share_a_key_are_one_transaction_of_the_smallest_candidate() -> None:
    links = linked(("e2", "order", "A", ""), ("e1", "order", "A", ""), ("e3", "order", "B", ""))
    assert assigned(links) == {("e1", "f1"), ("e2", "f1"), ("e3", "f3")}
    assert pairs(links.keys, "key_type", "key_value", "transaction_id") == {("order", "A", "f1"), ("order", "B", "f3")}
    assert links.merges.empty


def test_one_value_of_two_types_joins_nothing() -> None:
    assert assigned(linked(("e1", "order", "A", ""), ("e2", "ticket", "A", ""))) == {("e1", "f1"), ("e2", "f2")}


def test_a_chain_of_keys_is_one_transaction() -> None:
    links = linked(("e1", "order", "A", ""), ("e2", "order", "A", ""), ("e2", "delivery", "D", ""), ("e3", "delivery", "D", ""))
    assert assigned(links) == {("e1", "f1"), ("e2", "f1"), ("e3", "f1")}


def test_a_transaction_that_is_there_keeps_its_id_although_a_candidate_is_smaller() -> None:
    links = linked(("e1", "order", "A", "ff"), ("e1", "delivery", "D", ""))
    assert assigned(links) == {("e1", "ff")}
    assert pairs(links.keys, "key_value", "transaction_id") == {("D", "ff")}  # that A names it is known


def test_the_others_merge_into_the_smallest_transaction() -> None:
    links = linked(("e1", "order", "A", "b"), ("e1", "ticket", "T", "a"), ("e1", "delivery", "D", "c"))
    assert pairs(links.merges, "flow", "from_id", "to_id") == {("orders", "b", "a"), ("orders", "c", "a")}
    assert assigned(links) == {("e1", "a")}


def test_flows_do_not_see_each_other() -> None:
    batch = pd.DataFrame(
        [
            ("orders", "e1", "f1", "order", "A", "a"),
            ("purchases", "e1", "f1", "order", "A", "b"),
            ("purchases", "e2", "f2", "order", "A", "b"),
        ],
        columns=COLUMNS,
    )
    links = link(batch, ATTACHED, BAD)
    assert pairs(links.assignments, "flow", "event_id", "transaction_id") == {
        ("orders", "e1", "a"),
        ("purchases", "e1", "b"),
        ("purchases", "e2", "b"),
    }
    assert links.merges.empty


def test_a_many_to_many_key_connects_nothing_and_is_attached_to_the_transaction_of_its_event() -> None:
    links = linked(("e1", "order", "A", ""), ("e1", "invoice", "I", ""), ("e2", "order", "B", ""), ("e2", "invoice", "I", ""))
    assert assigned(links) == {("e1", "f1"), ("e2", "f2")}
    assert pairs(links.keys, "key_type", "key_value", "transaction_id") == {
        ("order", "A", "f1"), ("invoice", "I", "f1"), ("order", "B", "f2"), ("invoice", "I", "f2"),
    }  # fmt: skip
    assert pairs(links.copies, "from_id", "to_id") == {("@invoice:I", "f1"), ("@invoice:I", "f2")}


def test_an_event_of_many_to_many_keys_alone_waits_on_the_shelf_of_each() -> None:
    links = linked(("e1", "invoice", "I", ""), ("e1", "invoice", "J", ""))
    assert assigned(links) == {("e1", "@invoice:I"), ("e1", "@invoice:J")}
    assert links.keys.empty
    assert links.copies.empty


def test_what_is_attached_already_takes_the_event_at_once_and_the_shelf_keeps_it() -> None:
    links = linked(("e1", "invoice", "I", "a"), ("e1", "invoice", "I", "b"))
    assert assigned(links) == {("e1", "@invoice:I"), ("e1", "a"), ("e1", "b")}


def test_it_goes_to_the_survivor_of_a_merge_in_the_same_batch() -> None:
    links = linked(("e1", "invoice", "I", "b"), ("e2", "order", "A", "a"), ("e2", "ticket", "T", "b"))
    assert ("e1", "a") in assigned(links)
    assert ("e1", "b") not in assigned(links)


def test_events_without_a_usable_key_are_counted_and_linked_with_nothing() -> None:
    links = linked(("e1", "", "", ""), ("e2", BAD, "", ""), ("e3", BAD, "", ""), ("e3", "order", "A", ""))
    assert (links.keyless, links.bad_keys) == (2, 2)
    assert assigned(links) == {("e3", "f3")}


def test_a_batch_of_nothing_says_nothing() -> None:
    links = linked()
    assert all(frame.empty for frame in (links.keys, links.merges, links.assignments, links.copies))
    assert (links.keyless, links.bad_keys) == (0, 0)


def test_texts_of_the_driver_are_taken_whatever_their_type() -> None:
    batch = pd.DataFrame([("orders", "e1", "f1", "order", "A", ""), ("orders", "e2", "f2", "order", "A", "")], columns=COLUMNS)
    typed = batch.astype({"flow": "category", "key_type": "category"})
    assert assigned(link(typed, ATTACHED, BAD)) == assigned(link(batch, ATTACHED, BAD))


@settings(max_examples=50, deadline=None)
@given(
    st.integers(1, 30).flatmap(lambda count: st.tuples(st.just(count), st.lists(st.tuples(*[st.integers(0, count - 1)] * 2), max_size=40)))
)
def test_components_are_those_of_joined_sets(drawn: tuple[int, list[tuple[int, int]]]) -> None:
    count, edges = drawn
    left, right = (np.array([edge[side] for edge in edges], np.int64) for side in (0, 1))
    smallest = [min(part) for node in range(count) for part in joined(count, edges) if node in part]
    assert components(count, left, right).tolist() == smallest


def joined(count: int, edges: Iterable[tuple[int, int]]) -> list[set[int]]:
    parts = [{node} for node in range(count)]
    for one, other in edges:
        touched = [part for part in parts if one in part or other in part]
        parts = [part for part in parts if part not in touched] + [set().union(*touched)]
    return parts


KEYS = list(product(["order", "delivery"], "AB"))
KNOWN = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["a", "b", "c"]), max_size=4)
EVENTS = st.lists(st.sets(st.sampled_from(KEYS), min_size=1, max_size=3), min_size=1, max_size=5)


@settings(max_examples=50, deadline=None)
@given(KNOWN, EVENTS, st.randoms(use_true_random=False))
def test_every_connected_part_is_one_transaction(known: dict[tuple[str, str], str], events: list[set[tuple[str, str]]], chance) -> None:
    """Joined by hand: sets of events, keys and transactions that touch; the order of a batch's rows says nothing."""
    rows = [(f"e{number}", *key, known.get(key, "")) for number, keys in enumerate(events) for key in keys]
    chance.shuffle(rows)
    parts: list[set[object]] = []
    for number, keys in enumerate(events):
        part: set[object] = {f"e{number}", *keys, *(known[key] for key in keys if key in known)}
        part = part.union(*(each for each in parts if each & part))
        parts = [each for each in parts if not each & part] + [part]
    expected, merges = set(), set()
    for part in parts:
        names = {node for node in part if node in {"a", "b", "c"}}
        members = {node for node in part if isinstance(node, str)} - names
        owner = min(names) if names else min(f"f{event[1:]}" for event in members)
        expected |= {(event, owner) for event in members}
        merges |= {(name, owner) for name in names - {owner}}
    links = linked(*rows)
    assert assigned(links) == expected
    assert pairs(links.merges, "from_id", "to_id") == merges
    told = {(type_, value): owner for type_, value, owner in pairs(links.keys, "key_type", "key_value", "transaction_id")}
    owners = dict(expected)
    survivors = dict(merges)
    for number, keys in enumerate(events):
        for key in keys:
            # a key names its transaction already, or learns it now
            assert told.get(key, survivors.get(known.get(key, ""), known.get(key))) == owners[f"e{number}"]
