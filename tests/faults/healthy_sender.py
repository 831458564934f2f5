"""A process of its own that sends the same good request again and again and says how long each took.

Run as ``python -m tests.faults.healthy_sender``, the request as JSON on standard input. Writes a line a request: when it began (seconds of
the machine's monotonic clock), how many seconds it took, the status, 0 where there was no answer, and now and then how many times its
processor time a piece of work took that has nothing to do with whom it asks; else 0. Ends with its standard output.
"""

from __future__ import annotations

import http.client
import itertools
import json
import sys
import time
from typing import Any

PAUSE_SECONDS = 0.003
PATIENCE_SECONDS = 60.0
WORK_EVERY = 20
WORK_SECONDS = 0.01


def send(request: dict[str, Any]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", request["port"], timeout=PATIENCE_SECONDS)
    body = bytes.fromhex(request["body"])
    for number in itertools.count():
        began = time.monotonic()
        try:
            connection.request(request["method"], request["path"], body, request["headers"])
            answer = connection.getresponse()
            answer.read()
            status = answer.status
        except (OSError, http.client.HTTPException):
            connection.close()
            status = 0
        seconds = time.monotonic() - began
        sys.stdout.write(f"{began} {seconds} {status} {0 if number % WORK_EVERY else stretch()}\n")
        sys.stdout.flush()
        time.sleep(PAUSE_SECONDS)


def stretch() -> float:
    """Return how many times longer than alone on a processor anything takes at present."""
    began, processor_began = time.monotonic(), time.thread_time()
    while (worked := time.thread_time() - processor_began) < WORK_SECONDS:
        pass
    return (time.monotonic() - began) / worked


if __name__ == "__main__":
    try:
        send(json.loads(sys.stdin.read()))
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(0)
