"""``andon demo`` and ``andon up`` as a person runs them: started, looked at, hurt and stopped."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from andon.simulated_time import anchor_for
from core.catalog.flow import HEARTBEAT
from core.signal import Lane, SignalKind
from core.telemetry import M
from journal.format import segments
from journal.reader import read_segment
from store.reads.accounting import account
from tests import plain_http
from tests.command_line import andon, ask
from tests.e2e.demo import START_SECONDS, Demo, environment
from tests.faults.audit import look_at_signals, signal_faults
from tests.faults.ledger import Ledger, Producer
from tests.waiting import wait_until

pytestmark = pytest.mark.xdist_group("demo")
Samples = Counter[tuple[str, str]]

COLLECTORS = {
    M.RECEIVED,
    M.ACKNOWLEDGED,
    M.REFUSED,
    M.REJECTED_REQUESTS,
    M.QUARANTINED,
    M.RECEIVER_UP,
    M.SOURCE_GAPS,
    M.EMPTY_MESSAGES,
    M.QUEUE_WAITING,
    M.QUEUE_UNACKNOWLEDGED,
    M.QUEUE_OLDEST_SECONDS,
    M.QUEUE_DEAD_LETTERS,
    M.SOURCE_PAUSED,
    M.SOURCE_LATENESS,
    M.SOURCE_HELD_BYTES,
    M.REDACTED,
    M.DATAGRAMS_DROPPED,
    M.HANDSHAKES_DROPPED,
    M.JOURNAL_BYTES,
    M.JOURNAL_COMMIT_SECONDS,
}
"""What only a collector counts."""
DASHBOARDS = {M.PAGE_SECONDS, M.FAILED_READS, M.OLD_ANSWERS, M.ACTIONS}
"""What only a dashboard counts; everything else is the engine's."""


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """What all witnesses sent, whom the product never sees."""
    return Ledger()


def samples(url: str) -> Samples:
    """Return what ``/metrics`` says, summed by name and lane (or part)."""
    found: Samples = Counter()
    for family in text_string_to_metric_families(plain_http.get(f"{url}/metrics", timeout=10).text):
        for sample in family.samples:
            found[sample.name, sample.labels.get("lane") or sample.labels.get("part", "")] += sample.value
    return found


def gone(process: int) -> bool:
    return not Path(f"/proc/{process}").exists()


def in_journal(folder: Path) -> tuple[int, set[tuple[str, str]], set[str]]:
    """Return how many signals the journal holds, its events by source and id, and its spans by trace and span id."""
    number, events, spans = 0, set(), set()
    for lane in Lane:
        for file in segments(folder, lane):
            for stored in read_segment(file, lane, 0, sys.maxsize):
                assert stored.record is not None, stored.damage
                number += stored.record.count
                if stored.record.kind is SignalKind.EVENT:
                    event = json.loads(stored.record.body)
                    events.add((event["source"], event["id"]))
                elif stored.record.kind is SignalKind.TRACES:
                    request = ExportTraceServiceRequest.FromString(stored.record.body)
                    scopes = [scope for resource in request.resource_spans for scope in resource.scope_spans]
                    spans |= {span.trace_id.hex() + span.span_id.hex() for scope in scopes for span in scope.spans}
    return number, events, spans


def closed_books(demo: Demo) -> dict[str, int] | None:
    """Return what became of all acknowledged signals; None while some wait in the journal, which keeps what is loaded for a day."""
    found = account(demo.product.reader, demo.data / "journal")
    return found if not found["in_journal"] and found["acknowledged"] == in_journal(demo.data / "journal")[0] else None


def stored_once(demo: Demo, ledger: Ledger) -> bool:
    return signal_faults(ledger, look_at_signals(demo.product)) == []


def test_the_first_incident_says_who_acts_on_what_by_which_runbook(demo: Demo, record_property: Any) -> None:
    record_property("seconds_to_incident", round(demo.seconds_to_incident))
    logging.getLogger("demo").warning("from the command to the first incident: %.0f s", demo.seconds_to_incident)
    incident = demo.wait_for_incident()

    assert (demo.data / "catalog" / "runbooks" / f"{incident['runbook']}.md").exists()
    assert f"{incident['owner']}:" in (demo.data / "catalog" / "owners.yaml").read_text()
    assert sum(incident["value"].values()) > 0
    affected = demo.named(
        "SELECT reference, customer, t.transaction_id AS known FROM incident_members AS m FINAL LEFT JOIN (SELECT transaction_id FROM transactions"
        " FINAL) AS t USING transaction_id WHERE incident_id = {id:String}",
        id=incident["incident_id"],
    )
    assert len(affected) >= incident["members"]
    assert all(row["reference"] and row["known"] for row in affected)
    assert set(incident["customers"]) <= {row["customer"] for row in affected}


