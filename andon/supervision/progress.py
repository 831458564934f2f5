"""Shows on the terminal which processes are ready, and what the others lack, until all are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rich.console import Console

from core.clock import SystemClock

LINE_SECONDS = 10.0
"""Between two lines about what is not ready, if there is no terminal to show it in place."""


class StartupProgress:
    """What is starting, on a console; ``summary`` is printed once, when everything is ready for the first time."""

    def __init__(self, console: Console, summary: Callable[[Console], None]) -> None:
        self._console = console
        self._summary: Callable[[Console], None] | None = summary
        self._clock = SystemClock()
        self._status = console.status("")
        self._started: set[str] = set()
        self._printed: Mapping[str, str] = {}
        self._printed_at = self._clock.monotonic()

    def started(self, name: str) -> None:
        """Show that a process was started."""
        self._started.add(name)
        if not self._console.is_terminal:  # no spinner there
            self._console.print(f"  starting {name} …")

    def update(self, unready: Mapping[str, str], *, complete: bool) -> None:
        """Show what is ready and what the rest lacks, by name; ``complete``: every process has been started."""
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
        elif unready != self._printed and self._clock.monotonic() - self._printed_at >= LINE_SECONDS:
            for name, why in unready.items():
                self._console.print(f"  {name} is not ready yet: {why}", markup=False, soft_wrap=True)
            self._printed, self._printed_at = dict(unready), self._clock.monotonic()

    def end(self) -> None:
        """Stop showing anything."""
        self._status.stop()
