"""What stands in for the APIs of systems that nobody can run here: records that change, in pages, as each API documents its answers."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from core.clock import SystemClock

PAGE = 10
Reply = tuple[int, dict[str, str], bytes]


class HttpApiStandIn:
    """``records`` in the order of their change. ``asked``: the requests so far, method, path, query, headers and body.

    ``/orders?since=TIME&at=NUMBER`` gives ten of them. ``answer`` may answer a request in its place; None leaves it to it.
    """

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Reply | None] = lambda _: None
        self._lock = Lock()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                asked = Asked(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                with api._lock:
                    api.asked.append(asked)
                status, headers, content = api.answer(asked) or api.orders(asked)
                self.send_response_only(status)
                for name, value in {"content-length": str(len(content)), "date": self.date_time_string(), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """Clients may go away."""

        self.server = Server(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def put(self, **record: Any) -> None:
        """Add a record, or change the one with its id, now."""
        with self._lock:
            changed = SystemClock().now().isoformat(timespec="microseconds")
            self.records = [each for each in self.records if each["id"] != record["id"]]
            self.records.append({"changed": changed, **record})

    def since(self, time: str) -> list[dict[str, Any]]:
        """Return what changed since a time."""
        begin = datetime.fromisoformat(time)
        begin = begin if begin.tzinfo else begin.replace(tzinfo=UTC)
        with self._lock:
            return [each for each in self.records if datetime.fromisoformat(each["changed"]) >= begin]

    def orders(self, asked: Asked) -> Reply:
        """Answer as the plain API does."""
        found, at = self.since(asked.query.get("since", "1970-01-01T00:00:00Z")), int(asked.query.get("at", 0))
        more = {"next": f"/orders?since={asked.query.get('since', '')}&at={at + PAGE}"} if len(found) > at + PAGE else {}
        return reply({"items": found[at : at + PAGE], **more})


class Asked:
    """A request."""

    def __init__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        parts = urlsplit(path)
        self.method, self.path, self.raw, self.headers, self.body = method, parts.path, path, headers, body
        self.query = dict(parse_qsl(parts.query, keep_blank_values=True))


def reply(content: Any, status: int = 200, **headers: str) -> Reply:
    """Return an answer of JSON, or of the bytes given; ``_`` in a header's name is ``-``."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, body


@contextmanager
def http_api(tls: ssl.SSLContext | None = None) -> Iterator[HttpApiStandIn]:
    api = HttpApiStandIn()
    if tls is not None:
        api.server.socket = tls.wrap_socket(api.server.socket, server_side=True)
    Thread(target=api.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield api
    finally:
        api.server.shutdown()
        api.server.server_close()
