"""Tells a person which processes are ready, and what the others lack, for as long as that takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rich.console import Console

from core.clock import SystemClock

TELL_SECONDS = 10.0
"""Between two lines about what is not ready, where there is no terminal that shows it in place."""


class Starting:
    """Shows on a console what is starting; ``summary`` comes once, when all is ready for the first time."""

    def __init__(self, console: Console, summary: Callable[[Console], None]) -> None:
        self._console = console
        self._summary: Callable[[Console], None] | None = summary
        self._clock = SystemClock()
        self._status = console.status("")
        self._started: set[str] = set()
        self._told: Mapping[str, str] = {}
        self._told_at = self._clock.monotonic()

    def began(self, name: str) -> None:
        """Say that a process was started."""
        self._started.add(name)
        if not self._console.is_terminal:  # no spinner there
            self._console.print(f"  starting {name} …")

    def look(self, unready: Mapping[str, str], *, complete: bool) -> None:
        """Show what is ready and what the rest lacks, by name; ``complete``: nothing is left to be started."""
        for name in sorted(self._started - unready.keys()):
            self._started.discard(name)
            self._console.print(f"  [green]✓[/green] {name}")
        self._started |= unready.keys()
        if not unready:
            self.end()
            if complete and self._summary is not None:
                self._summary(self._console)
                self._summary = None
            return
        if self._console.is_terminal:
            self._status.update(" · ".join(f"{name}: {why}" for name, why in unready.items()))
            self._status.start()
        elif unready != self._told and self._clock.monotonic() - self._told_at >= TELL_SECONDS:
            for name, why in unready.items():
                self._console.print(f"  {name} is not ready yet: {why}", markup=False, soft_wrap=True)
            self._told, self._told_at = dict(unready), self._clock.monotonic()

    def end(self) -> None:
        """Leave the terminal to others."""
        self._status.stop()
