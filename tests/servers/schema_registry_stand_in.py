"""What stands in for a schema registry, of which none can be had here: its two questions, with the answers that a test gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class SchemaRegistryStandIn:
    """``answers`` by path; ``asked`` are the paths that were asked for. ``working`` is whether it answers at all but with 503."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.working = True
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                registry.asked.append(self.path)
                answer = registry.answers.get(self.path)
                body = json.dumps(answer or {"error_code": 40403, "message": "Schema not found"}).encode()
                self.send_response(503 if not registry.working else 404 if answer is None else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def schema_registry(answers: dict[str, Any]) -> Iterator[SchemaRegistryStandIn]:
    registry = SchemaRegistryStandIn(answers)
    Thread(target=registry.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield registry
    finally:
        registry.server.shutdown()
        registry.server.server_close()
