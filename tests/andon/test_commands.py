"""The command line as a person meets it: exit codes and errors of one line."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from andon.commands import quarantine
from tests.command_line import andon, ask, own_environment
from tests.ports import free_port

ORDERS = Path(__file__).parent.parent / "catalogs" / "orders"
SHIPPED = Path(__file__).parents[2] / "catalog"
GIVEN = 'given: [{at: "2026-03-27 15:50 UTC", event: shop.order.captured, data: {order: "17"}}]\n'
EXPECT = 'expect: [{{at: "2026-03-27 15:50:{second} UTC", transaction: {{order: "17"}}, sla: {sla}, verdict: breached}}]\n'


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    """Return the only line of the error output, without the program's name."""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("andon: ")
    return lines[0].removeprefix("andon: ")


def test_a_good_catalog_is_summed_up(tmp_path: Path) -> None:
    result = andon("check", str(ORDERS), folder=tmp_path)
    assert result.returncode == 0
    assert "1 flow, 2 SLAs" in result.stdout
    assert result.stderr.splitlines() == [
        f"warning: not readable here: channel 'desk': secret env:{name} is empty; set it and start again"
        for name in ("ANDON_TEST_WEBHOOK", "ANDON_TEST_WEBHOOK_SECRET")
    ]


@pytest.mark.usefixtures("one_store")
def test_the_catalog_that_is_set_for_all_processes_is_the_one_that_is_checked(tmp_path: Path) -> None:
    result = ask("check", folder=tmp_path, environment={**own_environment(), "ANDON_CATALOG": str(ORDERS)})
    assert (result.returncode, "1 flow, 2 SLAs" in result.stdout) == (0, True), result.stderr


def test_a_calendars_year_is_shown_and_an_unknown_calendar_is_wrong_use(tmp_path: Path) -> None:
    shown = ask("calendar", "plant-de07", "2026", "--catalog", str(SHIPPED), folder=tmp_path)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "  closed   Thu 2026-12-24  own date" in shown.stdout.splitlines()
    unknown = ask("calendar", "plant-de7", "--catalog", str(SHIPPED), folder=tmp_path)
    assert (unknown.returncode, one_line(unknown)) == (
        2, f"calendar 'plant-de7' is not defined in {SHIPPED}; did you mean 'plant-de07'?",
    )  # fmt: skip


@pytest.mark.usefixtures("one_store")
def test_check_lists_what_each_calendar_closes_this_year(tmp_path: Path) -> None:
    lines = ask("check", str(SHIPPED), folder=tmp_path).stdout.splitlines()
    closing = [re.fullmatch(r"calendar (\S+) closes \d+ days in (\d{4}): .*1 January New Year's Day.*", line) for line in lines[:-1]]
    assert [found and found[1] for found in closing] == ["carrier", "office", "plant-de07", "plant-us02"]
    assert {found and int(found[2]) for found in closing} <= {datetime.now(UTC).year, (datetime.now(UTC) - timedelta(days=1)).year}


@pytest.mark.usefixtures("one_store")
def test_a_table_whose_rows_say_no_time_is_told_by_a_check_and_is_no_error(tmp_path: Path) -> None:
    shutil.copytree(ORDERS, tmp_path / "catalog")
    (tmp_path / "catalog" / "sources").mkdir(exist_ok=True)
    receiver = "{type: sql_table, url: 'env:SHOP_DATABASE', table: orders, key: id, change: id}"
    (tmp_path / "catalog" / "sources" / "table.yaml").write_text(f"source: table\nowner: order-desk\nreceiver: {receiver}\n")
    file = tmp_path / "shop.sqlite"
    environment = {**own_environment(), "SHOP_DATABASE": f"sqlite:///{file}"}
    result = ask("check", "catalog", folder=tmp_path, environment=environment)
    assert (result.returncode, "its system could not be asked: PausedError: the database file" in result.stderr) == (0, True)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
        connection.execute("INSERT INTO orders VALUES (7)")
    result = ask("check", "catalog", folder=tmp_path, environment=environment)
    assert result.returncode == 0
    assert "warning: source 'table': the change column 'id' says no time (int)" in result.stderr


