"""The contract of a page.

A page is one file in ``pages/`` that exports ``PAGE``. It reads through ``context.data`` alone, changes nothing but through
``context.data.act`` and escapes what it shows (``markupsafe.Markup.format`` for HTML, ``components.words.plain`` for Markdown). It is called
for every view and every click, must answer within a second on a full store and keeps nothing between calls but what is in
its address (``st.query_params``), so that every view is a link that can be sent. A reading that fails raises
:class:`dashboard.data.Unreachable`, which the frame around all pages turns into words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from core.catalog.catalog import Catalog
from core.clock import Clock
from dashboard.components.time_format import Zone
from dashboard.data import Data


@dataclass(frozen=True)
class Context:
    """What a page is given. ``catalog`` is the one the engine goes by, empty when that is not known.

    ``wall``: shown on a wall, nobody clicks. ``speed``: simulated seconds per real second. ``refused``: why the engine refused the catalog
    on disk, '' where it did not. ``image_hosts``: whose images a runbook may show.
    """

    data: Data
    catalog: Catalog
    clock: Clock
    zone: Zone
    wall: bool = False
    speed: float = 1.0
    refused: str = ""
    image_hosts: tuple[str, ...] = ()

    @property
    def now(self) -> datetime:
        """The time, aware, UTC; simulated where the engine's is."""
        return self.clock.now()

    @property
    def simulated(self) -> bool:
        """Whether times are those of a simulated clock, as in a demo."""
        return self.speed != 1.0

    @property
    def minute(self) -> datetime:
        """The minute the time is in: what readings ask with, so that their answers can be shared."""
        return self.now.replace(second=0, microsecond=0)


@runtime_checkable
class Page(Protocol):
    """One file in ``pages/``. ``icon`` is a Material symbol (``:material/…:``); ``order`` places it in the navigation."""

    name: str
    title: str
    icon: str
    order: int
    url_path: str

    def render(self, context: Context) -> None:
        """Draw the page."""
        ...
