"""What tests of the store share."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from store.client import Store


@pytest.fixture
def begun_behind(store: Store) -> Callable[[Callable[[], object]], None]:
    """Begins a write behind that goes on when its thread is probably waiting for it."""

    def begin(step: Callable[[], object]) -> None:
        go_on = threading.Event()
        store.write_behind(lambda: (go_on.wait(60), step()))
        threading.Timer(0.2, go_on.set).start()

    return begin
