"""E-mail over SMTP: text and HTML, threaded by incident, with a Message-ID derived from the delivery id.

Settings: ``host``, ``from``, ``to`` (an address or a list); ``port`` (default 587, or 465 with ``security: tls``); ``security``
(``starttls``, ``tls`` or ``none``; default ``starttls``); ``username`` and ``password`` (``env:NAME``); ``ca_file`` and
``allow_link_local`` as of the others.
"""

from __future__ import annotations

import email.policy
import re
import smtplib
import socket
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any

from jinja2.sandbox import ImmutableSandboxedEnvironment

from alerts import egress
from alerts.notifier import Attempt
from core.egress import check_target
from core.errors import Permanent, Retryable, WrongSetting
from core.incident import IncidentStatus, MemberLine, Message, cause_text

_KNOWN = ("host", "port", "security", "from", "to", "username", "password", "ca_file", "allow_link_local")
_ADDRESS = re.compile(r"^[^@\s<>,;:\"]+@[^@\s<>,;:\"]+$")
_TIMEOUT_SECONDS = 10.0
_POLICY = email.policy.SMTP.clone(max_line_length=998)
"""The longest line that SMTP allows: a folded identifier would be written as an encoded word, which no program takes for an identifier."""
_ENVIRONMENT = ImmutableSandboxedEnvironment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
_HTML = _ENVIRONMENT.from_string(
    """<html><body style="font-family:sans-serif">
<h2>{{ state }} {{ m.title }}</h2>
<p><b>{{ m.summary }}</b><br>{% for line in who %}{{ line }}<br>{% endfor %}<a href="{{ m.incident_url }}">Open the incident</a></p>
{% if m.top %}
<table cellpadding="4"><tr><th>Reference</th><th>State</th><th>SLA</th><th>Due</th><th>Value</th><th>Penalty</th><th>Customer</th></tr>
{% for line in m.top %}
<tr><td><a href="{{ line.url }}">{{ line.reference }}</a></td><td>{{ line.verdict | replace("_", " ") }}</td>
<td>{{ line.sla_title }}</td><td>{{ line.due }}</td>
<td>{{ "{:,.2f}".format(line.value) }} {{ line.currency }}</td>
<td>{{ "{:,.2f} {}".format(line.penalty, line.currency) if line.penalty else "" }}</td><td>{{ line.customer }}</td></tr>
{% endfor %}
</table>
{% endif %}
{% if m.runbook_body %}<h3>Runbook: {{ m.runbook_title }}</h3><pre style="white-space:pre-wrap">{{ m.runbook_body }}</pre>{% endif %}
</body></html>"""
)