def test_transactions_move_and_the_desk_is_told(demo: Demo) -> None:
    def latest() -> Any:
        return demo.named("SELECT max(updated_at) AS at FROM transactions FINAL WHERE flow != {flow:String}", flow=HEARTBEAT)[0]["at"]

    before = latest()
    wait_until(lambda: latest() > before, 120, "a transaction reaches another milestone", pause=0.5)
    wait_until(lambda: demo.named("SELECT 1 FROM deliveries FINAL WHERE state = 'sent'"), 60, "a message is delivered")
    assert plain_http.get(f"http://127.0.0.1:{demo.desk_port}/").status_code == 200


def test_the_summary_names_addresses_where_the_data_lies_and_how_to_stop(demo: Demo) -> None:
    product, printed = demo.product, demo.printed
    assert all(f"✓ {name}" in printed for name in ("collector", "plant", "engine", "dashboard"))
    for said in (product.dashboard_url, f"{product.collector_url}/v1/traces", f"{product.collector_url}/v1/events", f"127.0.0.1:{product.grpc_port}",
                 f"{product.engine_url} (ClickHouse protocol, user andon, password in {demo.data}/secrets/reader)", f"http://127.0.0.1:{demo.desk_port}/",
                 str(demo.data), "Ctrl-C; nothing acknowledged is lost"):  # fmt: skip
        assert said in printed
    assert plain_http.get(product.dashboard_url).status_code == 200
    assert set(demo.children()) == {"collect", "plant", "engine", "dashboard"}


def test_a_catalog_is_proposed_after_what_has_arrived(demo: Demo, tmp_path: Path) -> None:
    found = andon("discover", "--data", str(demo.data), "--to", "proposed", folder=tmp_path)
    assert found.returncode == 0, found.stderr
    assert {"proposed/flows/sales-order.yaml", "proposed/README.md"} <= set(found.stdout.splitlines())
    checked = andon("check", "proposed", folder=tmp_path)
    assert checked.returncode == 0, checked.stderr


def test_both_say_that_they_are_alive_and_able_to_work(demo: Demo) -> None:
    for url in (demo.product.collector_url, demo.product.engine_url):
        assert plain_http.get(f"{url}/healthz", timeout=10).status_code == 200
        assert plain_http.get(f"{url}/readyz", timeout=10).status_code == 200
    assert plain_http.get(f"{demo.product.engine_url}/healthz", timeout=10).json()["alive"] is True


def test_every_metric_has_a_value_at_the_process_that_owns_it(demo: Demo) -> None:
    """A metric that appears with its first event only is one that nobody can alert on."""

    def missing() -> list[str]:
        shown = {name.removesuffix("_count") for name, _ in samples(demo.product.engine_url)}
        return [metric.value.name for metric in M if metric not in COLLECTORS | DASHBOARDS and metric.value.name not in shown]

    wait_until(lambda: not missing(), 60, f"there are values of {missing()}", pause=1)
    shown = {name for name, _ in samples(demo.product.collector_url)}
    assert {
        M.RECEIVED.value.name,
        M.ACKNOWLEDGED.value.name,
        M.JOURNAL_BYTES.value.name,
        f"{M.JOURNAL_COMMIT_SECONDS.value.name}_count",
    } <= shown


def test_the_books_balance_in_the_metrics(demo: Demo) -> None:
    def received_are_answered() -> bool:
        found = samples(demo.product.collector_url)
        return all(
            found[M.RECEIVED.value.name, lane] == found[M.ACKNOWLEDGED.value.name, lane] + found[M.REFUSED.value.name, lane]
            for lane in Lane
        )

    def acknowledged_are_somewhere() -> bool:
        found = samples(demo.product.engine_url)
        assert found[M.ACCOUNTING_DIFFERENCE.value.name, ""] == 0
        parts = {part: value for (name, part), value in found.items() if name == M.ACCOUNTED.value.name}
        return parts.pop("acknowledged") == sum(parts.values())

    wait_until(received_are_answered, 30, "received = acknowledged + refused in every lane")
    wait_until(acknowledged_are_somewhere, 30, "acknowledged = the sum of the other parts")


def test_the_age_of_the_heartbeat_is_that_of_the_last_one_not_of_the_engine(demo: Demo) -> None:
    def heard() -> int:
        return demo.named("SELECT count() AS n FROM transactions FINAL WHERE flow = {flow:String}", flow=HEARTBEAT)[0]["n"]

    def fell() -> bool:
        return samples(demo.product.engine_url)[M.HEARTBEAT_AGE_SECONDS.value.name, ""] < time.monotonic() - demo.running_since - 5

    wait_until(lambda: fell() and heard(), 150, "a heartbeat came through and made the age fall", pause=0.5)


