"""What AppTest runs for one page: the frame around it and the page, as ``dashboard.app`` draws them, at a time that stands still."""

from __future__ import annotations

from datetime import datetime

from streamlit.testing.v1 import AppTest

from core.clock import FakeClock
from dashboard import app
from tests.waiting import slowness


def _script(page: str) -> None:
    import dashboard.app as frame
    import dashboard.pages
    from core.registry import discover
    from dashboard.components.time_format import Zone
    from dashboard.page import Page

    found = discover(dashboard.pages, "PAGE", Page)
    frame._view(found[page], False, Zone("Europe/Berlin"))()


def page_at(page: str, address: dict[str, str], timeout: float = 30) -> AppTest:
    """Return the page as the address names it, ready to run; ``timeout`` in the seconds of a quiet machine."""
    test = AppTest.from_function(_script, args=(page,), default_timeout=timeout * slowness())
    for name, value in address.items():
        test.query_params[name] = value
    return test


def stand_still(now: datetime) -> None:
    """Give every page of this process the same time."""
    clock = FakeClock(now)
    app._clock = lambda: clock  # type: ignore[assignment] # in place of the cached function
