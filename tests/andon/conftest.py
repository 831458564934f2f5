"""Commands that ask a store, without a process of their own."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from andon.rehearsal import runner
from store import expressions, scratch
from store.client import Store


@pytest.fixture
def one_store(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands of this process use its store: it can open no other, and a process takes seconds for its imports and its tables."""
    for module in (runner, scratch):
        monkeypatch.setattr(module, "scratch_store", lambda _: nullcontext(store))
    monkeypatch.setattr(expressions, "_empty_store", lambda: store)
