"""The commands that ask a running product: what they print, and how they end."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

from core.clock import to_milliseconds
from core.signal import Lane, Record, SignalKind
from journal.format import segment_path, segments
from tests import plain_http
from tests.e2e.test_signal_to_alert import book, capture, new_order, provider_for, verdicts
from tests.product import Product
from tests.store.journals import write_records
from tests.waiting import wait_until

pytestmark = pytest.mark.xdist_group("product")
CLOUD_EVENT = "application/cloudevents+json"


@pytest.fixture(scope="module")
def order(product: Product) -> str:
    """An order that was captured and booked in time."""
    number = new_order()
    provider = provider_for(OTLPSpanExporter(endpoint=f"{product.collector_url}/v1/traces"))
    capture(product, number, datetime.now(UTC))
    book(provider, number)
    provider.shutdown()
    wait_until(lambda: verdicts(product, number)[-1:] == ["met"], 30, "the order is met")
    return number


@pytest.fixture(scope="module")
def identity(product: Product, order: str) -> str:
    """The id of the order's transaction."""
    return str(product.query("SELECT transaction_id FROM transactions FINAL WHERE reference = {order:String}", order=order)[0][0])


def said(product: Product, *arguments: str, code: int = 0) -> str:
    """Return what a command prints; it must end with ``code`` and say nothing to the other side."""
    return of(product.ask(*arguments), code)


def of(done: subprocess.CompletedProcess[str], code: int = 0) -> str:
    assert done.returncode == code, done.stdout + done.stderr
    spoken, silent = (done.stdout, done.stderr) if code == 0 else (done.stderr, done.stdout)
    assert silent == ""
    return spoken


@pytest.mark.parametrize("written", ["whole", "beginning"])
def test_a_transaction_is_found_by_an_identifier(product: Product, order: str, identity: str, written: str) -> None:
    lines = said(product, "find", order if written == "whole" else order[:-2]).splitlines()
    assert lines[0].split("┃")[1].strip() == "transaction_id"
    assert [cell.strip() for line in lines for cell in line.split("│") if order in line] == ["orders", identity, "order", order]


def test_what_nobody_knows_is_not_found(product: Product) -> None:
    assert said(product, "find", "SO-unknown", code=1) == "no transaction found for 'SO-unknown'\n"
    assert said(product, "explain", "SO-unknown", code=1).startswith("andon: no transaction found for 'SO-unknown'; ")


def test_an_identifier_is_never_broken_by_a_narrow_terminal(product: Product, order: str, identity: str) -> None:
    assert identity in product.ask("find", order, COLUMNS="40").stdout


def test_a_process_of_its_own_prints_the_same(product: Product, order: str) -> None:
    assert of(product.andon("find", order)) == said(product, "find", order)
    assert of(product.andon("find", "SO-unknown"), 1) == said(product, "find", "SO-unknown", code=1)


@pytest.mark.parametrize("by", ["transaction", "order"])
def test_a_transaction_is_explained(product: Product, order: str, identity: str, by: str) -> None:
    text = said(product, "explain", identity if by == "transaction" else order, "--all")
    first, second, *_ = text.splitlines()
    assert first == f"Orders {order}: open at booked; transaction {identity}"
    assert second == f"known by: order {order}"
    assert re.search(r"\nbook-in-time: Order booked in time\n  verdict      met \(version \d\)\n  from         captured ", text)
    assert f" in Shop: event /shop captured-{order}, told by the source default, received " in text
    assert re.search(r"\n  to           booked .* UTC in ERP: span [0-9a-f]{32}/[0-9a-f]{16}, told by the source default, received ", text)
    assert "\n  limit        within 4 seconds (standard limit; catalog " in text
    assert "\nship-today: Order shipped within a day\n  verdict      running (version 1), due in 23 hours " in text


def test_of_an_sla_that_does_not_matter_now_one_line_tells(product: Product, order: str) -> None:
    text = said(product, "explain", order)
    assert "\nship-today: Order shipped within a day\n  verdict      running " in text
    assert re.search(r"\n  book-in-time: met, .* to spare \(Order booked in time\)$", text.rstrip())


def test_one_sla_alone_is_explained(product: Product, order: str) -> None:
    text = said(product, "explain", order, "ship-today")
    assert "ship-today: " in text
    assert "book-in-time" not in text
    wrong = said(product, "explain", order, "ship-tomorrow", code=1)
    assert wrong == "andon: 'ship-tomorrow' is not an SLA of orders; known: book-in-time, ship-today\n"


