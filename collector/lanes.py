"""The lane in which a signal travels: that of its source, raised to the lanes of the flows it belongs to.

A signal travels in the lane of its source. CloudEvents, webhook deliveries and events of pull receivers can be raised: if a milestone
matches their type by its full name (`event: crm.order.captured`; a prefix such as `crm.*` does not count), they travel in the highest of
their source's lane and the lanes of all flows with such a milestone. The order is critical, standard, bulk. A flow without `lane` has no
influence, and no flow lowers a lane. OTLP requests use only the lane of their source, because one request holds signals of many flows. A
changed catalog applies to signals received after it was loaded.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from core.catalog.catalog import Catalog
from core.signal import Lane, Record, SignalKind

_RISING = (Lane.BULK, Lane.STANDARD, Lane.CRITICAL)


class _Type(msgspec.Struct):
    type: str


_TYPE_OF = msgspec.json.Decoder(_Type)


class FlowLanes:
    """The lanes of event types, built from a catalog. Immutable: a reload builds a new one."""

    def __init__(self, catalog: Catalog) -> None:
        self._lanes: dict[str, Lane] = {}
        for flow in catalog.flows.values():
            if flow.lane is None:
                continue
            for milestone in flow.milestones.values():
                events = milestone.match.event or []
                for name in [events] if isinstance(events, str) else events:
                    if not name.endswith("*"):
                        self._lanes[name] = highest(flow.lane, self._lanes.get(name, flow.lane))

    def raised(self, record: Record) -> Record:
        """Return the record in the lane that its event's type requires; anything that is not an event stays in its own."""
        if not self._lanes or record.kind is not SignalKind.EVENT:
            return record
        try:
            lane = self._lanes.get(_TYPE_OF.decode(record.body).type)
        except msgspec.MsgspecError:  # it is up to the store whether a receiver's input is an event
            return record
        return record if lane is None else replace(record, lane=highest(record.lane, lane))


def highest(*lanes: Lane) -> Lane:
    """Return the most urgent of several lanes."""
    return max(lanes, key=_RISING.index)
