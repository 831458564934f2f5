"""A row as an event, whose ``data`` is the row."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

import msgspec

from collector.cloud_events import ATTRIBUTE_MAX_CHARACTERS, STRUCTURED
from collector.json_guard import check_json
from collector.polling.change_order import ChangeOrder
from collector.polling.row_json import PLAIN, json_value
from collector.receiver import ReceiverContext
from collector.rejection import Rejection
from core.signal import Record, SignalKind

_LOG = logging.getLogger("andon.collector.sql_table")
_ENCODER = msgspec.json.Encoder()
_NESTED = {dict, list}


class RowData(NamedTuple):
    """A row as JSON; ``key``: what it is about; ``flat``: nothing in it can be beyond what an event may hold."""

    key: str
    json: bytes
    flat: bool


class RowEvents:
    """Makes the events of one pass over a table."""

    def __init__(self, context: ReceiverContext, order: ChangeOrder) -> None:
        self._context = context
        self._order = order
        self._settings = settings = order.settings
        named = {
            "specversion": "1.0",
            "source": settings.event_source.replace("{table}", settings.label),
            "type": settings.event_type.replace("{table}", settings.label),
            "datacontenttype": "application/json",
        }
        self._head = _ENCODER.encode(named)[:-1] + b',"id":"'
        self._label = _ENCODER.encode(settings.label)
        self._timeless = False

    def data_of(self, rows: Sequence[Mapping[str, Any]]) -> list[RowData]:
        """Return rows that have the same columns as JSON."""
        if not rows:
            return []
        names, zoned, flat = tuple(rows[0]), self._order.zoned, True
        columns: list[Sequence[Any]] = list(zip(*(row.values() for row in rows), strict=True))
        for at, values in enumerate(columns):
            if not PLAIN.issuperset(map(type, values)):
                columns[at] = found = [value if type(value) in PLAIN else json_value(value, zoned) for value in values]
                flat = flat and _NESTED.isdisjoint(map(type, found))
        return [self._row_data(dict(zip(names, values, strict=True)), flat=flat) for values in zip(*columns, strict=True)]

    def _row_data(self, data: dict[str, Any], *, flat: bool) -> RowData:
        key = "/".join(str(data[name]) for name in self._settings.keys)
        try:
            text = _ENCODER.encode(data)
        except (UnicodeEncodeError, OverflowError):  # a text that UTF-8 cannot express, a number of more than 64 bits
            return RowData(key, json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"), flat=False)
        return RowData(key, text, flat and b"\\u0000" not in text)

    def identity(self, data: RowData) -> bytes:
        """Return what a row is known by: a row read again is the same event, a row changed again is another one."""
        return hashlib.sha256(self._label + data.json).digest()[:20]

    def record(self, identity: bytes, row: Mapping[str, Any], data: RowData, received_at: int) -> Record:
        """Return the record of a row that was read at ``received_at``, in milliseconds UTC.

        In quarantine if its values are beyond what an event may hold.
        """
        subject = data.key.encode("utf-8", "replace").decode().replace("\0", "\ufffd")[:ATTRIBUTE_MAX_CHARACTERS]
        moment = self.moment(row)
        when = b"" if moment is None else b',"time":"%b"' % _rfc3339(moment).encode()
        head = b'%b%b","subject":%b%b,"data":' % (self._head, identity.hex().encode(), _ENCODER.encode(subject), when)
        try:
            return self._context.event(b"%b%b}" % (head, data.json if data.flat else check_json(data.json)), received_at)
        except Rejection as rejection:
            kind, peer = SignalKind.EVENT.value, f"sql:{self._settings.label}"
            return self._context.quarantined(rejection.error, b"%b%b}" % (head, data.json), kind=kind, content_type=STRUCTURED, peer=peer)

    def moment(self, row: Mapping[str, Any]) -> datetime | None:
        """Return when a row happened; None if it does not say, so that the time of loading counts."""
        if self._settings.time is None:
            value = row[self._settings.change]
            found = self._order.moment(value)
            if isinstance(value, str) and isinstance(found, date) and not isinstance(found, datetime):
                found = datetime.combine(found, time())
            return self._order.zoned(found) if isinstance(found, datetime) else None
        try:
            return self._settings.time.of(row, self._order.zoned)
        except (ValueError, OverflowError) as error:
            if not self._timeless:
                fields = {"source": self._context.source.source, "table": self._settings.label, "why": str(error)}
                _LOG.warning("a row says no time that can be read, it counts from the time it was loaded", extra={"fields": fields})
            self._timeless = True
            return None


def _rfc3339(moment: datetime) -> str:
    """Return a time as CloudEvents write it: without the seconds that offsets had before there were time zones."""
    text = moment.isoformat()
    return text if text[-3] == ":" and text[-6] in "+-" else moment.astimezone(UTC).isoformat()
