"""E-mail: threads, both parts, headers that cannot be broken out of, and settings."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from typing import Any

import pytest

from alerts.notifiers import email as module
from alerts.notifiers.email import NOTIFIER, one_line
from core.errors import Permanent, Retryable, WrongSetting
from core.incident import IncidentStatus
from tests.alerts.messages import message

SETTINGS = {"host": "127.0.0.1", "from": "andon@example.com", "to": ["a@example.com", "b@example.com"]}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[EmailMessage]:
    mails: list[EmailMessage] = []

    def send(mail: EmailMessage, *_: Any) -> dict[str, Any]:
        mails.append(mail)
        return {}

    monkeypatch.setattr(module, "_send", send)
    return mails


def test_messages_of_an_incident_are_one_thread_and_each_has_its_own_id(sent: list[EmailMessage]):
    for number, incident in enumerate(("i1", "i1", "i2")):
        NOTIFIER.deliver(message(delivery_id=f"dlv_{number}", incident_id=incident), SETTINGS)

    assert [mail["Message-ID"] for mail in sent] == [f"<dlv_{number}@example.com>" for number in range(3)]
    assert [mail["References"] for mail in sent] == ["<i1@example.com>", "<i1@example.com>", "<i2@example.com>"]
    assert {mail["To"] for mail in sent} == {"a@example.com, b@example.com"}
    assert {mail["Auto-Submitted"] for mail in sent} == {"auto-generated"}


@pytest.mark.parametrize("length", [10, 60, 200])
def test_identifiers_are_plain_whatever_the_length_of_the_domain(sent: list[EmailMessage], length: int):
    domain = ".".join(["plant" * 8] * (length // 40) + ["x" * 10, "example"])
    NOTIFIER.deliver(message(delivery_id="d" * 40), {**SETTINGS, "from": f"andon@{domain}"})

    lines = sent[0].as_bytes().splitlines()
    for name, identifier in (("Message-ID", "d" * 40), ("References", "0" * 32), ("In-Reply-To", "0" * 32)):
        assert f"{name}: <{identifier}@{domain}>".encode() in lines
    assert b"=?" not in sent[0].as_bytes().partition(b"\r\n\r\n")[0]


def test_it_says_the_same_in_text_and_in_html(sent: list[EmailMessage]):
    NOTIFIER.deliver(message(), SETTINGS)

    text, html = [part.get_content() for part in sent[0].iter_parts()]
    for said in (
        "Orders: booked is overdue",
        "1 transaction, 1,200 EUR at risk",
        "Order desk",
        "4711",
        "1,200.00 EUR",
        "Order booked in time",
        "2026-03-02 11:00 Berlin",
        "Look at the inbound queue.",
    ):
        assert said in text
        assert said in html


def test_text_from_outside_begins_no_header_and_no_element(sent: list[EmailMessage]):
    NOTIFIER.deliver(message(title="x\r\nBcc: all@example.com", summary="<script>alert(1)</script>"), SETTINGS)

    assert sent[0]["Bcc"] is None
    assert sent[0]["Subject"] == "[CRITICAL] x Bcc: all@example.com"
    assert "<script>" not in list(sent[0].iter_parts())[1].get_content()
    assert one_line("a\x00b\u2028c\x85d") == "a b c d"


def test_what_is_resolved_says_so_in_the_subject(sent: list[EmailMessage]):
    NOTIFIER.deliver(message(status=IncidentStatus.RESOLVED), SETTINGS)

    assert sent[0]["Subject"].startswith("[RESOLVED] ")


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (smtplib.SMTPDataError(451, b"try later"), Retryable, "SMTP 451 try later"),
        (smtplib.SMTPDataError(554, b"never\r\nhere"), Permanent, "SMTP 554 never here"),
        (smtplib.SMTPAuthenticationError(535, b"wrong"), Permanent, "SMTP 535 wrong"),
        (smtplib.SMTPRecipientsRefused({"a@example.com": (550, b"unknown")}), Permanent, "SMTP 550 unknown"),
        (smtplib.SMTPRecipientsRefused({"a@example.com": (450, b"busy")}), Retryable, "SMTP 450 busy"),
        (smtplib.SMTPNotSupportedError("no STARTTLS"), Permanent, "no STARTTLS"),
        (smtplib.SMTPServerDisconnected("gone"), Retryable, "did not answer: gone"),
        (TimeoutError(), Retryable, "did not answer: TimeoutError"),
    ],
)
def test_what_the_server_says_tells_whether_to_try_again(
    monkeypatch: pytest.MonkeyPatch, error: Exception, kind: type[Exception], said: str
):
    def refuse(*_: Any) -> None:
        raise error

    monkeypatch.setattr(module, "_send", refuse)
    with pytest.raises(kind, match=said):
        NOTIFIER.deliver(message(), SETTINGS)


def test_recipients_that_were_refused_are_named_where_others_were_not(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_send", lambda *_: {"b@example.com": (550, b"unknown")})

    attempt = NOTIFIER.deliver(message(), SETTINGS)

    assert attempt.missed
    assert attempt.detail == "accepted by 127.0.0.1, refused for b@example.com (SMTP 550 unknown)"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"port": 0}, "port"),
        ({"port": 65_536}, "port"),
        ({"port": True}, "port"),
        ({"port": "smtp"}, "port"),
        ({"security": "ssl"}, "security"),
        ({"from": "andon"}, "from"),
        ({"to": []}, "to"),
        ({"to": ["a@example.com", "b"]}, "to"),
        ({"to": "a@example.com, b@example.com"}, "to"),
        ({"to": "a@example.com\nBcc: b@example.com"}, "to"),
        ({"username": "andon"}, "password"),
        ({"username": "andon", "password": "hunter2"}, "password"),
    ],
)
def test_a_wrong_setting_is_named(changes: dict[str, Any], field: str):
    with pytest.raises(WrongSetting, match=f"^'{field}' is "):
        NOTIFIER.validate({**SETTINGS, **changes})


@pytest.mark.parametrize(
    "changes",
    [{}, {"port": "2525"}, {"port": 25, "security": "none"}, {"security": "tls"}, {"username": "andon", "password": "env:SMTP_PASSWORD"}],
)
def test_a_setting_that_can_work_is_taken(changes: dict[str, Any]):
    NOTIFIER.validate({**SETTINGS, **changes})
