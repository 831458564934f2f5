"""The whole product on a ClickHouse server: an event in, verdict and incident out, every reader answered by the server itself.

The server is a stand-in with the same engine (``tests/servers/clickhouse_stand_in.py``); it says what it cannot show.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import streamlit as st

from tests import plain_http
from tests.dashboard.script import page_at
from tests.e2e.browser import chromium, visit
from tests.e2e.conftest import SECRET
from tests.e2e.sinks import Sink
from tests.e2e.test_signal_to_alert import capture, new_order, verdicts
from tests.product import Product, running
from tests.servers.clickhouse_stand_in import StandIn, clickhouse_stand_in
from tests.waiting import wait_until

pytestmark = pytest.mark.xdist_group("server mode")
ORDERS = Path(__file__).parents[1] / "catalogs" / "orders"
PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with clickhouse_stand_in(tmp_path_factory.mktemp("server"), "andon", PASSWORD) as started:
        admin = started.admin()
        admin.command("CREATE DATABASE plant")
        admin.close()
        yield started


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, server: StandIn, desk: Sink) -> Iterator[Product]:
    environment = {
        "ANDON_TEST_WEBHOOK": desk.url,
        "ANDON_TEST_WEBHOOK_SECRET": SECRET,
        "ANDON_STORE": server.store("plant"),
        "ANDON_STORE_PASSWORD": PASSWORD,
    }
    with running(Product(tmp_path_factory.mktemp("product") / "data", ORDERS, environment), "collect", "engine") as started:
        yield started


@pytest.fixture(scope="module")
def late(product: Product, desk: Sink) -> str:
    """An order that nobody booked in time, and of which the desk has heard."""
    order = new_order()
    capture(product, order, datetime.now(UTC))
    wait_until(lambda: "breached" in verdicts(product, order), 60, "the verdict is breached")
    wait_until(lambda: [m for m in desk.messages if any(line["reference"] == order for line in m["top"])], 60, "the desk hears of it")
    return order


def test_the_engine_offers_no_read_endpoint_and_keeps_nothing_on_its_own_disk(product: Product, late: str) -> None:
    assert late
    assert plain_http.get(product.engine_url, params={"query": "SELECT 1"}).status_code == 404
    assert not (product.data / "store").exists()


def test_commands_are_answered_by_the_server(product: Product, late: str) -> None:
    found = product.ask("find", late)
    assert (found.returncode, found.stderr) == (0, "")
    assert late in found.stdout
    explained = product.ask("explain", late, "book-in-time")
    assert explained.returncode == 0, explained.stderr
    version = len(verdicts(product, late))
    assert f"\nbook-in-time: Order booked in time\n  verdict      breached (version {version}), overdue for " in explained.stdout
    status = product.ask("journal", "status")
    assert (status.returncode, status.stderr) == (0, "")
    assert "signals acknowledged = " in status.stdout
    bad = plain_http.post(f"{product.collector_url}/v1/events", content=b"{", headers={"content-type": "application/cloudevents+json"})
    kept = bad.json()["quarantine_id"]
    wait_until(lambda: kept in product.ask("quarantine", "list").stdout, 60, "the input is in quarantine")
    assert product.ask("quarantine", "show", kept).returncode == 0
    assert "rejected again (400)" in product.ask("quarantine", "replay", kept).stderr
    backup = product.ask("backup", str(product.data / "copy"))
    assert (backup.returncode, "use its own BACKUP" in backup.stderr) == (2, True)


def test_a_flag_names_another_server_than_the_environment(product: Product, server: StandIn) -> None:
    """And what is wrong there is one line."""
    at = f"http://andon@127.0.0.1:{server.port}"
    wrong = product.ask("find", "4711", ANDON_STORE_PASSWORD="wrong")
    assert wrong.stderr == f"andon: the ClickHouse server at {at}/plant refuses the password in ANDON_STORE_PASSWORD for user 'andon'\n"
    absent = product.ask("explain", "4711", "--store", server.store("absent"))
    assert absent.stderr.startswith(f"andon: the ClickHouse server at {at}/absent has no database 'absent'; ")
    unused = product.ask("quarantine", "list", "--store", server.store())
    assert (
        unused.stderr
        == f"andon: the database 'default' at {at}/default does not contain Andon's tables; 'andon engine' with this --store creates them\n"
    )
    assert [one.returncode for one in (wrong, absent, unused)] == [1, 1, 1]


@pytest.mark.parametrize("page", ["board", "transactions", "slas", "incidents", "kpis", "sources"])
def test_pages_are_answered_by_the_server(product: Product, late: str, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    for name, value in product.whole_environment.items():
        monkeypatch.setenv(name, value)
    st.cache_data.clear()
    st.cache_resource.clear()
    shown = page_at(page, {"find": late} if page == "transactions" else {}, timeout=60).run()
    assert not shown.exception, shown.exception
    words = "\n".join(str(element.proto.body) for element in shown.get("html")) + "\n".join(str(one.value) for one in shown.markdown)
    assert "Data delayed" not in words
    assert {"board": "1 transaction not booked", "transactions": late, "incidents": "1 transaction not booked"}.get(page, "") in words


@pytest.mark.browser
def test_the_dashboards_own_process_is_answered_by_the_server(product: Product, late: str) -> None:
    with chromium() as browser:
        product.start("dashboard")
        seen = visit(browser, f"{product.dashboard_url}/transactions?find={late}")
    assert late in seen.text
    assert "Data delayed" not in seen.text
    assert seen.errors == []


def test_an_engine_that_starts_again_goes_on_where_it_was(product: Product, late: str) -> None:
    before = verdicts(product, late)
    product.stop("engine")
    order = new_order()
    capture(product, order, datetime.now(UTC))
    product.start("engine")
    wait_until(lambda: "breached" in verdicts(product, order), 60, "the verdict of what came meanwhile is breached")
    assert verdicts(product, late) == before, "what was decided is neither rewritten nor decided again"
