"""A change of PostgreSQL as an event, whose ``data`` has the row."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

import msgspec
import psycopg
from psycopg.adapt import Transformer

from collector.cloud_events import ATTRIBUTE_MAX_CHARACTERS, STRUCTURED, make_event, parse_structured
from collector.polling.cdc_settings import CdcSettings
from collector.polling.pgoutput import UNCHANGED, Change, Relation, Values
from collector.polling.postgres_values import hold_every_value
from collector.polling.row_json import json_value, with_zone
from collector.receiver import ReceiverContext
from collector.rejection import Rejection
from core.signal import Record, SignalKind


class ChangeEvents:
    """Makes the events of one connection; its settings say how values are written."""

    def __init__(self, context: ReceiverContext, settings: CdcSettings, connection: psycopg.Connection[Any]) -> None:
        self._context = context
        self._settings = settings
        self._zoned = partial(with_zone, name=settings.time_zone)
        hold_every_value(connection)
        self._transformer = Transformer(connection)

    def record(self, change: Change) -> Record:
        """Return the record of a change; in quarantine if its values are beyond what an event may hold.

        Raises :class:`collector.polling.paused.PausedError` for a time without a zone if the settings name none.
        """
        relation, data = change.relation, self._data(change)
        body = msgspec.json.encode(data)
        place = f"{change.lsn:X}/{change.number}"
        names = (relation.schema, relation.table, change.operation)
        attributes = {
            "id": hashlib.sha256(place.encode() + b"\0" + body).hexdigest()[:40],
            "source": self._settings.filled(self._settings.event_source, *names),
            "type": self._settings.filled(self._settings.event_type, *names),
            "time": change.committed.isoformat(),
            "datacontenttype": "application/json",
        }
        known = data.get("row", {})
        if not relation.whole and (
            keys := [name for name, key in zip(relation.columns, relation.keys, strict=True) if key and name in known]
        ):
            attributes["subject"] = "/".join(str(known[name]) for name in keys)[:ATTRIBUTE_MAX_CHARACTERS]
        event = make_event(attributes, body)
        try:
            return self._context.event(parse_structured(event))
        except Rejection as rejection:
            peer = f"postgresql:{relation.schema}.{relation.table}"
            return self._context.quarantined(rejection.error, event, kind=SignalKind.EVENT.value, content_type=STRUCTURED, peer=peer)

    def _data(self, change: Change) -> dict[str, Any]:
        """Return the row as it is now, or was last; how it was before, as far as the log says; and the columns that are not in the log."""
        relation, old = change.relation, change.old
        before = None if old is None else self._row(relation, old, keys_alone=not relation.whole)
        if change.new is None:
            return {"row": before} if before is not None else {}
        row = self._row(relation, change.new)
        missing = [name for name, value in zip(relation.columns, change.new, strict=True) if value is UNCHANGED]
        if before is not None:
            row |= {name: before[name] for name in missing if name in before}
        without = [name for name in missing if name not in row]
        return {"row": row} | ({"old": before} if before is not None else {}) | ({"unchanged": without} if without else {})

    def _row(self, relation: Relation, values: Values, *, keys_alone: bool = False) -> dict[str, Any]:
        told = [
            (name, oid, value)
            for name, oid, key, value in zip(relation.columns, relation.oids, relation.keys, values, strict=True)
            if value is not UNCHANGED and (key or not keys_alone)
        ]
        return {name: json_value(self._loaded(oid, value), self._zoned) for name, oid, value in told}

    def _loaded(self, oid: int, value: Any) -> Any:
        """Return a value as the driver types it, as ``sql_table`` has it; the text that it is if Python has no such value."""
        if value is None:
            return None
        try:
            return self._transformer.get_loader(oid, psycopg.pq.Format.TEXT).load(value)
        except ValueError:  # a text that is not in the encoding of its database
            return value.decode("utf-8", "replace")
