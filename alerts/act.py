"""Act: what an action of a person changes."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from alerts.incidents import Incident
from alerts.notice import Silence


@dataclass(frozen=True)
class Act:
    """Rows of ``incidents``, ``silences`` and ``actions``."""

    incidents: tuple[Incident, ...] = ()
    silences: tuple[Silence, ...] = ()
    record: pd.DataFrame | None = None
