"""One process at a time: a lock on a file, which the kernel releases when its process ends, however it ends; and who holds it."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import BinaryIO


def lock(file: BinaryIO) -> bool:
    """Lock an open file for this process until it is closed; return whether the lock was free. Never waits."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def described(process: int) -> str:
    """Return ``'name arguments' (process N)``. Raises ``OSError`` if there is no such process or the system does not tell."""
    program, *arguments = (Path("/proc") / str(process) / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
    command = "".join(each if each.isprintable() else " " for each in " ".join([Path(program).name, *arguments]))
    return f"'{' '.join(command.split())[:60]}' (process {process})"


def holder_of(path: Path) -> str:
    """Return ``: 'name arguments' (process N)`` for the process that has locked a file, ready to append.

    Empty if it cannot be found out.
    """
    try:
        inode = path.stat().st_ino
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            fields = line.split()  # 1: FLOCK ADVISORY WRITE <process> <device>:<inode> 0 EOF
            if fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == str(inode):
                return f": {described(int(fields[4]))}"
    except (OSError, ValueError, IndexError):
        pass
    return ""
