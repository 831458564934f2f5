"""A delivery: its id and its row."""

from __future__ import annotations

import itertools

from alerts.delivery.delivery import Delivery, delivery_id_of, rows
from tests.alerts.delivery.deliveries import delivery


def test_the_same_decision_has_the_same_id_and_any_other_has_another():
    decisions = list(itertools.product(("i1", "i2"), ("mail", "pager"), ("opened", "resolved"), (1, 2)))

    assert len({delivery_id_of(*decision) for decision in decisions}) == len(decisions)
    assert delivery_id_of(*decisions[0]) == delivery_id_of("i1", "mail", "opened", 1)
    assert delivery_id_of("a", "bc", "opened", 1) != delivery_id_of("ab", "c", "opened", 1)


def test_only_a_resolve_is_one():
    assert [delivery(reason=reason).is_resolve for reason in ("opened", "worsened", "repeated", "resolved")] == [False, False, False, True]


def test_rows_have_the_columns_of_the_table_even_where_there_are_none():
    assert list(rows([]).columns) == list(rows([delivery()]).columns) == list(Delivery.__dataclass_fields__)
    assert Delivery(**rows([delivery()]).to_dict("records")[0]) == delivery()
