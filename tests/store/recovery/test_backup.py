"""A copy of a data folder that can be put back, and one that was tampered with."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Timer

import pytest

from core.clock import to_milliseconds
from core.config import Settings
from core.errors import UsageError
from core.signal import Lane
from journal.format import segments
from journal.reader import read_segment
from store.recovery.backup import backup, restore
from store.recovery.freeze import Frozen
from tests.store.journals import NOW, event, refused_input, write_segment

LOAD = """
import sys
from pathlib import Path
from core.clock import SystemClock
from core.config import Settings
from core.telemetry import Telemetry
from store.client import open_store
from store.loading.loader import Loader
from store.migrations import migrate
settings = Settings(data=Path(sys.argv[1]))
store = open_store(settings)
migrate(store)
Loader(settings, store, SystemClock(), Telemetry()).load()
print(*[row["id"] for row in store.rows("SELECT id FROM events FINAL ORDER BY id")])
"""
HELD = LOAD + "sys.stdout.flush(); sys.stdin.read()"


def andon(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "andon", *words], check=False, capture_output=True, text=True, timeout=120)


def nobody() -> Frozen:
    raise AssertionError("no engine runs")


def loaded(data: Path) -> str:
    return subprocess.run([sys.executable, "-c", LOAD, str(data)], capture_output=True, text=True, check=True, timeout=120).stdout.strip()


def test_a_backup_comes_back_and_a_changed_one_does_not(tmp_path: Path) -> None:
    data, copy, other = tmp_path / "data", tmp_path / "copy", tmp_path / "other"
    settings = Settings(data=data)
    write_segment(settings, [event("1"), event("2"), refused_input("q")], closed_at=to_milliseconds(NOW))
    assert loaded(data) == "1 2"
    write_segment(settings, [event("3")], 2)

    made = andon("backup", str(copy), "--data", str(data))
    assert made.returncode == 0, made.stderr
    with pytest.raises(UsageError, match="is not empty"):
        backup(settings, copy, nobody)
    with pytest.raises(UsageError, match="is not empty"):
        restore(settings, copy)

    manifest = (copy / "manifest.json").read_text()
    assert '"events": 2' in manifest
    back = andon("restore", str(copy), "--data", str(other))
    assert back.returncode == 0, back.stderr
    restored = Settings(data=other)
    assert [len(list(read_segment(path, Lane.CRITICAL, 0, 1 << 30))) for path in segments(restored.journal, Lane.CRITICAL)] == [3, 1]
    assert loaded(other) == "1 2 3", "what was in the journal only is loaded after the restore"

    part = next(file for file in sorted((copy / "store").rglob("data.*")) if file.stat().st_size)
    part.write_bytes(part.read_bytes()[:-1] + b"!")
    with pytest.raises(UsageError, match=f"the backup has changed since it was made: .*{part.name}"):
        restore(Settings(data=tmp_path / "third"), copy)
    assert not (tmp_path / "third" / "store").exists()


def test_a_position_that_is_being_written_is_copied_as_it_was_before(tmp_path: Path) -> None:
    """The writer's pages are in the file already, as SQLite lets them be when they are many, and are taken back."""
    settings = Settings(data=tmp_path / "data")
    loaded(settings.data)
    position = settings.data / "state" / "erp" / "cursor.sqlite"
    position.parent.mkdir(parents=True)
    with closing(sqlite3.connect(position, isolation_level=None, check_same_thread=False)) as writer:
        writer.execute("PRAGMA cache_size = 2")
        writer.execute("CREATE TABLE seen (event BLOB)")
        writer.execute("INSERT INTO seen VALUES ('handed over')")
        writer.execute("BEGIN")
        writer.executemany("INSERT INTO seen VALUES (zeroblob(900))", [()] * 2_000)
        undo = Timer(6.0, lambda: writer.execute("ROLLBACK"))
        undo.start()
        made = andon("backup", str(tmp_path / "copy"), "--data", str(settings.data))
        undo.join()
    assert made.returncode == 0, made.stderr
    with closing(sqlite3.connect(tmp_path / "copy" / "state" / "erp" / "cursor.sqlite")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert copy.execute("SELECT event FROM seen").fetchall() == [("handed over",)]


def test_an_engine_that_does_not_freeze_is_named_and_no_half_of_a_backup_is_left(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HELD, str(tmp_path / "data")], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as engine:
        assert engine.stdout is not None
        engine.stdout.readline()
        made = andon("backup", str(tmp_path / "copy"), "--data", str(tmp_path / "data"), "--engine-port", "1")
        assert made.returncode != 0
        assert "the engine has the store" in made.stderr
        engine.communicate()
    assert not (tmp_path / "copy").exists()
