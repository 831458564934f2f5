"""Acknowledgement: what somebody works on is quiet until it becomes worse."""

from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.incidents import Incident
from alerts.stages import acknowledgement
from core.incident import Reason
from tests.alerts.messages import NOW
from tests.alerts.stages.candidates import INCIDENT, candidate


@pytest.mark.parametrize(
    ("reason", "passes"), [(Reason.WORSENED, True), (Reason.GROWN, False), (Reason.REPEATED, False), (Reason.OPENED, False)]
)
def test_what_is_acknowledged_is_quiet_until_it_becomes_worse(reason: Reason, passes: bool):
    until = NOW + timedelta(hours=1)
    taken = Incident(**{**vars(INCIDENT), "status": "acknowledged", "acknowledged_by": "Ana", "acknowledged_until": until})

    result = acknowledgement.STAGE.check(candidate(incident=taken, reason=reason), NOW)

    assert result.passes == passes
    assert result.again_at == (None if passes else until)
    assert "acknowledged by Ana" in result.why
