"""The journal's format: checksums that cover everything, names that sort in the order of writing, rows of which nothing is believed."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.signal import Lane, Record, SignalKind
from journal.format import Stored, checksum, closing_checksum, parse_row, segment_name, segment_path, segments

FIELDS: dict[str, Any] = {
    "kind": "event",
    "source": "shop",
    "received_at": 1_774_000_000_000,
    "count": 2,
    "detail": '{"reason": "bad_json"}',
    "body": bytes(range(256)) * 41,
}
SQLITE_VALUES = st.one_of(st.none(), st.integers(-(1 << 63), (1 << 63) - 1), st.floats(), st.text(max_size=20), st.binary(max_size=20))


def row(**changed: Any) -> tuple[Any, ...]:
    """Return a row of ``records`` with id 7 whose checksum fits what it holds."""
    fields = {**FIELDS, **changed}
    return (7, *fields.values(), checksum(**fields))


@given(portions=st.integers(0, 3), more=st.integers(-2, 2), pattern=st.binary(min_size=1, max_size=16))
def test_a_checksum_is_the_crc_of_all_fields_however_long_the_body(portions: int, more: int, pattern: bytes) -> None:
    size = max(0, portions * 5120 + more)
    body = (pattern * size)[:size]
    assert checksum("event", "shop", 5, 2, "{}", body) == zlib.crc32(b"event\x00shop\x005\x002\x00{}\x00" + body)


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "logs"},
        {"source": "Shop"},
        {"received_at": 1_774_000_000_001},
        {"count": 3},
        {"detail": ""},
        {"body": b""},
        {"body": FIELDS["body"][:-1] + b"!"},
        {"body": FIELDS["body"] + b"\0"},
    ],
)
def test_every_field_is_covered(changed: dict[str, Any]) -> None:
    damaged = {**FIELDS, **changed}
    assert parse_row(Lane.BULK, (7, *damaged.values(), checksum(**FIELDS))) == Stored(7, None, "the checksum does not match")


@given(at=st.integers(0, 1 << 50), last_id=st.integers(0, 1 << 40), bit=st.integers(0, 39))
def test_a_closing_row_does_not_fit_another_end(at: int, last_id: int, bit: int) -> None:
    assert closing_checksum(at, last_id) != closing_checksum(at, last_id ^ 1 << bit)


def test_a_row_is_the_record_that_was_written_in_the_lane_it_was_found_in() -> None:
    detail, body = FIELDS["detail"], FIELDS["body"]
    assert parse_row(Lane.BULK, row()) == Stored(7, Record(SignalKind.EVENT, "shop", Lane.BULK, 1_774_000_000_000, 2, body, detail))


def test_a_kind_that_this_version_does_not_know_is_damage_not_an_error() -> None:
    assert parse_row(Lane.BULK, row(kind="profiles")) == Stored(7, None, "unreadable: 'profiles' is not a valid SignalKind")


@given(st.tuples(*[SQLITE_VALUES] * 7))
def test_whatever_a_damaged_table_holds_is_damage_not_an_error(values: tuple[Any, ...]) -> None:
    stored = parse_row(Lane.STANDARD, (7, *values))
    assert stored.id == 7
    assert stored.record is None
    assert stored.damage


def test_segments_of_a_lane_are_listed_in_the_order_of_writing_and_nothing_else_is(tmp_path: Path) -> None:
    numbers = [1, 2, 10, 99_999_999, 1_774_000_000, 1_774_000_010]  # a number begins at the seconds since 1970
    paths = [segment_path(tmp_path, collector, Lane.CRITICAL, number) for collector in ("edge", "local") for number in numbers]
    others = [segment_path(tmp_path, "local", Lane.BULK, 3), *(paths[0].with_suffix(suffix) for suffix in (".new", ".journal-wal"))]
    for path in (*reversed(paths), *others, tmp_path / "local" / "lock"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert segments(tmp_path, Lane.CRITICAL) == paths
    assert [segment_name(path) for path in paths[:2]] == ["edge/critical/000000001", "edge/critical/000000002"]
    assert len({segment_name(path) for path in (*paths, others[0])}) == len(paths) + 1


def test_a_journal_that_is_not_there_yet_has_no_segments(tmp_path: Path) -> None:
    assert segments(tmp_path / "none", Lane.STANDARD) == []
