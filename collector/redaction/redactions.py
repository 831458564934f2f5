"""The rules of all sources, applied to every record on its way into the journal, by whatever road it came."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

import msgspec
from google.protobuf.message import DecodeError
from msgspec.structs import replace

from collector.quarantine import MESSAGE, Provenance, quarantine_record
from collector.redaction.documents import parsed, redacted_event, written
from collector.redaction.otlp import redacted_request
from collector.redaction.quarantined import redacted_quarantine
from collector.redaction.rules import Rules
from collector.rejection import ValidationError
from core.catalog.catalog import Catalog
from core.errors import Full, UsageError
from core.secrets import resolve_secret
from core.signal import Record, SignalKind
from core.telemetry import M, Telemetry

AT_ONCE_BYTES = 16 << 10
"""More than this is redacted in a thread, so that other senders need not wait."""
RETRY_SECONDS = 10


class Redactions:
    """The rules of a catalog's sources. Immutable: a reload builds new ones, and so does :meth:`again`, for keys that were corrected."""

    def __init__(self, catalog: Catalog, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._rules: dict[str, Rules | str] = {}
        for name, source in catalog.sources.items():
            if source.redact is not None:
                try:
                    self._rules[name] = Rules(source.redact, resolve_secret(source.redact.key).encode())
                except UsageError as error:
                    self._rules[name] = str(error)

    async def applied(self, records: Sequence[Record]) -> Sequence[Record]:
        """Return records as they may be kept; those of a source without rules are the same, byte for byte.

        Raises :class:`core.errors.Full` while the key of one of their sources cannot be read: nothing is kept unredacted.
        """
        if not self._rules or not any(record.source in self._rules for record in records):
            return records
        if sum(len(record.body) for record in records) <= AT_ONCE_BYTES:
            made, counts = self.redacted(records)
        else:
            made, counts = await asyncio.to_thread(self.redacted, records)
        for (source, kind), count in counts.items():
            self._telemetry.add(M.REDACTED, count, source=source, kind=kind)
        return made

    def redacted(self, records: Sequence[Record]) -> tuple[list[Record], Counter[tuple[str, str]]]:
        """Return records as they may be kept, and by source and kind how much was redacted. Raises as :meth:`applied` does."""
        for record in records:
            if isinstance(rules := self._rules.get(record.source), str):
                raise Full(f"the key of what is redacted cannot be read: {rules}", RETRY_SECONDS)
        made: list[Record] = []
        counts: Counter[tuple[str, str]] = Counter()
        for record in records:
            rules = self._rules.get(record.source)
            if not isinstance(rules, Rules):
                made.append(record)
                continue
            rules = rules.anew()
            made.append(_redacted(record, rules))
            counts.update({(record.source, kind): count for kind, count in rules.counts.items()})
        return made, counts


def _redacted(record: Record, rules: Rules) -> Record:
    if record.kind is SignalKind.QUARANTINE:
        return redacted_quarantine(record, rules)
    try:
        if record.kind is SignalKind.EVENT:
            return replace(record, body=written(redacted_event(parsed(record.body), rules)))
        return replace(record, body=redacted_request(record.kind, record.body, rules))
    except (DecodeError, ValueError, RecursionError, AttributeError, TypeError, msgspec.MsgspecError) as error:
        what = ValidationError("unreadable", f"it cannot be redacted: {type(error).__name__}")
        provenance = Provenance(record.source, record.lane, MESSAGE, "application/octet-stream")
        kept = quarantine_record(what, b"\0", provenance, record.received_at, count=record.count)[1]
        return redacted_quarantine(kept, rules)
