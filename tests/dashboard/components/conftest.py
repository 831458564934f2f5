"""Components are drawn outside of a page, where no viewer has a theme."""

from __future__ import annotations

import pytest

from dashboard.components import charts


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw charts for a viewer whose theme is light."""
    monkeypatch.setattr(charts, "dark", lambda: False)
