"""A real ERP, followed from its tables alone: Tryton trades through its own API, and Andon must agree with it about every order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.product import Product, running
from tests.servers.postgresql import PostgresServer, postgresql
from tests.waiting import wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]
HERE = Path(__file__).parent / "tryton"
CATALOG = Path(__file__).parents[1] / "catalogs" / "tryton"
MODULES = ("account_invoice_stock", "purchase", "sale", "sale_invoice_grouping", "sale_supply", "stock")
ORDERS = 100
STEP_SECONDS = 1800
SEES_SECONDS = 300


@dataclass
class Tryton:
    """Tryton in its own environment, on a database of its own."""

    python: Path
    configuration: Path
    server: PostgresServer

    @property
    def database(self) -> str:
        return f"postgresql://erp@127.0.0.1:{self.server.port}/postgres"

    def run(self, *command: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "TRYTONPASSFILE": str(self.configuration.with_name("password"))}
        return subprocess.Popen(
            [str(self.python.parent / command[0]), *command[1:]],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def did(self, started: subprocess.Popen[str]) -> str:
        output, _ = started.communicate(timeout=STEP_SECONDS)
        assert started.returncode == 0, output[-3000:]
        return output


@pytest.fixture
def tryton(tmp_path: Path) -> Iterator[Tryton]:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "tryton"], check=True)
    python = tmp_path / "tryton" / "bin" / "python"
    install = [python, "-m", "pip", "install", "-q", "--require-hashes", "-r", HERE / "requirements.txt"]
    subprocess.run(install, check=True, timeout=STEP_SECONDS)
    with postgresql() as server:
        configuration = tmp_path / "trytond.conf"
        configuration.write_text(f"[database]\nuri = postgresql://erp@127.0.0.1:{server.port}/\n")
        configuration.with_name("password").write_text("only here\n")
        found = Tryton(python, configuration, server)
        setup = ["trytond-admin", "-c", str(configuration), "-d", "postgres", "-l", "en", "--email", "it@example.com"]
        found.did(found.run(*setup, "--activate-dependencies", "-u", *MODULES))
        yield found


def seen(product: Product, flow: str) -> dict[str, dict[str, Any]]:
    """Return what Andon says of each order, as the ERP would say it."""
    rows = product.query(
        "SELECT keys['order'][1], state, facts, keys['delivery'], keys['invoice'] FROM transactions FINAL "
        "WHERE flow = {flow:String} AND state != 'merged'",
        flow=flow,
    )
    return {
        order: {
            "cancelled": state == "cancelled",
            "completed": state == "completed",
            "amount": float(facts["amount"]),
            "quantity": float(facts["quantity"]),
            "moved": float(facts.get("moved", 0)),
            "invoiced": float(facts.get("billed", 0)),
            "deliveries": sorted(deliveries),
            "invoices": sorted(invoices),
        }
        for order, state, facts, deliveries, invoices in rows
    }


def told(orders: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what the ERP says of each order, in the same words."""
    return {
        number: {
            "cancelled": order["state"] == "cancelled",
            "completed": float(order["invoiced"]) == float(order["amount"]),
            "amount": float(order["amount"]),
            "quantity": order["quantity"],
            "moved": order["moved"],
            "invoiced": float(order["invoiced"]),
            "deliveries": order["deliveries"],
            "invoices": order["invoices"],
        }
        for number, order in orders.items()
    }


def test_andon_agrees_with_the_erp_about_every_order(tryton: Tryton, tmp_path: Path) -> None:
    database = tryton.server.url
    product = Product(tmp_path / "data", CATALOG, {"TRYTON_DATABASE": database})
    with running(product, "collect", "engine"):
        trading = tryton.run("python", str(HERE / "trade.py"), str(tryton.configuration), tryton.database, str(ORDERS))
        truth = json.loads(tryton.did(trading).splitlines()[-1])
        sales, purchases = told(truth["sales"]), told(truth["purchases"])
        wait_until(lambda: (seen(product, "sales"), seen(product, "purchases")) == (sales, purchases), SEES_SECONDS, "they agree")
        quarantined = product.query("SELECT count() FROM quarantine")

    assert len(sales) == ORDERS
    assert quarantined == [(0,)]
    # the trade was of every kind: what agrees about nothing proves nothing
    assert {len(order["deliveries"]) for order in sales.values()} == {0, 1, 2}
    assert sum(order["cancelled"] for order in sales.values()) == ORDERS // 10
    assert 0 < sum(order["completed"] for order in sales.values()) < ORDERS
    shared = [number for order in sales.values() for number in order["invoices"]]
    assert max(shared.count(number) for number in set(shared)) == ORDERS // 5
