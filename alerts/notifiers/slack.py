"""Slack: an incoming webhook, or a bot with ``chat.postMessage``.

Settings: ``url`` (the webhook's address; a secret, so ``env:NAME``), or ``token`` and ``channel`` (and ``api_url``).
Slack has no field for a message id, so it is in the metadata and shown at the end of the message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from alerts import egress
from alerts.notifier import Attempt
from core.errors import Permanent, Retryable, WrongSetting
from core.incident import IncidentStatus, MemberLine, Message, cause_text

_API = "https://slack.com/api/chat.postMessage"
_COLOURS = {"critical": "#d32f2f", "warning": "#f9a825", "info": "#1976d2"}
_TEMPORARY = {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
_HEADER_MAX, _FIELD_MAX, _SECTION_MAX = 150, 1900, 2900
"""Characters of text in a block. Slack allows 150 in a header, 2,000 in a field and 3,000 in a section, markup included."""


class Slack:
    """Sends blocks: what, how much, who, the first affected transactions and the runbook."""

    name = "slack"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check that there is one way to send."""
        egress.only(settings, "url", "token", "channel", "api_url", *egress.SETTINGS)
        if "url" in settings:
            egress.check_url(settings)
            if other := next((name for name in ("token", "channel", "api_url") if name in settings), ""):
                raise WrongSetting(other, "is not used with 'url'; keep the webhook's url, or the bot's token and channel")
            return
        egress.check_secret(settings, "token")
        egress.check_text(settings, "channel")
        if "api_url" in settings:
            egress.check_url(settings, "api_url")

    def deliver(self, message: Message, settings: dict[str, Any]) -> Attempt:
        """Deliver. A webhook answers with a status, which ``egress.post`` checks; the API always with 200, and its reply says more."""
        payload = _payload(message)
        headers = {"content-type": "application/json; charset=utf-8"}
        if "url" in settings:
            status, _ = egress.post(egress.url(settings), json.dumps(payload).encode(), headers, settings)
            return Attempt(f"HTTP {status}")
        payload["channel"] = egress.text(settings, "channel")
        headers["authorization"] = f"Bearer {egress.secret(settings, 'token')}"
        status, reply = egress.post(egress.url(settings, "api_url", _API), json.dumps(payload).encode(), headers, settings)
        return _accepted(status, reply)


def _accepted(status: int, reply: str) -> Attempt:
    """Read the reply of Slack's API. An error that is not known to pass is permanent."""
    try:
        answer = json.loads(reply)
    except ValueError as error:
        raise Retryable("Slack's reply is not JSON") from error
    if not isinstance(answer, dict) or not answer.get("ok"):
        said = str(answer.get("error", "unknown")) if isinstance(answer, dict) else "unknown"
        raise (Retryable if said in _TEMPORARY else Permanent)(f"Slack refused: {said}")
    return Attempt(f"HTTP {status}, ts {answer.get('ts', '')}")


def _payload(message: Message) -> dict[str, Any]:
    # A header is plain text without escapes, so the characters that begin a mention are replaced.
    heading = f"{_state(message)} {message.title}".replace("<", "(").replace(">", ")")
    link = f"\n<{message.incident_url}|Open the incident>"
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": heading[:_HEADER_MAX], "emoji": False}},
        _section(f"*{_clipped(escape(message.summary), _SECTION_MAX - len(link) - 2)}*{link}"),
        {
            "type": "section",
            "fields": [
                {"type": "mrkdwn", "text": f"*{name}*\n{_clipped(escape(value), _FIELD_MAX)}"}
                for name, value in (
                    ("Owner", f"{message.owner_title}\n{message.contact}".strip()),
                    ("Cause", cause_text(message.cause, over=message.status is IncidentStatus.RESOLVED)),
                    ("Customers", ", ".join(message.customers[:10])),
                    ("Plants", ", ".join(message.plants[:10])),
                    ("Handled by", message.handled_by),
                )
                if value
            ],
        },
    ]
    if message.top and message.status is not IncidentStatus.RESOLVED:
        blocks.append(_section(_first_lines(_line(line) for line in message.top[:10])))
    if message.runbook_body and message.status is not IncidentStatus.RESOLVED:
        blocks.append(_section(f"*Runbook: {escape(message.runbook_title)}*\n{escape(message.runbook_body)}"))
    blocks.append({"type": "context", "elements": [{"type": "plain_text", "text": message.delivery_id, "emoji": False}]})
    return {
        "text": escape(f"{heading}: {message.summary}"),
        "blocks": blocks,
        # for its colour alone
        "attachments": [{"color": _COLOURS.get(message.severity, "#1976d2"), "fallback": escape(message.severity)}],
        "metadata": {
            "event_type": "andon_incident",
            "event_payload": {"delivery_id": message.delivery_id, "incident_id": message.incident_id},
        },
        "unfurl_links": False,
        "link_names": False,
    }


def _state(message: Message) -> str:
    return "[RESOLVED]" if message.status is IncidentStatus.RESOLVED else f"[{message.severity.upper()}]"


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _clipped(text, _SECTION_MAX)}}


def _first_lines(lines: Iterable[str]) -> str:
    """Return as many lines as a section takes: one that is cut would lose the end of its link."""
    kept = ""
    for line in lines:
        if kept and len(kept) + len(line) >= _SECTION_MAX:
            break
        kept += f"{line}\n"
    return kept.rstrip("\n")


def _clipped(text: str, most: int) -> str:
    """Return the beginning of an escaped text, which does not end within an escape such as ``&amp;``."""
    return text if len(text) <= most else re.sub(r"&[a-z]{0,3}$", "", text[:most])


def _line(line: MemberLine) -> str:
    promise = f" ({escape(line.sla_title)})" if line.sla_title else ""
    due = f", due {line.due}" if line.due else ""
    amount = f", {line.value:,.0f} {escape(line.currency)}" if line.value else ""
    penalty = f", penalty {line.penalty:,.0f} {escape(line.currency)}" if line.penalty else ""
    verdict = escape(line.verdict.replace("_", " "))
    return f"• <{line.url}|{escape(line.reference)}> {verdict}{promise}{due}{amount}{penalty} {escape(line.customer)}"


def escape(text: str) -> str:
    """Return text that cannot mention anybody, link anywhere or format anything in Slack's markup."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([*_~`|])", "\u200b\\1", plain)


NOTIFIER = Slack()
