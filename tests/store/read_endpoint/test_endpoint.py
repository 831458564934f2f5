"""The read endpoint against real clients, and against people who want more than to read."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import clickhouse_connect
import httpx
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError

from core.clock import FakeClock
from core.http.guard import Guard
from core.limits import FAILURES_PER_MINUTE, FailedAttempts
from core.rejection_log import RejectionLog
from core.telemetry import M, Telemetry
from store.client import Store
from store.read_endpoint import endpoint
from store.read_endpoint.endpoint import Readers, read_endpoint
from store.reads.connection import connect
from tests import plain_http
from tests.store.served import served
from tests.waiting import slowness, wait_until

PASSWORD = "correct horse"
SECRET = "the content of a file"
CLIENT = httpx.Client(timeout=60)
CLOCK = FakeClock(datetime(2026, 3, 27, tzinfo=UTC))
TELEMETRY = Telemetry()
LIMITS = {"max_execution_time": 2, "max_memory_usage": 300_000_000}


@pytest.fixture(scope="module")
def url(engine_folder: Path, admin: Store) -> Iterator[str]:
    admin.command("CREATE TABLE probe (n UInt64, text String) ENGINE = MergeTree ORDER BY n")
    admin.command("INSERT INTO probe SELECT number, toString(number) FROM numbers(1000)")
    readers = Readers(str(engine_folder), limits=LIMITS)
    app = read_endpoint(readers, PASSWORD, Guard(FailedAttempts(CLOCK), RejectionLog(CLOCK, TELEMETRY)))
    with served(app) as address:
        yield address
    readers.close()
    admin.command("DROP TABLE probe")


@pytest.fixture(autouse=True)
def new_minute() -> None:
    """Wrong passwords of other tests are forgotten."""
    CLOCK.advance(timedelta(minutes=2))


def ask(url: str, sql: str, **more: str) -> httpx.Response:
    return CLIENT.post(url, content=sql.encode(), auth=("andon", PASSWORD), params=more)


def test_the_official_client_reads_through_it(url: str) -> None:
    client = connect(url, "andon", PASSWORD)
    frame = client.query_df(
        "SELECT n, text, toDateTime64('2026-03-27 14:50:00.123', 3, 'UTC') AS at FROM probe"
        " WHERE n IN {wanted:Array(UInt64)} AND text != {not:String} ORDER BY n -- a remark; DROP TABLE probe",
        parameters={"wanted": [3, 5, 7], "not": "5"},
    )
    assert frame["n"].tolist() == [3, 7]
    assert str(frame["at"].dt.tz_localize(None).iloc[0]) == "2026-03-27 14:50:00.123000"
    hostile = "'; DROP TABLE probe; -- \\ /* \" ` é"
    assert client.query("SELECT {x:String} AS x", parameters={"x": hostile}).result_rows == [(hostile,)]
    client.close()


def test_parameters_too_long_for_an_address_arrive_as_a_form(url: str) -> None:
    client = connect(url, "andon", PASSWORD)
    wanted = [f"4711-{number:040d} ü'\\" for number in range(200)]
    found = client.query("SELECT arrayJoin({ids:Array(String)}) AS id, {word:String}", parameters={"ids": wanted, "word": "a&b=c"})
    assert found.result_rows == [(one, "a&b=c") for one in wanted]
    frame = client.query_df("SELECT count() AS n FROM probe WHERE toString(1) IN {ids:Array(String)}", parameters={"ids": wanted})
    assert frame["n"].tolist() == [0]


def test_a_form_is_checked_as_any_other_query(url: str) -> None:
    login = ("andon", PASSWORD)
    attack = {"query": (None, "SELECT * FROM file('/etc/passwd')"), "param_a": (None, "1")}
    assert plain_http.post(url, files=attack, auth=login).status_code == 403
    assert plain_http.post(url, files={"query": (None, "SELECT 1")}).status_code == 401
    assert plain_http.post(url, files={"query": (None, "SELECT " + "1" * (1 << 20))}, auth=login).status_code == 413
    broken = plain_http.post(url, content=b"nothing", headers={"content-type": "multipart/form-data"}, auth=login)
    assert broken.status_code == 400
    assert plain_http.post(url, files={"query": ("a.sql", b"SELECT 1")}, auth=login).status_code == 400


def test_formats_as_a_server_gives_them(url: str) -> None:
    assert ask(url, "SELECT 1 AS a FORMAT JSONEachRow;").text.strip() == '{"a":1}'
    assert ask(url, "SELECT 'FORMAT JSON'").text == "FORMAT JSON\n"
    assert ask(url, "SELECT 1", default_format="CSV").headers["x-clickhouse-format"] == "CSV"
    assert plain_http.get(f"{url}/ping").text == "Ok.\n"


def test_only_formats_of_the_engine_are_given(url: str) -> None:
    for answer in (
        ask(url, "SELECT 1 FORMAT DataFrame"), ask(url, "SELECT 1 FORMAT ArrowTable"), ask(url, "SELECT 1", default_format="dataframe"),
        plain_http.post(url, content=b"SELECT 1", auth=("andon", PASSWORD), headers={"X-ClickHouse-Format": "dataframe"}),
    ):  # fmt: skip
        assert (answer.status_code, answer.headers["x-clickhouse-exception-code"]) == (400, "73"), answer.text
        assert "UNKNOWN_FORMAT" in answer.text
    assert ask(url, "SELECT 1 AS a FORMAT json").headers["x-clickhouse-format"] == "JSON"


ATTACKS = [
    "INSERT INTO probe VALUES (1, '')", "CREATE TABLE x (a UInt8) ENGINE = Memory", "CREATE TEMPORARY TABLE x (a UInt8)",
    "DROP TABLE probe", "TRUNCATE TABLE probe", "ALTER TABLE probe DELETE WHERE 1", "DELETE FROM probe WHERE 1", "OPTIMIZE TABLE probe",
    "RENAME TABLE probe TO other", "DETACH TABLE probe", "ATTACH TABLE x FROM '{folder}' (a UInt8) ENGINE = MergeTree ORDER BY a",
    "CREATE FUNCTION f AS x -> x", "CREATE DATABASE d", "CREATE USER u", "GRANT ALL ON *.* TO default", "SYSTEM SHUTDOWN",
    "SYSTEM FLUSH LOGS", "KILL QUERY WHERE 1", "USE system", "SET readonly = 0", "SET max_execution_time = 0", "SET ROLE NONE",
    "SELECT 1 SETTINGS readonly = 0", "SELECT 1 SETTINGS max_memory_usage = 0", "BACKUP TABLE probe TO File('{folder}/b')",
    "RESTORE TABLE probe FROM File('{folder}/b')", "EXPLAIN ANALYZE SELECT 1", "EXECUTE AS default SELECT 1",
    "SELECT file('{folder}/secret')", "SELECT FILE ('{folder}/secret')", "SELECT `file`('{folder}/secret')",
    "SELECT file/**/('{folder}/secret')", "SELECT file -- remark\n('{folder}/secret')", "SELECT '{folder}/secret' APPLY file",
    "SELECT * APPLY(file) FROM (SELECT '{folder}/secret')", "WITH x AS (SELECT file('{folder}/secret')) SELECT * FROM x",
    "SELECT * FROM file('{folder}/secret', 'LineAsString')", "DESCRIBE TABLE file('{folder}/secret', 'LineAsString')",
    "SELECT * FROM view(SELECT file('{folder}/secret'))", "SELECT '\\'', file('{folder}/secret'), '\\''",
    "SELECT * FROM fileCluster('a', '{folder}/secret', 'LineAsString')", "SELECT 1, \"file\"('{folder}/secret')",
    "SELECT * FROM url('http://127.0.0.1:9/x', 'LineAsString')", "DESCRIBE TABLE url('http://127.0.0.1:9/x.csv')",
    "SELECT * FROM url('file://{folder}/secret', 'LineAsString', 'l String')",
    "SELECT * FROM s3('http://127.0.0.1:9/bucket/key', 'CSV', 'a String')", "SELECT * FROM gcs('http://127.0.0.1:9/bucket/key')",
    "SELECT * FROM remote('127.0.0.1', 'system.one')", "SELECT * FROM remoteSecure('127.0.0.1', 'system.one')",
    "SELECT * FROM cluster('default', 'system.one')", "SELECT * FROM executable('cat {folder}/secret', 'TSV', 'a String')",
    "SELECT * FROM mysql('127.0.0.1:9', 'a', 'b', 'c', 'd')", "SELECT * FROM postgresql('127.0.0.1:9', 'a', 'b', 'c', 'd')",
    "SELECT * FROM sqlite('{folder}/secret', 'b')", "SELECT * FROM python('os')", "SELECT * FROM Python(os)",
    "SELECT * FROM deltaLakeLocal('{folder}')", "SELECT * FROM icebergLocal('{folder}')", "SELECT * FROM hdfs('hdfs://127.0.0.1:9/a')",
    "SELECT * FROM merge('system', '.*')", "SELECT * FROM loop(probe)", "SELECT aiGenerate('a', 'b')", "SELECT dictGet('a', 'b', 1)",
    "SELECT 1 INTO OUTFILE '{folder}/out'", "SELECT 1 INTO/**/OUTFILE '{folder}/out'", "SELECT 1 INTO -- x\n OUTFILE '{folder}/out'",
    "SELECT 1 into outfile '{folder}/out' TRUNCATE FORMAT TSV", "SELECT 1; DROP TABLE probe", "SELECT 1;;SELECT 2",
    "SELECT 1 PARALLEL WITH DROP TABLE probe", "SELECT '1' /* ' */; DROP TABLE probe -- '", "/* SELECT */ DROP TABLE probe",
    "SELECT * FROM system.processes", "SELECT * FROM `system`.`processes`", "SELECT * FROM system /**/ . users",
    "SELECT * FROM SYSTEM.query_log", "SELECT * FROM system.named_collections", "SELECT * FROM system.server_settings",
    "SHOW PROCESSLIST", "SHOW FULL PROCESSLIST", "SHOW GRANTS", "SELECT * FROM {{t:Identifier}}", "SELECT $tag$a$tag$",
    "SELECT serverUUID()", "SELECT hostName('a')", "SELECT 1 SETTINGS max_threads = 2, readonly = 0", "SELECT 1 SETTINGS max_threads = 1 + 1",
    "EXPLAIN INSERT INTO probe VALUES (1, '')", "EXPLAIN TABLE OVERRIDE mysql('127.0.0.1:9', 'a', 'b', 'c', 'd')",
    "EXPLAIN SELECT file('{folder}/secret')", "EXPLAIN PLAN 'x' SELECT 1", "EXPLAIN SELECT * FROM file('{folder}/secret', 'LineAsString')",
    "SELECT \u2018a\u2019, file('{folder}/secret')", "SELECT `fi\\x6ce`('{folder}/secret')", "SELECT 1 # file\n", "SELECT '", "INSERT INTO FUNCTION file('{folder}/out', 'CSV', 'a UInt8') VALUES (1)",
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks_are_refused(url: str, tmp_path: Path, attack: str) -> None:
    (tmp_path / "secret").write_text(SECRET)
    answer = ask(url, attack.format(folder=tmp_path), param_t="system.processes")
    assert answer.status_code in {400, 403}, answer.text
    assert "Code: " in answer.text
    assert SECRET not in answer.text
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]


NAMING_A_FILE = [
    "EXISTS TABLE `{file}`", "EXISTS `{file}`", "EXISTS DICTIONARY `{file}`", "EXISTS VIEW `{file}`", "EXISTS TEMPORARY TABLE `{file}`",
    "DESCRIBE TABLE `{file}`", "DESC `{file}`", "DESCRIBE TABLE default.`{file}`", "DESCRIBE (SELECT * FROM `{file}`)",
    "SHOW CREATE TABLE `{file}`", "SHOW CREATE `{file}`", "SHOW CREATE DICTIONARY `{file}`", "SHOW CREATE VIEW `{file}`",
    "SHOW COLUMNS FROM `{file}`", "SHOW INDEX FROM `{file}`", "SHOW TABLES FROM `{file}`", "SHOW FULL COLUMNS FROM `{file}`",
    "SELECT * FROM `{file}`", 'SELECT * FROM "{file}"', "SELECT * FROM '{file}'", "SELECT * FROM default.`{file}`", "FROM `{file}` SELECT 1",
    "SELECT 1 FROM probe, `{file}`", "SELECT 1 FROM probe AS where, '{file}'", "SELECT * FROM probe JOIN `{file}` USING n",
    "SELECT 1 IN `{file}`", "SELECT in(1, `{file}`)", "SELECT 1 NOT IN `default`.`{file}`", "SELECT 1 FROM probe WHERE n GLOBAL IN `{file}`",
    "SELECT 1 WHERE exists(SELECT 1 FROM `{file}`)", "SELECT (SELECT 1 FROM `{file}`)", "SELECT 1 UNION ALL SELECT 1 FROM `{file}`",
    "SELECT hasColumnInTable('default', '{file}', 'a')", "SELECT hasColumnInTable('127.0.0.1', 'default', '{file}', 'a')",
    "SELECT * FROM view(SELECT * FROM `{file}`)", "SELECT * FROM loop(`{file}`)", "SELECT * FROM mergeTreeIndex('default', '{file}')",
    "SELECT * FROM timeSeriesData('{file}')", "SELECT * FROM merge('default', '{file}')", "SELECT joinGet('{file}', 'a', 1)",
    "SELECT dictGet('{file}', 'a', 1)", "SELECT * FROM dictionary('{file}')", "SELECT * FROM (EXPLAIN SELECT * FROM `{file}`)",
    "SELECT * FROM format(Protobuf, '{file}')", "SELECT 1 FORMAT Protobuf SETTINGS format_schema = '{file}'",
    "SELECT * FROM (WITH `{file}` AS (SELECT 1) SELECT * FROM `{file}`), `{file}`", "SELECT (SELECT 1 AS `{file}`), 1 IN `{file}`",
    "EXPLAIN SELECT * FROM `{file}`", "EXPLAIN ESTIMATE SELECT * FROM `{file}`", "EXPLAIN PLAN header = 1 SELECT 1 IN `{file}`",
    "SELECT * FROM `probe (alias x)/../../../../../../../..{file}` AS x", "SELECT {{p:String}}, 1 FROM `{file}`",
]  # fmt: skip


@pytest.mark.parametrize("naming", NAMING_A_FILE)
def test_nothing_is_told_about_files(url: str, tmp_path: Path, naming: str) -> None:
    """Neither their content nor whether they are there, also when one was named before."""
    there, missing = tmp_path / "there.csv", tmp_path / "other.csv"
    there.write_text(f"{SECRET}\n")

    def told(file: Path) -> tuple[int, str]:
        answer = ask(url, naming.format(file=file), param_p="x\n TableIdentifier probe")
        return answer.status_code, answer.text.replace(str(file), "FILE")

    assert told(there) == told(missing)
    assert SECRET not in told(there)[1]
    assert SECRET not in ask(url, f"SELECT * FROM `{there}`").text


def test_a_plain_word_is_no_file_either(url: str) -> None:
    """The embedded engine looks for one in the folder it was started in."""
    name = next(file.name for file in sorted(Path.cwd().iterdir()) if file.is_file() and file.name.isidentifier())
    for naming in (
        "SELECT * FROM {}",
        "DESCRIBE {}",
        "SELECT 1 IN {}",
        "SELECT * FROM (WITH {} AS (SELECT 1) SELECT * FROM {}), {}",
        "SELECT (SELECT 1 AS {}), 1 IN {}",
    ):
        there, missing = (ask(url, naming.replace("{}", name)) for name in (name, "nowhere"))
        assert (there.status_code, there.text) == (missing.status_code, missing.text), naming
        assert there.status_code >= 400


def test_questions_that_name_tables_in_every_way_are_answered(url: str) -> None:
    for sql, answer in {
        "SELECT count() FROM default.probe AS p ANY JOIN probe AS q USING n WHERE q.n IN (SELECT n FROM probe)": "1000",
        "WITH few AS (SELECT n FROM probe WHERE n < {n:UInt8}) SELECT count() AS `few / all` FROM few": "3",
        "WITH [1, 2] AS some SELECT count() FROM probe WHERE n IN some": "2",
        "WITH RECURSIVE t AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM t WHERE x < 3) SELECT sum(x) FROM t": "6",
        "SELECT count() FROM probe WHERE n IN {ids:Array(UInt64)}": "2",
        "SELECT toDate('2026-03-27') + INTERVAL {n:UInt8} DAY": "2026-03-30",
        "SELECT {m:Map(String, String)}['a']": "b",
        "SELECT count() FROM view(SELECT * FROM numbers(4))": "4",
        "SELECT name FROM system.tables WHERE name = 'probe' AND database = currentDatabase()": "probe",
        "SELECT table_name FROM information_schema.tables WHERE table_name = 'probe'": "probe",
        "SHOW TABLES LIKE 'probe'": "probe",
        "DESCRIBE TABLE default.probe": "n\tUInt64\t\t\t\t\t\ntext\tString",
        "FROM probe SELECT max(n)": "999",
        "SHOW DATABASES LIKE 'def%'": "default",
        "SELECT hostName(), upper(displayName()), FQDN() AS name, revision()": "andon\tANDON\tandon\t0",
        "SELECT max(n) FROM probe SETTINGS max_threads = 4, max_execution_time=10": "999",
        "EXPLAIN SYNTAX SELECT n FROM probe": "SELECT n\\nFROM probe",
    }.items():
        assert ask(url, sql, param_n="3", param_ids="[1,2]", param_m="{'a':'b'}").text.strip() == answer, sql
    for name in ("probe", "default.probe"):
        assert "CREATE TABLE default.probe" in ask(url, f"SHOW CREATE TABLE {name}").text
    assert "UNKNOWN_TABLE" in ask(url, "SELECT * FROM prob").text


def test_what_is_no_statement_is_a_syntax_error_and_what_may_not_be_asked_is_not(url: str) -> None:
    for sql, code in {
        "SELEC 1": "62",
        "SELECT 1 FROM": "62",
        "SELECT 'a": "62",
        "SELECT 1; SELECT 2": "62",
        "EXPLAIN": "62",
        "DROP TABLE probe": "164",
        "SELECT file('a')": "164",
        "SELECT nonsense FROM probe": "47",
        "SELECT * FROM nowhere": "60",
    }.items():
        answer = ask(url, sql)
        assert (answer.headers["x-clickhouse-exception-code"], answer.text.partition(".")[0]) == (code, f"Code: {code}"), sql


def test_a_plan_is_explained(url: str) -> None:
    assert "ReadFromMergeTree" in ask(url, "EXPLAIN indexes = 1 SELECT n FROM probe WHERE n = 1").text
    assert ask(url, "SELECT hostName() FORMAT JSON").json()["meta"][0]["name"] == "hostName()"


def test_a_table_made_later_is_known(url: str, admin: Store) -> None:
    admin.command("CREATE TABLE later (n UInt64) ENGINE = MergeTree ORDER BY n")
    try:
        assert ask(url, "SELECT count() FROM later").text == "0\n"
    finally:
        admin.command("DROP TABLE later SYNC")
    assert ask(url, "SELECT count() FROM later").status_code in {400, 404}


def test_attacks_left_nothing_behind(url: str) -> None:
    assert ask(url, "SELECT count(), currentDatabase() FROM probe").text == "1000\tdefault\n"


@pytest.mark.parametrize(("user", "password"), [("andon", "wrong"), ("default", PASSWORD), ("andon", ""), ("", "")])
def test_a_wrong_password_is_refused(url: str, user: str, password: str) -> None:
    assert plain_http.post(url, content=b"SELECT 1", auth=(user, password)).status_code == 401
    with pytest.raises(ClickHouseError):
        clickhouse_connect.get_client(dsn=url, username=user or "x", password=password)


def test_a_password_in_the_address_is_not_read_and_its_sender_is_told_where_to_give_it(url: str) -> None:
    answer = CLIENT.post(url, content=b"SELECT 1", params={"user": "andon", "password": PASSWORD})
    assert answer.status_code == 401
    assert "in the headers X-ClickHouse-User and X-ClickHouse-Key, and not in the address" in answer.text
    assert PASSWORD not in answer.text


def test_without_a_password(url: str) -> None:
    assert plain_http.post(url, content=b"SELECT 1").status_code == 401
    assert plain_http.post(url, content=b"SELECT 1", headers={"authorization": "Basic %%%"}).status_code == 401


def test_time_memory_and_rows_are_limited(url: str) -> None:
    began = time.monotonic()
    answer = ask(url, "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1")
    assert "TIMEOUT_EXCEEDED" in answer.text
    assert time.monotonic() - began < 10 * slowness()
    assert "MEMORY_LIMIT" in ask(url, "SELECT groupArray(repeat('x', 1000) || toString(number)) FROM numbers(10000000)").text
    assert "TOO_MANY_ROWS" in ask(url, "SELECT number FROM numbers(2000000)").text
    assert ask(url, "SELECT 1 /*" + " " * (2 << 20) + "*/").status_code == 413


def test_slow_queries_of_others_neither_block_readers_nor_the_pages(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "WAIT_SECONDS", 0.5)
    slow = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1"
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(ask, url, slow) for _ in range(8)]
        refused = wait_until(lambda: (answer := ask(url, "SELECT 1")).status_code == 503 and answer, 20, "there is no room for another")
        page = connect(url, "andon", PASSWORD)
        assert page.query("SELECT 42").result_rows == [(42,)]
        page.close()
        assert not all(answer.done() for answer in answers)
    assert (refused.status_code, refused.headers["x-clickhouse-exception-code"]) == (503, "202")
    assert "TOO_MANY_SIMULTANEOUS_QUERIES" in refused.text
    assert sorted({answer.result().status_code for answer in answers}) == [400, 503]
    assert ask(url, "SELECT 1").text == "1\n"


def test_a_failed_query_leaves_nothing_for_the_next(url: str) -> None:
    for _ in range(5):
        assert ask(url, "SELECT number, throwIf(number = 300000) FROM numbers(1000000)").status_code == 400
        assert ask(url, "SELECT 42").text == "42\n"


def test_queries_leak_no_files(url: str) -> None:
    """Measured after some queries and failures: the first ones make the engine open its threads' and its libraries' files for good."""

    def query(client: httpx.Client, times: int) -> int:
        for number in range(times):
            client.post(url, content=b"SELECT count() FROM probe" if number % 10 else b"SELECT nonsense FROM probe")
        return len(list(Path("/proc/self/fd").iterdir()))

    with httpx.Client(auth=("andon", PASSWORD)) as client:
        before = query(client, 30)
        assert query(client, 300) <= before + 10


def test_a_failed_read_leaves_nothing_in_the_store_either(store: Store) -> None:
    for _ in range(3):
        with pytest.raises(ClickHouseError):
            store.rows("SELECT number, throwIf(number = 300000) FROM numbers(1000000)")
        assert store.rows("SELECT 42 AS answer") == [{"answer": 42}]


def test_wrong_passwords_have_a_limit_and_a_good_one_passes_all_the_same(url: str) -> None:
    before = TELEMETRY.value(M.REJECTED_REQUESTS, source="", reason="auth_rate_limited")

    def guess(*_: object) -> httpx.Response:
        return plain_http.post(url, content=b"SELECT 1", auth=("andon", "battery staple"))

    assert [guess().status_code for _ in range(FAILURES_PER_MINUTE)] == [401] * FAILURES_PER_MINUTE
    reply = guess()
    assert (reply.status_code, reply.headers["x-clickhouse-exception-code"]) == (503, "516")
    assert 0 < int(reply.headers["retry-after"]) <= 60
    with pytest.raises(ClickHouseError, match="too many wrong passwords"):
        connect(url, "andon", "battery staple")
    assert ask(url, "SELECT 1").text == "1\n"
    assert TELEMETRY.value(M.REJECTED_REQUESTS, source="", reason="auth_rate_limited") > before
    CLOCK.advance(timedelta(seconds=61))
    assert guess().status_code == 401


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x"])
def test_a_body_that_trickles_is_ended(url: str, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr("core.http.body.GRACE_SECONDS", 0.3)
    address, credentials = httpx.URL(url), httpx.BasicAuth("andon", PASSWORD)._auth_header
    head = f"POST / HTTP/1.1\r\nhost: localhost\r\nauthorization: {credentials}\r\ncontent-type: {kind}\r\ncontent-length: 1000\r\n\r\n-"
    with socket.create_connection((address.host, address.port), timeout=60) as slow:
        slow.sendall(head.encode())
        assert b" 408 " in slow.recv(1000)
    assert TELEMETRY.value(M.REJECTED_REQUESTS, source="", reason="slow_client") >= 1
