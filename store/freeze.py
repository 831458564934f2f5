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
from store.parts import is_part
from store.parts_ledger import listed
from store.statement import statement

FROZEN = "shadow"
"""ClickHouse's own folder for what is frozen; it looks at nothing in it."""
_NOT_COPIED = frozenset({FROZEN, "tmp", "status", "metadata_dropped", "detached"})

_UNFINISHED = ("tmp_", "delete_tmp_")
"""How folders of parts begin that are being written or deleted: merges go on meanwhile."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """Where it is, and each table's rows in it."""

    folder: str
    rows: dict[str, int]


def freeze(store: Store, folder: Path) -> Frozen:
    """Freeze an open embedded store that lies in ``folder``. For the thread that runs the stages, while nobody else writes.

    Raises ``OSError`` where the disk has no room or no links; nothing is left then.
    """
    store.flush()
    parts = listed(store, active=True)
    target = make_folder(folder / FROZEN) / f"andon-{uuid.uuid4().hex}"
    with contextlib.ExitStack() as unfinished:
        unfinished.callback(shutil.rmtree, target, ignore_errors=True)  # half of a store must not be taken for one
        _copy(folder, target, {one.path for found in parts.values() for one in found})
        unfinished.pop_all()
    tables = store.rows(statement("merge_tree_tables"))
    return Frozen(str(target), {str(row["name"]): sum(one.part.rows for one in parts.get(str(row["name"]), [])) for row in tables})


def forget_left_over(folder: Path) -> None:
    """Delete what interrupted backups left: it keeps files that the store does not need any more. To be called while no engine runs."""
    for left in (folder / FROZEN).glob("andon-*"):
        shutil.rmtree(left, ignore_errors=True)


def _copy(source: Path, target: Path, parts: set[Path]) -> None:
    """Copy a folder of the store, of its parts only ``parts``, by links."""
    target.mkdir(mode=0o700)
    for entry in os.scandir(source):
        path, copy = Path(entry.path), target / entry.name
        if path in parts:
            shutil.copytree(path, copy, copy_function=os.link)
        elif entry.is_symlink():
            copy.symlink_to(path.readlink())
        elif entry.name in _NOT_COPIED:
            if entry.name == "detached":
                copy.mkdir(mode=0o700)  # a table wants to have it
        elif entry.is_dir():
            if not is_part(entry.name) and not entry.name.startswith(_UNFINISHED):
                _copy(path, copy, parts)
        else:
            with contextlib.suppress(FileNotFoundError):  # a note of a deletion that is done, which a thread of the store removes
                shutil.copy2(path, copy)
