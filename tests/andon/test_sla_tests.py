"""Users' own tests: read, run on the real pipeline, told clearly when they fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from andon.checking import check_catalog
from andon.sla_test_files import read_tests
from andon.sla_tests import run_test
from core.errors import UsageError
from store.client import Store

SHIPPED = Path(__file__).parent.parent.parent / "catalog"
ORDERS = Path(__file__).parent.parent / "catalogs" / "orders"
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
    (written,) = read_tests(file)
    return [problem.removeprefix(f"{folder}/") for problem in run_test(written, check_catalog(ORDERS).catalog, store, folder / "data")]


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
            f"case.yaml:5:5: at {when}:02 Europe/Berlin order 17, book-in-time: verdict is at_risk, expected breached: due 2026-03-27 14:50:04 UTC:"
            " 4 seconds on the wall clock from start 2026-03-27 14:50 UTC; booked not seen at 2026-03-27 14:50:02 UTC"
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


LINE = '{at: "2026-03-27 16:00 Europe/Berlin", transaction: {order: "17"}, sla: book-in-time, verdict: at_risk}'


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ("expect: [", "5:1: this is not YAML: did not find expected node content"),
        (
            f"expect:\n  - {LINE}\n  - {{at: '16:05', verdict: met}}",
            "6:10: 'at': '16:05' is no time; write a local time and its zone, quoted:",
        ),
        (f"expect:\n  - {LINE.replace('at_risk', 'late')}", "5:100: 'verdict' cannot be 'late'; did you mean 'met_late'?"),
        (f"expect:\n  - {LINE}\nexpcet: 1", "6:1: unknown key 'expcet'; did you mean 'expect'?"),
        (f"expect:\n  - {LINE.replace('verdict', 'verdikt')}", "5:91: unknown key 'verdikt'; did you mean 'verdict'?"),
        ('expect:\n  - {at: "2026-03-27 16:00", state: open}', "5:10: 'at': '2026-03-27 16:00' must have one time zone"),
        (
            'expect:\n  - {at: "2026-03-29 02:30 Europe/Berlin", state: open}',
            "5:10: 'at': '2026-03-29 02:30 Europe/Berlin' does not exist",
        ),
        ('expect:\n  - {at: "2026-03-27 16:00 Berlin", state: open}', "5:10: 'at': time zone 'Berlin' is not known"),
        ('expect:\n  - {at: "2026-03-27 16:00 UTC", verdict: met}', "2:1: the first line of 'expect' must name its transaction"),
    ],
)
def test_a_malformed_file_is_told_with_its_place(tmp_path: Path, expect: str, message: str) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(GIVEN + expect, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_tests(file)
    text = str(caught.value)
    assert text.startswith(f"{file}:{message}"), text
    assert "\n" not in text


def test_what_is_no_file_of_tests_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"\x7fELF\xff\x00")
    (tmp_path / "text.yaml").write_text("root:x:0:0:root:/root:/bin/sh\n")
    os.mkfifo(tmp_path / "pipe.yaml")
    for name, message in (
        ("binary", "5: byte 0xff is not UTF-8; save the file as UTF-8"),
        ("text", "1: a test must be a mapping; write 'given:' and 'expect:'"),
        ("pipe", "1: this is not a regular file; replace it with one or move it elsewhere"),
    ):
        with pytest.raises(UsageError) as caught:
            read_tests(tmp_path / f"{name}.yaml")
        assert str(caught.value) == f"{tmp_path}/{name}.yaml:1:{message}"


def test_a_file_with_nothing_in_it_or_that_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    with pytest.raises(UsageError, match=r"empty\.yaml:1:1: there is no test in it"):
        read_tests(tmp_path / "empty.yaml")
    with pytest.raises(UsageError, match=r"absent\.yaml: No such file"):
        read_tests(tmp_path / "absent.yaml")


def test_the_tests_of_the_shipped_catalog_pass() -> None:
    """As a process of its own: the embedded store allows one folder."""
    files = sorted(SHIPPED.glob("tests/*.yaml"))
    done = subprocess.run(
        [sys.executable, "-m", "andon", "sla", "test", *map(str, files), "--catalog", str(SHIPPED)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "silent source makes the verdict unknown" in done.stdout
    assert done.stdout.rstrip().endswith("tests, all passed")
