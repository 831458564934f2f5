"""Settings of the plant."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from plant.faults import Fault, default_faults

HISTORY_PLAYED = "history-played"
"""Name of the file, in the data folder, that is there once a plant has sent its history."""


@dataclass(frozen=True)
class PlantSettings:
    """How the plant runs.

    ``endpoint``: the collector's HTTP address; ``trust`` proves it if it speaks TLS. ``seed`` and ``start`` (aware; None: the clock's now)
    decide everything that happens. ``rate``: transactions per hour of simulated time, of all flows, once live. ``history_hours`` before the
    start are played first, with ``history_transactions`` in them. ``tokens``: API token by source id, if the collector requires them.
    ``state``: a file with start and progress, so that a restarted plant continues where it was. ``played``: a file that is there once the
    history has been sent. ``desk_port``: port of the operations desk that receives messages (None: no desk; 0: any free port).
    """

    endpoint: str
    seed: int = 7
    start: datetime | None = None
    rate: float = 120
    history_hours: float = 168
    history_transactions: int = 2000
    faults: tuple[Fault, ...] = field(default_factory=default_faults)
    tokens: dict[str, str] = field(default_factory=dict)
    state: Path | None = None
    played: Path | None = None
    desk_port: int | None = None
    trust: ssl.SSLContext | None = None
