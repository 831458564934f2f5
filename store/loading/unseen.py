"""What was received but could not be stored while the store's disk accepts nothing: it may be what a deadline is waiting for.

The journal has it. A transaction with a key that occurs anywhere in there is not evaluated until the input has been processed properly.
On a disk that hangs, SQLite cannot even read what was added last (a reader leaves a mark beside the file): the files are read without it.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.business_key import visible
from core.errors import NoRoom
from core.protobuf_wire import double, int64, tag
from core.signal import Lane
from journal.format import Stored, parse_row, segment_name, segments
from journal.reader import read_segment
from journal.salvage import salvage
from journal.segments import SegmentReader
from store.disk.patience import Patience

MAX_BYTES = 64 << 20
"""Above this size it is not searched for keys: it may concern any transaction."""
_ALL = 1 << 62
_File = tuple[Path, Lane]
_Bodies = Callable[[list[_File], Mapping[str, int]], Iterator[bytes]]
_NUMBER = re.compile(r"-?[0-9]{1,19}(?:\.[0-9]{1,19})?")
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_INT_VALUE, _DOUBLE_VALUE = tag(3, 0), tag(4, 1)
"""What stands before a number in an ``AnyValue`` of OTLP."""
_ESCAPES = re.compile(r"((?:\\u[0-9a-fA-F]{4})+)|\\(.)")
_LETTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
"""What escapes in JSON stand for, if not for themselves."""
_BASE64 = re.compile(r'"data_base64"\s*:\s*"([^"]*)"')
"""How a CloudEvent holds data that is no JSON."""


class Unseen:
    """One thread only."""

    def __init__(self, journal: Path, patience: Patience | None = None) -> None:
        """``patience``: that of the journal's disk."""
        self._journal = journal
        self._patience = patience or Patience()
        self._after: Mapping[str, int] | None = None
        self._read: _Read | None = None
        self._composed: frozenset[tuple[str, str]] = frozenset()

    def reload(self, composed: frozenset[tuple[str, str]]) -> None:
        """Take over flow and type of the keys that occur in no signal as they are compared: any signal may have one of these."""
        self._composed = composed

    def after(self, positions: Mapping[str, int] | None) -> None:
        """Record that what the journal holds behind these positions (by segment, a record's id) may not be stored; None: everything is."""
        self._after = positions

    def names(self, transactions: pd.DataFrame) -> NDArray[np.bool_]:
        """Return for each transaction (columns ``flow`` and ``keys``) whether anything that was not stored may concern it."""
        if self._after is None or not len(transactions):
            return np.zeros(len(transactions), np.bool_)
        text = self._text(self._after)
        if text is None:
            return np.ones(len(transactions), np.bool_)
        return np.array(
            [self._may_be_in(text, flow, keys) for flow, keys in zip(transactions["flow"], transactions["keys"], strict=True)], np.bool_
        )

    def _may_be_in(self, text: bytes, flow: str, keys: Mapping[str, Sequence[str]]) -> bool:
        return any((text and (flow, type_) in self._composed) or _is_in(value, text) for type_, values in keys.items() for value in values)

    def _text(self, after: Mapping[str, int]) -> bytes | None:
        """Return everything behind these positions, as keys are compared; None: it is too much. Read again only if the journal changed."""
        try:
            return self._patience.run(
                lambda: self._read_again(
                    [file for file in self._files() if SegmentReader(*file).holds(_position(file, after))], after, _bodies
                )
            )
        except NoRoom:
            return self._read_again(self._files(), after, _raw_bodies)

    def _files(self) -> list[_File]:
        return [(path, lane) for lane in Lane for path in segments(self._journal, lane)]

    def _read_again(self, files: list[_File], after: Mapping[str, int], bodies: _Bodies) -> bytes | None:
        read, stamps = self._read, list(_stamps(files))
        if read is None or after != read.after or stamps != read.stamps:
            read = self._read = _Read(after, stamps, _joined(bodies(files, after)))
        return read.text


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read, of which files, and from where on."""

    after: Mapping[str, int]
    stamps: list[tuple[Path, int, int]]
    text: bytes | None


def _position(file: _File, positions: Mapping[str, int]) -> int:
    return positions.get(segment_name(file[0]), 0)


def _stamps(files: list[_File]) -> Iterator[tuple[Path, int, int]]:
    for path, _ in files:
        for each in (path, path.with_name(path.name + "-wal")):
            if each.exists():
                status = each.stat()
                yield each, status.st_size, status.st_mtime_ns  # a WAL that begins anew keeps its size


def _bodies(files: list[_File], after: Mapping[str, int]) -> Iterator[bytes]:
    for path, lane in files:
        yield from _bodies_of(read_segment(path, lane, _position((path, lane), after), _ALL))


def _raw_bodies(files: list[_File], after: Mapping[str, int]) -> Iterator[bytes]:
    """Yield the same, some of it twice, from the pages of the files."""
    for _, group in groupby(reversed(files), key=lambda file: file[0].parent):
        for path, lane in group:
            position = _position((path, lane), after)
            stored = (parse_row(lane, row) for row in salvage(path))
            yield from _bodies_of(each for each in stored if each.id > position)
            if position:
                break  # the files before it are read in order, so all of them are behind us


def _bodies_of(found: Iterable[Stored]) -> Iterator[bytes]:
    yield from (stored.record.body for stored in found if stored.record is not None)


def _joined(bodies: Iterator[bytes]) -> bytes | None:
    found: list[bytes] = []
    size = 0
    for body in bodies:
        found += _written(body)
        size += len(body)
        if size > MAX_BYTES:
            return None
    return b"\n".join(found)


def _written(body: bytes) -> Iterator[bytes]:
    """Yield a body in small letters, in which numbers of OTLP are found, and the texts that it holds if they are not the same."""
    yield (raw := body.lower())
    text = body.decode("utf-8", "replace")
    plain = _ESCAPES.sub(_unescaped, text) if "\\" in text else text
    if (compared := _compared(plain)) != raw:
        yield compared
    for encoded in _BASE64.findall(plain):
        with suppress(ValueError):
            yield from _written(b64decode(encoded))


def _unescaped(escape: re.Match[str]) -> str:
    codes, letter = escape.groups()
    return bytes.fromhex(codes.replace("\\u", "")).decode("utf-16-be", "replace") if codes else _LETTERS.get(letter, letter)


def _compared(text: str) -> bytes:
    """Return a text as people see it, in whatever case: a flow may have its keys in another case than senders write."""
    return visible(text).casefold().encode("utf-8", "replace")


def _is_in(value: str, text: bytes) -> bool:
    return any(form in text for form in _forms(value))


def _forms(value: str) -> Iterator[bytes]:
    """Yield how a value may be written: as text, and as an integer or a double of OTLP."""
    yield _compared(value)
    if _NUMBER.fullmatch(value):
        yield (_DOUBLE_VALUE + double(float(value))).lower()
        if _INTEGER.fullmatch(value) and -(1 << 63) <= int(value) < 1 << 63:
            yield (_INT_VALUE + int64(int(value))).lower()
