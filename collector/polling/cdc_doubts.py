"""What in a PostgreSQL speaks against reading its changes, asked before the start."""

from __future__ import annotations

from typing import LiteralString

from collector.polling.cdc_settings import CdcSettings
from collector.polling.postgres_slot import Slot

_SETTINGS: LiteralString = (
    "SELECT current_setting('wal_level'), current_setting('max_replication_slots')::int - (SELECT count(*) FROM pg_replication_slots),"
    " (SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user)"
    " OR EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_replication' AND pg_has_role(oid, 'member'))"
)
_TABLES: LiteralString = (
    "SELECT p.pubupdate OR p.pubdelete, t.schemaname || '.' || t.tablename, c.relreplident = 'n' OR c.relreplident = 'd'"
    " AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)"
    " FROM pg_publication p LEFT JOIN pg_publication_tables t USING (pubname)"
    " LEFT JOIN pg_namespace n ON n.nspname = t.schemaname LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename"
    " WHERE p.pubname = %s ORDER BY 2"
)


def doubts_of(slot: Slot, settings: CdcSettings) -> list[str]:
    """Return what is wrong, and what to write. Raises what the driver raises."""
    return [*_of_the_database(slot, settings), *_of_the_publication(slot, settings)]


def without_publication(name: str) -> str:
    """Return what to do where there is no publication."""
    return f"there is no publication '{name}'; the owner of the tables makes it: CREATE PUBLICATION {name} FOR TABLE …"


def _of_the_database(slot: Slot, settings: CdcSettings) -> list[str]:
    found = slot.connection.execute(_SETTINGS).fetchone()
    level, free, allowed = found or ("", 0, False)
    doubts = []
    if level != "logical":
        doubts.append(
            f"wal_level is '{level}', so that the log does not say what changed; set wal_level = logical and restart the database"
        )
    if not allowed:
        doubts.append("our user may not read the log; run ALTER ROLE … REPLICATION")
    state = slot.find()
    if state is None and free < 1:
        doubts.append("there is no room for a slot; raise max_replication_slots, or drop one that nobody reads")
    elif state is not None and state.lost:
        doubts.append(f"the slot '{settings.slot}' was invalidated, since too much of the log was kept for it; changes are missing")
    elif state is not None and not state.usable:
        doubts.append(f"the slot '{settings.slot}' is of another database or another plugin; name another under 'slot'")
    elif state is not None and state.active_pid is not None:
        doubts.append(f"the slot '{settings.slot}' is being read by process {state.active_pid}; each source needs one of its own")
    return doubts


def _of_the_publication(slot: Slot, settings: CdcSettings) -> list[str]:
    name = settings.publication
    tables = slot.connection.execute(_TABLES, (name,)).fetchall()
    if not tables:
        return [without_publication(name)]
    if tables[0][1] is None:
        return [f"the publication '{name}' has no table; run ALTER PUBLICATION {name} ADD TABLE …"]
    return [
        f"table {table} has no replica identity, so that the database refuses to update and delete its rows while it is in the publication; "
        f"give it a primary key, or run ALTER TABLE {table} REPLICA IDENTITY FULL"
        for changes, table, without in tables
        if changes and without
    ]
