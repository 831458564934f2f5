"""A backup that is made while everything runs comes back as what it was: nothing acknowledged before is missing, and nothing is told
twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.sinks import http_sink
from tests.faults.audit import look_at_signals
from tests.faults.ledger import CATALOG, ENVIRONMENT, Ledger, Producer
from tests.product import Product, running
from tests.waiting import wait_until


@pytest.mark.slow
def test_a_backup_of_what_runs_comes_back(tmp_path: Path) -> None:
    ledger, copy = Ledger(), tmp_path / "copy"
    with http_sink() as desk:
        environment = {**ENVIRONMENT, "ANDON_TEST_WEBHOOK": desk.url}
        with running(Product(tmp_path / "data", CATALOG, environment), "collect", "engine") as product:
            producer = Producer(product, ledger, "backup", 1)
            producer.start()
            wait_until(lambda: len(ledger.acknowledged("events")) > 100, 60, "events are taken")
            wait_until(lambda: desk.messages, 60, "an incident is told")
            before = (ledger.acknowledged("events"), ledger.acknowledged("spans"))
            made = product.andon("backup", str(copy))
            assert made.returncode == 0, made.stderr
            assert "--with-secrets" in made.stdout
            assert not (copy / "secrets").exists()
            assert not list((product.data / "store" / "shadow").iterdir())
            wait_until(lambda: len(ledger.acknowledged("events")) > len(before[0]), 60, "the product goes on")
            producer.stop()
            product.stop()

        again = Product(tmp_path / "again", CATALOG, environment)
        restored = again.andon("restore", str(copy))
        assert restored.returncode == 0, restored.stderr
        with running(again, "collect", "engine"):
            wait_until(lambda: all_is_there(again, before), 60, "what was acknowledged before the backup is there")
            opened = [message["incident_id"] for message in desk.messages if message["reason"] == "opened"]
            assert len(opened) == len(set(opened)), "nothing is told a second time"
            assert not again.query("SELECT 1 FROM losses")


def all_is_there(product: Product, before: tuple[set[str], set[str]]) -> bool:
    seen = look_at_signals(product)
    return before[0] <= set(seen.events) and before[1] <= set(seen.spans)
