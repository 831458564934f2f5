"""Redis streams: reads a stream in a consumer group and acknowledges an entry only once it is on disk.

The fields of an entry are the ``data`` of an event, or one of them is the body and the others are headers, and a body is read as that of
any message: a CloudEvent as it is, else as one event for each of its documents. Its id is the event's id, and the time in it the event's
time.

On failure: what we held before a crash is read first, and what another consumer of the group has held for ``claim_after_seconds`` is
taken over; a full journal holds the batch; an unusable entry goes to quarantine and is then acknowledged; a lost connection is retried for
ever; entries that were trimmed or deleted before we had them are told as a gap (Redis 7 or newer), and so is a lost group.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import Awaitable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar, TypeVar

from pydantic import Field
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from collector.backoff import Backoff
from collector.brokers.queue_series import TIME_MILLISECONDS_MIN, QueueState, age_seconds
from collector.brokers.reconnecting import reconnect_for_ever
from collector.message import Message, MessageSettings, records_of, text_of
from collector.receiver import ReceiverContext
from collector.receiver_settings import parse_settings
from core.clock import EPOCH
from core.errors import AndonError, Retryable
from core.secrets import resolve_secret

WAIT_SECONDS = 5.0
ANSWER_SECONDS = 15.0
BATCH_MAX_BYTES = 16 << 20
_FIRST_COUNT = 16
LOOK_SECONDS = 10.0
_GROUPS_MAX = 100
"""Of one stream, whose states are told."""
_ERRORS = (RedisError, AndonError, OSError, ValueError)
_LOG = logging.getLogger("andon.collector.redis_stream")
Fields = dict[bytes, bytes]
Entry = tuple[bytes, Fields]
T = TypeVar("T")


class RedisStreamSettings(MessageSettings):
    """Settings under ``receiver:``.

    The address is ``redis://user:password@host:6379/0``, ``rediss://…?ssl_ca_certs=PATH`` or ``unix://…``. The group is made if it does not
    exist, at the beginning of the stream or, with ``from: new``, at its end. ``body`` names the field that holds the body; without it, all
    fields together are ``data``. ``prefetch`` limits how many entries are read at once. What waits is told for every group of the stream.
    """

    places: ClassVar[tuple[str, ...]] = ("stream",)
    stream: str = Field(min_length=1, max_length=1024)
    event_source: str = "/streams/{stream}"
    group: str = Field(default="andon", min_length=1, max_length=255)
    consumer: str = Field(default="andon", min_length=1, max_length=255)
    from_: str = Field(default="beginning", alias="from", pattern="^(beginning|new)$")
    body: str = ""
    claim_after_seconds: float = Field(default=60.0, ge=1)
    prefetch: int = Field(default=500, ge=1, le=10_000)


class RedisStreamReceiver:
    """Reads one stream per source."""

    name = "redis_stream"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        parse_settings(RedisStreamSettings, settings)

    def queues(self, settings: dict[str, Any]) -> list[str]:
        """Return the stream, whose groups' lag is told."""
        return [parse_settings(RedisStreamSettings, settings).stream]

    async def run(self, context: ReceiverContext) -> None:
        """Read until cancelled; reconnect for ever."""
        settings = parse_settings(RedisStreamSettings, context.source.receiver or {})
        await reconnect_for_ever(context, partial(_connected, context, settings), _ERRORS, _LOG, stream=settings.stream)


RECEIVER = RedisStreamReceiver()


async def _connected(context: ReceiverContext, settings: RedisStreamSettings, backoff: Backoff) -> None:
    """Read over one connection until it is lost."""
    url = await asyncio.to_thread(resolve_secret, settings.url)
    # a call that the client repeats by itself would leave the entries of the answer that was lost until our next start
    retry = Retry(NoBackoff(), 0)
    # and with a time limit of its own it loses our cancellation (asyncio.wait_for before Python 3.12): ours is in _answer
    client = Redis.from_url(url, protocol=2, retry=retry, socket_timeout=None, socket_connect_timeout=ANSWER_SECONDS, client_name="andon")
    try:
        group = _Group(client, context, settings)
        await group.find()
        context.tell_up(up=True)
        _LOG.info("reading", extra={"fields": {"source": context.source.source, "stream": settings.stream, "group": settings.group}})
        while entries := await group.pending():
            await group.hand_over(entries)
        clock = asyncio.get_running_loop()
        claim_at = clock.time()
        while True:
            if clock.time() >= claim_at:
                await group.claim()
                claim_at = clock.time() + settings.claim_after_seconds
            await group.hand_over(await group.new())
            backoff.reset()
    finally:
        await asyncio.shield(asyncio.wait({asyncio.ensure_future(client.aclose())}, timeout=2.0))


