"""What the dashboard's process says about itself: how long pages take, which readings fail, what people did."""

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
    """Return the metrics of this process: one set for all viewers, out of reach of those who clear Streamlit's caches."""
    return Telemetry()


@contextmanager
def drawing(page: str, clock: Clock) -> Iterator[None]:
    """Measure how long a page is drawn. A part that redraws itself is measured alone, and within its page not a second time."""
    if _DRAWING.get():
        yield
        return
    token, started = _DRAWING.set(True), clock.monotonic()
    try:
        yield
    finally:
        _DRAWING.reset(token)
        telemetry().observe(M.PAGE_SECONDS, clock.monotonic() - started, page=page)
