"""The limits of docs/operating.md that the engine keeps, against the real process: its readers, its actions, its keys, and whom it
tells."""

from __future__ import annotations

import base64
import http.client
import json
import select
import shutil
import socket
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

import pytest

from store.reads.connection import CLIENT_NAME
from tests.collector.http.test_events import BATCH, event
from tests.faults.attack_cost import Healthy, healthy_sender, held, measure, note
from tests.faults.attacks import LIMIT_BYTES, MEBIBYTE, Answer, Case, endless, first_answer
from tests.faults.ledger import CATALOG, ENVIRONMENT
from tests.product import Product, running
from tests.waiting import wait_until

pytestmark = pytest.mark.alone


class HostileReceiver:
    """Takes every message and answers with a body that never ends."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self.given: list[int] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        given = 0
        with connection:
            try:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000000\r\n\r\n")
                while True:
                    given += connection.send(bytes(MEBIBYTE))
            except OSError:
                self.given.append(given)

    def close(self) -> None:
        self._listener.close()


@dataclass
class Machine:
    """Collector and engine, and somebody who asks and acts."""

    product: Product
    receiver: HostileReceiver
    password: str = ""
    token: str = ""

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"andon:{self.password}".encode()).decode()

    def ask(self, sql: str, *, path: str = "/", password: str = "", own: bool = False, content_type: str = "text/plain") -> Answer:
        headers = {"authorization": "Basic " + base64.b64encode(f"andon:{password or self.password}".encode()).decode()}
        headers |= {"content-type": content_type, "user-agent": CLIENT_NAME if own else "a reader"}
        return self.post(path, sql.encode(), headers)

    def act(self, body: bytes) -> Answer:
        return self.post("/api/v1/silences", body, {"authorization": f"Bearer {self.token}", "content-type": "application/json"})

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.product.engine_port, timeout=90)
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # the answer came before all was sent
                connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(100_000).decode(errors="replace"))
        except (http.client.HTTPException, OSError) as error:
            return Answer(0, repr(error))
        finally:
            connection.close()

    def raw(self, sent: bytes) -> Answer:
        with socket.create_connection(("127.0.0.1", self.product.engine_port), timeout=60) as opened:
            opened.sendall(sent)
            return first_answer(opened)

    def capture(self, *orders: str) -> None:
        events = [
            event(id=str(uuid.uuid4()), source="/shop", type="shop.order.captured", data={"order": order, "amount": 1, "currency": "EUR"})
            for order in orders
        ]
        connection = http.client.HTTPConnection("127.0.0.1", self.product.http_port, timeout=60)
        connection.request("POST", "/v1/events", json.dumps(events), {"content-type": BATCH})
        assert connection.getresponse().status == 200
        connection.close()


def form(size_bytes: int) -> bytes:
    return b'--x\r\ncontent-disposition: form-data; name="query"\r\n\r\n' + b"y" * size_bytes + b"\r\n--x--\r\n"


def long_keys(machine: Machine) -> Answer:
    """Send orders whose numbers are too long, and wait until they are listed."""
    before = int(machine.product.query("SELECT count() FROM quarantine WHERE reason = 'bad_correlation_id'")[0][0])
    machine.capture(*(f"{number}-" + "x" * 5_000 for number in range(100)), *(f"{number}-" + "x" * 500 for number in range(100)))
    wait_until(
        lambda: machine.product.query("SELECT count() FROM quarantine WHERE reason = 'bad_correlation_id'")[0][0] >= before + 100,
        90,
        "they are listed",
    )
    return Answer("listed", str(machine.product.query("SELECT count() FROM transactions WHERE lengthUTF8(reference) > 512")))


def endless_replies(machine: Machine) -> Answer:
    """Let the channel's receiver answer a message without end, and wait until it is told the next one."""
    before = len(machine.receiver.given)
    order = uuid.uuid4().hex
    machine.capture(order)
    rejected = event(id=order, source="/erp", type="erp.order.rejected", data={"order": order, "cause": order})
    connection = http.client.HTTPConnection("127.0.0.1", machine.product.http_port, timeout=60)
    connection.request("POST", "/v1/events", json.dumps([rejected]), {"content-type": BATCH})
    assert connection.getresponse().status == 200
    connection.close()
    wait_until(lambda: len(machine.receiver.given) > before, 90, "the receiver was told, and left")
    return Answer("left", f"given {max(machine.receiver.given) >> 20} MiB")


