"""Reads the new files of a place, each whole, and takes them away afterwards if the settings say so.

A file that changes is read again, but for the batches at its beginning that are as they were. A document that does not name itself is
known by the file's path, its number in it and its content, so that a file that is sent again makes no other events. A file is marked as
read, moved or deleted only once the journal has all of it; a crash before that reads it again, which nobody sees.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import logging
import mimetypes
import sqlite3
from collections.abc import Iterator
from functools import partial

from collector.backoff import Backoff
from collector.files.known import KnownFiles
from collector.files.place import FILE_MAX_BYTES, Found, Place
from collector.files.settings import FileSettings
from collector.files.waiting import WaitingFiles
from collector.message import Message, each_record
from collector.quarantine import MESSAGE
from collector.receiver import ReceiverContext
from collector.rejection import ValidationError
from core.errors import AndonError
from core.signal import Record, SignalKind

BATCH_RECORDS = 1_000
BATCH_BYTES = 4 << 20
FILES_AT_ONCE = 10_000
TOLD_AT_ONCE = 1_000
"""Files that are told by their name in one look; of the others it is told how many they are."""
_LOG = logging.getLogger("andon.collector.files")


class FileReader:
    """Reads one place for one source."""

    def __init__(self, context: ReceiverContext, settings: FileSettings, place: Place, known: KnownFiles) -> None:
        self._context = context
        self._settings = settings
        self._place = place
        self._known = known
        self._waiting = WaitingFiles(context.state)

    async def look(self) -> None:
        """Read every file that is new and whole. Raises ``OSError`` if the place cannot be reached, and ``sqlite3.Error``."""
        now, settings, refused = self._context.clock.monotonic(), self._settings, 0
        await self._list(now)
        ready = partial(self._waiting.ready, now, settings.still_seconds, FILES_AT_ONCE, marked=bool(settings.marker))
        while files := await asyncio.to_thread(ready):
            for file in files:
                try:
                    await self._read(file)
                except (ConnectionError, TimeoutError):
                    raise
                except OSError as error:
                    if await asyncio.to_thread(self._waiting.refuse, file, now, settings.poll_seconds):
                        refused += 1
                        self._tell(file, error, refused)
        if refused > TOLD_AT_ONCE:
            fields = {"source": self._context.source.source, "files": refused - TOLD_AT_ONCE}
            _LOG.error("more files cannot be read or taken away; the others are read", extra={"fields": fields})

    async def _read(self, file: Found) -> None:
        content = await self._place.read(file)
        if content is not None:  # else it changed meanwhile; the next look sees it as it is then
            await self._hand_over(file, content)
            await self._done_with(file)
        await asyncio.to_thread(self._waiting.remove, file)

    def _tell(self, file: Found, error: OSError, refused: int) -> None:
        if refused <= TOLD_AT_ONCE:
            fields = {"source": self._context.source.source, "file": file.shown, "why": str(error)}
            _LOG.error("a file cannot be read or taken away; the others are read", extra={"fields": fields})

    async def _list(self, now: float) -> None:
        """Look which files are new, and since when they are as they are."""
        settings = self._settings
        files: list[Found] = []
        markers: list[str] = []
        await asyncio.to_thread(self._waiting.begin)
        async for file in self._place.files():
            if settings.marker and file.path.endswith(settings.marker):
                markers.append(file.path.removesuffix(settings.marker))
            elif settings.wants(file.path):
                files.append(file)
            if len(files) + len(markers) >= BATCH_RECORDS:
                await asyncio.to_thread(self._add, files, markers, now)
                files, markers = [], []
        await asyncio.to_thread(self._add, files, markers, now)
        await asyncio.to_thread(self._waiting.end)

    def _add(self, files: list[Found], markers: list[str], now: float) -> None:
        self._waiting.add(self._known.new(files), markers, now)

    async def _hand_over(self, file: Found, content: bytes) -> None:
        before = await asyncio.to_thread(self._known.batches, file)
        records = self._records(file, content)
        for number in itertools.count():
            batch, digest = await asyncio.to_thread(_batch, records)
            if not batch:
                return
            if before[number : number + 1] != [digest]:
                before = []
                await self._context.accept(batch)
                await asyncio.to_thread(self._known.add, file, number, digest)

    def _records(self, file: Found, content: bytes) -> Iterator[Record]:
        settings = self._settings
        if file.size > FILE_MAX_BYTES:
            error = ValidationError("file_too_large", f"the file has {file.size} bytes, at most {FILE_MAX_BYTES} are read; split it")
            peer = f"{settings.type}:{file.shown}"
            return iter([self._context.quarantined(error, content, kind=MESSAGE, content_type="", peer=peer)])
        return each_record(message_of(file.shown, content, self._context, settings), self._context, settings)

    async def _done_with(self, file: Found) -> None:
        settings = self._settings
        if settings.after == "keep":
            await asyncio.to_thread(self._known.finish, file)
        elif await (self._place.move(file, settings.move_to) if settings.after == "move" else self._place.delete(file)):
            await asyncio.to_thread(self._known.forget, file)


def message_of(path: str, content: bytes, context: ReceiverContext, settings: FileSettings) -> Message:
    """Return a file, given by its path below the folder, as every broker's messages are read."""
    guessed = mimetypes.guess_type(path)[0] if context.reader is None else None
    return Message(
        content,
        {"path": path, "name": path.rpartition("/")[2], "folder": settings.folder},
        content_type=guessed or "",
        identity=path,
        extensions={"file": path},
        by_content=True,
        max_bytes=FILE_MAX_BYTES,
    )


def _batch(records: Iterator[Record]) -> tuple[list[Record], bytes]:
    """Return the next records, always as many for the same content, and a digest of what they say."""
    batch: list[Record] = []
    size = 0
    digest = hashlib.blake2b(digest_size=16)
    for record in records:
        batch.append(record)
        size += len(record.body)
        digest.update(b"%d %d " % (len(record.body), record.kind is SignalKind.EVENT) + record.body)
        if len(batch) >= BATCH_RECORDS or size >= BATCH_BYTES:
            break
    return batch, digest.digest()


async def read_for_ever(context: ReceiverContext, reader: FileReader, place: Place, settings: FileSettings) -> None:
    """Look whenever something may have changed, until cancelled; where the place cannot be reached, go on trying."""
    backoff, told = Backoff(), ""
    fields = {"source": context.source.source, "path": settings.path}
    for _ in itertools.count():
        try:
            await reader.look()
            context.tell_up(up=True)
            if told:
                _LOG.info("the files are read again", extra={"fields": fields})
            told = ""
            backoff.reset()
            await place.changed(settings.poll_seconds)
        except (OSError, sqlite3.Error, AndonError) as error:  # whatever it was, the next look may work
            why = f"{type(error).__name__}: {error}"
            context.tell_up(up=False, why=why)
            if why != told:
                _LOG.error("the files cannot be read, trying again", extra={"fields": {**fields, "why": why}})
            told = why
            await asyncio.sleep(backoff.next())