def test_what_is_killed_is_started_again_and_has_lost_nothing(demo: Demo, ledger: Ledger) -> None:
    witness = Producer(demo.product, ledger, "killed", 1)
    witness.start()
    wait_until(lambda: len(ledger.acknowledged("events")) > 20, 60, "events are taken")
    killed = {kind: demo.children()[kind] for kind in ("collect", "engine")}
    for process in killed.values():
        os.kill(process, signal.SIGKILL)

    def replaced() -> bool:
        running = demo.children()
        return all(running.get(kind, process) != process for kind, process in killed.items())

    wait_until(replaced, 60, "both are started again")
    for kind, name in (("collect", "collector"), ("engine", "engine")):
        alive = demo.product.ready_url(kind).replace("readyz", "healthz")  # ready it is only when it has caught up
        wait_until(lambda alive=alive: plain_http.get(alive, timeout=5).status_code == 200, START_SECONDS, f"{kind} is alive")
        assert f"{name} ended with code -9; starting it again" in demo.printed
    taken = len(ledger.acknowledged("spans"))
    wait_until(lambda: len(ledger.acknowledged("spans")) > taken, 60, "spans are taken again")
    witness.stop()
    wait_until(lambda: stored_once(demo, ledger), START_SECONDS, "all is stored once", pause=1)


def test_one_incident_holds_what_waits_behind_a_queue_that_stands_still(demo: Demo) -> None:
    def found() -> list[dict[str, Any]]:
        return demo.named("SELECT title, runbook, value FROM incidents FINAL WHERE startsWith(cause, 'queue-stopped:broker/')")

    incident = wait_until(found, START_SECONDS, "a queue stands still for long enough", pause=1)[0]
    assert re.match(
        r"(orders\.inbound|shopfloor\.orders) (stands still · \d+ (production )?orders? waits?|stood still · \d+ (production )?orders? waited) behind it",
        incident["title"],
    )
    assert incident["runbook"] == "queue-stands-still"


def test_a_second_demo_names_who_has_the_port_and_leaves_the_first_alone(demo: Demo) -> None:
    refused = andon("demo", "--fresh", f"--catalog={demo.product.catalog}", *demo.flags, folder=demo.folder, environment=environment())
    assert refused.returncode == 2
    process = demo.children()["collect"]
    assert re.fullmatch(
        rf"andon: Andon is already running: ports {demo.product.grpc_port}, .* are in use, the first by 'python[0-9.]* -m andon collect' "
        rf"\(process {process}\); stop it, or choose others with --otlp-grpc-port, --http-port, .*, and another folder with --data\n",
        refused.stderr,
    )
    assert demo.incidents()
    assert (demo.data / "journal").is_dir()


def test_ctrl_c_and_a_kill_end_everything_and_what_was_acknowledged_is_there_afterwards(demo: Demo, ledger: Ledger) -> None:
    processes = demo.children()
    witness = Producer(demo.product, ledger, "stopped", 2)
    witness.start()
    taken = len(ledger.acknowledged("events"))
    wait_until(lambda: len(ledger.acknowledged("events")) > taken + 20, 60, "events are taken")
    before = demo.named("SELECT count() AS n FROM transactions FINAL")[0]["n"]

    assert demo.interrupt() == 0

    assert demo.printed.rstrip().endswith(f"stopped; what was acknowledged is kept in {demo.data}")
    assert len(processes) == 4
    assert all(gone(process) for process in processes.values())
    witness.stop()
    verified = ask("journal", "verify", f"--data={demo.data}", folder=demo.folder, environment=environment())
    assert (verified.returncode, verified.stderr) == (0, "")
    assert verified.stdout.endswith(" read, 0 damaged\n")
    _, events, spans = in_journal(demo.data / "journal")
    assert len(events) > 1000
    assert len(spans) > 1000

    simulated = ["--clock-speed=60", f"--clock-anchor={anchor_for(demo.data, 60)!r}"]
    demo.start("up", f"--catalog={demo.data / 'catalog'}", *simulated)

    assert set(demo.children()) == {"collect", "engine", "dashboard"}
    wait_until(lambda: stored_once(demo, ledger), START_SECONDS, "all is stored once", pause=1)
    books = wait_until(lambda: closed_books(demo), 120, "nothing waits in the journal", pause=1)
    assert books["duplicates"] >= 0
    assert events <= {(row["event_source"], row["id"]) for row in demo.named("SELECT event_source, id FROM events FINAL")}
    assert spans <= {row["key"] for row in demo.named("SELECT concat(trace_id, span_id) AS key FROM spans FINAL")}
    assert demo.named("SELECT count() AS n FROM transactions FINAL")[0]["n"] >= before
    asked = ("journal", "status", f"--data={demo.data}", f"--engine-port={demo.product.engine_port}")
    status = ask(*asked, folder=demo.folder, environment=environment())
    assert (status.returncode, status.stderr) == (0, "")
    assert re.search(
        r"^[\d,]+ signals acknowledged = [\d,]+ stored \+ [\d,]+ duplicates \+ 0 in quarantine \+ 0 lost \+ [\d,]+ in the journal$",
        status.stdout,
        re.MULTILINE,
    )

    running = demo.children()
    demo.kill()
    wait_until(lambda: all(gone(process) for process in running.values()), 60, "what is left without its supervisor ends")
