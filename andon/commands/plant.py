"""``andon plant``: the simulated manufacturer alone, sending to a running collector."""

from __future__ import annotations

import threading
from typing import Annotated

import typer

from andon.options import with_settings
from core.config import Settings, make_folder


@with_settings("host", "http_port", "tls_certificate", "clock_speed", "clock_anchor")
def command(
    *,
    seed: Annotated[int, typer.Option(help="decides everything that happens")] = 7,
    rate: Annotated[float, typer.Option(min=1, help="transactions an hour of simulated time")] = 120,
    history_hours: Annotated[float, typer.Option(min=0, help="simulated hours played before going live")] = 168,
    fault: Annotated[list[str] | None, typer.Option(help="only these faults (name, repeatable; 'none' for a healthy plant)")] = None,
    desk_port: Annotated[int | None, typer.Option(help="port of the simulated operations desk that takes the messages")] = None,
    settings: Settings,
) -> None:
    """Run the simulated plant against a running collector."""
    from andon.client.collector import collector_trust, collector_url
    from andon.process import set_on_stop_signal
    from andon.simulated_time import clock_of
    from core.telemetry import configure_logging
    from plant.faults import default_faults
    from plant.run import run
    from plant.settings import HISTORY_PLAYED, PlantSettings

    configure_logging()
    stop = threading.Event()
    set_on_stop_signal(stop)
    known = default_faults()
    if unknown := set(fault or ()) - {item.name for item in known} - {"none"}:
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}; the faults are: {', '.join(sorted({item.name for item in known}))}")
    chosen = known if fault is None else tuple(item for item in known if item.name in fault)
    make_folder(settings.data)
    plant = PlantSettings(
        endpoint=collector_url(settings),
        trust=collector_trust(settings),
        seed=seed,
        rate=rate,
        history_hours=history_hours,
        faults=chosen,
        state=settings.data / "plant.json",
        played=settings.data / HISTORY_PLAYED,
        desk_port=desk_port,
    )
    run(plant, clock_of(settings.clock_speed, settings.clock_anchor), stop)
