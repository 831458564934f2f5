"""Spans of a trace as a waterfall."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.components.waterfall import LIMIT, ordered, waterfall


def test_a_waterfall_places_parents_before_children_and_survives_rings() -> None:
    spans = pd.DataFrame(
        {
            "span_id": ["c", "a", "b", "x", "y"],
            "parent_span_id": ["b", "missing", "a", "y", "x"],
            "start_time": pd.to_datetime([3, 1, 2, 4, 5], unit="s"),
        }
    )
    placed = ordered(spans)
    assert list(placed["span_id"]) == ["a", "b", "c", "x", "y"]
    assert list(placed["depth"]) == [0, 1, 2, 0, 0]


pytestmark = pytest.mark.usefixtures("light")
IDS = st.integers(0, 9)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(IDS, st.tuples(IDS | st.none(), st.integers(0, 100)), min_size=1))
def test_every_span_is_placed_once_and_below_its_parent(tree: dict[int, tuple[int | None, int]]) -> None:
    spans = pd.DataFrame(
        {
            "span_id": [str(one) for one in tree],
            "parent_span_id": ["" if parent is None else str(parent) for parent, _ in tree.values()],
            "start_time": pd.to_datetime([at for _, at in tree.values()], unit="s"),
        }
    )
    placed = ordered(spans)
    assert sorted(placed["span_id"]) == sorted(spans["span_id"])
    above: list[str] = []
    for span, parent, depth in zip(placed["span_id"], placed["parent_span_id"], placed["depth"], strict=True):
        above = [*above[:depth], span]
        assert depth == 0 or above[depth - 1] == parent


def chart(*lengths: float) -> pd.DataFrame:
    """Return the rows of a waterfall whose spans begin one after the other and last so many seconds."""
    begin = pd.Timestamp("2026-03-27 15:00")
    starts = [begin + pd.Timedelta(seconds=sum(lengths[:number])) for number in range(len(lengths))]
    spans = {
        "span_id": [str(number) for number in range(len(lengths))], "parent_span_id": [str(number - 1) for number in range(len(lengths))],
        "start_time": starts, "end_time": [at + pd.Timedelta(seconds=length) for at, length in zip(starts, lengths, strict=True)],
        "name": "post", "service": "erp", "status": "ok", "status_message": "",
    }  # fmt: skip
    drawn = waterfall(pd.DataFrame(spans))
    frame: pd.DataFrame = drawn.data
    return frame.assign(title=drawn.to_dict()["layer"][0]["encoding"]["x"]["title"])


@pytest.mark.parametrize(
    ("length", "unit", "took"),
    [
        (0.002, "milliseconds", "2.0 ms"),
        (2, "milliseconds", "2.00 s"),
        (60, "seconds", "60.00 s"),
        (600, "minutes", "600.00 s"),
        (20_000, "hours", "20,000.00 s"),
    ],
)
def test_times_count_from_the_first_span_in_the_unit_that_suits(length: float, unit: str, took: str) -> None:
    frame = chart(length)
    assert frame["title"].iloc[0] == f"{unit} since the first span"
    assert (frame["from"].iloc[0], frame["took"].iloc[0]) == (0, took)


def test_a_span_without_length_can_still_be_seen() -> None:
    frame = chart(0, 10, 0)
    assert (frame["shown"] > frame["from"]).all()
    assert chart(0)["shown"].iloc[0] > 0


def test_a_span_that_ends_before_it_begins_is_no_bar_backwards() -> None:
    frame = chart(10, -5)
    assert (frame["shown"] >= frame["from"]).all()


def test_only_the_earliest_spans_are_drawn() -> None:
    assert len(chart(*[1.0] * (LIMIT + 10))) == LIMIT
