"""HTTP APIs: polls one for new and changed records, in JSON or, by the source's format, in XML and others; OData and Salesforce by preset.

Every record becomes one event whose ``data`` is the record. What changed is asked for from ``overlap_seconds`` before the start of the last
complete poll, by the server's clock, because a change may become visible late; what was handed over is remembered for that long. The
event's id is a hash of key, change time and record: a record read again is the same event, a record changed again is another one.

On failure: the position is saved only once the journal has the records; a full journal holds the page. 429 and ``Retry-After`` are obeyed,
and the same page is asked for again. Whatever needs a person (an answer that is no JSON, a refusal, pages without end or on another server)
pauses the source with one log line until it is repaired. A record without its key or change time goes to quarantine.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import httpx
import msgspec

from collector.backoff import Backoff
from collector.brokers.reconnecting import without_password
from collector.cloud_events import make_event, parse_structured
from collector.json_guard import check_json
from collector.polling.cursor import Cursor
from collector.polling.http_address import server_of, with_query
from collector.polling.http_client import Answer, HttpClient, read
from collector.polling.http_pages import documents_of, next_address, records_at, value_at
from collector.polling.http_settings import PLACEHOLDER, HttpPollSettings
from collector.polling.paused import PausedError
from collector.quarantine import MESSAGE
from collector.receiver import ReceiverContext
from collector.receiver_settings import parse_settings
from collector.rejection import Rejection, ValidationError, unusable
from core.clock import EPOCH
from core.errors import AndonError, Full
from core.signal import Record, SignalKind
from core.time_text import read_time

_LOG = logging.getLogger("andon.collector.http_poll")
_MICROSECOND = timedelta(microseconds=1)
_ROUNDED = 2_000_000
"""Microseconds by which a server may read the times that we ask for more coarsely than we write them."""
_POLL_ERRORS = (AndonError, OSError, ValueError, httpx.InvalidURL, msgspec.MsgspecError)
"""What a poll raises: what the API or the source is to blame for, the cursor's file, and an address that is none."""


class HttpPollReceiver:
    """Polls one resource of an HTTP API per source."""

    name = "http_poll"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        parse_settings(HttpPollSettings, settings)

    async def run(self, context: ReceiverContext) -> None:
        """Poll until cancelled; try again for ever."""
        settings = parse_settings(HttpPollSettings, context.source.receiver or {})
        fields, backoff, told, unchanged = {"source": context.source.source}, Backoff(), "", _Unchanged()
        while True:
            try:
                async with HttpClient(settings, context.clock) as client:
                    while True:
                        await _Poll(context, settings, client, unchanged).all_pages()
                        context.tell_up(up=True)
                        if told:
                            _LOG.info("the API is read again", extra={"fields": fields})
                        told = ""
                        backoff.reset()
                        await asyncio.sleep(settings.poll_seconds)
            except _POLL_ERRORS as error:  # whatever it was, the next poll may work
                why = without_password(f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}")
                context.tell_up(up=False, why=why)
                if why != told:
                    _LOG.error("the API cannot be read, paused until it can", extra={"fields": {**fields, "why": why}})
                told = why
            await asyncio.sleep(backoff.next())


RECEIVER = HttpPollReceiver()


@dataclass
class _Unchanged:
    """The answer that was the whole of the last poll, by its address and what the API calls its version."""

    address: str = ""
    etag: str = ""


@dataclass(frozen=True)
class _Page:
    """Records for the journal; ``seen`` maps each event id to its change rank, ``newest`` is the highest rank; ``next``: an address."""

    records: list[Record]
    seen: dict[bytes, int]
    newest: int | None
    next: str | None
    count: int


