"""Writes one slice of the journal.

A record that the store rejects is written as protobuf's own reader has it, or else quarantined alone.
"""

from __future__ import annotations

import bisect
import itertools
import json
import os
from collections.abc import Sequence
from functools import partial
from hashlib import blake2b
from typing import Any

from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError
from google.protobuf.message import DecodeError
from msgspec.structs import replace
from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
from opentelemetry.proto.metrics.v1.metrics_pb2 import MetricsData
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from core.signal import Record, SignalKind
from store.client import Store
from store.loading.decoder import Rows, decode
from store.loading.event_decoder import decode_events
from store.loading.framing import LANDINGS, WRITE_SETTINGS, frame, insert_settings

# Codes that mean the input itself cannot be read. For any other failure the store is to blame, unless some record of the slice does go in.
INPUT_CODES = frozenset({6, 26, 27, 28, 38, 41, 69, 72, 117, 128, 131, 407, 444, 521, 524, 568, 636, 675})
# Never the fault of the input: memory, disk, network, time-outs, too many parts, missing tables, read-only.
STORE_CODES = frozenset({60, 81, 159, 164, 209, 210, 236, 241, 242, 243, 252, 279, 319, 425, 439})


SHARES = max(1, min(4, os.cpu_count() or 1))
"""The number of parts into which a large slice is divided and which are decoded in parallel; each has a number of its own."""
SHARE_MIN_BYTES = 1 << 20
DECODED_MAX = {SignalKind.TRACES: 500, SignalKind.LOGS: 500, SignalKind.METRICS: 4_000, SignalKind.EVENT: 200}
"""The most signals of a kind in a slice that are decoded here and not by the store's views (docs/adr/020)."""
_MESSAGES: dict[SignalKind, Any] = {SignalKind.TRACES: TracesData, SignalKind.LOGS: LogsData, SignalKind.METRICS: MetricsData}
"""The OTLP kinds, and the protobuf message of each one's request."""


def _code(error: ClickHouseError) -> int:
    text = str(error)
    _, _, rest = text.partition("Code: ")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    return int(digits) if digits else 0


def _is_store_failure(error: ClickHouseError) -> bool:
    """A failure without a code never reached ClickHouse: the connection is at fault, not the input."""
    return _code(error) in STORE_CODES or _code(error) == 0


