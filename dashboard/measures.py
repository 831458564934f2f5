"""What the dashboard's process reports about itself: how long pages take, which reads fail, what people did."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from core.clock import Clock
from core.telemetry import M, Telemetry

_DRAWING: ContextVar[bool] = ContextVar("drawing", default=False)


@functools.cache
def telemetry() -> Telemetry:
    """Return the metrics of this process: one set for all viewers, which clearing Streamlit's caches does not reach."""
    return Telemetry()


@contextmanager
def drawing(page: str, clock: Clock) -> Iterator[None]:
    """Measure how long a page takes to draw. A part that redraws itself is measured on its own, and not again within its page."""
    if _DRAWING.get():
        yield
        return
    token, started = _DRAWING.set(True), clock.monotonic()
    try:
        yield
    finally:
        _DRAWING.reset(token)
        telemetry().observe(M.PAGE_SECONDS, clock.monotonic() - started, page=page)