class _Poll:
    """One pass over what is new, page by page."""

    def __init__(self, context: ReceiverContext, settings: HttpPollSettings, client: HttpClient, unchanged: _Unchanged) -> None:
        self._context = context
        self._settings = settings
        self._client = client
        self._unchanged = unchanged
        self._zone = ZoneInfo(settings.time_zone) if settings.time_zone else None
        self._url = read(settings.url)
        known = [
            *server_of(self._url),
            urlsplit(self._url).path,
            settings.path,
            settings.query,
            settings.keys,
            settings.change,
            settings.start,
        ]
        self._cursor = Cursor(context.state, json.dumps(known))
        self._began = (context.clock.now() - EPOCH) // _MICROSECOND
        low = (settings.starts - EPOCH) // _MICROSECOND
        if self._cursor.reached is not None:
            low = max(low, self._cursor.reached - round(settings.overlap_seconds * 1_000_000))
        self._low = low

    async def all_pages(self) -> None:
        """Read every page; what the journal has is remembered page by page, the position once all are read."""
        address: str | None = self._first_address()
        asked: set[str] = set()
        last, count = b"", 0
        while address is not None:
            if address in asked or len(asked) >= self._settings.pages_max:
                raise PausedError(f"the pages do not end (page {len(asked) + 1}); look at 'pages', or raise 'pages_max'")
            asked.add(address)
            answer = await self._answer(address, conditional=len(asked) == 1)
            if answer.status == httpx.codes.NOT_MODIFIED:
                return
            digest = hashlib.sha256(answer.body).digest()
            page = await asyncio.to_thread(self._page, address, answer, count, len(asked))
            if page.count and digest == last:
                raise PausedError("the API gives the same page again and again; look at 'pages'")
            last, count = digest, count + page.count
            if page.records:
                await self._context.accept(page.records)
            forget = self._low - _ROUNDED if self._settings.incremental else None
            await asyncio.to_thread(self._cursor.save, page.seen, page.newest, forget)
            if len(asked) == 1:
                one = page.next is None
                self._unchanged.address, self._unchanged.etag = (address, answer.headers.get("etag", "")) if one else ("", "")
            address = page.next
        if self._cursor.newest is not None:
            # What changes while the pages are read may be missing from them, whatever the newest of them says.
            reached = max(min(self._cursor.newest, self._began), self._cursor.reached or self._low)
            await asyncio.to_thread(self._cursor.finish, reached)

    async def _answer(self, address: str, *, conditional: bool) -> Answer:
        """Return a page, however often the API says to come back later."""
        headers = {"accept": "application/json" if self._context.reader is None else "*/*"}
        headers |= {name.lower(): read(value) for name, value in self._settings.headers.items()}
        if conditional and address == self._unchanged.address and self._unchanged.etag:
            headers["if-none-match"] = self._unchanged.etag
        while True:
            try:
                answer = await self._client.get(address, headers)
            except Full as full:
                self._context.tell_up(up=False, why=str(full))
                fields = {"source": self._context.source.source, "why": str(full), "wait_seconds": full.retry_after_seconds}
                _LOG.warning("the API wants to be left alone for a while", extra={"fields": fields})
                await asyncio.sleep(full.retry_after_seconds)
                continue
            if conditional and (began := _date(answer.headers)) is not None:
                self._began = began
            return answer

    def _first_address(self) -> str:
        since = EPOCH + timedelta(microseconds=self._low)
        local = since.astimezone(self._zone or UTC).replace(tzinfo=None)
        words = {
            "change": self._settings.change,
            "since": f"{since:%Y-%m-%dT%H:%M:%SZ}",
            "since_plain": f"{local:%Y-%m-%dT%H:%M:%S}",
            "since_seconds": str(self._low // 1_000_000),
            "since_milliseconds": str(self._low // 1000),
        }
        parts = urlsplit(self._url)
        path = parts.path.rstrip("/") + self._settings.path if self._settings.path else parts.path
        query = {name: PLACEHOLDER.sub(lambda found: words[found[1]], read(value)) for name, value in self._settings.query.items()}
        return with_query(parts._replace(path=path).geturl(), query)

    def _page(self, address: str, answer: Answer, before: int, number: int) -> _Page:
        first, ranked, count = None, [], 0
        for document in documents_of(answer.body, self._context.reader):
            if isinstance(document, tuple):
                ranked.append(self._kept(*document, MESSAGE))
                continue
            first = document if first is None else first
            for found in records_at(document, self._settings.records):
                count += 1
                ranked.append(self._record(bytes(found)))
        known = self._cursor.known([identity for _, identity, _ in ranked])
        records = [record for _, identity, record in ranked if identity not in known]
        seen = {identity: rank for rank, identity, _ in ranked if identity not in known}
        following = next_address(self._settings.pages, address, answer.headers, first, before + count if count else 0, number)
        newest = max((rank for rank, _, record in ranked if record.kind is SignalKind.EVENT), default=None)
        return _Page(records, seen, newest, following, count)

    def _record(self, body: bytes) -> tuple[int, bytes, Record]:
        """Return a record's change rank and identity, and what is kept of it: its event, or why it is none."""
        try:
            body = check_json(body)
            raw = msgspec.Raw(body)
            key = [value_at(raw, path) for path in self._settings.keys]
            changed = self._changed(raw)
            if changed is None or any(part is None or isinstance(part, (dict, list)) for part in key):
                names = ", ".join([*self._settings.keys, self._settings.change])
                raise unusable("no_key", f"the record has no key or change time ({names})", what_to_do="leave such records out by 'query'")
            text = json.dumps([key, json.loads(body)], sort_keys=True, ensure_ascii=False)
            identity = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:20]
            attributes = {
                "id": identity.hex(),
                "source": self._settings.event_source or f"/http/{self._context.source.source}",
                "type": self._settings.event_type,
                "subject": "/".join(str(part) for part in key)[:4096],
                "time": changed.isoformat(),
                "datacontenttype": "application/json",
            }
            event = parse_structured(make_event({name: value for name, value in attributes.items() if value}, body))
            return (changed - EPOCH) // _MICROSECOND, identity, self._context.event(event)
        except Rejection as rejection:
            return self._kept(rejection.error, body, SignalKind.EVENT.value)

    def _kept(self, error: ValidationError, body: bytes, kind: str) -> tuple[int, bytes, Record]:
        """Return what goes to quarantine, once for as long as the API may give it again."""
        peer = f"http:{self._settings.path or self._context.source.source}"
        record = self._context.quarantined(error, body, kind=kind, content_type="application/json", peer=peer)
        return self._began, hashlib.sha256(b"\0" + body).digest()[:20], record

    def _changed(self, record: msgspec.Raw) -> datetime | None:
        """Return when a record changed, None if it does not say. Raises :class:`PausedError` for a time without a zone."""
        try:
            found = read_time(str(value_at(record, self._settings.change)))
        except (ValueError, OverflowError):
            return None
        if found.tzinfo is None and self._zone is None:
            raise PausedError("the API has times without a zone; set 'time_zone'")
        return found if found.tzinfo is not None else found.replace(tzinfo=self._zone)


def _date(headers: Mapping[str, str]) -> int | None:
    """Return what the server's clock showed, in microseconds since 1970."""
    try:
        return (parsedate_to_datetime(headers.get("date", "")).astimezone(UTC) - EPOCH) // _MICROSECOND
    except (ValueError, TypeError, OverflowError):
        return None
