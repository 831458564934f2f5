"""The passwords and tokens that Andon makes for itself outlast a disk that stops."""

from __future__ import annotations

from pathlib import Path

from core.config import own_secret
from tests.faults.file_systems import file_system


def test_a_secret_is_the_same_after_a_disk_stopped(tmp_path: Path) -> None:
    """Else pages and scripts that run go on with one that is no longer right, or an empty one is taken for the secret."""
    with file_system(tmp_path, mebibytes=16) as disk:
        data = disk.root / "data"
        first = own_secret(data, "reader")
        disk.stop_writes()
        disk.repair()
        assert (data / "secrets" / "reader").read_text(encoding="ascii") == first
