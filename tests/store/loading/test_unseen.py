"""While the store's disk takes nothing, a transaction that something unread may be about is not evaluated."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import apsw
import pandas as pd
import pytest
from msgspec.structs import replace

from core.config import Settings
from core.signal import Lane, Record, SignalKind
from journal.format import segment_name, segment_path
from journal.segment import SegmentWriter, make_row, segment_bytes
from store.disk.patience import Patience
from store.loading.unseen import Unseen
from tests.collector.requests import spans
from tests.store.journals import event, write_segment


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path)


def of(**keys: list[str]) -> dict[str, Any]:
    return {"flow": "orders", "keys": keys}


def transactions(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows))


def test_while_everything_is_stored_nothing_is_unseen(settings: Settings) -> None:
    write_segment(settings, [event("1", {"order": "4711"})])
    unseen = Unseen(settings.journal)
    assert unseen.names(transactions(of(order=["4711"]))).tolist() == [False]
    unseen.after({})
    unseen.after(None)
    assert unseen.names(transactions(of(order=["4711"]))).tolist() == [False]


def test_a_transaction_is_named_by_any_of_its_keys_in_any_lane_and_case(settings: Settings) -> None:
    write_segment(settings, [event("1", {"order": "AB-4711"})])
    write_segment(settings, [event("2", {"delivery": 'grüße "x"'}, lane=Lane.BULK)], lane=Lane.BULK)
    unseen = Unseen(settings.journal)
    unseen.after({})
    asked = transactions(
        of(order=["ab-4711"]), of(order=["4712"]), of(order=["4712"], delivery=["9", 'Grüße "X"']), of(), of(order=[]), of(order=["AB-471"])
    )
    assert unseen.names(asked).tolist() == [True, False, True, False, False, True], "a part of another key may be it, too"
    assert unseen.names(asked.iloc[:0]).tolist() == []


def test_a_key_that_signals_do_not_hold_as_it_is_compared_may_be_in_any_of_them(settings: Settings) -> None:
    unseen = Unseen(settings.journal)
    unseen.after({})
    unseen.reload(frozenset({("orders", "order"), ("invoices", "delivery")}))
    asked = transactions(of(order=["DE07-4711"]), of(delivery=["9000"]), of(order=[]))
    assert unseen.names(asked).tolist() == [False, False, False], "nothing is unseen"
    write_segment(settings, [event("1", {"plant": "DE07", "number": "4711"})])
    assert unseen.names(asked).tolist() == [True, False, False]


def test_what_was_loaded_before_is_stored_though_it_came_in_the_same_moment(settings: Settings) -> None:
    name = segment_name(write_segment(settings, [event("1", {"order": "4711"}), event("2", {"order": "4712"})]))
    unseen = Unseen(settings.journal)
    asked = transactions(of(order=["4711"]), of(order=["4712"]))
    unseen.after({name: 2})
    assert unseen.names(asked).tolist() == [False, False]
    unseen.after({name: 1})
    assert unseen.names(asked).tolist() == [False, True]
    unseen.after({})
    assert unseen.names(asked).tolist() == [True, True]


def test_what_comes_meanwhile_is_seen(settings: Settings) -> None:
    write_segment(settings, [event("1", {"order": "4711"})])
    unseen = Unseen(settings.journal)
    unseen.after({})
    asked = transactions(of(order=["4711"]), of(order=["4712"]))
    assert unseen.names(asked).tolist() == [True, False]
    write_segment(settings, [event("2", {"order": "4712"})], 2)
    assert unseen.names(asked).tolist() == [True, True]


def test_the_journal_is_read_again_only_when_it_has_changed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    write_segment(settings, [event("1", {"order": "4711"})])
    unseen = Unseen(settings.journal)
    unseen.after({})
    asked = transactions(of(order=["4711"]))
    assert unseen.names(asked).tolist() == [True]
    monkeypatch.setattr("store.loading.unseen.read_segment", lambda *_: pytest.fail("read again"))
    assert unseen.names(asked).tolist() == [True]


def test_of_too_much_it_may_be_anything(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.loading.unseen.MAX_BYTES", 10)
    write_segment(settings, [event("1", {"order": "4711"})])
    unseen = Unseen(settings.journal)
    unseen.after({})
    assert unseen.names(transactions(of(order=["4712"]), of())).tolist() == [True, True]


def test_a_segment_that_is_gone_holds_nothing(settings: Settings) -> None:
    path = write_segment(settings, [event("1", {"order": "4711"})], closed_at=event("1").received_at)
    unseen = Unseen(settings.journal)
    unseen.after({})
    asked = transactions(of(order=["4711"]))
    assert unseen.names(asked).tolist() == [True]
    path.unlink()
    assert unseen.names(asked).tolist() == [False]


def test_a_segment_that_cannot_be_read_is_salvaged_from_where_it_was_loaded(settings: Settings) -> None:
    path = write_segment(settings, [event("1", {"order": "4711"}), event("2", {"order": "4712"})], closed_at=event("1").received_at)
    damaged = bytearray(path.read_bytes())
    damaged[:16] = bytes(16)
    path.write_bytes(damaged)
    unseen = Unseen(settings.journal)
    unseen.after({segment_name(path): 1})
    assert unseen.names(transactions(of(order=["4711"]), of(order=["4712"]))).tolist() == [False, True]


@pytest.mark.parametrize("escaped", [True, False])
def test_letters_beyond_ascii_are_found_as_they_are_kept(settings: Settings, escaped: bool) -> None:
    body = json.dumps({"order": "Ärzte-ÖL"}, ensure_ascii=escaped).encode()
    write_segment(settings, [replace(event("1"), body=body)])
    unseen = Unseen(settings.journal)
    unseen.after({})
    asked = transactions(of(order=["Ärzte-ÖL"]), of(order=["ÄRZTE"]), of(order=["arzte"]))
    assert unseen.names(asked).tolist() == [True, True, False], "a part of it in capitals is it, too"
    write_segment(settings, [replace(event("1"), body=body.lower())], 2)
    assert unseen.names(transactions(of(order=["Ärzte-ÖL"]))).tolist() == [True]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        (r"PO\/47\u002b11", "PO/47+11"),
        (r"gr\u00fc\u00dfe \"x\"", 'GRÜSSE "X"'),
        ('grüße \\"x\\"', 'Grüße "X"'),
        (r"C:\\u0041", r"C:\u0041"),
        (r"\ud83d\udce6-1", "\U0001f4e6-1"),
        ("A\u0308rzte\u00a0\u200b1", "Ärzte 1"),
        (r"47\u00ad11", "4711"),
    ],
)
def test_a_key_is_found_as_people_see_it_however_json_writes_it(settings: Settings, written: str, key: str) -> None:
    write_segment(settings, [replace(event("1"), body=f'{{"data": {{"order": "{written}"}}}}'.encode())])
    unseen = Unseen(settings.journal)
    unseen.after({})
    assert unseen.names(transactions(of(order=[key]), of(order=[f"{key}0"]))).tolist() == [True, False]


def test_data_in_base64_is_searched_too(settings: Settings) -> None:
    data = b64encode(b'{"order": "PO\\/4711"}').decode().replace("/", "\\/")
    write_segment(settings, [replace(event("1"), body=f'{{"data_base64": "{data}"}}'.encode())])
    write_segment(settings, [replace(event("2"), body=b'{"data_base64": "a"}')], 2)
    unseen = Unseen(settings.journal)
    unseen.after({})
    assert unseen.names(transactions(of(order=["PO/4711"]), of(order=["PO/4712"]))).tolist() == [True, False]


@pytest.mark.parametrize("number", [7, 127, 4711, 2**40, 65 << 7 | 65, -3])
def test_a_number_of_opentelemetry_is_found_too(settings: Settings, number: int) -> None:
    request = spans(count=1)
    request.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="order").value.int_value = number
    write_segment(settings, [Record(SignalKind.TRACES, "erp", Lane.CRITICAL, event("1").received_at, 1, request.SerializeToString())])
    unseen = Unseen(settings.journal)
    unseen.after({})
    assert unseen.names(transactions(of(order=[str(number)]), of(order=["123456789012"]))).tolist() == [True, False]
    request.resource_spans[0].scope_spans[0].spans[0].attributes[-1].value.double_value = number + 0.5
    write_segment(settings, [Record(SignalKind.TRACES, "erp", Lane.CRITICAL, event("1").received_at, 1, request.SerializeToString())], 2)
    assert unseen.names(transactions(of(order=[str(number + 0.5)]), of(order=["1234567.5"]))).tolist() == [True, False]


def test_a_record_that_changes_the_size_of_no_file_is_seen(settings: Settings) -> None:
    """A WAL that was copied into its file is written from its beginning again and keeps its size."""
    path = segment_path(settings.journal, "local", Lane.CRITICAL, 1)
    path.parent.mkdir(parents=True)
    segment = SegmentWriter(path)
    for number in range(5):
        segment.append([make_row(event(str(number)))])
    segment._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
    unseen = Unseen(settings.journal)
    unseen.after({})
    asked = transactions(of(order=["4711"]))
    assert unseen.names(asked).tolist() == [False]
    before = segment_bytes(path)
    segment.append([make_row(event("5", {"order": "4711"}))])
    assert segment_bytes(path) == before
    assert unseen.names(asked).tolist() == [True]
    segment.close(1)


def test_on_a_disk_that_hangs_the_same_is_found_without_sqlite(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (event(str(number), {"order": f"471{number}"}) for number in (1, 2, 3))
    loaded = segment_name(write_segment(settings, [first], 1))
    partly = segment_name(write_segment(settings, [first, second], 2))
    write_segment(settings, [replace(third, lane=Lane.BULK)], lane=Lane.BULK)
    patience = Patience()
    patience.hangs = lambda: True
    monkeypatch.setattr("store.loading.unseen.read_segment", lambda *_: pytest.fail("it would hang"))
    monkeypatch.setattr("store.loading.unseen.SegmentReader.holds", lambda *_: pytest.fail("it would hang"))
    unseen = Unseen(settings.journal, patience)
    asked = transactions(of(order=["4711"]), of(order=["4712"]), of(order=["4713"]))
    unseen.after({loaded: 1, partly: 1})
    assert unseen.names(asked).tolist() == [False, True, True]
    unseen.after({})
    assert unseen.names(asked).tolist() == [True, True, True]
