"""Reads what PostgreSQL's output plugin ``pgoutput`` says of committed transactions.

Source: the PostgreSQL manual, "Logical Replication Message Formats", protocol version 1.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from collector.polling.paused import PausedError

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_OPERATIONS = {"I": "inserted", "U": "updated", "D": "deleted"}


class _Unchanged:
    """A large value that an update left as it was, so that the log does not have it."""


UNCHANGED: Final = _Unchanged()
Values = list[bytes | _Unchanged | None]


@dataclass(frozen=True)
class Relation:
    """A table: its columns, their types (``oids``), and which of them are its key. ``whole``: an old row is told with all its columns."""

    schema: str
    table: str
    columns: tuple[str, ...]
    oids: tuple[int, ...]
    keys: tuple[bool, ...]
    whole: bool


@dataclass(frozen=True)
class Change:
    """A row that was inserted, updated or deleted, or a table that was truncated (without rows).

    ``old``: its key or all of it as it was, if the log says so. ``number``: among the changes at one place (``lsn``) of the log.
    """

    lsn: int
    number: int
    committed: datetime
    relation: Relation
    operation: str
    new: Values | None = None
    old: Values | None = None


@dataclass(frozen=True)
class Committed:
    """The end of a transaction; everything before ``end`` may be confirmed."""

    end: int


@dataclass
class Decoder:
    """Reads one message after the other; remembers the tables that were described, and the transaction under way."""

    _relations: dict[int, Relation] = field(default_factory=dict)
    _committed: datetime = _EPOCH
    _last: int = -1
    _number: int = 0

    def read(self, lsn: int, message: bytes) -> list[Change] | Committed:
        """Return the changes of a message, or the end of a transaction. Raises :class:`PausedError` for a message that is not known."""
        kind, reader = chr(message[0]), _Reader(message, 1)
        match kind:
            case "B":
                self._committed = _EPOCH + timedelta(microseconds=reader.number(8, skip=8))
            case "C":
                return Committed(reader.number(8, skip=9))
            case "R":
                identity = reader.number(4)
                self._relations[identity] = _relation(reader)
            case "I" | "U" | "D":
                return [self._change(lsn, kind, reader)]
            case "T":
                count = reader.number(4)
                reader.number(1)
                named = [self._relations[reader.number(4)] for _ in range(count)]
                return [Change(lsn, self._counted(lsn), self._committed, relation, "truncated") for relation in named]
            case "O" | "Y" | "M":  # where it was replicated from, a type's name, a message of an application
                pass
            case _:
                raise PausedError(f"PostgreSQL told of a kind of change ({kind!r}) that is not known here")
        return []

    def _change(self, lsn: int, kind: str, reader: _Reader) -> Change:
        relation = self._relations[reader.number(4)]
        found: dict[str, Values] = {}
        while not reader.at_end:
            kind_of_row = chr(reader.number(1))
            found[kind_of_row] = reader.values()
        old = found.get("K", found.get("O"))
        return Change(lsn, self._counted(lsn), self._committed, relation, _OPERATIONS[kind], found.get("N"), old)

    def _counted(self, lsn: int) -> int:
        # one record of the log has many rows where they were copied in
        self._number = self._number + 1 if lsn == self._last else 0
        self._last = lsn
        return self._number


class _Reader:
    def __init__(self, message: bytes, at: int) -> None:
        self._message = message
        self._at = at

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._message)

    def number(self, size: int, skip: int = 0) -> int:
        self._at += skip + size
        return int.from_bytes(self._message[self._at - size : self._at], "big")

    def text(self) -> str:
        end = self._message.index(0, self._at)
        found = self._message[self._at : end].decode()
        self._at = end + 1
        return found

    def values(self) -> Values:
        message, at = self._message, self._at + 2
        found: Values = []
        for _ in range(self.number(2)):
            kind = message[at : at + 1]
            at += 1
            if kind == b"t":
                (size,) = struct.unpack_from("!i", message, at)
                found.append(message[at + 4 : at + 4 + size])
                at += 4 + size
            else:
                found.append(UNCHANGED if kind == b"u" else None)
        self._at = at
        return found


def _relation(reader: _Reader) -> Relation:
    schema, table, identity = reader.text() or "pg_catalog", reader.text(), chr(reader.number(1))
    columns = []
    for _ in range(reader.number(2)):
        flags, name, oid = reader.number(1), reader.text(), reader.number(4)
        reader.number(4)
        columns.append((name, oid, bool(flags & 1)))
    names, oids, keys = zip(*columns, strict=True) if columns else ((), (), ())
    return Relation(schema, table, names, oids, keys, identity == "f")