class SliceWriter:
    """Inserts records of all kinds under the numbers of one slice: ``slice_`` and, for further shares of OTLP, those after it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def write(self, records: Sequence[Record], slice_: int) -> list[Record]:
        """Insert the records and return those that were refused and quarantined. Raises ``ClickHouseError`` if the store fails."""
        self._store.flush()
        refused: list[Record] = []
        for kind in SignalKind:
            if chosen := [record for record in records if record.kind is kind]:
                shares = _shares(chosen) if kind in _MESSAGES else [chosen]
                writes = [partial(self._write_share, kind, share, slice_ + number) for number, share in enumerate(shares)]
                refused += itertools.chain.from_iterable(self._store.side_by_side(*writes))
        return refused

    def _write_share(self, kind: SignalKind, records: Sequence[Record], slice_: int) -> list[Record]:
        # Backwards: of rows of one number that share a key, the store keeps the one that comes last, and the first is to be kept.
        return self._write_kind(kind, records[::-1], slice_)

    def _write_kind(self, kind: SignalKind, records: Sequence[Record], slice_: int) -> list[Record]:
        try:
            self._insert(kind, records, slice_)
        except DatabaseError as error:
            if _is_store_failure(error) or kind is SignalKind.QUARANTINE:
                raise
            plain = [without_unknown_fields(record) for record in records]
            culprits = self._bisect(kind, plain, slice_, error) if plain == list(records) else self._try(kind, plain, slice_)
            if len(culprits) == len(records) and any(_code(one) not in INPUT_CODES for _, one in culprits):
                raise  # every record fails in the same way: it is the store that is broken
            sent = dict(zip(map(id, plain), records, strict=True))
            self._quarantine([(sent[id(record)], failure) for record, failure in culprits], slice_)
            return [sent[id(record)] for record, _ in culprits]
        return []

    def _try(self, kind: SignalKind, records: Sequence[Record], slice_: int) -> list[tuple[Record, ClickHouseError]]:
        """Insert the records and return those that are refused. Raises ``ClickHouseError`` if the store fails."""
        try:
            self._insert(kind, records, slice_)
        except DatabaseError as error:
            if _is_store_failure(error):
                raise
            return self._bisect(kind, records, slice_, error)
        return []

    def _bisect(
        self, kind: SignalKind, records: Sequence[Record], slice_: int, error: ClickHouseError
    ) -> list[tuple[Record, ClickHouseError]]:
        if len(records) == 1:
            return [(records[0], error)]
        culprits: list[tuple[Record, ClickHouseError]] = []
        middle = len(records) // 2
        for half in (records[:middle], records[middle:]):
            culprits += self._try(kind, half, slice_)
        return culprits

    def _insert(self, kind: SignalKind, records: Sequence[Record], slice_: int) -> None:
        if rows := _decoded(kind, records, slice_):
            self._store.insert_raw(rows.table, rows.content, "RowBinary", WRITE_SETTINGS, rows.columns)
        else:
            self._store.insert_raw(LANDINGS[kind].table, frame(records, slice_), "Protobuf", insert_settings(kind))

    def _quarantine(self, culprits: Sequence[tuple[Record, ClickHouseError]], slice_: int) -> None:
        rows = [refused_as_quarantine(record, str(error)) for record, error in culprits]
        self._store.insert_raw(
            LANDINGS[SignalKind.QUARANTINE].table, frame(rows, slice_), "Protobuf", insert_settings(SignalKind.QUARANTINE)
        )


def _decoded(kind: SignalKind, records: Sequence[Record], slice_: int) -> Rows | None:
    """Return the rows of a few ordinary records; None: they are many, or the store has to say what it makes of them."""
    if kind not in DECODED_MAX or sum(record.count for record in records) > DECODED_MAX[kind]:
        return None
    try:
        if kind is SignalKind.EVENT:
            return decode_events(records, slice_)
        return None if any(map(has_unknown_fields, records)) else decode(kind, records, slice_)
    except (DecodeError, ValueError):
        return None


def has_unknown_fields(record: Record) -> bool:
    """Return whether an OTLP record has fields that protobuf's own reader does not know. Raises ``DecodeError`` if it is not readable."""
    message = _MESSAGES[record.kind].FromString(record.body)
    size = message.ByteSize()
    message.DiscardUnknownFields()
    return bool(message.ByteSize() != size)


def without_unknown_fields(record: Record) -> Record:
    """Return an OTLP record as protobuf's own reader has it.

    A field whose wire type does not fit its number is unknown to that reader, and so to the collector. ClickHouse refuses the whole
    message.
    """
    if record.kind not in _MESSAGES:
        return record
    try:
        message = _MESSAGES[record.kind].FromString(record.body)
    except DecodeError:
        return record
    message.DiscardUnknownFields()
    body = message.SerializeToString()
    return replace(record, body=body) if body != record.body else record


def _shares(records: Sequence[Record]) -> list[Sequence[Record]]:
    """Divide records, in order, into at most :data:`SHARES` parts of about equal size, none of them small."""
    ends = list(itertools.accumulate(len(record.body) for record in records))
    count = max(1, min(SHARES, ends[-1] // SHARE_MIN_BYTES))
    cuts = [0, *(bisect.bisect_left(ends, ends[-1] * number // count) + 1 for number in range(1, count)), len(records)]
    return [records[start:end] for start, end in itertools.pairwise(cuts) if start < end]


def refused_as_quarantine(record: Record, message: str) -> Record:
    """Return the quarantine record for an acknowledged record that the store refused."""
    detail = {
        "reason": "store_refused",
        "message": message.split("\n", 1)[0][:1000],
        "kind": record.kind.value,
        "content_type": "application/cloudevents+json" if record.kind is SignalKind.EVENT else "application/x-protobuf",
        "quarantine_id": blake2b(record.body, digest_size=16, key=record.source.encode()[:64]).hexdigest(),
        "count": record.count,
    }
    return Record(SignalKind.QUARANTINE, record.source, record.lane, record.received_at, 1, record.body, json.dumps(detail))
