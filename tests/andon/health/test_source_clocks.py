"""A source that labels local time as UTC is told of, once."""

from __future__ import annotations

import logging

import pandas as pd
import pytest

from andon.health.source_clocks import SourceClocks


def test_a_source_is_told_of_once_and_again_when_it_changes(caplog: pytest.LogCaptureFixture) -> None:
    skew = {"crm": 1.0, "erp": -7_199.0}

    def skews() -> pd.DataFrame:
        rows = [{"source": name, "signals": 50, "skew_seconds": seconds, "spread_seconds": 2.0} for name, seconds in skew.items()]
        return pd.DataFrame(rows)

    clocks = SourceClocks(skews)
    with caplog.at_level(logging.WARNING, "andon.sources"):
        clocks.look()
        clocks.look()
        assert [record.getMessage() for record in caplog.records] == [
            "its times are 2 hours ahead: local time labelled as UTC?; correct the sender, or say time_zone where its times are read"
        ]
        for seconds in (1.0, -3_599.0):  # corrected, and wrong again in winter
            skew["erp"] = seconds
            clocks.look()
        assert [record.__dict__["fields"]["hours"] for record in caplog.records] == [2.0, 1.0]
