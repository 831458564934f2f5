"""What must not run already when a process starts: asked before anything is read or started, and without waiting for anybody."""

from __future__ import annotations

from andon.listening import require_free_ports
from core.config import Settings
from journal.writer import require_place


def require_alone(settings: Settings, kinds: tuple[str, ...]) -> None:
    """Raise :class:`core.errors.UsageError` that names who listens on a port, writes the journal, or has the store of these process kinds."""
    require_free_ports(settings, kinds)
    if "collector" in kinds:
        require_place(settings.journal, settings.collector)
    if "engine" in kinds and settings.store == "embedded":
        from store.client import store_alone  # the client of ClickHouse: seconds that a collector need not spend

        with store_alone(settings):
            pass
