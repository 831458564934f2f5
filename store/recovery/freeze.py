"""The embedded store as of one moment, beside it: parts never change once they are written, so links to their files are enough."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from core.config import make_folder
from store.client import Store
from store.recovery.parts import is_part
from store.recovery.parts_ledger import listed
from store.statement import statement

FROZEN = "shadow"
"""ClickHouse's own folder for frozen data; it ignores what is in it."""
_NOT_COPIED = frozenset({FROZEN, "tmp", "status", "metadata_dropped", "detached"})

_UNFINISHED = ("tmp_", "delete_tmp_")
"""Prefixes of the folders of parts that are being written or deleted: merges go on in the meantime."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """Where the frozen store is, and each table's number of rows in it."""

    folder: str
    rows: dict[str, int]


def freeze(store: Store, folder: Path) -> Frozen:
    """Freeze an open embedded store in ``folder``. For the thread that runs the stages, while nobody else writes.

    Raises ``OSError`` if the disk has no room or no links left; nothing remains then.
    """
    store.flush()
    parts = listed(store, active=True)
    target = make_folder(folder / FROZEN) / f"andon-{uuid.uuid4().hex}"
    with contextlib.ExitStack() as unfinished:
        unfinished.callback(shutil.rmtree, target, ignore_errors=True)  # half a store must not be mistaken for a whole one
        _copy(folder, target, {one.path for found in parts.values() for one in found})
        unfinished.pop_all()
    tables = store.rows(statement("merge_tree_tables"))
    return Frozen(str(target), {str(row["name"]): sum(one.part.rows for one in parts.get(str(row["name"]), [])) for row in tables})


def forget_left_over(folder: Path) -> None:
    """Delete what interrupted backups left: it keeps files that the store no longer needs. Call it while no engine runs."""
    for left in (folder / FROZEN).glob("andon-*"):
        shutil.rmtree(left, ignore_errors=True)


def _copy(source: Path, target: Path, parts: set[Path]) -> None:
    """Copy a folder of the store by links; of its parts only ``parts``."""
    target.mkdir(mode=0o700)
    for entry in os.scandir(source):
        path, copy = Path(entry.path), target / entry.name
        if path in parts:
            shutil.copytree(path, copy, copy_function=os.link)
        elif entry.is_symlink():
            copy.symlink_to(path.readlink())
        elif entry.name in _NOT_COPIED:
            if entry.name == "detached":
                copy.mkdir(mode=0o700)  # every table expects to have it
        elif entry.is_dir():
            if not is_part(entry.name) and not entry.name.startswith(_UNFINISHED):
                _copy(path, copy, parts)
        else:
            with contextlib.suppress(FileNotFoundError):  # a marker of a finished deletion, which a thread of the store removes
                shutil.copy2(path, copy)
