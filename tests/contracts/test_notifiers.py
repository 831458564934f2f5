"""The contract of every notifier that the registry finds. A new one adds its harness to ``HARNESSES`` or fails here by name."""

from __future__ import annotations

import contextlib
import email
import email.policy
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

import alerts.egress
import alerts.notifiers
from alerts.notifier import Notifier
from core.errors import Permanent, Retryable, UsageError
from core.incident import Contact
from core.registry import discover
from tests.alerts.messages import message
from tests.ports import free_port

pytestmark = pytest.mark.usefixtures("secret")
NOTIFIERS = discover(alerts.notifiers, "NOTIFIER", Notifier)
OK_REPLY = json.dumps({"ok": True, "ts": "1"}).encode()


@dataclass
class Other:
    """The other side: what it answers, what it got."""

    port: int = 0
    status: int = 200
    reply: bytes = OK_REPLY
    headers: dict[str, str] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    sent_bytes: int = 0
    asked: int = 0


@contextmanager
def http_other() -> Iterator[Other]:
    other = Other()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            other.asked += 1
            self.send_response(other.status)
            for name, value in other.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            other.bodies.append(str(self.headers).encode() + body)
            other.paths.append(self.path)
            self.send_response(other.status)
            for name, value in other.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(other.reply)))
            self.end_headers()
            try:
                for start in range(0, len(other.reply), 65_536):
                    self.wfile.write(other.reply[start : start + 65_536])
                    other.sent_bytes += 65_536
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    other.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield other
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def smtp_other() -> Iterator[Other]:
    other = Other()

    class Handler:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
            other.bodies.append(envelope.content)
            return {200: "250 ok", 503: "451 later", 400: "554 never"}[other.status]

    other.port = free_port()
    controller = Controller(Handler(), hostname="127.0.0.1", port=other.port)
    controller.start()
    try:
        yield other
    finally:
        controller.stop()


@dataclass(frozen=True)
class Harness:
    settings: Callable[[int], dict[str, Any]]
    required: str
    other: Callable[[], Any] = http_other
    requests: int = 1
    """How many a delivery makes: some ask before they post."""


def at(port: int) -> str:
    return f"http://127.0.0.1:{port}/in"


HARNESSES = {
    "webhook": Harness(lambda port: {"url": at(port), "secret": "env:TEST_SECRET"}, "url"),
    "slack": Harness(lambda port: {"api_url": at(port), "token": "env:TEST_SECRET", "channel": "C1"}, "token"),
    "pagerduty": Harness(lambda port: {"url": at(port), "routing_key": "env:TEST_SECRET"}, "routing_key"),
    "alertmanager": Harness(lambda port: {"url": at(port)}, "url", requests=2),
    "email": Harness(
        lambda port: {"host": "127.0.0.1", "port": port, "security": "none", "from": "andon@example.com", "to": "desk@example.com"},
        "to",
        smtp_other,
    ),
}
HTTP = sorted(name for name in NOTIFIERS if name in HARNESSES and HARNESSES[name].other is http_other)
WITH_SECRET = sorted(name for name in NOTIFIERS if name in HARNESSES and "env:TEST_SECRET" in HARNESSES[name].settings(1).values())


@pytest.mark.parametrize("name", sorted(NOTIFIERS))
def test_every_notifier_has_a_harness(name: str):
    assert name in HARNESSES, f"add a harness for the notifier '{name}'"


@pytest.mark.parametrize("name", sorted(NOTIFIERS))
def test_an_accepted_message_arrives_with_its_delivery_id(name: str):
    harness = HARNESSES[name]
    with harness.other() as other:
        NOTIFIERS[name].validate(harness.settings(other.port))
        NOTIFIERS[name].deliver(message(delivery_id="dlv_unique"), harness.settings(other.port))
        NOTIFIERS[name].deliver(message(delivery_id="dlv_unique"), harness.settings(other.port))

    assert len(other.bodies) == 2
    assert all(b"dlv_unique" in body for body in other.bodies)


