"""What the dashboard's process says about itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.clock import FakeClock
from core.telemetry import Telemetry
from dashboard import measures
from store.client import Store
from tests.dashboard.shown import View, words


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Telemetry:
    """Metrics of this test alone."""
    found = Telemetry()
    monkeypatch.setattr(measures, "telemetry", lambda: found)
    return found


def sample(telemetry: Telemetry, what: str, page: str = "board") -> float | None:
    return telemetry.registry.get_sample_value(f"andon_page_seconds_{what}", {"page": page})


def test_a_page_is_measured_by_its_name(own: Telemetry) -> None:
    clock = FakeClock(datetime(2026, 3, 27, tzinfo=UTC))
    with measures.drawing("board", clock):
        clock.advance(timedelta(seconds=0.25))
    assert (sample(own, "count"), sample(own, "sum")) == (1, 0.25)


def test_a_part_within_a_page_is_not_measured_twice_and_alone_it_is(own: Telemetry) -> None:
    clock = FakeClock(datetime(2026, 3, 27, tzinfo=UTC))
    with measures.drawing("board", clock), measures.drawing("board", clock):
        pass
    assert sample(own, "count") == 1
    with measures.drawing("board", clock):
        pass
    assert sample(own, "count") == 2


def test_a_page_that_fails_is_measured_and_the_next_one_too(own: Telemetry) -> None:
    clock = FakeClock(datetime(2026, 3, 27, tzinfo=UTC))
    for page in ("kpis", "slas"):
        with pytest.raises(RuntimeError), measures.drawing(page, clock):
            raise RuntimeError
        assert sample(own, "count", page) == 1


def test_a_process_has_one_set_of_metrics() -> None:
    assert measures.telemetry() is measures.telemetry()


def test_a_page_is_measured_once_with_the_part_that_redraws_itself(view: View, filled: Store) -> None:
    def drawn() -> float:
        return measures.telemetry().registry.get_sample_value("andon_page_seconds_count", {"page": "board"}) or 0.0

    before = drawn()
    words(view("board", filled))
    assert drawn() == before + 1
