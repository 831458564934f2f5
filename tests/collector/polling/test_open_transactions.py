"""Up to where everything was read while transactions stay open."""

from __future__ import annotations

from collector.polling.open_transactions import Horizon


def test_a_transaction_that_is_open_holds_what_was_newest_before_it_began():
    horizon = Horizon()
    assert horizon.settled(100, 10.0, None, 10.0) == 100, "the first pass"
    assert horizon.settled(110, 20.0, 100, 20.0) == 100, "one may have begun since"
    assert horizon.settled(120, 30.0, 100, 25.0) == 110, "the one that is open began after 110 was the newest"
    assert horizon.settled(130, 40.0, 110, 25.0) == 110
    assert horizon.settled(140, 50.0, 110, 25.0) == 110
    assert horizon.settled(150, 60.0, 110, 60.0) == 120, "it is done; this pass saw what it wrote"
    assert horizon.settled(160, 70.0, 120, 70.0) == 150


def test_a_database_that_does_not_say_holds_nothing():
    horizon = Horizon()
    assert horizon.settled(100, 10.0, 90, None) == 100