@pytest.mark.parametrize("name", sorted(NOTIFIERS))
@pytest.mark.parametrize(("status", "kind"), [(503, Retryable), (400, Permanent)])
def test_a_refusal_is_retryable_or_permanent(name: str, status: int, kind: type[Exception]):
    harness = HARNESSES[name]
    with harness.other() as other:
        other.status = status
        with pytest.raises(kind):
            NOTIFIERS[name].deliver(message(), harness.settings(other.port))


@pytest.mark.parametrize("name", HTTP)
@pytest.mark.parametrize(
    ("status", "kind"),
    [(408, Retryable), (429, Retryable), (500, Retryable), (502, Retryable), (401, Permanent), (404, Permanent), (413, Permanent)],
)
def test_status_codes(name: str, status: int, kind: type[Exception]):
    with http_other() as other:
        other.status, other.headers = status, {"retry-after": "7"}
        with pytest.raises(kind):
            NOTIFIERS[name].deliver(message(), HARNESSES[name].settings(other.port))


@pytest.mark.parametrize("name", HTTP)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(name: str, status: int):
    with http_other() as elsewhere, http_other() as other:
        other.status, other.headers = status, {"location": at(elsewhere.port)}
        with pytest.raises(Permanent, match=str(status)):
            NOTIFIERS[name].deliver(message(), HARNESSES[name].settings(other.port))

    assert elsewhere.bodies == []


@pytest.mark.parametrize("name", HTTP)
def test_a_huge_reply_is_read_only_at_its_beginning(name: str):
    with http_other() as other:
        other.reply = b" " * (64 << 20)
        with contextlib.suppress(Retryable):
            NOTIFIERS[name].deliver(message(), HARNESSES[name].settings(other.port))

    assert other.sent_bytes < 32 << 20


@pytest.mark.parametrize("name", sorted(NOTIFIERS))
def test_a_refused_connection_is_retryable(name: str):
    with pytest.raises(Retryable):
        NOTIFIERS[name].deliver(message(), HARNESSES[name].settings(free_port()))


