"""What is sent at a limit and beyond it: requests of every road, each with the answer that the limit's row in docs/operating.md names."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import grpc

from core.limits import CONNECTIONS_MAX, FAILURES_PER_MINUTE
from tests.collector.http.test_webhooks import standard
from tests.collector.requests import PROTOBUF, spans
from tests.faults.attack_cost import GROWTH_MAX_BYTES, WINDOWS
from tests.faults.bodies import head
from tests.product import Product
from tests.waiting import wait_until

MEBIBYTE = 1 << 20
LIMIT_BYTES = 20 * MEBIBYTE
JSON = "application/json"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@dataclass(frozen=True)
class Answer:
    """``status`` is HTTP's, gRPC's by its name, or 0 where the connection was closed without one."""

    status: int | str
    text: str = ""


@dataclass(frozen=True)
class Case:
    """``limit`` is the first column of its row in docs/operating.md; ``says`` is what every answer must say."""

    limit: str
    name: str
    attack: Callable[[Any], Answer | list[Answer]]
    status: int | str
    says: str = ""
    patient: bool = False
    """The attack takes seconds by itself, so that once is enough."""
    growth_max_bytes: int = GROWTH_MAX_BYTES

    @property
    def windows(self) -> int:
        return 1 if self.patient else WINDOWS


@dataclass
class Attacker:
    """Sends to a collector. Bodies are made once, so that what a window of attacks holds is attacks."""

    product: Product
    webhook_number: int = 0
    made: dict[str, bytes] = field(default_factory=dict)

    def body(self, name: str, make: Callable[[], bytes]) -> bytes:
        if name not in self.made:
            self.made[name] = make()
        return self.made[name]

    def post(self, path: str, body: Any, content_type: str, encoding: str = "", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()} | {"content-type": content_type}
        if encoding:
            named["content-encoding"] = encoding
        connection = http.client.HTTPConnection("127.0.0.1", self.product.http_port, timeout=60)
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # the answer came before all was sent
                connection.request("POST", path, body, named)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode(errors="replace"))
        except (http.client.HTTPException, OSError) as error:
            return Answer(0, repr(error))
        finally:
            connection.close()

    def webhook(self, body: bytes, secret: str = SECRET) -> Answer:
        """Send a delivery of its own id, signed."""
        self.webhook_number += 1
        return self.post("/v1/webhooks/shop", body, JSON, **standard(secret, f"m{self.webhook_number}", body))

    def raw(self, sent: bytes, patience_seconds: float = 60.0) -> Answer:
        """Send bytes on a socket and return the first answer."""
        with socket.create_connection(("127.0.0.1", self.product.http_port), timeout=patience_seconds) as opened:
            with suppress(OSError):
                opened.sendall(sent)
            return first_answer(opened)

    def forget(self) -> None:
        """Make room in the journal, as an engine does that has loaded it."""
        for lane in (self.product.data / "journal" / "local").glob("*/"):
            for path in sorted(lane.glob("*.journal"))[:-1]:
                for each in lane.glob(f"{path.name}*"):
                    each.unlink()

    def export(self, *bodies: bytes, kind: str = EXPORT, compression: Any = None, **metadata: str) -> list[Answer]:
        """Send messages over one gRPC connection, all at once."""
        options = [("grpc.max_send_message_length", 1 << 30), ("grpc.use_local_subchannel_pool", 1)]
        sent = tuple((name.replace("_", "-"), value) for name, value in metadata.items())
        with grpc.insecure_channel(f"127.0.0.1:{self.product.grpc_port}", options=options) as channel:
            call = channel.unary_unary(kind)
            if len(bodies) > 1:
                call(b"", timeout=60)  # now it knows how many may be under way at once
            return [_outcome(one) for one in [call.future(body, timeout=60, compression=compression, metadata=sent) for body in bodies]]


def _outcome(call: Any) -> Answer:
    try:
        return Answer("OK", call.result().decode(errors="replace"))
    except grpc.RpcError as error:
        return Answer(error.code().name, error.details())


def first_answer(opened: socket.socket) -> Answer:
    try:
        text = opened.recv(65536).decode(errors="replace")
    except OSError as error:
        return Answer(0, repr(error))
    return Answer(int(text.split(" ", 2)[1]), text) if text.startswith("HTTP/1.1 ") else Answer(0, text)


def at_once(count: int, work: Callable[[], Answer]) -> list[Answer]:
    """Do the same from several connections at once."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: work(), range(count)))


