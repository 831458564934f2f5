"""The client of ClickHouse: values as they are, failures told apart, and writes in their order wherever they are made."""

from __future__ import annotations

import hashlib
import inspect
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

from core.config import Settings
from core.errors import NoRoom, Retryable, UsageError
from store.client import _SENT_APART_MAX, Store, open_store, store_alone, store_is_open
from store.disk.held import Batch
from store.revision import BLOCK
from tests.ports import free_port


def test_a_step_aside_ends_before_the_next_write_of_its_thread(store: Store) -> None:
    begun, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    def step() -> None:
        begun.set()
        go_on.wait(60)
        order.append("aside")

    store.write_behind(step)
    assert begun.wait(60)
    assert store.rows("SELECT 1 AS one") == [{"one": 1}]  # reads go on
    threading.Timer(0.2, go_on.set).start()
    store.insert("actions", {"actor": ["a"]})
    order.append("insert")
    assert order == ["aside", "insert"]


def test_a_table_holds_nested_values_and_bytes_that_are_no_text(store: Store) -> None:
    sql = "SELECT map('a', [('b', {value:String})]) AS nested, toLowCardinality('c') AS short, '\\xff' AS raw FROM numbers({count:UInt64})"
    found = store.table(sql, {"value": "v", "count": 2})
    assert found["nested"].to_pylist() == [[("a", [{"1": "b", "2": "v"}])]] * 2
    assert found["short"].to_pylist() == ["c", "c"]
    assert found["raw"].cast("binary").to_pylist() == [b"\xff"] * 2
    assert store.table(sql, {"value": "v", "count": 0})["short"].to_pylist() == []


def test_a_table_is_inserted_by_the_names_of_its_columns(store: Store) -> None:
    facts = pa.array([[("amount", "1"), ("plant", "DE")], []], pa.map_(pa.string(), pa.string()))
    rows = pa.table({"facts": facts, "transaction_id": ["a", "b"], "started_at": pa.array([1000, 2000], pa.timestamp("ms", "UTC"))})
    store.insert_table("transactions", rows)
    store.insert_table("transactions", rows[:0])
    found = store.rows(
        "SELECT transaction_id, facts, toUnixTimestamp64Milli(started_at) AS at, ended_at, state FROM transactions ORDER BY ALL"
    )
    assert found == [
        {"transaction_id": "a", "facts": {"amount": "1", "plant": "DE"}, "at": 1000, "ended_at": None, "state": ""},
        {"transaction_id": "b", "facts": {}, "at": 2000, "ended_at": None, "state": ""},
    ]


def test_what_a_step_aside_raised_is_raised_by_the_next_write_once(store: Store) -> None:
    def fail() -> None:
        raise ValueError("no")

    store.write_behind(fail)
    with pytest.raises(ValueError, match="no"):
        store.command("TRUNCATE TABLE actions")
    store.command("TRUNCATE TABLE actions")


def test_what_waits_is_written_although_a_write_behind_lets_more_wait(
    store: Store, begun_behind: Callable[[Callable[[], object]], None]
) -> None:
    store.held.add(Batch({"actions": {"actor": ["first"], "revision": [1]}}, {}))
    begun_behind(lambda: store.held.add(Batch({"actions": {"actor": ["aside"], "revision": [2]}}, {})))
    store.held.write()
    assert not store.held
    assert [row["actor"] for row in store.rows("SELECT actor FROM actions ORDER BY revision")] == ["first", "aside"]