@pytest.mark.usefixtures("one_store")
def test_a_broken_catalog_is_wrong_use_and_names_the_file(tmp_path: Path) -> None:
    flows = tmp_path / "catalog" / "flows"
    flows.mkdir(parents=True)
    text = (ORDERS / "flows" / "orders.yaml").read_text().replace("owner: order-desk", "owner: order-desk\nowmer: x", 1)
    (flows / "orders.yaml").write_text(text)
    result = ask("check", "catalog", folder=tmp_path)
    assert result.returncode == 2
    assert "orders.yaml" in result.stderr
    assert "owmer" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_flag_value_of_the_wrong_type_is_wrong_use(tmp_path: Path) -> None:
    result = ask("find", "4711", "--engine-port", "many", folder=tmp_path)
    assert result.returncode == 2
    assert one_line(result).startswith("invalid value for '--engine-port'")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["strat"], "no such command 'strat'; see 'andon --help'"),
        (["explain"], "missing argument 'transaction'; see 'andon explain --help'"),
        (["sla", "tset"], "no such command 'tset'. Did you mean 'test'?"),
    ],
)
def test_a_command_that_is_none_or_lacks_something_says_where_to_look(tmp_path: Path, arguments: list[str], said: str) -> None:
    result = ask(*arguments, folder=tmp_path)
    assert (result.returncode, one_line(result)) == (2, said)


def test_a_setting_out_of_range_is_wrong_use_in_one_line(tmp_path: Path) -> None:
    result = ask("find", "4711", "--engine-port", "99999999", folder=tmp_path)
    assert result.returncode == 2
    assert "engine_port" in one_line(result).replace("-", "_")


def test_without_an_engine_the_way_to_start_it_is_said(tmp_path: Path) -> None:
    port = free_port()
    result = ask("explain", "4711", "--engine-port", str(port), folder=tmp_path)
    assert result.returncode == 1
    message = one_line(result)
    assert (
        message
        == f"no engine answers at http://127.0.0.1:{port}; start it with 'andon up', wait a moment if it is starting, or give --engine-port"
    )
    assert not (tmp_path / ".andon").exists(), "a question makes no data folder"


class _Refusing(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = b"Code: 516. DB::Exception: Authentication failed\n"
        self.send_response(401)
        self.send_header("x-clickhouse-exception-code", "516")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815 - the name the server looks for

    def log_message(self, *_: object) -> None:
        pass


def test_an_engine_with_another_data_folder_is_told_from_one_that_is_not_there(tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (tmp_path / "mine" / "secrets").mkdir(parents=True)
        (tmp_path / "mine" / "secrets" / "reader").write_text("mine")
        result = ask("find", "4711", "--engine-port", str(server.server_port), "--data", "mine", folder=tmp_path)
        server.shutdown()
    assert result.returncode == 1
    assert one_line(result) == (
        f"the engine at http://127.0.0.1:{server.server_port} answers but refuses the password in mine/secrets/reader:"
        " it runs with another data folder; name that one with --data (the demo's is .andon-demo)"
    )


@pytest.mark.parametrize("verb", ["status", "verify"])
@pytest.mark.parametrize("folder", ["/etc/passwd", "nowhere"])
def test_a_folder_without_a_journal_is_wrong_use(tmp_path: Path, verb: str, folder: str) -> None:
    result = ask("journal", verb, "--data", folder, folder=tmp_path)
    assert result.returncode == 2
    assert one_line(result) == f"{folder} contains no journal; give the right data folder with --data"
    assert not (tmp_path / "nowhere").exists()


def test_users_tests_that_pass_and_fail_are_counted(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text("test: Breached in time\n" + GIVEN + EXPECT.format(second="04", sla="book-in-time"))
    (tmp_path / "bad.yaml").write_text("test: Breached too early\n" + GIVEN + EXPECT.format(second="03", sla="book-in-time"))
    result = andon("sla", "test", "good.yaml", "bad.yaml", "--catalog", str(ORDERS), folder=tmp_path)
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.splitlines() == [
        "✓ good.yaml: Breached in time",
        "✗ bad.yaml: Breached too early",
        (
            "    bad.yaml:3:10: at 2026-03-27 15:50:03 UTC order 17, book-in-time: verdict is at_risk, expected breached: captured 2026-03-27 15:50 UTC"
            " + 4 seconds = due 2026-03-27 15:50:04 UTC; booked not seen by 2026-03-27 15:50:02 UTC"
        ),
        "2 tests, 1 failed",
    ]


def test_a_users_test_of_what_is_not_defined_is_wrong_use(tmp_path: Path) -> None:
    expect = EXPECT.format(second="04", sla="bok-in-time").replace("transaction: {order:", "transaction: {oder:")
    (tmp_path / "case.yaml").write_text(GIVEN + expect + "silent:\n  - shop\n  - shopp\n")
    result = ask("sla", "test", "case.yaml", "--catalog", str(ORDERS), folder=tmp_path)
    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        f"case.yaml:2:{expect.index('oder:') + 1}: key 'oder' is not defined; known: order",
        f"case.yaml:2:{expect.index('bok-in-time') + 1}: SLA 'bok-in-time' is not defined; known: book-in-time, ship-today",
        "case.yaml:5:5: source 'shopp' is not defined; known: shop",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "999.1.1.1", "--insecure"], "on 999.1.1.1 cannot be opened: "),
        (["--tls-certificate", "/etc/passwd", "--tls-key", "/etc/passwd"], "TLS cannot use /etc/passwd with /etc/passwd: "),
        (["--data", "/etc/passwd"], "the folder /etc/passwd/secrets cannot be created: Not a directory"),
        (["--journal-max-bytes", "-1"], "--journal-max-bytes: input should be greater than or equal to 1048576"),
    ],
)
def test_a_collector_that_cannot_start_says_why_in_one_line(tmp_path: Path, arguments: list[str], said: str) -> None:
    ports = ["--http-port", str(free_port()), "--otlp-grpc-port", str(free_port())]
    result = andon("collect", *ports, "--catalog", str(ORDERS), *arguments, folder=tmp_path)
    assert result.returncode == 2
    assert said in one_line(result)


