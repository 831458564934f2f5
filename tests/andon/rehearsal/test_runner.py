"""Users' own tests: read, run on the real pipeline, told clearly when they fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from andon.catalog_check import check_catalog
from andon.rehearsal.runner import run_scenario
from andon.rehearsal.scenario_files import read_scenarios
from store.client import Store
from tests.command_line import ask

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "catalog"
ORDERS = ROOT / "tests" / "catalogs" / "orders"
GIVEN = """
given:
  - {at: "2026-03-27 15:50 Europe/Berlin", event: shop.order.captured, data: {order: "0017", amount: 1200.5, currency: EUR}}
"""
BOOKED = """\
  - {at: "2026-03-27 15:50:06 Europe/Berlin", span: order.book, service: erp, attributes: {order.id: "17"}}
"""


def run(store: Store, folder: Path, text: str) -> list[str]:
    file = folder / "case.yaml"
    file.write_text(text, encoding="utf-8")
    (written,) = read_scenarios(file)
    return [problem.removeprefix(f"{folder}/") for problem in run_scenario(written, check_catalog(ORDERS).catalog, store, folder / "data")]


def test_what_comes_true_has_no_problem(store: Store, tmp_path: Path) -> None:
    expect = """\
expect:
  - {at: "2026-03-27 15:50:01 Europe/Berlin", transaction: {order: "17"}, sla: book-in-time, verdict: running, incident: none}
  - {at: "2026-03-27 15:50:02 Europe/Berlin", verdict: at_risk}
  - at: "2026-03-27T14:50:04Z"
    verdict: breached
    due: "2026-03-27 15:50:04 Europe/Berlin"
    value: 1200.50 EUR
    incident: {owner: order-desk, value: 1200.5 EUR, severity: critical}
  - {at: "2026-03-27 15:50:06 Europe/Berlin", verdict: met_late, reached: booked, state: open}
"""
    assert run(store, tmp_path, GIVEN + BOOKED + expect) == []


def test_what_differs_is_told_with_its_place_moment_and_reason(store: Store, tmp_path: Path) -> None:
    expect = """\
expect:
  - {at: "2026-03-27 15:50:02 Europe/Berlin", transaction: {order: "17"}, sla: book-in-time, verdict: breached}
  - {at: "2026-03-27 15:50:05 Europe/Berlin", due: "2026-03-27 15:51 Europe/Berlin", incident: {owner: nobody, value: 9 USD}}
  - {at: "2026-03-27 15:50:05 Europe/Berlin", transaction: {order: "18"}, verdict: breached}
"""
    when = "2026-03-27 15:50"
    assert run(store, tmp_path, GIVEN + expect) == [
        (
            f"case.yaml:5:5: at {when}:02 Europe/Berlin order 17, book-in-time: verdict is at_risk, expected breached: captured 2026-03-27 14:50 UTC"
            " + 4 seconds = due 2026-03-27 14:50:04 UTC; booked not seen by 2026-03-27 14:50:02 UTC"
        ),
        f"case.yaml:6:5: at {when}:05 Europe/Berlin order 17, book-in-time: due is {when}:04 Europe/Berlin, expected 2026-03-27 15:51 Europe/Berlin",
        f"case.yaml:6:5: at {when}:05 Europe/Berlin order 17, book-in-time: incident's owner is order-desk, expected nobody",
        f"case.yaml:6:5: at {when}:05 Europe/Berlin order 17, book-in-time: incident's value is 1200.5 EUR, expected 9 USD",
        f"case.yaml:7:5: at {when}:05 Europe/Berlin order 18, book-in-time: no such transaction",
    ]


def test_an_event_that_arrives_late_corrects_the_verdict_only_when_it_arrives(store: Store, tmp_path: Path) -> None:
    booked = BOOKED.replace("15:50:06 Europe/Berlin", '15:50:01 Europe/Berlin", received: "2026-03-27 15:55 Europe/Berlin')
    expect = """\
expect:
  - {at: "2026-03-27 15:54 Europe/Berlin", transaction: {order: "17"}, sla: book-in-time, verdict: breached}
  - {at: "2026-03-27 15:55 Europe/Berlin", verdict: met, incident: none}
"""
    assert run(store, tmp_path, GIVEN + booked + expect) == []


@pytest.mark.slow
@pytest.mark.usefixtures("one_store")
def test_the_tests_of_the_shipped_catalog_pass() -> None:
    files = sorted(SHIPPED.glob("tests/*.yaml"))
    done = ask("sla", "test", *map(str, files), "--catalog", str(SHIPPED), folder=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "silent source makes the verdict unknown" in done.stdout
    assert done.stdout.rstrip().endswith("tests, all passed")