# attacks that take their time


def slow_heads(attacker: Attacker, connections: int) -> list[Answer]:
    """Begin heads and never end them."""
    with opened(attacker.product.http_port, connections) as sockets:
        for one in sockets:
            one.sendall(b"POST /v1/traces HTTP/1.1\r\nhost:")
        return [first_answer(one) for one in sockets]


def slow_bodies(attacker: Attacker, connections: int) -> list[Answer]:
    """Announce a body and send a byte of it now and then."""
    with opened(attacker.product.http_port, connections) as sockets:
        for one in sockets:
            one.sendall(head(f"content-type: {PROTOBUF}".encode(), b"content-length: 20000000") + b"x")
        return [first_answer(one) for one in sockets]


def endless(port: int, beginning: bytes, patience_seconds: float = 30.0) -> Answer:
    """Send the same without end, as fast as it is taken; the status is 0 where the connection is not closed in time."""
    with socket.create_connection(("127.0.0.1", port), timeout=patience_seconds) as sending:
        until = time.monotonic() + patience_seconds
        try:
            sending.sendall(beginning)
            while time.monotonic() < until:
                sending.sendall(b"y" * 65536)
        except TimeoutError:
            return Answer(0, "neither taken nor closed")
        except OSError:
            return Answer("closed")
        return Answer(0, "still taken")


def going_on(attacker: Attacker, beginning: bytes, more: bytes) -> Answer:
    """Go on sending a little after the answer, until the connection is closed."""
    with socket.create_connection(("127.0.0.1", attacker.product.http_port), timeout=60) as sending:
        sending.sendall(beginning)
        answer = first_answer(sending)
        until = time.monotonic() + 60
        try:
            while time.monotonic() < until:
                sending.sendall(more)
                time.sleep(0.05)
        except OSError:
            return answer
        return Answer(0, "not closed")


def one_connection_too_many(attacker: Attacker) -> list[Answer]:
    """Open all connections that there may be, and some more; return what the others are answered."""
    port = attacker.product.http_port
    with opened(port, CONNECTIONS_MAX, 0.001) as sockets, opened(port, 20) as more:
        assert len(sockets) == CONNECTIONS_MAX
        return [first_answer(one) for one in more]


def silent_grpc_connections(attacker: Attacker) -> Answer:
    """Open more connections than gRPC takes; as many as are too many are closed without a word. Wait until it has forgotten them.

    Which ones are closed is not said: those of an attack before this one may count until gRPC has seen that they ended.
    """
    with opened(attacker.product.grpc_port, CONNECTIONS_MAX + 20) as sockets:
        taken = sum(one.recv(1000) != b"" for one in sockets)
    wait_until(lambda: attacker.export(b"")[0].status == "OK", 60, "gRPC takes connections again")
    return Answer("closed" if 0 < taken <= CONNECTIONS_MAX else f"{taken} taken")


def silent_streams(attacker: Attacker, connections: int = 3, streams: int = 20) -> list[Answer]:
    """Begin requests over gRPC and send no message; a good one passes between them."""
    over = threading.Event()

    def nothing() -> Iterator[bytes]:
        over.wait()
        yield from ()

    with ExitStack() as stack:
        stack.callback(over.set)
        address, options = f"127.0.0.1:{attacker.product.grpc_port}", [("grpc.use_local_subchannel_pool", 1)]
        channels = [stack.enter_context(grpc.insecure_channel(address, options=options)) for _ in range(connections)]
        silent = [channel.stream_unary(EXPORT).future(nothing()) for channel in channels for _ in range(streams)]
        wait_until(lambda: attacker.export(b"")[0].status == "OK", 60, "a good message is taken")
        return [_outcome(call) for call in silent]


