"""The notification pipeline: which stages there are, and in which order a candidate meets them."""

from __future__ import annotations

import alerts.stages
from alerts.pipeline import STAGES
from alerts.stage import NotificationStage
from core.registry import discover


def test_every_stage_file_has_its_place_in_the_pipeline() -> None:
    found = discover(alerts.stages, "STAGE", NotificationStage)

    assert [stage.name for stage in STAGES if found.get(stage.name) is not stage] == []
    assert set(found) == {stage.name for stage in STAGES}, "add it to STAGES in alerts/pipeline.py"
