"""A file among the system's temporary ones, usually on another file system than the data, that nobody else can have written.

The folder for temporary files is shared by all users: what is there under our name may be somebody else's, or a link to a file of ours.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path


class PrivateTemporaryFile:
    """The stand-in for one file of the data folder, in a folder that only this user can open."""

    def __init__(self, stands_for: Path) -> None:
        """``stands_for``: the file of the data folder; this file's name is made from its path, and begins with its name."""
        digest = hashlib.sha256(str(stands_for.resolve()).encode()).hexdigest()[:16]
        self._path = private_folder() / f"{stands_for.name}-{digest}"

    def write(self, content: bytes) -> None:
        """Replace the content, and wait until it is on disk.

        Raises ``OSError``, also if somebody else has a file or folder of this name.
        """
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        if not _is_private(self._path.parent):
            raise PermissionError(f"{self._path.parent} does not belong to this user alone")
        write_in_place(self._path, content, os.O_CREAT | os.O_NOFOLLOW)

    def is_on_disk_of(self, path: Path) -> bool:
        """Return whether it would be on the same file system as a file. Raises ``OSError`` if that does not exist."""
        return Path(tempfile.gettempdir()).stat().st_dev == path.stat().st_dev

    def read(self) -> bytes | None:
        """Return the content; None if there is no file, or somebody else may have written it. Raises ``OSError`` if it cannot be read."""
        return self._path.read_bytes() if _is_private(self._path) else None

    def remove(self) -> None:
        """Delete the file if it exists. Raises ``OSError``."""
        self._path.unlink(missing_ok=True)


def private_folder() -> Path:
    """Return the folder of this user's temporary files."""
    return Path(tempfile.gettempdir()) / f"andon-{os.getuid()}"


def write_in_place(path: Path, content: bytes, flags: int = 0) -> None:
    """Overwrite the beginning of a file, and wait until it is on disk; ``flags`` are those of ``os.open``. Raises ``OSError``."""
    descriptor = os.open(path, os.O_WRONLY | flags, 0o600)
    try:
        os.pwrite(descriptor, content, 0)
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def _is_private(path: Path) -> bool:
    """Return whether a file or folder exists that belongs to this user, is not a link, and that nobody else may write."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return found.st_uid == os.getuid() and not stat.S_ISLNK(found.st_mode) and not found.st_mode & 0o022
