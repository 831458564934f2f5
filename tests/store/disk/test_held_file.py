"""The file beside the store that a full disk takes: what it had last is what is read, or nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from store.disk.held_file import SIZE_BYTES, HeldFile
from store.disk.temporary_file import private_folder
from tests.faults.file_systems import file_system

MOMENT = datetime(2026, 3, 27, 10, 0, tzinfo=UTC)
BATCH = {"tables": {"incidents": {"incident_id": ["1"], "opened_at": [MOMENT]}}, "kept": {}}
READ = {"tables": {"incidents": {"incident_id": ["1"], "opened_at": ["2026-03-27T10:00:00Z"]}}, "kept": {}}


def test_a_full_disk_takes_it_and_another_process_reads_it(tmp_path: Path) -> None:
    with file_system(tmp_path, mebibytes=32) as disk:
        file = HeldFile(disk.root / "journal" / "held")
        disk.fill()
        disk.take_inodes()
        for count in (1, 3, 2):
            file.write([BATCH] * count)
        assert HeldFile(disk.root / "journal" / "held").read() == [READ, READ]
        file.write([])
        assert HeldFile(disk.root / "journal" / "held").read() == []


def test_what_was_not_written_whole_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "held"
    HeldFile(path).write([BATCH])
    written = path.read_bytes()
    assert len(written) == SIZE_BYTES
    path.write_bytes(written[:40] + b"?" + written[41:])
    assert HeldFile(path).read() == []
    path.write_bytes(written[:20])
    assert HeldFile(path).read() == []


def test_more_than_fits_leaves_what_was_there(tmp_path: Path) -> None:
    file = HeldFile(tmp_path / "held")
    file.write([BATCH])
    file.write([{"tables": {"incidents": {"incident_id": [str(hash(str(n))) * 3 for n in range(400_000)]}}, "kept": {}}])
    assert file.read() == [READ]


def test_where_there_is_no_room_for_it_it_is_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with file_system(tmp_path, mebibytes=32) as disk:
        disk.fill()
        file = HeldFile(disk.root / "held")
        file.write([BATCH])
        assert file.read() == [READ]


def test_a_read_only_disk_has_it_elsewhere_until_it_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with file_system(tmp_path, mebibytes=32) as disk:
        file = HeldFile(disk.root / "held")
        file.write([BATCH])
        disk.mount("ro")
        file.write([BATCH] * 2)
        assert HeldFile(disk.root / "held").read() == [READ, READ]
        assert HeldFile(disk.root / "another").read() == []
        disk.mount("rw")
        file.write([])
        assert HeldFile(disk.root / "held").read() == []
        assert list(private_folder().iterdir()) == []


def test_what_somebody_else_may_have_put_there_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with file_system(tmp_path, mebibytes=32) as disk:
        file = HeldFile(disk.root / "held")
        disk.mount("ro")
        file.write([BATCH])
        (written,) = private_folder().iterdir()
        written.chmod(0o666)
        assert HeldFile(disk.root / "held").read() == []
        written.rename(tmp_path / "copy")
        written.symlink_to(tmp_path / "copy")
        file.write([BATCH])
        assert HeldFile(disk.root / "held").read() == []
        written.unlink()
        private_folder().chmod(0o777)
        file.write([BATCH])
        assert not written.exists()
