"""A replication slot of PostgreSQL, read over an ordinary connection: looked at, and moved on only once the journal has what was read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
import sqlalchemy as sa

from collector.polling.cdc_settings import CdcSettings
from core.secrets import resolve_secret

CONNECT_SECONDS = 10
STATEMENT_SECONDS = 3600
"""The database reads its log again for every look, all of a transaction of any size included."""
CHANGES_MAX = 20_000
"""Messages of one look; a transaction is always told whole."""
_FETCH_ROWS = 500
_FIND: LiteralString = (
    "SELECT plugin, database = current_database(), active_pid, wal_status = 'lost', pg_current_wal_lsn() - restart_lsn"
    " FROM pg_replication_slots WHERE slot_name = %s"
)
_PEEK: LiteralString = (
    "SELECT lsn - '0/0', data FROM pg_logical_slot_peek_binary_changes(%s, %s, %s, 'proto_version', '1', 'publication_names', %s)"
)


@dataclass(frozen=True)
class SlotState:
    """``usable``: decodes with our plugin, in this database; ``active_pid``: the process that reads it now; ``held``: bytes of the log."""

    usable: bool
    active_pid: int | None
    lost: bool
    held: int | None


class Slot:
    """The slot that the settings name. Every method raises what psycopg raises."""

    def __init__(self, settings: CdcSettings) -> None:
        self._settings = settings
        address = sa.make_url(resolve_secret(settings.url)).set(drivername="postgresql")
        limits = f"-c statement_timeout={STATEMENT_SECONDS * 1000} -c default_transaction_read_only=on"
        self.connection: psycopg.Connection[Any] = psycopg.connect(
            address.render_as_string(hide_password=False),
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            options=limits,
            application_name="andon",
            client_encoding="utf8",
        )

    def close(self) -> None:
        """End the connection; a slot that is being looked at is free again."""
        self.connection.close()

    def find(self) -> SlotState | None:
        """Return what the database says of the slot; None if there is none."""
        found = self.connection.execute(_FIND, (self._settings.slot,)).fetchone()
        if found is None:
            return None
        plugin, here, active_pid, lost, held = found
        return SlotState(plugin == "pgoutput" and bool(here), active_pid, bool(lost), None if held is None else int(held))

    def is_published(self) -> bool:
        """Whether the publication is there now; the log is read as of then, which cannot be asked."""
        return (
            self.connection.execute("SELECT FROM pg_publication WHERE pubname = %s", (self._settings.publication,)).fetchone() is not None
        )

    def make(self) -> None:
        """Make the slot: it begins with what commits from now on."""
        self.connection.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (self._settings.slot,))

    def drop(self) -> None:
        """Remove the slot, so that the database keeps nothing for it."""
        self.connection.execute("SELECT pg_drop_replication_slot(%s)", (self._settings.slot,))

    def end_of_log(self) -> str:
        """Return up to where the log is on disk, as the database writes it."""
        found = self.connection.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
        return str(found[0]) if found else "0/0"

    def peek(self, up_to: str, most: int) -> Iterator[tuple[int, bytes]]:
        """Yield place and message of what committed before a place and was not confirmed; only a few are in memory at once.

        ``most``: after how many messages it ends, once their transaction is told whole. A change of a time without the publication raises
        :class:`psycopg.errors.UndefinedObject` before anything is told, also when the publication is there again.
        """
        asked = (self._settings.slot, up_to, most, self._settings.publication)
        with self.connection.cursor() as cursor:
            for lsn, data in cursor.stream(_PEEK, asked, size=_FETCH_ROWS):
                yield int(lsn), bytes(data)

    def confirm(self, place: str) -> None:
        """Move the slot on: what committed before ``place`` is not told again."""
        self.connection.execute("SELECT pg_replication_slot_advance(%s, %s::pg_lsn)", (self._settings.slot, place))


def written(lsn: int) -> str:
    """Return a place in the log as the database writes it."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"