def many_streams(attacker: Attacker) -> Answer:
    """Send more requests over one connection at once than it may carry; what finds no stream is told to come again."""
    answers = attacker.export(*[spans(count=10).SerializeToString()] * 300)
    others = [answer for answer in answers if answer.status not in {"OK", "UNAVAILABLE"}]
    return others[0] if others else Answer("taken or told")


def beyond_failures(guess: Callable[[], Answer], refused: int | str) -> Answer:
    """Guess until it is not said any more that the credential was wrong."""
    return next((answer for answer in (guess() for _ in range(2 * FAILURES_PER_MINUTE + 1)) if answer.status != refused), Answer(refused))


@contextmanager
def opened(port: int, count: int, pause_seconds: float = 0.0) -> Iterator[list[socket.socket]]:
    """Open connections, as many as are asked for, one after the other, and close them all."""
    with ExitStack() as stack:
        sockets = []
        for _ in range(count):
            sockets.append(stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60)))
            time.sleep(pause_seconds)
        yield sockets


LAUGHS = "flow: &a0 [x, x]\n" + "".join(f"k{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 30))
FLOW = """flow: {name}
title: Flow
owner: desk
keys: {{order: {{}}}}
milestones:
  a: {{system: A, match: {{event: a}}, keys: {{order: data.order}}}}
  b: {{system: B, match: {{event: b}}, keys: {{order: data.order}}}}
ends: [b]
slas: {{s: {{title: In time, from: a, to: b, {sla}}}}}
"""
CHANNEL = "  c{}: {{type: webhook, settings: {{url: 'http://127.0.0.1:9/'}}{}}}\n"
TOO_MUCH = {
    "flows/large.yaml": "# " + "x" * MEBIBYTE + "\n",
    "flows/laughs.yaml": LAUGHS,
    "flows/long.yaml": FLOW.format(name="long", sla="within: 2 hours, runbook: " + "x" * 4001),
    "flows/due.yaml": FLOW.format(name="due", sla="due: start" + " + 1 hour" * 60),
    "routes.yaml": "channels:\n"
    + "".join(CHANNEL.format(number, f", fallback: c{number + 1}") for number in range(300))
    + CHANNEL.format(300, ""),
}
"""Files of a catalog, each beyond one of its limits."""
TOLD = (
    "large.yaml:1:1: the file has",
    "laughs.yaml:2:10: aliases",
    "long.yaml:9:70: this text has 4,001 characters",
    "a due time may have at most 50 parts",
    "more than 10 fallbacks of 'c0'",
)


def too_large_a_catalog(attacker: Attacker) -> Answer:
    """Put all of it into the catalog of the running collector, wait until it has said what it thinks of it, and take it away again."""
    begin = len(attacker.product.log("collect"))

    def said(words: str) -> str:
        log = attacker.product.log("collect")[begin:]
        return log if words in log else ""

    for name, text in TOO_MUCH.items():
        (attacker.product.catalog / name).parent.mkdir(exist_ok=True)
        (attacker.product.catalog / name).write_text(text)
    try:
        log = wait_until(lambda: said("the changed catalog is invalid"), 60, "the catalog is refused")
    finally:
        for name in TOO_MUCH:
            (attacker.product.catalog / name).unlink()
    wait_until(lambda: said("the catalog is unchanged"), 60, "the catalog is taken again")
    missing = [words for words in TOLD if words not in log]
    return Answer("refused", f"not told: {missing} of {log}" if missing else "all told")
