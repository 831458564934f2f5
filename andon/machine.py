"""Runs all process kinds on this machine: what ``andon up`` and ``andon demo`` share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from rich.console import Console

from andon.catalog_news import CatalogNews
from andon.client.collector import collector_trust, collector_url
from andon.starting import Starting
from andon.supervisor import Child, Supervisor
from core.config import Settings, as_environment, make_folder, reachable


def processes(settings: Settings, environment: Mapping[str, str]) -> list[Child]:
    """Return collector, engine and dashboard as children that take their settings from the environment.

    Raises :class:`core.errors.UsageError` for a certificate that cannot be used.
    """
    base = [sys.executable, "-m", "andon"]
    trust = collector_trust(settings)
    return [
        Child("collector", [*base, "collect"], f"{collector_url(settings)}/readyz", trust=trust, environment=environment),
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
    """Start everything with a progress display, print the summary, supervise until Ctrl-C, stop in order.

    The others start once the front door is open, and ``senders`` (the simulated plant) with them; it stays open whatever becomes of them.
    Raises :class:`core.errors.AndonError` where the front door does not open.
    """
    console = Console(highlight=False)
    make_folder(settings.data)
    supervisor = Supervisor(settings.data / "log", lambda text: console.print(text, markup=False, soft_wrap=True))
    supervisor.stop_on_signals()
    starting = Starting(console, summary)
    try:
        front_door, *others = processes(settings, as_environment(settings))
        judges = [supervisor.log_of(name) for name in ("collector", "engine")]
        news = CatalogNews(judges, lambda text: console.print(text, markup=False, soft_wrap=True))

        def start(*children: Child) -> None:
            for child in children:
                starting.began(child.name)
                supervisor.start(child)

        def look() -> None:
            starting.look(supervisor.unready(), complete=True)
            news.look()
            with suppress(OSError):  # a disk that takes nothing ends nothing
                each_second()

        start(front_door)
        supervisor.wait_answering(lambda unready: starting.look(unready, complete=False))
        if not supervisor.stopping:
            start(*senders, *others)
            supervisor.watch(look)
    finally:
        starting.end()
        console.print("\nstopping …")
        supervisor.stop()
        console.print("stopped; what was acknowledged is kept in " + str(settings.data))
