"""How far a polling receiver has come outlives its process, and belongs to what it reads."""

from __future__ import annotations

from pathlib import Path

from collector.polling.cursor import ASKED_AT_ONCE, Cursor


def test_a_new_cursor_has_seen_nothing(tmp_path: Path) -> None:
    cursor = Cursor(tmp_path / "state", "orders")
    assert (cursor.newest, cursor.reached, cursor.known([b"a"])) == (None, None, set())


def test_what_was_handed_over_is_known_after_a_restart(tmp_path: Path) -> None:
    Cursor(tmp_path, "orders").save({b"a": 1, b"b": 2}, newest=2, forget_below=None)
    Cursor(tmp_path, "orders").finish(2)
    cursor = Cursor(tmp_path, "orders")
    assert (cursor.newest, cursor.reached) == (2, 2)
    assert cursor.known([b"a", b"b", b"c"]) == {b"a", b"b"}


def test_more_than_one_statement_asks_for_are_known(tmp_path: Path) -> None:
    events = [number.to_bytes(20, "big") for number in range(2 * ASKED_AT_ONCE + 2)]
    cursor = Cursor(tmp_path, "orders")
    cursor.save(dict.fromkeys(events[1::2], 1), newest=1, forget_below=None)
    assert cursor.known(events) == set(events[1::2])


def test_the_newest_never_goes_back_and_none_leaves_it(tmp_path: Path) -> None:
    cursor = Cursor(tmp_path, "orders")
    for newest, expected in ((5, 5), (3, 5), (None, 5), (6, 6)):
        cursor.save({}, newest, forget_below=None)
        assert cursor.newest == expected
    assert Cursor(tmp_path, "orders").newest == 6


def test_what_lies_before_every_later_pass_is_dropped(tmp_path: Path) -> None:
    cursor = Cursor(tmp_path, "orders")
    cursor.save({b"a": 1, b"b": 2, b"c": 3}, newest=3, forget_below=None)
    cursor.save({b"d": 4}, newest=4, forget_below=3)
    assert cursor.known([b"a", b"b", b"c", b"d"]) == {b"c", b"d"}


def test_another_table_begins_anew(tmp_path: Path) -> None:
    cursor = Cursor(tmp_path, "orders")
    cursor.save({b"a": 1}, newest=1, forget_below=None)
    cursor.finish(1)
    other = Cursor(tmp_path, "deliveries")
    assert (other.newest, other.reached, other.known([b"a"])) == (None, None, set())
    assert Cursor(tmp_path, "orders").newest is None, "what was read of it before may have changed meanwhile"
