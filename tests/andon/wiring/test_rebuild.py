"""``andon rebuild`` as a process: the embedded store allows one folder a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.config import Settings
from tests.andon.shop import catalog
from tests.andon.test_commands import andon
from tests.store.journals import NOW, event, write_segment

DONE = "everything that the journal ever had is in the store"


@pytest.mark.slow
def test_a_store_is_made_anew_the_one_before_is_kept_and_a_day_of_it_comes_back_alone(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    catalog(tmp_path / "catalog")
    write_segment(settings, [event("1"), event("2")])

    def rebuild(*arguments: str) -> list[str]:
        result = andon("rebuild", "--catalog=catalog", "--data=data", *arguments, folder=tmp_path)
        assert result.returncode == 0, result.stderr
        return result.stdout.splitlines()

    first = rebuild()
    assert "loaded 2 records with 2 signals; evaluating" in first
    assert first[-1] == DONE
    again = rebuild()
    (aside,) = [line for line in again if line.startswith("the previous store is in ")]
    assert (tmp_path / aside.removeprefix("the previous store is in ").partition(";")[0]).is_dir()
    assert again[-1] == DONE
    day = rebuild(f"--day={NOW:%Y-%m-%d}")
    assert any(line.startswith("read 2 records of ") for line in day)
    assert day[-1] == DONE