def test_an_engine_with_a_certificate_that_cannot_be_used_says_so_in_one_line(tmp_path: Path) -> None:
    for file, said in (("/etc/passwd", "TLS cannot use /etc/passwd: "), ("gone.pem", "gone.pem: No such file or directory")):
        result = andon("engine", "--engine-port", str(free_port()), "--catalog", str(ORDERS), "--tls-certificate", file, folder=tmp_path)
        assert result.returncode == 2
        assert one_line(result).startswith(said)
    assert not (tmp_path / ".andon").exists(), "told before anything is made"


def test_a_store_that_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    engine = ["engine", "--catalog", str(ORDERS), "--engine-port", str(free_port())]
    port = free_port()
    result = andon(*engine, "--store", f"clickhouse://reader@127.0.0.1:{port}/andon", folder=tmp_path)
    assert result.returncode == 1
    assert one_line(result) == f"no ClickHouse server answers at http://reader@127.0.0.1:{port}/andon; start it, or correct --store"

    (tmp_path / ".andon" / "store").mkdir(parents=True)
    with (tmp_path / ".andon" / "store" / "status").open("w") as status:
        fcntl.flock(status, fcntl.LOCK_EX)  # as another engine does
        result = andon(*engine, folder=tmp_path)
    assert result.returncode == 2
    holder = f"(process {os.getpid()}); stop it first ('andon up' or 'andon engine')"
    assert one_line(result).startswith("the engine has the store in .andon open: '")
    assert one_line(result).endswith(holder)


def test_what_a_command_makes_is_its_owners_alone(tmp_path: Path) -> None:
    (tmp_path / "umask.py").write_text(
        "import os, pathlib, sys, andon.__main__ as command\n"
        "command._register = lambda: pathlib.Path('made').touch()\n"
        "os.umask(0)\nsys.argv = ['andon', '--help']\ncommand.main()\n"
    )
    root = str(Path(__file__).parents[2])
    subprocess.run([sys.executable, "umask.py"], cwd=tmp_path, env={**os.environ, "PYTHONPATH": root}, capture_output=True, check=False)
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o600


def test_nothing_asked_is_answered_with_the_help_and_its_exit_codes(tmp_path: Path) -> None:
    result = ask(folder=tmp_path)
    assert (result.returncode, result.stderr.strip()) == (2, "")
    assert "Exit codes: 0 success" in result.stdout


@pytest.mark.usefixtures("one_store")
def test_warnings_say_that_they_are_warnings(tmp_path: Path) -> None:
    shutil.copytree(ORDERS, tmp_path / "catalog")
    (tmp_path / "catalog" / "routes.yaml").unlink()
    result = ask("check", folder=tmp_path)
    assert result.returncode == 0
    assert [line for line in result.stderr.splitlines() if not line.startswith("warning: catalog/")] == []
    assert "nobody will be notified" in result.stderr


def test_the_quarantine_is_listed_with_whole_ids_and_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    row = {
        "quarantine_id": "q_0123456789abcdef01234567", "received_at": pd.Timestamp("2026-03-27 15:50:01"), "lane": "standard",
        "source": "erp\x1b[31m", "kind": "event", "reason": "malformed", "message": "the event has no id;\nname it",
        "content_type": "application/json", "size": 17,
    }  # fmt: skip
    monkeypatch.setattr("store.reads.connection.reading", lambda _: contextlib.nullcontext())
    monkeypatch.setattr("store.reads.quarantine.quarantined", lambda *_: pd.DataFrame([row]))
    result = CliRunner(env={"COLUMNS": "80"}).invoke(quarantine.app, ["list"])
    assert result.output.splitlines() == [
        "q_0123456789abcdef01234567  2026-03-27 15:50:01 UTC  erp�[31m  event: malformed",
        "    the event has no id;�name it",
    ]
