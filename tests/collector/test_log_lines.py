"""Nothing that a sender writes begins a line of the log."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from core.telemetry import JsonFormatter
from tests.collector.conftest import Running
from tests.collector.http.test_events import ONE, event
from tests.collector.http.test_protocol import talk
from tests.collector.requests import PROTOBUF

FORGED = '{"level": "critical", "message": "forged"}'
BREAKS = ["\n", "\r", "\r\n", "\0", "\x0b", "\x0c", "\x1b[2J", "\x1c", "\x85", "\u2028", "\u2029", '"}\n']


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def check(log: io.StringIO) -> int:
    """Check that every line is one of ours, and return how many there are."""
    lines = log.getvalue().splitlines()  # at every character any reader takes for the end of a line
    for line in lines:
        entry = json.loads(line)
        assert {"time", "level", "logger", "message"} <= entry.keys()
        assert entry["message"] != "forged"
        assert line.isascii()
        assert line.isprintable()
    return len(lines)


@pytest.mark.parametrize("text", BREAKS, ids=ascii)
def test_events_headers_and_paths_stay_in_their_line(collector: Running, log: io.StringIO, text: str) -> None:
    evil = f"a{text}{FORGED}"
    for fields in ({"source": evil}, {"type": evil}, {"id": evil, "type": 7}, {evil: "x"}, {"time": evil}):
        collector.post("/v1/events", json.dumps(event(**fields)).encode(), ONE)
    collector.post("/v1/events", evil.encode(), ONE)
    collector.post("/v1/traces", evil.encode(), PROTOBUF)
    quoted = "".join(f"%{byte:02x}" for byte in evil.encode())
    for path in (f"/v1/webhooks/{quoted}", f"/{quoted}", f"/v1/events?{quoted}"):
        collector.client.post(path, content=b"{}")
    collector.client.post(
        "/v1/events", content=b"{}", headers={"ce-id": quoted, "ce-source": quoted, "ce-type": quoted, "ce-specversion": "1.0"}
    )
    for name in (b"x-a", b"content-type", b"content-encoding", b"authorization", b"x-andon-token", b"webhook-id", b"ce-id"):
        talk(
            collector, b"POST /v1/events HTTP/1.1\r\nhost: localhost\r\n" + name + b": " + evil.encode() + b"\r\n\r\n", silence_seconds=0.05
        )
    assert check(log) > 0


def test_a_field_of_our_own_log_cannot_break_out(log: io.StringIO) -> None:
    for text in BREAKS:
        evil = f"a{text}{FORGED}"
        logging.getLogger("andon.test").info("said %s", evil, extra={"fields": {evil: evil, "source": evil}})
        try:
            int(evil)
        except ValueError:
            logging.getLogger("andon.test").exception("failed")
    assert check(log) == 2 * len(BREAKS)
