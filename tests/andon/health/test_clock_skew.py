"""A machine whose clock is wrong: all who send agree with each other and not with it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from msgspec.structs import replace

from andon.engine.pipeline import Pipeline
from andon.health.clock_skew import ClockSkewCheck, clock_error
from andon.wiring.pipeline import pipeline_on
from core.clock import FakeClock
from core.condition import Conditions
from core.config import Settings
from core.errors import Retryable
from core.telemetry import M, Telemetry
from store.client import Store
from tests.andon.shop import START, Shop, catalog

HOUR = 3600.0


@pytest.mark.parametrize(
    ("offsets", "expected"),
    [
        ([3600.0, 3590.0, 3605.0], 3600.0),
        ([-3600.0, -3590.0], -3595.0),
        ([-2.0, 0.5], 0.0),
        ([3600.0, -1.0], 0.0),  # one wrong sender
        ([-3600.0, -7200.0], 0.0),  # backlogs
        ([3600.0], None),
        ([], None),
    ],
)
def test_a_clock_is_wrong_where_all_agree_against_it(offsets: list[float], expected: float | None):
    assert clock_error(pd.DataFrame({"signals": [10] * len(offsets), "offset_seconds": offsets})) == expected


def test_origins_that_said_next_to_nothing_do_not_count():
    assert clock_error(pd.DataFrame({"signals": [10, 2], "offset_seconds": [3600.0, 3600.0]})) is None


def test_a_wrong_clock_is_told_once_it_is_found_twice_and_until_it_is_right(store: Store, tmp_path: Path):
    shop = Shop(store, Settings(data=tmp_path / "data"))
    with pipeline_on(store, shop.settings, catalog(tmp_path), shop.clock, Telemetry()) as pipeline:
        check_one_clock(shop, pipeline)


def check_one_clock(shop: Shop, pipeline: Pipeline) -> None:
    conditions, telemetry = Conditions(), Telemetry()
    check = ClockSkewCheck(pipeline.origin_offsets, shop.clock, telemetry, conditions)

    def heard(hours: float) -> list[str]:
        """Three signals each of three origins are received, that happened so many hours from now."""
        moment = shop.clock.now() + timedelta(hours=hours)
        for origin in "abc":
            many = [shop.event("shop.captured", f"{origin}{number}", id_=f"{moment} {number}", at=moment) for number in range(3)]
            shop.send(*(replace(record, body=record.body.replace(b'"/shop"', f'"/{origin}"'.encode())) for record in many))
        shop.pass_time(seconds=2)
        shop.settle(pipeline, alert=False)
        pipeline.loader.write_progress()
        check.compare()
        return [condition.title for condition in conditions.current()]

    check.compare()
    assert heard(-1 / 3600) == []
    assert heard(1) == []
    (title,) = heard(1)
    assert title.startswith("The clock of this machine seems to be 1 h 0 min ")
    assert "behind: the times that all sources send are about that far in the future" in title
    assert telemetry.value(M.CLOCK_WRONG_SECONDS) == pytest.approx(HOUR, abs=10)
    assert heard(-1 / 3600) == []
    assert telemetry.value(M.CLOCK_WRONG_SECONDS) == 0


def test_a_store_that_does_not_answer_is_asked_again():
    calls: list[int] = []

    def broken() -> pd.DataFrame:
        calls.append(1)
        raise Retryable("no")

    class Twice:
        def wait(self, _seconds: float) -> bool:
            return len(calls) == 2

    ClockSkewCheck(broken, FakeClock(START), Telemetry(), Conditions()).run(Twice())  # type: ignore[arg-type]  # an event that stops it after two rounds
    assert len(calls) == 2
