"""Log files: follows the files of a folder, and makes a log record of each line, or of several where a stack trace follows.

A line that is an object in JSON becomes a structured body (``body.order.id``); any other is text, in which a milestone finds what it means
by ``log``, and its keys by ``pattern``. Each record says in which file it was, and where (``log.file.name``, ``andon.position``).

Files may be renamed, truncated or copied when they are rotated; compressed ones are left alone, and so are links. On failure: the place up
to which a file was read is kept only once the journal has the lines before it. A half-written last line waits. A line of more than 60 KiB
goes to quarantine, with its beginning. What was written to a file and rotated out of the folder while nobody read it is lost, and told
(``andon_source_gaps_total``).
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from collector.backoff import Backoff
from collector.format_settings import FormatSettings
from collector.logs.cutting import LINE_MAX_BYTES, Cut, Cutter
from collector.logs.entry import LogEntry, records_of
from collector.logs.follower import Follower, Piece
from collector.logs.line import LineReader, LineTime, checked_pattern, nanoseconds
from collector.logs.positions import Followed, Positions
from collector.plugin_settings import RootedPath
from collector.quarantine import MESSAGE
from collector.receiver import ReceiverContext
from collector.receiver_settings import parse_settings
from collector.rejection import ValidationError
from core.errors import AndonError
from core.pattern import Pattern
from core.signal import Record

PIECES_IN_TURN = 8
"""Of one file, before the next one has its turn."""
END_SECONDS = 5.0
_LOG = logging.getLogger("andon.collector.log_file")


class LogFileSettings(FormatSettings):
    """Settings under ``receiver:``. ``path``: the folder, from the root.

    ``glob``: of the names of its files, with those of rotated ones: a file that is renamed before it was seen has no other name.
    ``encoding``: of the text; without it UTF-8, and what is not UTF-8 is read as Windows-1252. ``time_zone``: of times that name none; else
    UTC. ``time``: where a line says when it was written (``pattern``, ``format``, and in JSON ``path``); without it ISO 8601, and the usual
    members. ``severity``: a pattern with one group; without it the usual words. ``first_line``: a pattern of lines with which a record
    begins; those that follow belong to it. Patterns are regular expressions (RE2). ``service``: who writes the files, as ``service`` of a
    milestone matches it; else the source's name. ``start: end`` leaves out what is in the files when they are first seen.
    """

    path: RootedPath
    glob: str = Field(default="*.log*", min_length=1)
    first_line: str | None = None
    time: LineTime = LineTime()
    severity: str | None = None
    service: str = ""
    start: Literal["beginning", "end"] = "beginning"
    poll_seconds: float = Field(default=1.0, ge=0.05, le=3_600)

    @field_validator("path")
    @classmethod
    def _without_slash(cls, path: str) -> str:
        return path.rstrip("/") or "/"

    @field_validator("severity")
    @classmethod
    def _one_group(cls, text: str | None) -> str | None:
        return checked_pattern(text)

    @field_validator("first_line")
    @classmethod
    def _regular(cls, text: str | None) -> str | None:
        if text is not None:
            Pattern(text)
        return text


class LogFileReceiver:
    """Reads one folder per source."""

    name = "log_file"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        parse_settings(LogFileSettings, settings)

    def doubts(self, settings: dict[str, Any]) -> list[str]:
        """Look whether the folder is there. Raises OSError if that cannot be seen."""
        path = parse_settings(LogFileSettings, settings).path
        return [] if Path(path).is_dir() else [f"the folder '{path}' is not there; log files in it are read once it is"]

    def records_given(self, context: ReceiverContext, body: bytes) -> list[Record]:
        """Return the records of a log file with these bytes."""
        settings = parse_settings(LogFileSettings, context.source.receiver or {})
        cuts = Cutter(settings.encoding, _first_line(settings)).cut(body, quiet=True, final=True)
        file = Followed(0, 0, settings.glob, observed=nanoseconds(context.clock.now()))
        return _Maker(context, settings).records(Piece(file, cuts.records, file))

    async def run(self, context: ReceiverContext) -> None:
        """Read until cancelled; where the folder cannot be read, go on trying."""
        settings = parse_settings(LogFileSettings, context.source.receiver or {})
        backoff, told = Backoff(), ""
        fields = {"source": context.source.source, "path": settings.path}
        while True:
            try:
                await _followed(context, settings, backoff)
            except (OSError, sqlite3.Error, AndonError) as error:  # whatever it was, the next look may work
                why = f"{type(error).__name__}: {error}"
                context.tell_up(up=False, why=why)
                if why != told:
                    _LOG.error("log files cannot be read, trying again", extra={"fields": {**fields, "why": why}})
                told = why
            await asyncio.sleep(backoff.next())


RECEIVER = LogFileReceiver()


async def _followed(context: ReceiverContext, settings: LogFileSettings, backoff: Backoff) -> None:
    """Follow the files until one of them, or their folder, cannot be read."""
    follower = await asyncio.to_thread(_follower, context, settings)
    maker = _Maker(context, settings)
    try:
        while True:
            for file in await asyncio.to_thread(follower.look, context.clock.monotonic()):
                await _caught_up(context, follower, maker, file)
            context.tell_up(up=True)
            backoff.reset()
            await asyncio.sleep(settings.poll_seconds)
    finally:
        await _ended(asyncio.ensure_future(asyncio.to_thread(follower.close)))  # which waits for the thread that may still read


async def _caught_up(context: ReceiverContext, follower: Follower, maker: _Maker, file: Followed) -> None:
    """Hand over what is new in a file, or as much of it as leaves others their turn."""
    for _ in range(PIECES_IN_TURN):
        found = await asyncio.to_thread(_next, context, follower, maker, file)
        if found is None:
            return
        piece, records = found
        if records:
            await context.accept(records)
        await _done(follower, piece)
        file = piece.after


async def _done(follower: Follower, piece: Piece) -> None:
    """Keep that the journal has a piece, even if the source is stopped at this moment: else it is read again."""
    keeping = asyncio.ensure_future(asyncio.to_thread(follower.done, piece))
    try:
        await asyncio.shield(keeping)
    except asyncio.CancelledError:
        await _ended(keeping)
        raise


async def _ended(thread: asyncio.Future[None]) -> None:
    """Wait until a thread ends, but not for ever: its disk may hang."""
    await asyncio.shield(asyncio.wait({thread}, timeout=END_SECONDS))


def _follower(context: ReceiverContext, settings: LogFileSettings) -> Follower:
    return Follower(
        settings.path,
        settings.glob,
        Positions(context.state, settings.path),
        settings.encoding,
        _first_line(settings),
        context.tell_gap,
        from_end=settings.start == "end",
    )


def _first_line(settings: LogFileSettings) -> Pattern | None:
    return Pattern(settings.first_line) if settings.first_line else None


def _next(context: ReceiverContext, follower: Follower, maker: _Maker, file: Followed) -> tuple[Piece, list[Record]] | None:
    piece = follower.piece(file, context.clock.monotonic(), nanoseconds(context.clock.now()))
    return None if piece is None else (piece, maker.records(piece))


class _Maker:
    """Makes the records of the lines of files."""

    def __init__(self, context: ReceiverContext, settings: LogFileSettings) -> None:
        self._context = context
        self._path = settings.path
        self._reader = LineReader(settings.time, settings.severity, settings.zone)
        self._resource = (("service.name", settings.service or context.source.source),)

    def records(self, piece: Piece) -> list[Record]:
        """Return the records of what was read; those that are too long go to quarantine."""
        file, peer = piece.file, f"log_file:{piece.file.name}"
        entries = [self._entry(file, cut) for cut in piece.records if cut.text.strip()]
        what = f"a line may have {LINE_MAX_BYTES} bytes; only the beginning of this one is kept"
        error = ValidationError("line_too_long", what, "line", "write shorter lines")
        too_long = [cut.too_long for cut in piece.records if cut.too_long]
        kept = [self._context.quarantined(error, body, kind=MESSAGE, content_type="text/plain", peer=peer) for body in too_long]
        return [*records_of(entries, self._context, peer), *kept] if entries else kept

    def _entry(self, file: Followed, cut: Cut) -> LogEntry:
        said = self._reader.read(cut.text)
        where: dict[str, str | int] = {"log.file.name": file.name, "log.file.path": f"{self._path}/{file.name}"}
        where |= {"andon.position": file.position + cut.begin} | ({"andon.turn": file.turn} if file.turn else {})
        return LogEntry(
            said.body, file.observed, said.time, said.severity, said.severity_text, where, self._resource, said.trace_id, said.span_id
        )
