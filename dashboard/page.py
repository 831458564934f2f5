"""The contract of a page.

A page is one file in ``pages/`` that exports ``PAGE``. It reads only through ``context.data``, changes nothing except through
``context.data.act`` and escapes what it shows (``markupsafe.Markup.format`` for HTML, ``components.words.plain`` for Markdown). It is
called for every view and every click, must answer within a second on a full store, and keeps nothing between calls except what is in its
address (``st.query_params``), so that every view is a link that can be sent. A read that fails raises :class:`dashboard.data.Unreachable`,
which the frame around the page turns into a notice.
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
    """What a page receives. ``catalog`` is the one in force, empty if it is not known.

    ``wall``: shown on a wall screen, where nobody clicks. ``speed``: simulated seconds per real second. ``refused``: why the engine
    rejected the catalog on disk, '' if it did not. ``image_hosts``: hosts whose images a runbook may show. ``http_port``: where the
    collector takes events.
    """

    data: Data
    catalog: Catalog
    clock: Clock
    zone: Zone
    wall: bool = False
    speed: float = 1.0
    refused: str = ""
    image_hosts: tuple[str, ...] = ()
    http_port: int = 4318

    @property
    def now(self) -> datetime:
        """The time, aware, UTC; simulated if the engine's time is."""
        return self.clock.now()

    @property
    def simulated(self) -> bool:
        """Whether times come from a simulated clock, as in a demo."""
        return self.speed != 1.0

    @property
    def minute(self) -> datetime:
        """The start of the current minute: reads ask with it so that their answers can be shared."""
        return self.now.replace(second=0, microsecond=0)


@runtime_checkable
class Page(Protocol):
    """One file in ``pages/``. ``icon`` is a Material symbol (``:material/…:``); ``order`` is its position in the navigation."""

    name: str
    title: str
    icon: str
    order: int
    url_path: str

    def render(self, context: Context) -> None:
        """Draw the page."""
        ...
