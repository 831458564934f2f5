"""The notice stages: which there are, and in which order a notice meets them."""

from __future__ import annotations

import alerts.stages
from alerts.notice import NoticeStage
from alerts.pipeline import STAGES
from core.registry import discover


def test_every_stage_file_has_its_place_in_the_pipeline() -> None:
    found = discover(alerts.stages, "STAGE", NoticeStage)

    assert [stage.name for stage in STAGES if found.get(stage.name) is not stage] == []
    assert set(found) == {stage.name for stage in STAGES}, "add it to STAGES in alerts/pipeline.py"