def test_what_follows_is_written_after_what_a_step_aside_let_wait(
    store: Store, begun_behind: Callable[[Callable[[], object]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    put = Store.put

    def note(self: Store, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        put(self, table, columns)
        written.extend(columns["actor"])

    monkeypatch.setattr(Store, "put", note)
    begun_behind(lambda: store.held.add(Batch({"actions": {"actor": ["aside"]}}, {})))
    store.insert_or_hold({"actions": {"actor": ["last"]}})
    assert written == ["aside", "last"]


def test_a_step_aside_gets_a_revision_while_its_thread_reserves_more(
    store: Store, begun_behind: Callable[[Callable[[], object]], None]
) -> None:
    found: list[int] = [store.revision()]
    begun_behind(lambda: found.append(store.revision()))
    found.append(store.revision(BLOCK))
    store.flush()
    assert len(set(found)) == 3


def test_steps_side_by_side_give_their_results_in_order_and_the_first_failure_when_all_have_ended(store: Store) -> None:
    ended = threading.Event()

    def fail() -> int:
        raise ValueError("first")

    def slow() -> int:
        threading.Event().wait(0.2)
        ended.set()
        return 2

    assert store.side_by_side(lambda: 1, slow) == [1, 2]
    ended.clear()
    with pytest.raises(ValueError, match="first"):
        store.side_by_side(fail, slow)
    assert ended.is_set()


def test_answers_are_plain_values_and_times_in_utc(store: Store) -> None:
    moment = datetime(2026, 3, 29, 3, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    sql = """SELECT {at:DateTime64(3, 'UTC')} AS at, toDateTimeOrNull('no time', 'UTC') AS never, toUInt8(7) AS n, 'é' AS text,
        CAST('x', 'LowCardinality(String)') AS word, [1, 2] AS numbers"""
    (row,) = store.rows(sql, {"at": moment})
    assert (row["at"].astimezone(UTC), row["never"]) == (moment.astimezone(UTC), None)
    frame = store.frame(sql, {"at": moment})
    assert (str(frame["at"].dtype), frame["n"].tolist()) == ("datetime64[ms]", [7])
    assert frame["at"][0].to_pydatetime() == moment.astimezone(UTC).replace(tzinfo=None)
    assert str(frame["never"][0]) == "NaT"
    assert (frame["text"][0], frame["word"][0], list(frame["numbers"][0])) == ("é", "x", [1, 2])


@pytest.mark.parametrize("length", [10, _SENT_APART_MAX + 1, 1 << 20])
def test_a_parameter_arrives_as_it_is_however_long(store: Store, length: int) -> None:
    text = ("'\\ {x:String} é\n" * (length // 8))[:length]
    sql = (
        "SELECT {text:String} = {again:String} AS same, {texts:Array(String)} = [{text:String}, '', 'b'] AS equal, {number:UInt8} AS number"
    )
    (row,) = store.rows(sql, {"text": text, "again": text, "texts": [text, "", "b"], "number": 7})
    assert (row["same"], row["equal"], row["number"]) == (1, 1, 7)
    (row,) = store.rows("SELECT arraySum({numbers:Array(UInt32)}) AS n", {"numbers": [7] * (length // 2)})
    assert row["n"] == 7 * (length // 2)
    (row,) = store.rows("SELECT hex(MD5({text:String})) AS digest", {"text": text})
    assert row["digest"].lower() == hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def test_a_failed_question_leaves_a_client_that_answers(store: Store) -> None:
    with pytest.raises(ClickHouseError, match="missing"):
        store.rows("SELECT missing FROM clocks")
    assert store.rows("SELECT 1 AS one") == [{"one": 1}]


@pytest.mark.parametrize("said", ["Code: 243. NOT_ENOUGH_SPACE", "write failed: No space left on device", "errno: Read-only file system"])
def test_a_disk_that_takes_nothing_is_no_room_and_every_other_failure_stays_what_it_is(store: Store, said: str) -> None:
    with pytest.raises(NoRoom, match=r"^the disk of the store "), store.own_client():
        raise DatabaseError(said)
    with pytest.raises(DatabaseError, match="Code: 60"), store.own_client():
        raise DatabaseError("Code: 60. UNKNOWN_TABLE")


def test_rows_of_several_tables_are_kept_together_and_empty_ones_not_at_all(store: Store) -> None:
    kept: list[dict[str, Any]] = []

    class Keeper:
        def keep(self, tables: Mapping[str, Mapping[str, Sequence[Any]]]) -> None:
            kept.append(dict(tables))

    store.keep_with(Keeper())
    actions = {"actor": ["ana"], "revision": [1]}
    store.insert_all({"actions": actions, "silences": {"silence_id": []}})
    store.put("actions", {"actor": ["ben"], "revision": [2]})
    store.keep_with(None)
    store.insert("actions", {"actor": ["cem"], "revision": [3]})
    assert kept == [{"actions": actions}]
    assert [row["actor"] for row in store.rows("SELECT actor FROM actions ORDER BY revision")] == ["ana", "ben", "cem"]


def test_rows_that_find_no_room_wait_and_are_written_before_what_follows(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put, full = Store.put, True

    def try_to_put(self: Store, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
        if full:
            raise NoRoom("full")
        put(self, table, columns)

    monkeypatch.setattr(Store, "put", try_to_put)
    store.insert_or_hold({"actions": {"actor": ["first"], "revision": [1]}})
    with pytest.raises(NoRoom):
        store.insert("actions", {"actor": ["refused"], "revision": [9]})
    assert len(store.held) == 1
    full = False
    store.insert_or_hold({"actions": {"actor": ["second"], "revision": [2]}})
    assert not store.held
    assert [row["actor"] for row in store.rows("SELECT actor FROM actions ORDER BY revision")] == ["first", "second"]


def test_each_thread_has_a_client_of_its_own(store: Store) -> None:
    one, other = store.side_by_side(lambda: store.reader, lambda: store.reader)
    assert one is store.reader
    assert other is not one


def test_the_embedded_store_is_one_process_s(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    assert not store_is_open(settings), "there is none"
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "status").touch()
    assert not store_is_open(settings)
    with store_alone(settings):
        assert store_is_open(settings)
        with pytest.raises(UsageError, match=r"the engine has the store in .* open.*; stop it first \('andon up' or 'andon engine'\)"):
            store_alone(settings).__enter__()
    assert not store_is_open(settings)


def test_a_store_of_another_form_is_told() -> None:
    with pytest.raises(UsageError, match="write 'embedded' or clickhouse://"):
        open_store(Settings(store="postgres://here"))


def test_a_server_that_does_not_answer_may_answer_later() -> None:
    with pytest.raises(Retryable, match=r"no ClickHouse server answers at http://default@127\.0\.0\.1"):
        open_store(Settings(store=f"clickhouse://127.0.0.1:{free_port()}"))


def test_the_types_of_a_table_are_asked_for_once_and_again_for_a_new_column(
    unmigrated_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = unmigrated_store
    store.command("CREATE TABLE notes (id UInt64, text String) ENGINE = Memory")
    store.insert("notes", {"id": [1], "text": ["a"]})
    asked: list[str] = []
    client = type(store.reader)  # a write has a thread, and so a client, of its own
    context = client.create_insert_context

    def noted(self: Any, table: str, *arguments: Any, **named: Any) -> Any:
        if not inspect.signature(context).bind(self, table, *arguments, **named).arguments.get("column_types"):
            asked.append(table)
        return context(self, table, *arguments, **named)

    monkeypatch.setattr(client, "create_insert_context", noted)
    store.insert("notes", {"id": [2], "text": ["b"]})
    assert asked == []
    store.command("ALTER TABLE notes ADD COLUMN rank Nullable(UInt8)")
    store.insert("notes", {"rank": [3], "id": [3]})
    assert asked == ["notes"]
    assert store.rows("SELECT * FROM notes ORDER BY id")[1:] == [
        {"id": 2, "text": "b", "rank": None}, {"id": 3, "text": "", "rank": 3}
    ]  # fmt: skip
