"""Bytes that somebody gives, as the records that the collector would make of them."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from andon.plugins import formats, receivers
from collector.cloud_events import BATCH, STRUCTURED
from collector.files.reader import message_of
from collector.files.settings import FileSettings
from collector.format import Reader
from collector.message import Message, MessageSettings, named_levels, records_of
from collector.otlp.json import convert
from collector.otlp.requests import REQUESTS
from collector.plugin_settings import PluginSettings
from collector.quarantine import Provenance, quarantine_record
from collector.receiver import Previewing, ReceiverContext
from collector.receiver_settings import parse_settings
from collector.redaction.redactions import Redactions
from collector.rejection import Rejection
from core.catalog.catalog import Catalog
from core.catalog.source import Source
from core.clock import Clock, to_milliseconds
from core.errors import UsageError
from core.signal import Receipt, Record, SignalKind
from core.telemetry import Telemetry

_OTLP = {"resourceSpans": SignalKind.TRACES, "resourceLogs": SignalKind.LOGS}


class _Nowhere:
    """An intake that nothing reaches: records are made, not handed over."""

    async def accept(self, records: Any) -> list[Receipt]:
        raise AssertionError(f"a preview makes records and hands none over: {records}")


@dataclass(frozen=True)
class Given:
    """Reads what is given for one source.

    ``name``: of the file that it was in. ``headers`` and ``place``: what a broker would say beside the body, such as the topic.
    """

    source: Source
    clock: Clock
    name: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    place: Mapping[str, str] = field(default_factory=dict)

    def records(self, body: bytes) -> list[Record]:
        """Return the records of a body: CloudEvents and OTLP in JSON as what they are, anything else as its receiver reads it.

        What the source redacts is. Raises :class:`core.errors.Full` if the key for it cannot be read, and :class:`core.errors.UsageError`
        if the source's messages have no such place.
        """
        return Redactions(Catalog(version="", sources={self.source.source: self.source}), Telemetry()).redacted(self._made(body))[0]

    def _made(self, body: bytes) -> list[Record]:
        said = _json(body)
        if isinstance(said, dict) and (kind := next((kind for name, kind in _OTLP.items() if name in said), None)) is not None:
            return [self._otlp(kind, body)]
        receiver = receivers().get(str((self.source.receiver or {}).get("type")))
        if isinstance(receiver, Previewing) and not _is_event(said):
            return receiver.records_given(self._context(), body)
        content_type = STRUCTURED if _is_event(said) else BATCH if isinstance(said, list) and any(map(_is_event, said)) else ""
        reader = None
        if self.source.format and self.source.format["type"] in formats():
            reader = formats()[self.source.format["type"]].reader(self.source.format)
        known = _settings_of(str((self.source.receiver or {}).get("type", "")))
        if known is not None and issubclass(known, FileSettings) and not content_type:
            return self._file(body, parse_settings(known, self.source.receiver or {}), self._context(reader))
        settings, place = self._settings(known)
        own_type = str(said["type"]) if self.source.webhook and isinstance(said, dict) and "type" in said else ""
        levels = named_levels(place.get("topic", ""), (self.source.receiver or {}).get("levels", ()))
        given_type = next((value for name, value in self.headers.items() if name.lower() == "content-type"), "")
        message = Message(body, place, self.headers, content_type=content_type or given_type, type=own_type, extensions=levels)
        return list(records_of([message], self._context(reader), settings))

    def _file(self, body: bytes, settings: FileSettings, context: ReceiverContext) -> list[Record]:
        if set(self.place) - {"path"} or self.headers:
            raise UsageError(
                f"{self.source.whose} reads files, which have no headers; give --place path=PATH alone, the path below its folder"
            )
        folder, name = Path(settings.path), Path(self.name)
        below = name.absolute().relative_to(folder) if name.absolute().is_relative_to(folder) else Path(name.name)
        return list(records_of([message_of(self.place.get("path", str(below)), body, context, settings)], context, settings))

    def _context(self, reader: Reader | None = None) -> ReceiverContext:
        return ReceiverContext(self.source, _Nowhere(), self.clock, Telemetry(), Path(), reader)

    def _otlp(self, kind: SignalKind, body: bytes) -> Record:
        now = to_milliseconds(self.clock.now())
        try:
            request = convert(kind, body)
        except Rejection as rejection:
            provenance = Provenance(self.source.source, self.source.lane, kind.value, "application/json")
            return quarantine_record(rejection.error, body, provenance, now)[1]
        count = _count(kind, REQUESTS[kind].FromString(request))
        return Record(kind, self.source.source, self.source.lane, now, count, request)

    def _settings(self, known: type[PluginSettings] | None) -> tuple[MessageSettings, dict[str, str]]:
        """Return the templates of the source's events, and what they may name: a queue or a table, as its receiver says it."""
        given = self.source.receiver or {}
        defaults = {name: field.default for name, field in known.model_fields.items() if isinstance(field.default, str)} if known else {}
        webhook = self.source.webhook.type if self.source.webhook else "{type}"
        named = {**defaults, **{name: value for name, value in given.items() if isinstance(value, str) and name != "url"}}
        settings = MessageSettings.model_construct(
            type=str(given.get("type", "given")),
            url="",
            event_type=str(named.pop("event_type", webhook)),
            event_source=str(named.pop("event_source", f"/{self.source.source}")),
        )
        first = {name.removesuffix("s"): str(each[0]) for name, each in given.items() if isinstance(each, list) and each}  # of topics
        asked = re.findall(r"\{([a-z_]+)\}", f"{settings.event_type}{settings.event_source}")
        wanted = dict.fromkeys((*getattr(known, "places", ()), *(name for name in asked if name != "type"), "table"))
        if unknown := [name for name in self.place if name not in wanted]:
            places = f"only {', '.join(places)}" if (places := [name for name in wanted if name != "table"]) else "none"
            raise UsageError(f"{self.source.whose} has no place '{unknown[0]}' ({places}); leave out --place {unknown[0]}=…")
        found = first | named | dict(self.place)
        return settings, {name: found[name] for name in wanted if name in found}


def _settings_of(receiver: str) -> type[PluginSettings] | None:
    """Return the model of a receiver's settings; None if it is not installed here."""
    found = receivers().get(receiver)
    module = inspect.getmodule(type(found)) if found else None
    classes = [one for one in vars(module).values() if inspect.isclass(one) and issubclass(one, PluginSettings)] if module else []
    named = [one for one in classes if "event_type" in one.model_fields]
    # the special one: what several receivers share is beside it in its module
    return max((one for one in named if one is not MessageSettings), key=lambda one: len(one.__mro__), default=None)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _is_event(said: Any) -> bool:
    return isinstance(said, dict) and "specversion" in said


def _count(kind: SignalKind, request: Any) -> int:
    if kind is SignalKind.TRACES:
        return sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans)
    return sum(len(scope.log_records) for resource in request.resource_logs for scope in resource.scope_logs)
