"""Which fields are facts."""

from __future__ import annotations

from andon.discovery.facts import cause_of, fact_fields
from tests.andon.discovery.fields import field, sort

ORDER = sort(1)


def test_facts_are_told_by_name_and_by_the_look_of_their_values() -> None:
    amount = field(1, ORDER, "data.total", numbers=10)
    words = field(2, ORDER, "data.total")
    promised = field(3, ORDER, "data.promisedDate", times=10)
    currency = field(4, ORDER, "data.currency", shape="AAA")
    number = field(5, ORDER, "data.currency", shape="99")
    order = field(6, ORDER, "data.customerOrder")
    assert fact_fields([amount, words, promised, currency, number, order]) == [amount, promised, currency]


def test_a_failure_says_why_in_few_different_words() -> None:
    kind = field(1, ORDER, "attributes.error.type", distinct_values=2)
    reason = field(2, ORDER, "attributes.reason", distinct_values=2)
    unique = field(3, ORDER, "attributes.reason")
    assert cause_of(ORDER, [unique, reason, kind]) == kind
    assert cause_of(ORDER, [unique, reason]) == reason
    assert cause_of(ORDER, [unique]) is None
