"""The notification log: what each channel was last told, kept and made again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alerts.delivery.delivery import Delivery
from alerts.delivery.notification_log import NotificationLog
from alerts.stage import NOTIFICATIONS_KEPT, LastNotified
from core.incident import Message, Reason
from tests.alerts.delivery.deliveries import HOUR, MINUTE, delivery
from tests.alerts.messages import NOW

KEY = ("i1", "mail")


def log_of(*deliveries: Delivery) -> NotificationLog:
    log = NotificationLog()
    for one in deliveries:
        log.add(one, Message.model_validate_json(one.message))
    return log


def loaded(*deliveries: Delivery) -> NotificationLog:
    log = NotificationLog()
    log.load(deliveries)
    return log


def resolve(**changes: Any) -> Delivery:
    return delivery("resolve", reason="resolved", **{"created_at": NOW + MINUTE, **changes})


def test_a_channel_that_was_told_nothing_knows_nothing():
    log = NotificationLog()

    assert log.last(*KEY) == LastNotified()
    assert (log.owed_a_resolve("i1"), log.notified_at("mail"), log.may_be_firing(KEY)) == (set(), (), False)


def test_it_knows_the_figures_of_the_last_message_and_counts_them():
    log = log_of(delivery("dlv_1"), delivery("dlv_2", reason="grown", created_at=NOW + MINUTE))

    assert log.last(*KEY) == LastNotified(
        2, "grown", NOW + MINUTE, "critical", breached=1, members=1, value={"EUR": 1200.0}, firing=True, notified_at=(NOW, NOW + MINUTE)
    )
    assert [log.is_latest(delivery(name)) for name in ("dlv_1", "dlv_2")] == [False, True]
    assert log.last("i1", "pager") == log.last("i2", "mail") == LastNotified()


def test_of_many_messages_it_keeps_the_last_moments():
    moments = [NOW + number * MINUTE for number in range(100)]
    log = log_of(*[delivery(str(number), created_at=at) for number, at in enumerate(moments)])

    assert log.last(*KEY).notified_at == tuple(moments[-NOTIFICATIONS_KEPT:])
    assert log.notified_at("mail") == tuple(moments[-64:])


def test_a_resolve_is_owed_to_the_channels_that_were_told_and_not_of_the_end():
    log = log_of(delivery(), delivery(channel="pager"), delivery(incident="i2"), resolve())

    assert log.owed_a_resolve("i1") == {"pager"}
    assert log.owed_a_resolve("i2") == {"mail"}
    log.owe_no_resolve(("i1", "pager"))
    assert log.owed_a_resolve("i1") == set()


def test_a_channel_may_show_it_as_firing_from_the_first_attempt_until_it_takes_a_resolve():
    log = log_of(delivery())
    assert not log.may_be_firing(KEY)
    log.attempted(delivery())
    assert log.may_be_firing(KEY)
    log.attempted(resolve())
    assert log.may_be_firing(KEY), "it may not have arrived"
    log.arrived(resolve())
    assert not log.may_be_firing(KEY)


@pytest.mark.parametrize(
    ("deliveries", "owed", "firing"),
    [
        pytest.param([delivery(state="sent", attempts=1)], True, True, id="sent"),
        pytest.param([delivery()], True, True, id="pending: it may have been on its way"),
        pytest.param([delivery(state="failed", attempts=1)], True, True, id="failed: who knows"),
        pytest.param([delivery(state="superseded", attempts=1)], True, True, id="superseded after an attempt"),
        pytest.param([delivery(state="superseded")], False, False, id="superseded before it left"),
        pytest.param([delivery(state="sent", attempts=1), resolve(state="sent", attempts=1)], False, False, id="taken back"),
        pytest.param([delivery(state="sent", attempts=1), resolve()], False, True, id="a resolve that may not have left"),
        pytest.param([delivery(state="sent", attempts=1), resolve(attempts=3)], False, True, id="a resolve that is not taken"),
        pytest.param([delivery(state="sent", attempts=1), resolve(state="superseded")], True, True, id="a resolve that never left"),
    ],
)
def test_what_is_owed_after_a_restart(deliveries: list[Delivery], owed: bool, firing: bool):
    log = loaded(*deliveries)

    assert log.owed_a_resolve("i1") == ({"mail"} if owed else set())
    assert log.may_be_firing(KEY) is firing
    assert log.last(*KEY).sequence == len(deliveries), "ids go on where they were"


def test_loading_twice_counts_nothing_twice():
    log = loaded(delivery("dlv_1", state="sent", attempts=1))
    log.load([delivery("dlv_1", state="sent", attempts=1)])

    assert log.last(*KEY).sequence == 1
    assert log.notified_at("mail") == (NOW,)


def test_each_message_has_an_id_of_its_own_and_keeps_it_until_it_is_made():
    log = NotificationLog()
    first = log.next_id("i1", "mail", Reason.OPENED)
    assert log.next_id("i1", "mail", Reason.OPENED) == first
    log.add(delivery(first), Message.model_validate_json(delivery(first).message))

    assert log.next_id("i1", "mail", Reason.OPENED) != first
    assert log.next_id("i1", "pager", Reason.OPENED) != first


def test_what_is_over_takes_no_memory_and_what_is_still_to_be_sent_is_kept():
    log = loaded(delivery(), delivery(incident="i2"), delivery(incident="i3", channel="pager", created_at=NOW - HOUR))
    log.forget({"i2"}, {("i3", "pager")})

    assert log.last(*KEY) == LastNotified()
    assert not log.may_be_firing(KEY)
    assert not log.is_latest(delivery())
    assert log.owed_a_resolve("i2") == {"mail"}
    assert log.owed_a_resolve("i3") == {"pager"}
    assert log.notified_at("mail") == (NOW, NOW), "the channel's limit counts what it was told, whatever became of it"


def test_the_order_of_the_rows_is_the_order_in_which_they_were_made():
    at = [NOW + number * timedelta(seconds=10) for number in range(3)]
    log = loaded(
        *[delivery(str(number), reason=reason, created_at=at[number]) for number, reason in enumerate(("opened", "grown", "resolved"))]
    )

    assert (log.last(*KEY).reason, log.last(*KEY).at, log.last(*KEY).firing) == ("resolved", at[2], False)
