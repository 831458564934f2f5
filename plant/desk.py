"""The simulated operations desk: a loopback address that accepts the demo's alert messages and keeps the last ones.

``GET /`` shows them as JSON, newest first. It checks no signature: that is up to a real receiver, and this one only shows what arrived.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

_logger = logging.getLogger(__name__)
MAX_BODY_BYTES = 1 << 20
KEPT = 200


class OpsDesk:
    """Listens on loopback from :meth:`start` to :meth:`close`."""

    def __init__(self, port: int = 0) -> None:
        self.messages: deque[dict[str, Any]] = deque(maxlen=KEPT)
        handler = type("Handler", (_Handler,), {"messages": self.messages})
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
