"""SLAs: the share that was met, and the deadlines to come."""

from __future__ import annotations

import pandas as pd
import pytest

from store.client import Store
from store.reads import attainment
from tests.dashboard.shown import View, words


def test_no_deadline_ahead_is_not_called_good_while_one_is_past(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attainment, "next_due", lambda *_, **__: pd.DataFrame())
    shown = words(view("slas", filled))
    assert "Past the deadline and still open" in shown
    assert "andon-notice good" not in shown
