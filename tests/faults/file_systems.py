"""Real file systems of a test's own, small enough to be filled: ext4 on a loop device."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.orphans import remove_if_interrupted
from tests.waiting import wait_until

_MIB = 1 << 20
_LET_GO_SECONDS = 10.0


@dataclass
class FileSystem:
    """A mounted file system; ``root`` is its top folder."""

    root: Path
    image: str
    device: str
    _frozen: bool = False

    @property
    def filler(self) -> Path:
        return self.root / "filler"

    def free_bytes(self) -> int:
        found = os.statvfs(self.root)
        return found.f_bavail * found.f_frsize

    def fill(self, leave_bytes: int = 0) -> None:
        """Let somebody else take all but so many bytes; 0: until nothing more can be written by anybody."""
        with self.filler.open("ab", buffering=0) as file:
            if leave_bytes:
                os.posix_fallocate(file.fileno(), 0, file.seek(0, os.SEEK_END) + self.free_bytes() - leave_bytes)
                return
            for size in (_MIB, 1024):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    continue

    def make_room(self) -> None:
        self.filler.unlink(missing_ok=True)
        for extra in self.root.glob("nothing-*"):
            extra.unlink()

    def take_inodes(self) -> None:
        """Let somebody else take all inodes."""
        try:
            for number in range(1_000_000):
                (self.root / f"nothing-{number}").touch()
        except OSError:
            return

    def mount(self, *options: str) -> None:
        """Mount it again with other options."""
        _run("mount", "-o", ",".join(("remount", *options)), str(self.root))

    def freeze(self) -> None:
        """Let every write wait, as a disk that hangs does, until :meth:`thaw`."""
        _run("fsfreeze", "--freeze", str(self.root))
        self._frozen = True

    def thaw(self) -> None:
        if self._frozen:
            _run("fsfreeze", "--unfreeze", str(self.root))
            self._frozen = False

    def stop_writes(self) -> None:
        """What the kernel does when it finds a fault: everything that is open stays open, and nothing is written any more."""
        Path(f"/sys/fs/ext4/{Path(self.device).name}/trigger_fs_error").write_text("a test\n")

    def repair(self) -> None:
        """What an administrator does after :meth:`stop_writes`, when nothing is open any more."""
        _run("umount", str(self.root))
        _run("e2fsck", "-f", "-p", self.image, okay=(0, 1))
        self.device = _mounted(self.image, self.root)


@contextmanager
def file_system(folder: Path, *, mebibytes: int, inodes: int = 0) -> Iterator[FileSystem]:
    """Yield a mounted ext4 without blocks that are root's alone; fails the test where none can be mounted."""
    image, root = folder / "disk.img", folder / "disk"
    root.mkdir()
    with image.open("wb") as file:
        file.truncate(mebibytes * _MIB)
    _run("mkfs.ext4", "-q", "-F", "-m", "0", *(("-N", str(inodes)) if inodes else ()), str(image))
    remove_if_interrupted(root)
    made = FileSystem(root, str(image), _mounted(str(image), root))
    try:
        yield made
    finally:
        made.thaw()  # else nothing that waits for it ever ends
        try:
            wait_until(lambda: _is_unmounted(root), _LET_GO_SECONDS, "nobody has a file of it open any more")
        except AssertionError:
            _run("umount", "-l", str(root))
            raise
        image.unlink()


def _is_unmounted(root: Path) -> bool:
    """Unmount it, unless a process that has been told to end still has it open."""
    return not subprocess.run(("umount", str(root)), check=False, capture_output=True).returncode


def _mounted(image: str, root: Path) -> str:
    """Mount an image; return its device."""
    _run("mount", "-o", "loop,errors=remount-ro", image, str(root))
    return _run("findmnt", "-no", "SOURCE", str(root)).strip()


def _run(*command: str, okay: tuple[int, ...] = (0,)) -> str:
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    except OSError as error:
        done = subprocess.CompletedProcess(command, -1, "", str(error))
    if done.returncode in okay:
        return done.stdout
    pytest.fail(f"these tests mount file systems: run them as root where loop devices are; {' '.join(command)}: {done.stderr}")
