"""KPIs: figures, their changes, and what is downloaded."""

from __future__ import annotations

import pandas as pd
import pytest

from store.client import Store
from store.reads import leadership
from tests.dashboard.shown import View, no_foreign_markup, words


def test_a_hostile_currency_stays_words(view: View, filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    worth = pd.DataFrame({"name": ["all"], "currency": ["[x](javascript:alert(1)) $x$"], "value": [5.0], "transactions": [1]})
    monkeypatch.setattr(leadership, "value_at_risk", lambda *_, **__: worth)
    test = view("kpis", filled)
    words(test)
    no_foreign_markup(test)
