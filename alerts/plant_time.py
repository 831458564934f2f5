"""Times in messages: in the zone in which the plant works, because that is what its people's clocks show."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.catalog.catalog import Catalog
from core.local_time import local

_UTC = ZoneInfo("UTC")


def plant_time(catalog: Catalog, flow: str, sla: str, moment: datetime) -> str:
    """Return ``2026-03-27 16:05 Berlin``: in the zone of the SLA's calendar, or of the first in the flow that has one, or in UTC."""
    return local(round(moment.timestamp() * 1000), _zone(catalog, flow, sla))


def _zone(catalog: Catalog, flow_id: str, sla_id: str) -> ZoneInfo:
    flow = catalog.flows.get(flow_id)
    slas = flow.slas if flow else {}
    for sla in [slas[sla_id], *slas.values()] if sla_id in slas else slas.values():
        named = [sla.calendar] if isinstance(sla.calendar, str) else sla.calendar or []
        for calendar in named:
            if calendar in catalog.calendars:
                return _loaded(catalog.calendars[calendar].time_zone)
    return _UTC


@lru_cache(maxsize=1000)
def _loaded(name: str) -> ZoneInfo:
    return ZoneInfo(name)