class _Group:
    """Our consumer group on one stream."""

    def __init__(self, client: Redis, context: ReceiverContext, settings: RedisStreamSettings) -> None:
        self._client = client
        self._context = context
        self._settings = settings
        self._stream, self._name = settings.stream, settings.group
        self._count = min(_FIRST_COUNT, settings.prefetch)
        self._told = b""
        self._look_at = 0.0

    async def find(self) -> None:
        """Make the group if there is none; one that was there and is gone is told."""
        known = self._context.state / "group"
        name = f"{self._stream}\n{self._name}"
        had_one = known.exists() and known.read_text(encoding="utf-8") == name
        begin = "$" if self._settings.from_ == "new" and not had_one else "0"
        try:
            await _answer(self._client.xgroup_create(self._stream, self._name, begin, mkstream=True))
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise
        else:
            if had_one:
                what = "the consumer group was gone, so that the stream is read from its beginning"
                self._context.tell_gap(what, stream=self._stream, group=self._name)
        known.write_text(name, encoding="utf-8")

    async def pending(self) -> list[Entry]:
        """Return the next of what was delivered to us and is not acknowledged: we crashed, or lost the connection."""
        found: Any = await _answer(self._client.xreadgroup(self._name, self._settings.consumer, {self._stream: "0"}, self._count))
        return found[0][1] if found else []

    async def claim(self) -> None:
        """Hand over what consumers hold that have not done anything with it for long."""
        start: Any = "0-0"
        idle = int(self._settings.claim_after_seconds * 1000)
        while True:
            found: Any = await _answer(self._client.xautoclaim(self._stream, self._name, self._settings.consumer, idle, start, self._count))
            start, entries, *deleted = found
            gone: list[Entry] = [(each, {}) for each in (deleted[0] if deleted else ())]  # Redis 7 has let them go already
            await self.hand_over([*entries, *gone])
            if start == b"0-0":
                return

    async def new(self) -> list[Entry]:
        """Return the next entries; none if nothing came for a while."""
        call = self._client.pipeline(transaction=True)  # so that what is said of the stream is true of the moment before we read
        call.xinfo_groups(self._stream)
        call.xinfo_stream(self._stream)
        call.xreadgroup(self._name, self._settings.consumer, {self._stream: ">"}, self._count)
        groups, stream, found = await _answer(call.execute())
        ours = next(each for each in groups if each["name"] == self._name.encode())
        entries: list[Entry] = found[0][1] if found else []
        if (now := asyncio.get_running_loop().time()) >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            for group in groups[:_GROUPS_MAX]:
                await self._tell_queue(group, len(entries) if group is ours else 0)
        await self._look_for_gap(stream, ours, entries)
        if not entries:
            await _answer(self._client.xread({self._stream: ours["last-delivered-id"]}, count=1, block=int(WAIT_SECONDS * 1000)))
        return entries

    async def _tell_queue(self, group: dict[str, Any], read: int) -> None:
        """Tell what waits for a group, of which we have just ``read`` so many for it, and the age of its oldest entry that is not done."""
        lag, seen = group.get("lag"), group.get("entries-read")  # not known before Redis 7, nor while deleted entries lie ahead
        waiting, unacknowledged = None if lag is None else lag - read, group["pending"] + read
        after = f"({text_of(group['last-delivered-id'])}"
        if unacknowledged:
            held: Any = await _answer(self._client.xpending(self._stream, group["name"]))
            first = [held["min"]] if held["min"] else []
        else:
            next_one: Any = await _answer(self._client.xrange(self._stream, min=after, count=1))
            first = [each for each, _ in next_one]
        milliseconds = int(text_of(first[0]).partition("-")[0]) if first else None
        oldest = None if milliseconds is None else age_seconds(milliseconds, self._context.clock.now())
        done = None if seen is None else seen - group["pending"]
        state = QueueState(self._stream, text_of(group["name"]), waiting, unacknowledged, 0.0 if not first else oldest, done=done)
        self._context.tell_queue(state)

    async def _look_for_gap(self, stream: dict[str, Any], ours: dict[str, Any], entries: list[Entry]) -> None:
        """Tell that entries between the last one delivered before and ``entries`` are gone. Redis before 7 does not say what that needs."""
        last, deleted, read = ours["last-delivered-id"], stream.get("max-deleted-entry-id", b"0-0"), ours.get("entries-read")
        if last == b"0-0":
            return  # we have just begun, with whatever there is
        first = stream["first-entry"]
        fields: dict[str, Any] = {"stream": self._stream, "after": last.decode()}
        missing = 0
        if read is not None and (first is None or _rank(first[0]) > _rank(last)):  # all that is left has not been read
            missing = stream["entries-added"] - read - stream["length"]
            fields |= {"missing": missing} | ({"until": first[0].decode()} if first else {})
        if missing > 0 and read is not None:
            # else the group's count of what was read, and its lag, would be wrong from now on
            now = entries[-1][0] if entries else last
            await _answer(self._client.xgroup_setid(self._stream, self._name, now, entries_read=read + missing + len(entries)))
        if missing > 0 or (_rank(deleted) > _rank(last) and deleted != self._told):
            self._told = deleted
            self._context.tell_gap("entries of the stream were trimmed or deleted before they were read", **fields)

    async def hand_over(self, entries: list[Entry]) -> None:
        """Wait until entries are on disk, and acknowledge them."""
        if not entries:
            return
        there = [(each, fields) for each, fields in entries if fields]
        if len(there) < len(entries):
            what = "entries of the stream were trimmed or deleted while they were held"
            self._context.tell_gap(what, stream=self._stream, missing=len(entries) - len(there))
        records = records_of([message_of(entry, self._settings) for entry in there], self._context, self._settings)
        await self._context.accept(records)
        await _answer(self._client.xack(self._stream, self._name, *(each for each, _ in entries)))
        size = sum(len(value) for _, fields in there for value in fields.values()) // len(entries)
        self._count = max(1, min(self._settings.prefetch, self._count * 2, BATCH_MAX_BYTES // (size + 1)))


async def _answer(call: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(WAIT_SECONDS + ANSWER_SECONDS):
            return await call
    except TimeoutError as error:
        raise Retryable(f"the server did not answer within {WAIT_SECONDS + ANSWER_SECONDS:.0f} seconds") from error


def _rank(entry: bytes) -> tuple[int, int]:
    """Return an entry's id as numbers that can be compared."""
    milliseconds, _, number = entry.partition(b"-")
    return int(milliseconds), int(number)


def message_of(entry: Entry, settings: RedisStreamSettings) -> Message:
    """Return an entry, as every broker's messages are read."""
    identity, fields = entry[0].decode(), dict(entry[1])
    milliseconds = int(identity.partition("-")[0])
    if settings.body:
        body = fields.pop(settings.body.encode(), b"")
        headers, content_type = {text_of(name): value for name, value in fields.items()}, text_of(fields.get(b"content-type", b""))
    else:
        body, headers, content_type = json.dumps(_texts(fields), ensure_ascii=False).encode(), {}, "application/json"
    return Message(
        body,
        {"stream": settings.stream},
        headers=headers,
        content_type=content_type,
        identity=identity,
        time=_time(milliseconds) if milliseconds >= TIME_MILLISECONDS_MIN else None,
    )


def _time(milliseconds: int) -> datetime | None:
    try:
        return EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:  # an id that its sender made up
        return None


def _texts(fields: Mapping[bytes, bytes]) -> dict[str, str]:
    """Return fields as text; what is not UTF-8 as base64, under its name and ``_base64``."""
    texts: dict[str, str] = {}
    for name, value in fields.items():
        try:
            texts[text_of(name)] = value.decode()
        except UnicodeDecodeError:
            texts[f"{text_of(name)}_base64"] = base64.b64encode(value).decode()
    return texts
