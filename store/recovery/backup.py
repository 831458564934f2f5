"""Copies the data folder's store and journal together with a manifest, and restores a copy after checking it.

The embedded engine has no backup of its own without a configuration file, so the store is copied file by file: as it is on disk, or as its
engine froze it (``freeze.py``). The journal and the receivers' positions may be written in the meantime, so they are copied by
SQLite's backup. The manifest lists every file with its SHA-256 and every table with its number of rows.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import apsw

from core.config import Settings
from core.errors import UsageError
from journal.format import SEGMENT_SUFFIX
from store.client import Store, store_alone, store_is_open
from store.recovery.freeze import FROZEN, Frozen
from store.recovery.parts_ledger import LEDGER
from store.statement import statement

MANIFEST = "manifest.json"
_FORMAT = 1
_DATABASES = frozenset({SEGMENT_SUFFIX, ".sqlite"})
_LOCK_MILLISECONDS = 10_000


def backup(settings: Settings, folder: Path, ask_engine: Callable[[], Frozen], *, with_secrets: bool = False) -> str:
    """Copy store, journal and receivers' state into ``folder``, new or empty. Return a line for the person who asked.

    ``ask_engine`` makes a running engine freeze its store. The state is copied first and the store last, so that nothing acknowledged
    before is missing: what comes before a position is in the journal, and what leaves the journal is in the store.

    Raises :class:`core.errors.UsageError` if the store is on a server, the folder is not empty, or the engine does not freeze it.
    """
    _check_embedded(settings)
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty; give a new or empty folder")
    if not (settings.data / "store").is_dir():
        raise UsageError(f"{settings.data} contains no store; give the right folder with --data")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as unfinished:
        unfinished.callback(shutil.rmtree, folder, ignore_errors=True)  # half a backup must not be mistaken for a whole one
        _copy_written(settings.data / "state", folder / "state")
        _copy_written(settings.journal, folder / "journal")
        rows = _copy_store(settings, folder / "store", ask_engine)
        if with_secrets and (settings.data / "secrets").is_dir():
            shutil.copytree(settings.data / "secrets", folder / "secrets", symlinks=True)
        files = _hashes(folder)
        manifest = {"format": _FORMAT, "tables": rows, "files": files}
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        _sync(folder)
        unfinished.pop_all()
    without = "" if with_secrets else "; secrets/ is not included; add it with --with-secrets"
    return f"{len(files):,} files with {sum(rows.values()):,} rows in {len(rows)} tables were copied to {folder}{without}"


def _copy_store(settings: Settings, to: Path, ask_engine: Callable[[], Frozen]) -> dict[str, int]:
    """Copy the store, frozen by its engine if one is running; return each table's number of rows."""
    if not store_is_open(settings):
        rows = _row_counts(settings.store_folder)
        with store_alone(settings):
            shutil.copytree(settings.data / "store", to, symlinks=True, ignore=shutil.ignore_patterns(FROZEN))
        return rows
    frozen = ask_engine()
    try:
        shutil.copytree(frozen.folder, to, symlinks=True)
    finally:
        shutil.rmtree(frozen.folder, ignore_errors=True)
    return frozen.rows


def restore(settings: Settings, folder: Path) -> str:
    """Check a backup and copy it into the data folder, which must contain no store and no journal. Return a line for the person who asked.

    Raises :class:`core.errors.UsageError` before anything is touched if a file is missing, changed or unexpected, and after copying if the
    copy differs or cannot be read.
    """
    _check_embedded(settings)
    manifest = _checked_manifest(folder)
    for part in ("store", "journal"):
        if (settings.data / part).is_dir() and any((settings.data / part).iterdir()):
            raise UsageError(f"{settings.data / part} is not empty; restore into a new data folder with --data")
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    (settings.data / LEDGER).unlink(missing_ok=True)  # the ledger of another store
    for part in ("store", "journal", "secrets", "state"):
        if (folder / part).is_dir():
            shutil.copytree(folder / part, settings.data / part, symlinks=True, dirs_exist_ok=True)
    _sync(settings.data)
    if wrong := [name for name, digest in manifest["files"].items() if _hash(settings.data / name) != digest]:
        raise UsageError(f"the copy differs from the backup in {', '.join(wrong[:5])}; do not use {settings.data}")
    _check_readable(settings, set(manifest["tables"]))
    rows = sum(manifest["tables"].values())
    return f"{len(manifest['files']):,} files with {rows:,} rows in {len(manifest['tables'])} tables were restored to {settings.data}"


def _check_readable(settings: Settings, tables: set[str]) -> None:
    """Open the restored store: all tables must exist and every part be readable. Rows are not counted: merges remove replaced ones."""
    store = Store(f"chdb://{settings.store_folder}")
    try:
        found = {str(row["name"]) for row in store.rows(statement("tables"))}
        broken = {str(row["table"]) for row in store.rows(statement("backup/broken_tables"))}
    finally:
        store.close()
    if wrong := sorted((tables - found) | broken):
        raise UsageError(f"in the restored store these tables are missing or unreadable: {', '.join(wrong)}; do not use {settings.data}")


def _check_embedded(settings: Settings) -> None:
    if settings.store != "embedded":
        raise UsageError("the store is on a ClickHouse server: use its own BACKUP and RESTORE, and copy the journal folder")


def _row_counts(path: Path) -> dict[str, int]:
    """Return each table's number of stored rows. Running merges end before the store is closed."""
    store = Store(f"chdb://{path}")
    try:
        store.command(statement("backup/stop_merges"))
        return {str(row["name"]): int(row["total_rows"]) for row in store.rows(statement("merge_tree_tables"))}
    finally:
        store.close()


def _copy_written(part: Path, to: Path) -> None:
    """Copy SQLite files that may be being written, each as of one moment."""
    for path in sorted(path for path in part.rglob("*") if path.suffix in _DATABASES):
        copy = to / path.relative_to(part)
        copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            source = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
            source.set_busy_timeout(_LOCK_MILLISECONDS)
            target = apsw.Connection(str(copy))
            try:
                with target.backup("main", source, "main") as running:
                    running.step(-1)
            finally:
                target.close()
                source.close()
        except apsw.Error:  # damaged: copied as it is, with its WAL, so that it can still be salvaged
            for suffix in ("", "-wal"):
                if (one := path.with_name(path.name + suffix)).exists():
                    shutil.copy2(one, copy.with_name(copy.name + suffix))


def _hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file; a link counts as the text it holds."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name == MANIFEST:
            continue
        if path.is_symlink() or path.is_file():
            found[name] = _hash(path)
    return found


def _hash(path: Path) -> str:
    """Return the SHA-256 of a file, or of the text of a link; empty if there is none."""
    if path.is_symlink():
        return "link:" + hashlib.sha256(os.fsencode(path.readlink())).hexdigest()
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _checked_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        known: dict[str, str] = manifest["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{folder} contains no readable {MANIFEST}; give a folder made by 'andon backup'") from error
    if manifest.get("format") != _FORMAT:
        raise UsageError(f"{folder} was made by another version of Andon; restore it with that version")
    present = _hashes(folder)
    wrong = sorted(name for name in known.keys() | present.keys() if known.get(name) != present.get(name))
    if wrong:
        raise UsageError(
            f"the backup has changed since it was made: {', '.join(wrong[:5])}{' …' if len(wrong) > len(wrong[:5]) else ''}; nothing was restored"
        )
    return manifest


def _sync(folder: Path) -> None:
    """Make all files and names below a folder durable."""
    for path in (folder, *folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            continue
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