@pytest.mark.parametrize("name", sorted(NOTIFIERS))
def test_a_side_that_hangs_is_retryable(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(alerts.egress, "TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr("alerts.notifiers.email._TIMEOUT_SECONDS", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(Retryable):
            NOTIFIERS[name].deliver(message(), HARNESSES[name].settings(silent.getsockname()[1]))


@pytest.mark.parametrize("name", sorted(NOTIFIERS))
def test_settings_errors_name_the_field(name: str):
    harness = HARNESSES[name]
    good = harness.settings(1)
    with pytest.raises(UsageError, match=f"^'{harness.required}' is "):
        NOTIFIERS[name].validate({key: value for key, value in good.items() if key != harness.required})
    with pytest.raises(UsageError, match=r"^'colour' is not a setting of this notifier; "):
        NOTIFIERS[name].validate({**good, "colour": "red"})


@pytest.mark.parametrize("name", [*WITH_SECRET, "alertmanager", "email"])
def test_a_secret_that_cannot_be_read_yet_is_no_wrong_setting_and_the_message_waits(name: str, tmp_path: Path):
    file = tmp_path / "secret"
    harness = HARNESSES[name]
    with harness.other() as other:
        elsewhere = {
            field: f"file:{file}" if field in {"token", "routing_key", "secret"} or (field, name) == ("url", "alertmanager") else value
            for field, value in harness.settings(other.port).items()
        }
        if name == "email":
            elsewhere["host"] = f"file:{file}"
        NOTIFIERS[name].validate(elsewhere)
        with pytest.raises(Retryable, match=f"secret file:{file}: No such file"):
            NOTIFIERS[name].deliver(message(), elsewhere)
        file.write_text({"alertmanager": at(other.port), "email": "127.0.0.1"}.get(name, "whsec_c2VjcmV0"))
        file.chmod(0o600)
        NOTIFIERS[name].deliver(message(), elsewhere)

    assert len(other.bodies) == 1


@pytest.mark.parametrize(("name", "field", "held"), [("alertmanager", "url", "not an address"), ("webhook", "secret", "whsec_no base64")])
def test_what_a_reference_leads_to_may_be_put_right_too(name: str, field: str, held: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TEST_SECRET", held)
    with pytest.raises(Retryable, match=r"env:TEST_SECRET.*(https://host/path|base64)"):
        NOTIFIERS[name].deliver(message(), {**HARNESSES[name].settings(1), field: "env:TEST_SECRET"})


@pytest.mark.parametrize("name", sorted(set(WITH_SECRET) - {"pagerduty", "webhook"}))
def test_a_secret_that_is_no_line_of_ascii_is_not_told(name: str, monkeypatch: pytest.MonkeyPatch):
    for held in ("hunter2\nhunter3", "hunter2\u20ac"):
        monkeypatch.setenv("TEST_SECRET", held)
        with pytest.raises(Retryable, match="more than printable ASCII") as caught:
            NOTIFIERS[name].deliver(message(), HARNESSES[name].settings(1))
        assert "hunter" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(NOTIFIERS))
def test_text_from_outside_cannot_break_out(name: str):
    hostile = "x\r\nBcc: all@example.com\r\n<!channel> *bold* <script>alert(1)</script>"
    harness = HARNESSES[name]
    with harness.other() as other:
        NOTIFIERS[name].deliver(message(title=hostile, cause=hostile), harness.settings(other.port))

    head, _, rest = other.bodies[0].partition(b"\r\n\r\n" if name == "email" else b"\n\n")
    assert b"\r\nBcc:" not in head
    if name == "email":
        assert b"<script>" not in rest.partition(b"text/html")[2]
    if name == "slack":
        assert b"<!channel>" not in other.bodies[0]


@pytest.mark.parametrize("name", sorted(NOTIFIERS))
def test_who_is_woken_up_learns_whom_to_reach_who_has_it_and_what_it_costs(name: str):
    contact = Contact(email="desk@example.com", phone="+49 89 1234", chat="#orders", members=["Ana <b>", "Ben"])
    harness = HARNESSES[name]
    summary = "1 transaction, 1,200 EUR at risk, 24 EUR penalty so far"
    told = message(contact=contact, assignee="Carla", penalty={"EUR": 24.0}, summary=summary)
    told = told.model_copy(update={"top": [told.top[0].model_copy(update={"penalty": 24.0})]})
    with harness.other() as other:
        NOTIFIERS[name].deliver(told, harness.settings(other.port))

    body = other.bodies[0]
    if name == "email":
        parts = [
            part.get_content()
            for part in email.message_from_bytes(body, policy=email.policy.default).walk()
            if part.get_content_maintype() == "text"
        ]
        assert len(parts) == 2
        for part in parts:
            assert all(
                text in part for text in ("desk@example.com", "+49 89 1234", "#orders", "Carla", "24 EUR penalty so far", "24.00 EUR")
            )
        assert "Ana &lt;b&gt;" in parts[1]
        return
    sent = json.loads(body.partition(b"\n\n")[2])
    line = "desk@example.com, +49 89 1234, #orders (Ana <b>, Ben)"
    if name == "webhook":
        assert (sent["contact"], sent["assignee"], sent["penalty"]) == (contact.model_dump(), "Carla", {"EUR": 24.0})
        assert sent["top"][0]["penalty"] == 24.0
    elif name == "pagerduty":
        details = sent["payload"]["custom_details"]
        assert (details["contact"], details["assignee"], details["penalty"]) == (contact.model_dump(), "Carla", {"EUR": 24.0})
    elif name == "alertmanager":
        assert (sent[0]["annotations"]["contact"], sent[0]["annotations"]["assignee"]) == (line, "Carla")
        assert "24 EUR penalty so far" in sent[0]["annotations"]["summary"]
    elif name == "slack":
        fields = [field["text"] for block in sent["blocks"] for field in block.get("fields", [])]
        assert "*Owner*\nOrder desk\ndesk@example.com, +49 89 1234, #orders (Ana &lt;b&gt;, Ben)" in fields
        assert "*Handled by*\nCarla" in fields
        assert "penalty 24 EUR" in json.dumps(sent["blocks"])
    else:
        assert line in body.decode(), f"say in this test where '{name}' puts it"
