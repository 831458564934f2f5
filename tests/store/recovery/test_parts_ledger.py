"""The ledger of parts: written whole or not at all, and a file that cannot be read costs only what it would have told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.clock import FakeClock
from core.config import Settings
from store.client import Store
from store.loading.slice import SHARES
from store.recovery.parts import Part
from store.recovery.parts_ledger import LEDGER, Listed, PartsLedger, listed, skip_what_was_used
from tests.store.journals import NOW
from tests.store.rows import put


def there(folder: Path, *parts: Part, table: str = "events") -> dict[str, list[Listed]]:
    return {table: [Listed(part, folder / "data" / table / part.name, active=True) for part in parts]}


@pytest.fixture
def ledger(tmp_path: Path) -> PartsLedger:
    return PartsLedger(tmp_path / LEDGER, tmp_path / "store", FakeClock(NOW))


def again(ledger: PartsLedger) -> PartsLedger:
    """Return the ledger as the next engine reads it."""
    later = PartsLedger(ledger.file, ledger.folder, ledger.clock)
    later.read()
    return later


def test_what_is_written_is_read_by_the_next_engine(ledger: PartsLedger) -> None:
    assert ledger.folder is not None
    parts = [Part("all_1_3_1", 10, 1_000, 2_000), Part("all_4_4_0", 5)]
    ledger.write(there(ledger.folder, *parts))
    assert again(ledger).known == {"events": parts}


def test_what_did_not_change_is_not_written_again(ledger: PartsLedger) -> None:
    assert ledger.folder is not None
    ledger.write(there(ledger.folder, Part("all_1_1_0", 10)))
    ledger.file.unlink()
    ledger.write(there(ledger.folder, Part("all_1_1_0", 10)))
    assert not ledger.file.exists()
    ledger.write(there(ledger.folder, Part("all_1_1_0", 10), Part("all_2_2_0", 1)))
    assert ledger.file.exists()


def test_a_disk_that_does_not_take_it_leaves_the_one_before_and_what_is_known_in_memory(
    ledger: PartsLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ledger.folder is not None
    ledger.write(there(ledger.folder, Part("all_1_1_0", 10)))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        ledger.write(there(ledger.folder, Part("all_2_2_0", 1)))
    assert ledger.known == {"events": [Part("all_2_2_0", 1)]}
    assert again(ledger).known == {"events": [Part("all_1_1_0", 10)]}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        '{"format": 1}',
        '{"format": 1, "tables": {"a": 7}}',
        '{"format": 1, "tables": {"a": {"folder": "", "parts": {"b": ["x"]}}}}',
    ],
)
def test_a_file_that_cannot_be_read_is_told_and_known_of_is_nothing(
    ledger: PartsLedger, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    ledger.file.write_text(content, encoding="utf-8")
    later = again(ledger)
    assert later.known == {}
    later.look()
    assert "the ledger of parts cannot be read" in caplog.text


def test_a_file_of_another_form_and_none_are_silent(ledger: PartsLedger, caplog: pytest.LogCaptureFixture) -> None:
    assert again(ledger).known == {}
    ledger.file.write_text(json.dumps({"format": 2, "tables": {"a": {"folder": "", "parts": {}}}}), encoding="utf-8")
    assert again(ledger).known == {}
    assert caplog.text == ""


def test_the_ledger_of_a_server_looks_at_no_folder(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, store="clickhouse://ch/andon")
    assert PartsLedger.of(settings, FakeClock(NOW)).folder is None
    assert PartsLedger.of(Settings(data=tmp_path), FakeClock(NOW)).folder == (tmp_path / "store").resolve()


def test_parts_are_listed_with_their_rows_and_the_moments_of_their_receipt(store: Store) -> None:
    store.insert("events", {"slice": [1, 1], "id": ["a", "b"], "received_at": [NOW, NOW]})
    (one,) = listed(store, active=True, tables=["events"])["events"]
    assert (one.part.rows, one.active, one.path.name) == (2, True, one.part.name)
    assert one.part.since <= NOW.timestamp() * 1000 <= one.part.until + 1_000
    assert listed(store, active=True, tables=[]) == {}


def test_revisions_go_on_behind_the_highest_that_any_table_holds(store: Store) -> None:
    high = store.revision() + (3 << 20)
    put(store, "silences", silence_id="s", starts_at=NOW, ends_at=NOW, revision=high)
    skip_what_was_used(store)
    assert store.revision() > high + SHARES
