"""Fallbacks: who is notified instead, of what, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.delivery.delivery import Delivery
from alerts.delivery.fallback import FALLBACK_AFTER, Fallbacks, is_due
from alerts.delivery.notification_log import NotificationLog
from core.incident import Message
from tests.alerts.delivery.deliveries import MINUTE, SECOND, channel, delivery
from tests.alerts.messages import NOW

CHANNELS = {"pager": channel("pager", fallback="mail"), "mail": channel("mail"), "lost": channel("lost", fallback="nowhere")}
PAGE = delivery("dlv_page", channel="pager")


def fallbacks(*told: Delivery) -> Fallbacks:
    log = NotificationLog()
    log.load(list(told))
    return Fallbacks(CHANNELS, log)


@pytest.mark.parametrize(
    ("page", "age", "due"),
    [
        pytest.param(PAGE, timedelta(0), False, id="new"),
        pytest.param(replace(PAGE, attempts=2), MINUTE, False, id="two failures"),
        pytest.param(replace(PAGE, attempts=3), MINUTE, True, id="three failures"),
        pytest.param(replace(PAGE, attempts=1), FALLBACK_AFTER - SECOND, False, id="not yet two minutes"),
        pytest.param(replace(PAGE, attempts=1), FALLBACK_AFTER, True, id="two minutes"),
        pytest.param(replace(PAGE, state="failed", attempts=1), SECOND, True, id="no hope"),
    ],
)
def test_a_fallback_is_due_after_three_failures_or_two_minutes_or_at_once_where_there_is_no_hope(page: Delivery, age: timedelta, due: bool):
    assert is_due(page, NOW + age) is due
    assert (fallbacks().message_for(page, NOW + age) is not None) is due


@pytest.mark.parametrize(
    ("page", "told", "target"),
    [
        pytest.param(PAGE, [], "mail", id="its fallback"),
        pytest.param(delivery(channel="mail"), [], None, id="no fallback"),
        pytest.param(delivery(channel="lost"), [], None, id="a fallback that the catalog has not"),
        pytest.param(delivery(channel="gone"), [], None, id="a channel that the catalog has not"),
        pytest.param(replace(PAGE, state="superseded"), [], None, id="something newer is said"),
        pytest.param(PAGE, [delivery(created_at=NOW - SECOND)], "mail", id="told before"),
        pytest.param(PAGE, [delivery(created_at=NOW)], None, id="told at the same time"),
        pytest.param(PAGE, [delivery(created_at=NOW + SECOND)], None, id="told since"),
        pytest.param(PAGE, [delivery(incident="i2", created_at=NOW)], "mail", id="told of another incident"),
    ],
)
def test_the_fallback_is_notified_unless_it_knows(page: Delivery, told: list[Delivery], target: str | None):
    assert fallbacks(*told).channel_for(page) == target


def test_the_message_is_the_same_but_for_an_id_of_its_own_that_never_changes():
    failed = replace(PAGE, state="failed")
    found, again = fallbacks().message_for(failed, NOW), fallbacks().message_for(failed, NOW + 9 * MINUTE)

    assert found == again
    assert found is not None
    target, said = found
    original = Message.model_validate_json(PAGE.message)
    assert (target, said) == ("mail", original.model_copy(update={"delivery_id": said.delivery_id}))
    assert said.delivery_id != original.delivery_id


def test_it_says_when_time_alone_will_make_it_due():
    assert fallbacks().due_at(PAGE, NOW + MINUTE) == NOW + FALLBACK_AFTER
    assert fallbacks().due_at(PAGE, NOW + FALLBACK_AFTER) is None, "it is due"
    assert fallbacks().due_at(delivery(channel="mail"), NOW) is None, "there is none"
