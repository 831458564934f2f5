"""A file among the temporary ones is ours alone, or it is not used."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.disk.temporary_file import PrivateTemporaryFile, private_folder, write_in_place


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PrivateTemporaryFile:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    return PrivateTemporaryFile(tmp_path / "data" / "held")


def written(file: PrivateTemporaryFile, content: bytes = b"ours") -> Path:
    """Write, and return where that is."""
    file.write(content)
    (path,) = private_folder().iterdir()
    return path


def test_what_was_written_last_is_read_until_it_is_removed(file: PrivateTemporaryFile) -> None:
    assert file.read() is None
    path = written(file, b"first")
    file.write(b"SEC")
    assert file.read() == b"SECst", "the length is the content's own affair"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    file.remove()
    file.remove()
    assert file.read() is None


def test_each_file_of_the_data_has_its_own(file: PrivateTemporaryFile, tmp_path: Path) -> None:
    written(file)
    assert PrivateTemporaryFile(tmp_path / "data" / ".." / "data" / "held").read() == b"ours"
    assert PrivateTemporaryFile(tmp_path / "other" / "held").read() is None


def test_what_others_may_write_is_not_read(file: PrivateTemporaryFile) -> None:
    written(file).chmod(0o666)
    assert file.read() is None


def test_a_link_is_neither_read_nor_followed(file: PrivateTemporaryFile, tmp_path: Path) -> None:
    path, victim = written(file), tmp_path / "victim"
    victim.write_bytes(b"precious")
    path.unlink()
    path.symlink_to(victim)
    assert file.read() is None
    with pytest.raises(OSError, match="symbolic links"):
        file.write(b"ours")
    assert victim.read_bytes() == b"precious"


def test_a_folder_that_others_may_write_in_is_not_used(file: PrivateTemporaryFile) -> None:
    path = written(file)
    path.unlink()
    private_folder().chmod(0o777)
    with pytest.raises(PermissionError, match="does not belong to this user alone"):
        file.write(b"ours")
    assert not path.exists()


def test_writing_in_place_keeps_the_room_that_a_file_has(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(100))
    write_in_place(path, b"new")
    assert path.read_bytes() == b"new" + bytes(97)
    with pytest.raises(FileNotFoundError):
        write_in_place(tmp_path / "absent", b"new")
