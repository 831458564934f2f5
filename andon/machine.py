"""Runs all process kinds on this machine: what ``andon up`` and ``andon demo`` share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console

from andon.catalog_news import CatalogNews
from andon.front_door import door_trust, door_url
from andon.supervisor import Child, Supervisor
from core.config import Settings, as_environment, make_folder, reachable


def processes(settings: Settings, environment: Mapping[str, str]) -> list[Child]:
    """Return collector, engine and dashboard as children that take their settings from the environment.

    Raises :class:`core.errors.UsageError` for a certificate that cannot be used.
    """
    base = [sys.executable, "-m", "andon"]
    door, trust = f"{door_url(settings)}/readyz", door_trust(settings)
    return [
        Child("collector", [*base, "collect"], door, trust=trust, environment=environment),
        Child("engine", [*base, "engine"], f"{settings.engine_url}/readyz", environment=environment),
        Child(
            "dashboard",
            [*base, "dashboard"],
            f"http://{reachable(settings.inner_host)}:{settings.dashboard_port}/_stcore/health",
            environment=environment,
        ),
    ]


def run_machine(
    settings: Settings,
    senders: Sequence[Child],
    summary: Callable[[Console], None],
    each_second: Callable[[], None] = lambda: None,
) -> None:
    """Start everything in order with a progress display, print the summary, supervise until Ctrl-C, stop in order.

    ``senders`` (the simulated plant) start once the front door is open; the engine then finds what they sent in the journal.
    """
    console = Console(highlight=False)
    make_folder(settings.data)
    supervisor = Supervisor(settings.data / "log", console.print)
    supervisor.stop_on_signals()
    try:
        front_door, *others = processes(settings, as_environment(settings))
        judges = [supervisor.log_of(name) for name in ("collector", "engine")]
        news = CatalogNews(judges, lambda text: console.print(text, markup=False, soft_wrap=True))
        for child in [front_door, *senders, *others]:
            if not console.is_terminal:  # no spinner there
                console.print(f"  starting {child.name} …")
            with console.status(f"starting {child.name} …"):
                supervisor.start(child)
            if supervisor.stopping:
                return
            console.print(f"  [green]✓[/green] {child.name}")
        summary(console)

        def look() -> None:
            news.look()
            each_second()

        supervisor.watch(look)
    finally:
        console.print("\nstopping …")
        supervisor.stop()
        console.print("stopped; what was acknowledged is kept in " + str(settings.data))