def guesses(machine: Machine) -> Answer:
    """Guess until guesses are not answered any more."""
    while (answer := machine.ask("SELECT '" + "y" * LIMIT_BYTES + "'", password="guess")).status == 401:
        pass
    return answer


def trickled(machine: Machine) -> Answer:
    """Send a query and an action of one byte a second, side by side; return the answer of the one, or what the other has in place of it."""
    with ThreadPoolExecutor(2) as threads:
        paths, credentials = ["/", "/api/v1/silences"], [machine.basic, f"Bearer {machine.token}"]
        query, action = threads.map(_trickle, [machine] * 2, paths, credentials)
    return action if query.status == 408 else query


def _trickle(machine: Machine, path: str, authorization: str) -> Answer:
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: {authorization}\r\ncontent-length: 1000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", machine.product.engine_port), timeout=60) as opened:
        opened.sendall(head.encode())
        while not select.select([opened], [], [], 1.0)[0]:
            opened.sendall(b" ")
        return first_answer(opened)


QUERY = "query"
HEAD = "head of a query's request"
ACTION = "body of an action"
GUESSES = "wrong passwords and tokens from one address"
READING = "reading a query or an action"
KEY = "business key"
REPLY = "reply of a receiver"

CASES = [
    Case(
        HEAD,
        "an address of 33 KiB",
        lambda machine: machine.raw(b"GET /?query=%s HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n" % (b"y" * 33_000)),
        431,
    ),
    Case(HEAD, "41 KiB", lambda machine: machine.raw(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx: %s\r\n\r\n" % (b"y" * 42_000)), 431),
    Case(HEAD, "endless", lambda machine: endless(machine.product.engine_port, b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx: "), "closed"),
    Case(QUERY, "beyond it", lambda machine: machine.ask("SELECT '" + "y" * LIMIT_BYTES + "'"), 413, "longer than 1 MiB"),
    Case(
        QUERY,
        "beyond it, as a form",
        lambda machine: machine.ask(form(LIMIT_BYTES).decode(), content_type="multipart/form-data; boundary=x"),
        413,
        "longer than 1 MiB",
    ),
    Case(GUESSES, "with queries beyond the limit", guesses, 503, "too many wrong passwords from this address"),
    Case(READING, "one byte a second", trickled, 408, patient=True),
    Case(ACTION, "beyond it", lambda machine: machine.act(b"{" + b" " * LIMIT_BYTES + b"}"), 400, "longer than 64 KiB"),
    Case(KEY, "512 and beyond", long_keys, "listed", "[(0,)]", patient=True),
    Case(REPLY, "endless", endless_replies, "left", patient=True),
]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("engine-limits")
    catalog = shutil.copytree(CATALOG, folder / "catalog")
    receiver = HostileReceiver()
    environment = {**ENVIRONMENT, "ANDON_TEST_WEBHOOK": receiver.url}
    with running(Product(folder / "data", catalog, environment), "collect", "engine") as product:
        machine = Machine(product, receiver)
        machine.password, machine.token = ((product.data / "secrets" / name).read_text().strip() for name in ("reader", "actions"))
        for _ in range(20):
            machine.capture(*(uuid.uuid4().hex for _ in range(100)))
            assert machine.ask("SELECT count() FROM transactions").status == 200
            assert machine.act(b"{}").status == 400
        endless_replies(machine)
        long_keys(machine)
        yield machine
    receiver.close()


@pytest.fixture(scope="module")
def healthy(machine: Machine) -> Iterator[Healthy]:
    """One of Andon's own pages."""
    headers = {"authorization": machine.basic, "user-agent": CLIENT_NAME}
    path = "/?query=" + quote("SELECT count() FROM transactions")
    with healthy_sender(machine.product.engine_port, path, headers, b"") as reader:
        yield reader


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.limit}: {case.name}")
def test_a_limit_costs_neither_memory_nor_the_others(machine: Machine, healthy: Healthy, case: Case) -> None:
    measured = measure(machine.product.processes["engine"].pid, healthy, lambda: case.attack(machine), case.windows)
    note(f"{case.limit}: {case.name}", measured)
    answers = measured.answers
    assert [answer for answer in answers if answer.status != case.status or case.says not in answer.text] == []
    assert held(measured) == ""
