"""Settings: what is out of bounds or unreadable is told in one line, whichever place it came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import Settings, load_settings, own_secret, resolve_secret
from core.errors import UsageError


@pytest.mark.parametrize(
    ("name", "value"),
    [("journal_max_bytes", -1), ("journal_max_bytes", 0), ("segment_max_bytes", 0), ("journal_keep_seconds", -1), ("http_port", 65_536)],
)
def test_a_number_out_of_bounds_names_the_flag_and_the_bound(name: str, value: int) -> None:
    with pytest.raises(UsageError, match=r"should be (greater|less) than or equal to \d+") as caught:
        load_settings(**{name: value})
    assert str(caught.value).startswith(f"--{name.replace('_', '-')}: ")


@pytest.mark.parametrize(("content", "why"), [(b"host = '\xff'", "not UTF-8"), (b"host = ", "Invalid value"), (None, "No such file")])
def test_an_unreadable_file_is_named(tmp_path: Path, content: bytes | None, why: str) -> None:
    file = tmp_path / "andon.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=why) as caught:
        load_settings(file)
    assert str(caught.value).startswith(str(file))


def test_a_secret_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not UTF-8"):
        resolve_secret(f"file:{tmp_path / 'secret'}")


def test_a_data_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for data in (tmp_path / "file", Path("/proc/andon")):
        with pytest.raises(UsageError, match=rf"{data}/secrets cannot be made: .*; choose another with --data"):
            own_secret(data, "reader")


def test_the_store_has_one_name_however_its_folder_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path / "work")
    for data in ("../data", "../link/data", tmp_path / "data", tmp_path / "work" / ".." / "data"):
        assert Settings(data=Path(data)).store_folder == tmp_path.resolve() / "data" / "store"
