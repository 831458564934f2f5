"""Slack: what its API answers, and text that it must not read as markup."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from alerts.notifiers.slack import NOTIFIER, escape
from core.errors import Permanent, Retryable, WrongSetting
from core.incident import IncidentStatus
from tests.alerts.messages import message
from tests.alerts.notifiers.conftest import Posted

BOT = {"token": "env:TEST_SECRET", "channel": "C1"}
WEBHOOK = {"url": "http://hooks.example/T/B"}


def texts(value: Any) -> list[str]:
    """Return every text of the blocks."""
    if isinstance(value, dict):
        return [text for key, inner in value.items() for text in ([inner] if key == "text" and isinstance(inner, str) else texts(inner))]
    return [text for inner in value for text in texts(inner)] if isinstance(value, list) else []


def test_a_bot_posts_to_its_channel_with_its_token(posted: Posted):
    assert NOTIFIER.deliver(message(delivery_id="dlv_7"), BOT).detail == "HTTP 200, ts 1.2"

    assert posted.addresses == ["https://slack.com/api/chat.postMessage"]
    assert posted.headers[0]["authorization"] == "Bearer whsec_c2VjcmV0"
    assert posted.last["channel"] == "C1"
    assert posted.last["metadata"]["event_payload"]["delivery_id"] == "dlv_7"
    assert "dlv_7" in texts(posted.last["blocks"])


@pytest.mark.parametrize("other", [{"token": "env:TEST_SECRET"}, {"channel": "C1"}, {"api_url": "http://slack.example/"}])
def test_there_is_one_way_to_send(other: dict[str, str]):
    with pytest.raises(WrongSetting, match=f"'{next(iter(other))}' is not used with 'url'"):
        NOTIFIER.validate({**WEBHOOK, **other})


def test_a_webhook_has_neither_and_its_answer_is_no_json(posted: Posted):
    posted.reply = "ok"
    NOTIFIER.deliver(message(), WEBHOOK)

    assert posted.addresses == ["http://hooks.example/T/B"]
    assert "authorization" not in posted.headers[0]
    assert "channel" not in posted.last


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        ('{"ok": false, "error": "ratelimited"}', Retryable, "Slack refused: ratelimited"),
        ('{"ok": false, "error": "service_unavailable"}', Retryable, "Slack refused: service_unavailable"),
        ('{"ok": false, "error": "channel_not_found"}', Permanent, "Slack refused: channel_not_found"),
        ('{"ok": false}', Permanent, "Slack refused: unknown"),
        ("[]", Permanent, "Slack refused: unknown"),
        ("<html>", Retryable, "Slack's reply is not JSON"),
    ],
)
def test_its_api_answers_200_to_everything_and_only_the_body_says_what_came_of_it(
    posted: Posted, reply: str, kind: type[Exception], said: str
):
    posted.reply = reply
    with pytest.raises(kind, match=said):
        NOTIFIER.deliver(message(), BOT)


def test_a_text_can_mention_nobody_and_link_nowhere():
    assert escape("<!channel> <http://x|y> a & b") == "&lt;!channel&gt; &lt;http://x\u200b|y&gt; a &amp; b"
    assert escape("*bold* _it_ ~no~ `code`") == "\u200b*bold\u200b* \u200b_it\u200b_ \u200b~no\u200b~ \u200b`code\u200b`"


def test_a_heading_is_plain_text_so_that_what_begins_a_mention_is_replaced(posted: Posted):
    NOTIFIER.deliver(message(title="<!here> late"), WEBHOOK)

    assert posted.last["blocks"][0]["text"]["text"] == "[CRITICAL] (!here) late"


def test_what_is_resolved_says_so_and_shows_neither_orders_nor_runbook(posted: Posted):
    NOTIFIER.deliver(message(runbook_body="Look at the queue."), WEBHOOK)
    assert "Look at the queue." in json.dumps(posted.last)
    NOTIFIER.deliver(message(runbook_body="Look at the queue.", status=IncidentStatus.RESOLVED), WEBHOOK)

    said = json.dumps(posted.last)
    assert "[RESOLVED]" in said
    assert "Look at the queue." not in said
    assert message().top[0].url not in said


def test_every_text_is_within_slacks_limits(posted: Posted):
    long = "x" * 20_000
    line = message().top[0].model_copy(update={"customer": long})
    NOTIFIER.deliver(message(title=long, summary=long, cause=long, customers=[long], runbook_body=long, top=[line] * 20), WEBHOOK)

    header, *sections = posted.last["blocks"]
    assert len(header["text"]["text"]) <= 150
    assert max(len(text) for text in texts(sections)) <= 3000
    assert max(len(field["text"]) for block in sections for field in block.get("fields", [])) <= 2000


@pytest.mark.parametrize("length", range(2850, 2910, 7))
def test_what_is_cut_loses_neither_its_link_nor_half_an_escape(posted: Posted, length: int):
    line = message().top[0].model_copy(update={"customer": "R&D " * 60})
    NOTIFIER.deliver(message(summary="x" * length + "&&&&", cause="&" * length, top=[line] * 10), WEBHOOK)

    _, summary, fields, affected, *_ = posted.last["blocks"]
    assert summary["text"]["text"].endswith("|Open the incident>")
    assert all(each.startswith("• <") and each.rstrip().endswith("R&amp;D") for each in affected["text"]["text"].splitlines())
    for text in texts([summary, fields, affected]):
        assert re.search(r"&(?!amp;|lt;|gt;)", text) is None


def test_what_is_not_known_is_left_out(posted: Posted):
    NOTIFIER.deliver(message(customers=[], plants=[]), WEBHOOK)

    fields = [field["text"] for block in posted.last["blocks"] for field in block.get("fields", [])]
    assert [field.partition("\n")[0] for field in fields] == ["*Owner*", "*Cause*"]


def test_an_order_is_told_with_its_promise_and_when_it_is_due_at_the_plant(posted: Posted):
    NOTIFIER.deliver(message(), WEBHOOK)

    assert "|4711> breached (Order booked in time), due 2026-03-02 11:00 Berlin, 1,200 EUR ACME" in json.dumps(posted.last)
