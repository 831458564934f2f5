"""Copies the data folder's store and journal with a manifest, and puts a copy back after it has been checked.

The embedded engine has no backup of its own without a configuration file, so the closed store is copied file by file; the journal may be
written meanwhile, as may the receivers' positions: they are copied by SQLite's backup, the positions first, because what lies before
a position is in the journal. The manifest names every file with its SHA-256 and every table with its rows.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import apsw

from core.config import Settings
from core.errors import UsageError
from core.journal import SEGMENT_SUFFIX
from store.client import Store, store_alone
from store.parts_ledger import LEDGER

MANIFEST = "manifest.json"
_FORMAT = 1
_DATABASES = frozenset({SEGMENT_SUFFIX, ".sqlite"})
_LOCK_MILLISECONDS = 10_000


def backup(settings: Settings, folder: Path) -> str:
    """Copy store, journal, secrets and receivers' state into ``folder``, new or empty. Return a line for the person who asked.

    Raises :class:`core.errors.UsageError` when the engine runs, the store is a server's, or the folder holds something.
    """
    _check_embedded(settings)
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty; give an empty or new folder")
    if not (settings.data / "store").is_dir():
        raise UsageError(f"{settings.data} holds no store; give the right folder with --data")
    with store_alone(settings):
        pass
    rows = _row_counts(settings.store_folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with store_alone(settings):
        for part in ("store", "secrets"):
            if (settings.data / part).is_dir():
                shutil.copytree(settings.data / part, folder / part, symlinks=True)
        _copy_written(settings.data / "state", folder / "state")
        _copy_written(settings.journal, folder / "journal")
    files = _hashes(folder)
    manifest = {"format": _FORMAT, "tables": rows, "files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    _sync(folder)
    return f"{len(files):,} files with {sum(rows.values()):,} rows of {len(rows)} tables are in {folder}"


def restore(settings: Settings, folder: Path) -> str:
    """Check a backup and put it into the data folder, which must hold no store and no journal. Return a line for the person who asked.

    Raises :class:`core.errors.UsageError` before anything is touched when a file is missing, changed or strange, and after the copy when a
    table's rows differ from the manifest.
    """
    _check_embedded(settings)
    manifest = _checked_manifest(folder)
    for part in ("store", "journal"):
        if (settings.data / part).is_dir() and any((settings.data / part).iterdir()):
            raise UsageError(f"{settings.data / part} is not empty; restore into a new data folder with --data")
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    (settings.data / LEDGER).unlink(missing_ok=True)  # of another store
    for part in ("store", "journal", "secrets", "state"):
        if (folder / part).is_dir():
            shutil.copytree(folder / part, settings.data / part, symlinks=True, dirs_exist_ok=True)
    _sync(settings.data)
    rows = _row_counts(settings.store_folder)
    if differing := sorted(name for name in manifest["tables"].keys() | rows.keys() if manifest["tables"].get(name) != rows.get(name)):
        raise UsageError(f"the restored store differs from the manifest in {', '.join(differing)}; do not use {settings.data}")
    return f"{len(manifest['files']):,} files with {sum(rows.values()):,} rows of {len(rows)} tables are back in {settings.data}"


def _check_embedded(settings: Settings) -> None:
    if settings.store != "embedded":
        raise UsageError("the store is a ClickHouse server's: use its own BACKUP and RESTORE, and copy the journal folder")


def _row_counts(path: Path) -> dict[str, int]:
    """Return each table's rows as stored. Merges that are running end before the store is closed."""
    store = Store(f"chdb://{path}")
    try:
        store.command("SYSTEM STOP MERGES")
        found = store.rows(
            "SELECT name, total_rows FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' ORDER BY name"
        )
        return {str(row["name"]): int(row["total_rows"]) for row in found}
    finally:
        store.close()


def _copy_written(part: Path, to: Path) -> None:
    """Copy the SQLite files of a part that may be written meanwhile, each as of one moment."""
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
        except apsw.Error:  # damaged: as it is, with its WAL, so that it can still be salvaged
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
        if path.is_symlink():
            found[name] = "link:" + hashlib.sha256(os.fsencode(path.readlink())).hexdigest()
        elif path.is_file():
            with path.open("rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def _checked_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        known: dict[str, str] = manifest["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{folder} holds no readable {MANIFEST}; give a folder made by 'andon backup'") from error
    if manifest.get("format") != _FORMAT:
        raise UsageError(f"{folder} was made by another version of Andon; restore it with that version")
    present = _hashes(folder)
    wrong = sorted(name for name in known.keys() | present.keys() if known.get(name) != present.get(name))
    if wrong:
        raise UsageError(
            f"the backup is not as it was made: {', '.join(wrong[:5])}{' …' if len(wrong) > len(wrong[:5]) else ''}; nothing was restored"
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