class Email:
    """Sends one mail per message to all recipients."""

    name = "email"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check server, addresses and credentials."""
        egress.only(settings, *_KNOWN)
        egress.check_text(settings, "host")
        _port(settings)
        _addresses(settings, "from")
        _addresses(settings, "to")
        if "username" in settings:
            egress.check_text(settings, "username")
            egress.check_secret(settings, "password")

    def deliver(self, message: Message, settings: dict[str, Any]) -> Attempt:
        """Deliver."""
        host, port = egress.text(settings, "host"), _port(settings)
        targets = check_target(host, port, link_local=bool(settings.get("allow_link_local")))
        mail = _mail(message, _addresses(settings, "from")[0], _addresses(settings, "to"))
        try:
            refused = _send(mail, targets, settings)
        except smtplib.SMTPResponseException as error:
            said = f"SMTP {error.smtp_code} {_words(error.smtp_error)}"
            raise (Permanent if 500 <= error.smtp_code < 600 else Retryable)(said) from error
        except smtplib.SMTPRecipientsRefused as error:
            code, refusal = next(iter(error.recipients.values()))
            raise (Permanent if code >= 500 else Retryable)(f"SMTP {code} {_words(refusal)}") from error
        except (smtplib.SMTPNotSupportedError, ssl.SSLCertVerificationError) as error:
            raise Permanent(f"{host}:{port}: {error}") from error
        except (OSError, smtplib.SMTPException) as error:
            raise Retryable(f"{host}:{port} did not answer: {str(error) or type(error).__name__}") from error
        missed = [f"{recipient} (SMTP {code} {_words(refusal)})" for recipient, (code, refusal) in refused.items()]
        return Attempt(f"accepted by {host}" + (f", refused for {', '.join(missed)}" if missed else ""), missed=bool(missed))


class _Server(smtplib.SMTP):
    """Connects to an address that was checked; the name is used only in the TLS handshake, so a second lookup cannot lead elsewhere."""

    def __init__(self, targets: list[str], host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._targets = targets
        self._tls = tls
        super().__init__(host, port, timeout=_TIMEOUT_SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        brief = min(timeout, egress.CONNECT_SECONDS)  # a silent address must leave time for the next one
        made = egress.first_that_connects(self._targets, lambda target: socket.create_connection((target, port), brief), (OSError,))
        made.settimeout(timeout)
        return self._tls.wrap_socket(made, server_hostname=host) if self._tls else made


def _send(mail: EmailMessage, targets: list[str], settings: dict[str, Any]) -> dict[str, Any]:
    security = _security(settings)
    context = egress.tls(settings)
    with _Server(targets, egress.text(settings, "host"), _port(settings), context if security == "tls" else None) as server:
        if security == "starttls":
            server.starttls(context=context)
        if "username" in settings:
            server.login(egress.text(settings, "username"), egress.secret(settings, "password"))
        return dict(server.send_message(mail))


def _mail(message: Message, sender: str, recipients: list[str]) -> EmailMessage:
    domain = sender.rpartition("@")[2]
    thread = f"<{message.incident_id}@{domain}>"
    state = "[RESOLVED]" if message.status is IncidentStatus.RESOLVED else f"[{message.severity.upper()}]"
    mail = EmailMessage(_POLICY)
    mail["Subject"] = one_line(f"{state} {message.title}")
    mail["From"] = Address("Andon", addr_spec=sender)
    mail["To"] = ", ".join(recipients)
    mail["Date"] = message.updated_at
    mail["Message-ID"] = f"<{message.delivery_id}@{domain}>"
    mail["References"] = thread
    mail["In-Reply-To"] = thread
    mail["X-Andon-Incident"] = one_line(message.incident_id)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(_plain(message))
    mail.add_alternative(_HTML.render(m=message, state=state, who=_who(message)), subtype="html")
    return mail


def _who(message: Message) -> list[str]:
    """Return who owns it, how to reach them, and who is already working on it."""
    contact = str(message.contact)
    cause = cause_text(message.cause, over=message.status is IncidentStatus.RESOLVED)
    lines = [f"Owner: {message.owner_title}. Cause: {cause}.", f"Contact: {contact}" if contact else ""]
    lines += [f"Handled by {message.handled_by}." if message.handled_by else ""]
    return [line for line in lines if line]


def _plain(message: Message) -> str:
    lines = [message.title, message.summary, *_who(message), message.incident_url, ""]
    lines += [_line(line) for line in message.top]
    if message.runbook_body:
        lines += ["", f"Runbook: {message.runbook_title}", message.runbook_body]
    return "\n".join(lines) + "\n"


def _line(line: MemberLine) -> str:
    penalty = f"penalty {line.penalty:,.2f} {line.currency} " if line.penalty else ""
    promise = f" ({line.sla_title})" if line.sla_title else ""
    verdict = f"{line.verdict.replace('_', ' ')}{promise}{f', due {line.due}' if line.due else ''},"
    return f"- {line.reference} {verdict} {line.value:,.2f} {line.currency} {penalty}{line.customer} {line.url}"


def one_line(text: str) -> str:
    """Return text that cannot begin another header."""
    return re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]+", " ", text).strip()


def _words(said: Any) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return one_line(text)[:200]


def _security(settings: dict[str, Any]) -> str:
    value = settings.get("security", "starttls")
    if value not in ("starttls", "tls", "none"):
        raise WrongSetting("security", "is not one of starttls, tls, none")
    return str(value)


def _port(settings: dict[str, Any]) -> int:
    value = settings.get("port", 465 if _security(settings) == "tls" else 587)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 6:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 65_536:
        raise WrongSetting("port", "is not a port number")
    return value


def _addresses(settings: dict[str, Any], name: str) -> list[str]:
    value = settings.get(name)
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not found or not all(isinstance(one, str) and _ADDRESS.match(one) for one in found):
        raise WrongSetting(name, "is not an e-mail address; write name@example.com, or a list of addresses")
    return found


NOTIFIER = Email()
