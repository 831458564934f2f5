"""The simulated operations desk: a loopback address that accepts the demo's alert messages and keeps the last ones.

``GET /`` shows them as JSON, newest first. It checks no signature: that is up to a real receiver, and this one only shows what arrived.

It also stands in for what the steps of the shipped runbooks ask: ``/consumers/QUEUE`` answers 503 while nobody takes from the queue, and
``/tms/shipments/NUMBER`` is the shipment's page in the TMS.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import unquote

_logger = logging.getLogger(__name__)
MAX_BODY_BYTES = 1 << 20
KEPT = 200


class OpsDesk:
    """Listens on loopback from :meth:`start` to :meth:`close`. ``stuck``: whether nobody takes from a queue now."""

    def __init__(self, port: int = 0, stuck: Callable[[str], bool] = lambda _: False) -> None:
        self.messages: deque[dict[str, Any]] = deque(maxlen=KEPT)
        handler = type("Handler", (_Handler,), {"messages": self.messages, "stuck": staticmethod(stuck)})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="ops-desk", daemon=True)

    @property
    def url(self) -> str:
        """The URL to which messages are posted."""
        return f"http://127.0.0.1:{self._server.server_port}/ops-desk"

    def start(self) -> None:
        """Start listening."""
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    messages: ClassVar[deque[dict[str, Any]]]
    stuck: ClassVar[Callable[[str], bool]]
    protocol_version = "HTTP/1.1"
    timeout = 15

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 < length <= MAX_BODY_BYTES:
            self._answer(413, {"error": f"send 1 to {MAX_BODY_BYTES} bytes with a Content-Length"})
            return
        try:
            message = json.loads(self.rfile.read(length))
        except ValueError:
            self._answer(400, {"error": "send JSON"})
            return
        self.messages.appendleft({"id": self.headers.get("webhook-id", ""), "message": message})
        self._answer(200, {"taken": True})

    def do_GET(self) -> None:
        place, _, last = self.path.partition("?")[0].rpartition("/")
        name = unquote(last)
        if place == "/consumers":
            stuck = type(self).stuck(name)
            self._answer(503 if stuck else 200, {"queue": name, "consumers": 0 if stuck else 1})
        elif place == "/tms/shipments":
            self._answer(200, {"system": "TMS, simulated", "shipment": name})
        else:
            self._answer(200, list(self.messages))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's signature
        _logger.debug(format, *args)

    def _answer(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
