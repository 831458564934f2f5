"""Pages of others send to every port of the running product, under names and from origins that are not ours: nothing of them is taken.

``ANDON_ROUNDS`` says how many names and origins each path is asked with, ``ANDON_SEED`` which.
"""

from __future__ import annotations

import logging
import os
import random
import re
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import plain_http
from tests.dashboard.test_server import UPGRADE
from tests.faults.ledger import CATALOG, ENVIRONMENT
from tests.product import Product, running

pytestmark = [pytest.mark.xdist_group("foreign pages"), pytest.mark.timeout(7200)]
ROUNDS = int(os.environ.get("ANDON_ROUNDS", "12"))
EVENT = b'{"specversion":"1.0","id":"1","source":"/evil","type":"t"}'
CLOUD_EVENT = f"content-type: application/cloudevents+json\r\ncontent-length: {len(EVENT)}\r\n"
OWN = ["127.0.0.1", "localhost", "[::1]", "andon.example.com"]
STRANGERS = [
    "evil.example", "xn--e1awd7f.example", "{own}.evil.example", "evil.example.{own}", "evil{own}", "{own}@evil.example", "evil.example#{own}", "evil.example/{own}",
    "{own} evil.example", "{own},evil.example", "{own}..", ".{own}", "0.0.0.0", "[::]", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "10.0.0.7", "192.168.1.1", "169.254.169.254",
    "[fd00::7]", "[::ffff:10.0.0.7]", "x.streamlit.app", "localhost.streamlit.app", "{own}:0{port}x", "{own}:99999", "", "%6cocalhost", "loc\tal", "LOCALHOST.EVIL.EXAMPLE",
]  # fmt: skip
ORIGINS = [
    "http://{stranger}", "https://{stranger}", "http://{stranger}:{port}", "null", "http://127.0.0.1:{other}", "http://localhost:{other}", "http://localhost", "https://127.0.0.1",
    "http://andon.example.com", "https://andon.example.com:8443", "file://", "chrome-extension://abcdefgh", "http://127.0.0.1:{port}/", "http://127.0.0.1:{port} null",
    "ws://127.0.0.1:{port}", "http://user@127.0.0.1:{port}", "{stranger}",
]  # fmt: skip


@dataclass(frozen=True)
class Listener:
    """A path of a port, and what a page would send there."""

    name: str
    port: int
    line: str
    more: str = "\r\n"

    def ask(self, host: str, origin: str | None = None) -> int:
        said = f"origin: {origin}\r\n" if origin is not None else ""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as opened:
            opened.sendall(f"{self.line} HTTP/1.1\r\nhost: {host}\r\n{said}{self.more}".encode())
            answer = b""
            while len(answer) < 12 and (part := opened.recv(65536)):
                answer += part
        return int(answer[9:12])


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    environment = {**ENVIRONMENT, "ANDON_PUBLIC_URL": "https://andon.example.com"}
    folder: Path = tmp_path_factory.mktemp("foreign-pages")
    with running(Product(folder, CATALOG, environment), "collect", "engine", "dashboard") as product:
        yield product


def listeners(product: Product) -> list[Listener]:
    post = CLOUD_EVENT + "\r\n" + EVENT.decode()
    return [
        Listener("collector", product.http_port, "POST /v1/events", post),
        Listener("collector", product.http_port, "GET /metrics"),
        Listener("engine", product.engine_port, "GET /?query=SELECT%201"),
        Listener("engine", product.engine_port, "POST /api/v1/silences", post),
        Listener("engine", product.engine_port, "GET /metrics"),
        Listener("dashboard", product.dashboard_port, "GET /"),
        Listener("dashboard", product.dashboard_port, "GET /_stcore/stream", UPGRADE + "\r\n"),
        Listener("dashboard's metrics", product.dashboard_metrics_port, "GET /metrics"),
    ]


def refused(product: Product) -> Counter[str]:
    """Return how many requests all processes say they refused, by reason."""
    found: Counter[str] = Counter()
    for port in (product.http_port, product.engine_port, product.dashboard_metrics_port):
        text = plain_http.get(f"http://127.0.0.1:{port}/metrics").text
        for reason, value in re.findall(r'andon_rejected_requests_total\{reason="(\w+)",source=""\} ([\d.]+)', text):
            found[reason] += int(float(value))
    return found


def test_none_of_their_requests_is_taken_on_any_port(product: Product) -> None:
    seed = os.environ.get("ANDON_SEED", str(random.randrange(10**6)))
    logging.getLogger("faults").warning("the same again: ANDON_SEED=%s ANDON_ROUNDS=%s", seed, ROUNDS)
    chance, answers, before = random.Random(seed), Counter[tuple[str, str, int]](), refused(product)

    def stranger(port: int) -> str:
        found = chance.choice(STRANGERS).format(own=chance.choice(OWN[:2]), port=port)
        return found + (f":{port}" if ":" not in found and chance.random() < 0.3 else "")

    for listener in listeners(product):
        for _ in range(ROUNDS):
            host = stranger(listener.port)
            answers[listener.name, "host", listener.ask(host, chance.choice([None, f"http://{host}"]))] += 1
            other = listener.port % 65535 + 1
            origin = chance.choice(ORIGINS).format(stranger=stranger(listener.port), port=listener.port, other=other)
            answers[listener.name, "origin", listener.ask(f"{chance.choice(OWN[:3])}:{listener.port}", origin)] += 1
    logging.getLogger("faults").warning("refused: %s", dict(answers))
    assert {status for _, _, status in answers} <= {400, 403, 421}
    assert sum(answers.values()) == 2 * ROUNDS * len(listeners(product))
    told = refused(product) - before
    assert told["foreign_host"] == sum(count for (_, _, status), count in answers.items() if status == 421)
    assert told["foreign_origin"] == sum(count for (_, _, status), count in answers.items() if status == 403)
    assert product.query("SELECT count() FROM events WHERE source = '/evil'") == [(0,)]


def test_our_own_pages_and_senders_are_answered_on_every_port(product: Product) -> None:
    for listener in listeners(product):
        for host, origin in [
            (f"127.0.0.1:{listener.port}", f"http://127.0.0.1:{listener.port}"),
            (f"LOCALHOST:{listener.port}", f"http://localhost:{listener.port}"),
            ("andon.example.com", "https://andon.example.com"),
            (f"[::1]:{listener.port}", None),
        ]:
            assert listener.ask(host, origin) not in {400, 403, 421} or listener.line == "POST /api/v1/silences", (listener, host)
