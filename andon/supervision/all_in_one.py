"""Runs all kinds of process on this machine: what ``andon up`` and ``andon demo`` share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from rich.console import Console

from andon.addresses import NOTED, note_addresses
from andon.client.collector import collector_trust, collector_url
from andon.supervision.catalog_log import CatalogLog
from andon.supervision.progress import StartupProgress
from andon.supervision.supervisor import Child, Supervisor
from core.config import Settings, as_environment, make_folder, reachable


def processes(settings: Settings, environment: Mapping[str, str]) -> list[Child]:
    """Return collector, engine and dashboard as children that take their settings from the environment.

    Raises :class:`core.errors.UsageError` for an unusable certificate.
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


def run_all_in_one(
    settings: Settings,
    senders: Sequence[Child],
    summary: Callable[[Console], None],
    each_second: Callable[[], None] = lambda: None,
) -> None:
    """Start everything with a progress display, print the summary, supervise until Ctrl-C, stop in order.

    ``senders`` (the simulated plant) start once the collector answers, and the others once these have sent what happened before: an engine
    that saw only a part of it would call the rest late. Afterwards none affects the collector if it ends. Raises
    :class:`core.errors.AndonError` if the collector or a sender ends instead.
    """
    console = Console(highlight=False)
    make_folder(settings.data)
    for kind in NOTED:
        note_addresses(settings, kind)
    supervisor = Supervisor(settings.data / "log", lambda text: console.print(text, markup=False, soft_wrap=True))
    supervisor.stop_on_signals()
    progress = StartupProgress(console, summary)
    try:
        collector, *others = processes(settings, as_environment(settings))
        logs = [supervisor.log_of(name) for name in ("collector", "engine")]
        catalog_log = CatalogLog(logs, lambda text: console.print(text, markup=False, soft_wrap=True))

        def start(*children: Child) -> None:
            for child in children:
                progress.started(child.name)
                supervisor.start(child)

        def look() -> None:
            progress.update(supervisor.unready(), complete=True)
            catalog_log.look()
            with suppress(OSError):  # a disk that accepts nothing ends nothing
                each_second()

        for first in ([collector], senders):
            if not supervisor.stopping:
                start(*first)
                supervisor.wait_answering(lambda unready: progress.update(unready, complete=False))
        if not supervisor.stopping:
            start(*others)
            supervisor.watch(look)
    finally:
        progress.end()
        console.print("\nstopping …")
        supervisor.stop()
        console.print("stopped; what was acknowledged is kept in " + str(settings.data))
