"""Silence: what matches is quiet until the silence ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.stage import Silence
from alerts.stages import silence
from core.incident import Reason
from tests.alerts.messages import NOW
from tests.alerts.stages.candidates import candidate


@pytest.mark.parametrize(
    ("fields", "matches"),
    [
        ({"flow": "orders"}, True),
        ({"flow": "shipments"}, False),
        ({"stage": "booked"}, True),
        ({"stage": "shipped"}, False),
        ({"cause": "overdue"}, True),
        ({"cause": "CREDIT"}, False),
        ({"incident_id": "i1"}, True),
        ({"incident_id": "i2"}, False),
        ({"flow": "orders", "stage": "booked", "cause": "overdue"}, True),
        ({"flow": "orders", "stage": "shipped"}, False),
    ],
)
def test_a_silence_keeps_quiet_what_all_its_fields_fit(fields: dict[str, str], matches: bool):
    ends = NOW + timedelta(hours=1)
    scope = {"flow": "", "stage": "", "cause": "", "incident_id": "", **fields}
    quiet = Silence("s1", starts_at=NOW, ends_at=ends, created_by="Ana", reason="maintenance", **scope)

    result = silence.STAGE.check(candidate(silences=(quiet,), reason=Reason.WORSENED), NOW)

    assert (result.passes, result.again_at) == ((False, ends) if matches else (True, None))
    assert silence.STAGE.check(candidate(silences=(quiet,), reason=Reason.RESOLVED), NOW).passes
    assert silence.STAGE.check(candidate(silences=(quiet,), reason=Reason.WORSENED), ends).passes