def test_the_journal_and_what_became_of_its_signals_are_shown(product: Product, order: str) -> None:
    def balanced() -> list[str]:
        lines = said(product, "journal", "status").splitlines()
        assert [line.split("│")[0].strip() for line in lines[2:5]] == ["critical", "standard", "bulk"]
        assert int(lines[2].split("│")[2].replace(",", "")) > 0, order
        account = re.fullmatch(
            r"([\d,]+) signals acknowledged = ([\d,]+) stored \+ (\d+) duplicates \+ (\d+) in quarantine \+ 0 lost \+ 0 in the journal",
            lines[5],
        )
        return [lines[5]] if account else []

    (line,) = wait_until(balanced, 60, "all that is acknowledged is loaded")
    acknowledged, *parts = (int(number.replace(",", "")) for number in re.findall(r"[\d,]+", line))
    assert acknowledged == sum(parts)


def test_a_journal_is_verified_and_a_damaged_record_is_named(product: Product, order: str, tmp_path: Path) -> None:
    assert re.fullmatch(r"[\d,]+ records read, 0 damaged\n", said(product, "journal", "verify"))

    shutil.copytree(product.data / "journal", tmp_path / "journal")
    path = segments(tmp_path / "journal", Lane.STANDARD)[0]
    with sqlite3.connect(path) as file:
        number = file.execute("SELECT min(id) FROM records WHERE instr(body, ?) > 0", (order.encode(),)).fetchone()[0]
        file.execute("UPDATE records SET body = substr(body, 2) WHERE id = ?", (number,))
    file.close()
    done = product.ask("journal", "verify", "--data", str(tmp_path))
    assert done.returncode == 1
    assert re.fullmatch(rf"local/standard/\d+ record {number}: [^\n]+\n", done.stderr)
    assert re.fullmatch(r"[\d,]+ records read, 1 damaged\n", done.stdout)


def test_a_refused_input_is_listed_shown_and_refused_again(product: Product) -> None:
    body = json.dumps({"specversion": "1.0", "id": uuid.uuid4().hex, "source": "/shop", "type": "shop.order.captured", "time": "yesterday"})
    reply = plain_http.post(f"{product.collector_url}/v1/events", content=body, headers={"content-type": CLOUD_EVENT})
    assert reply.status_code == 400
    kept = reply.json()["quarantine_id"]

    def listed() -> list[str]:
        lines = said(product, "quarantine", "list", "--limit", "5").splitlines()
        return [pair for line, message in zip(lines[::2], lines[1::2], strict=True) if line.startswith(kept) for pair in (line, message)]

    line, message = wait_until(listed, 60, "the input is in quarantine")
    assert re.fullmatch(rf"{kept}  \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC  default  event: bad_cloudevent", line)
    assert message.startswith("    time must be an RFC 3339 timestamp")
    shown = dict(line.split(": ", 1) for line in said(product, "quarantine", "show", kept).splitlines())
    assert shown["quarantine_id"] == kept
    assert shown["body"] == repr(body.encode())
    assert said(product, "quarantine", "replay", kept, code=1).startswith(f"andon: {kept}: rejected again (400): time must be an RFC 3339")


def test_an_input_that_a_defect_kept_out_arrives_by_a_replay(product: Product) -> None:
    """As an earlier version's collector left it: nothing is wrong with it any more."""
    number, kept = new_order(), f"q_{uuid.uuid4().hex[:24]}"
    now = datetime.now(UTC)
    event = {
        "specversion": "1.0",
        "id": number,
        "source": "/shop",
        "type": "shop.order.captured",
        "time": now.isoformat(),
        "data": {"order": number},
    }
    detail = {
        "quarantine_id": kept,
        "kind": "event",
        "reason": "bad_cloudevent",
        "message": "a defect of ours",
        "content_type": CLOUD_EVENT,
    }
    record = Record(
        SignalKind.QUARANTINE, "default", Lane.CRITICAL, to_milliseconds(now), 1, json.dumps(event).encode(), json.dumps(detail)
    )
    write_records(segment_path(product.data / "journal", "earlier", Lane.CRITICAL, 1), [record])
    wait_until(lambda: product.ask("quarantine", "show", kept).returncode == 0, 60, "the input is in quarantine")

    assert said(product, "quarantine", "replay", kept) == f"{kept}: accepted\n"
    assert wait_until(lambda: verdicts(product, number), 30, "the order is watched")
    assert number in said(product, "find", number)


@pytest.mark.parametrize("verb", ["show", "replay"])
def test_an_unknown_input_is_told(product: Product, verb: str) -> None:
    message = "andon: quarantine id 'q_unknown' is not known; 'andon quarantine list' shows the ids\n"
    assert said(product, "quarantine", verb, "q_unknown", code=1) == message
