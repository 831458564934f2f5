"""A process of its own that sends the same good request again and again and says how long each took.

Run as ``python -m tests.faults.healthy_sender``, the request as JSON on standard input. Writes a line a request: when it began (seconds of
the machine's monotonic clock), how many seconds it took, and the status, 0 where there was no answer. Ends with its standard output.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from typing import Any

PAUSE_SECONDS = 0.003
PATIENCE_SECONDS = 60.0


def send(request: dict[str, Any]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", request["port"], timeout=PATIENCE_SECONDS)
    body = bytes.fromhex(request["body"])
    while True:
        began = time.monotonic()
        try:
            connection.request(request["method"], request["path"], body, request["headers"])
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except (OSError, http.client.HTTPException):
            connection.close()
            status = 0
        sys.stdout.write(f"{began} {time.monotonic() - began} {status}\n")
        sys.stdout.flush()
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    try:
        send(json.loads(sys.stdin.read()))
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(0)
