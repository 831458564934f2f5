"""What a harness may refer to."""

from __future__ import annotations

import pytest


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SECRET", "whsec_c2VjcmV0")
