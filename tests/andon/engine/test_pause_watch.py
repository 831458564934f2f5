"""What the engine does about a source that is paused: it evaluates by it, keeps who did it, and tells if no person did."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from andon.engine.pause_watch import CONDITION, PauseWatch
from andon.wiring.pipeline import pipeline_on
from core.catalog.catalog import Catalog
from core.clock import FakeClock
from core.config import Settings
from core.pauses import ITSELF, Pauses
from core.telemetry import Telemetry
from store.client import Store
from store.reads import origins
from tests.store.rows import START


def test_pauses_reach_the_store_once_and_in_order(store: Store, tmp_path: Path) -> None:
    pauses, clock = Pauses(tmp_path), FakeClock(START)
    with pipeline_on(store, Settings(data=tmp_path), Catalog(), clock, Telemetry()) as pipeline:
        watch = PauseWatch(pauses, pipeline)
        watch.look()
        assert not watch.look()
        pauses.pause("erp", "Ana", "upgrade", START)
        pauses.pause("mes", "Ana", "move", START)
        pauses.resume("mes", "Ben", "moved", START + timedelta(seconds=1))
        assert watch.look()
        assert not watch.look()
        PauseWatch(pauses, pipeline).look()  # as after a restart
        (row,) = origins.pauses(store.reader).to_dict("records")
        assert (row["source"], row["by"], row["reason"]) == ("erp", "Ana", "upgrade")
        assert row["since"].to_pydatetime().replace(tzinfo=START.tzinfo) == START
        assert [row["action"] for row in store.rows("SELECT action FROM actions ORDER BY at, action")] == [
            "pause source",
            "pause source",
            "resume source",
        ]


def test_a_source_that_paused_itself_is_a_condition_until_it_goes_on(store: Store, tmp_path: Path) -> None:
    pauses = Pauses(tmp_path)
    with pipeline_on(store, Settings(data=tmp_path), Catalog(), FakeClock(START), Telemetry()) as pipeline:
        watch = PauseWatch(pauses, pipeline)
        pauses.pause("erp", ITSELF, "1,000 in a row cannot be used", START)
        pauses.pause("mes", "Ana", "upgrade", START)
        watch.look()
        (held,) = pipeline.conditions.current()
        assert (held.name, held.subject, held.since) == (CONDITION, "erp", START)
        assert held.title == "Source erp has paused itself: 1,000 in a row cannot be used"
        pauses.resume("erp", "Ana", "", START)
        watch.look()
        assert pipeline.conditions.is_over(CONDITION, "erp")
