"""The outbox over a store in memory: what is sent, tried again, and given to another channel."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from alerts.notifier import Attempt
from core.catalog.catalog import Catalog
from core.errors import Full, Permanent, Retryable
from core.telemetry import M
from tests.alerts.delivery.deliveries import HOUR, MINUTE, SECOND
from tests.alerts.delivery.office import PATIENCE_SECONDS, Office
from tests.alerts.messages import NOW
from tests.alerts.world import routes


def test_a_message_is_pending_in_the_store_before_it_is_sent_and_sent_once(office: Office):
    identity = office.say()
    assert office.states() == {"mail opened": ("pending", 0)}
    assert office.telemetry.value(M.OUTBOX_PENDING) == 1
    for _ in range(3):
        office.deliver(MINUTE)

    assert [one.delivery_id for one in office.notifier.received] == [identity]
    assert office.states() == {"mail opened": ("sent", 1)}
    assert [(row["outcome"], row["detail"]) for row in office.store.rows("delivery_attempts")] == [("sent", "ok")]
    assert office.telemetry.value(M.OUTBOX_PENDING) == 0
    assert office.telemetry.value(M.DELIVERIES, notifier="desk", outcome="sent") == 1


def test_it_says_when_to_look_again(office: Office):
    assert office.deliver() is None
    office.notifier.down = True
    office.say()
    assert office.outbox.deliver(office.clock.now()) == NOW + timedelta(milliseconds=200), "while a channel is at work"
    office.outbox.join(PATIENCE_SECONDS)
    (row,) = office.store.rows("deliveries")

    assert timedelta(seconds=0.75) <= row["next_attempt_at"] - NOW <= timedelta(seconds=1.25)
    assert office.deliver() == row["next_attempt_at"]
    assert len(office.notifier.attempted) == 1


def test_what_is_not_taken_is_tried_again_after_a_pause_until_it_is(office: Office):
    office.notifier.down = True
    identity = office.say()
    for pause in (0, 2, 3, 6, 11):
        office.deliver(pause * SECOND)
    assert office.states() == {"mail opened": ("pending", 5)}
    office.notifier.down = False
    office.deliver(MINUTE)

    assert office.states() == {"mail opened": ("sent", 6)}
    assert {row["delivery_id"] for row in office.store.rows("delivery_attempts")} == {identity}
    assert [row["outcome"] for row in office.store.rows("delivery_attempts")] == ["retry"] * 5 + ["sent"]


@pytest.mark.parametrize(
    ("severity", "states"), [("warning", {"mail opened": ("failed", 3)}), ("critical", {"mail opened": ("pending", 3)})]
)
def test_a_warning_is_given_up_after_a_day_and_what_is_critical_never(office: Office, severity: str, states: dict[str, tuple[str, int]]):
    office.notifier.down = True
    office.say(severity=severity)
    for pause in (timedelta(0), HOUR, 24 * HOUR):
        office.deliver(pause)

    assert office.states() == states


def test_what_was_refused_for_good_is_not_tried_again(office: Office):
    office.notifier.errors["mail"] = Permanent("no such address")
    office.say()
    for _ in range(3):
        office.deliver(HOUR)

    assert office.states() == {"mail opened": ("failed", 1)}
    assert office.store.rows("deliveries")[0]["error"] == "no such address"


def test_what_did_not_reach_everybody_is_sent_once_and_told_as_an_error(office: Office, caplog: pytest.LogCaptureFixture):
    office.notifier.answer = Attempt("refused for b@example.com", missed=True)
    office.say()
    for _ in range(3):
        office.deliver(HOUR)

    assert office.states() == {"mail opened": ("sent", 1)}
    assert office.store.rows("deliveries")[0]["error"] == "refused for b@example.com"
    assert [(record.levelname, record.message) for record in caplog.records] == [("ERROR", "a delivery did not reach everybody")]


def test_a_receiver_that_asks_to_wait_is_left_alone_for_so_long(office: Office):
    office.notifier.errors["mail"] = Full("slow down", 120)
    office.say()
    assert office.deliver() is not None
    office.deliver(119 * SECOND)
    assert len(office.notifier.attempted) == 1
    office.deliver(SECOND)

    assert len(office.notifier.attempted) == 2


def test_a_newer_message_takes_the_place_of_one_that_waits(office: Office):
    office.notifier.down = True
    office.say("opened")
    office.deliver()
    office.say("worsened")
    office.notifier.down = False
    office.deliver(MINUTE)

    assert office.notifier.reasons == ["worsened"]
    assert office.states() == {"mail opened": ("superseded", 1), "mail worsened": ("sent", 1)}


def test_a_newer_message_does_not_stop_one_that_is_on_its_way_which_is_not_tried_again(office: Office):
    office.notifier.errors["mail"] = Retryable("broken pipe")
    sending, go_on = threading.Event(), threading.Event()
    deliver = office.notifier.deliver

    def slowly(*arguments: Any) -> Any:
        sending.set()
        assert go_on.wait(PATIENCE_SECONDS)
        return deliver(*arguments)

    office.notifier.deliver = slowly  # type: ignore[method-assign]  # of this one notifier
    office.say("opened")
    office.outbox.deliver(NOW)
    assert sending.wait(PATIENCE_SECONDS)
    office.clock.advance(SECOND)
    office.say("worsened")
    go_on.set()
    office.outbox.join(PATIENCE_SECONDS)
    assert office.states() == {"mail opened": ("superseded", 1), "mail worsened": ("pending", 1)}
    office.notifier.errors = {}
    office.deliver(MINUTE)

    assert office.notifier.reasons == ["worsened"]


@pytest.mark.parametrize(("tried", "said"), [(False, []), (True, ["resolved"])])
def test_a_resolve_goes_only_where_a_message_may_be_firing(office: Office, tried: bool, said: list[str]):
    office.notifier.down = True
    office.say("opened")
    if tried:
        office.deliver()
    office.say("resolved")
    office.notifier.down = False
    office.deliver(MINUTE)

    assert office.notifier.reasons == said
    assert office.outbox.log.owed_a_resolve("i1") == set()
    assert office.states()["mail opened"] == ("superseded", int(tried))


@pytest.mark.parametrize("restarted", [False, True])
def test_a_resolve_that_was_not_taken_is_owed_until_one_is(office: Office, restarted: bool):
    """However the incident flaps while its channel is down or busy."""
    office.say("opened")
    office.deliver()
    office.notifier.down = True
    office.say("resolved")
    office.deliver()
    office.clock.advance(SECOND)
    office.say("opened")  # it is back, and over again before anything could be sent
    if restarted:
        office.restart()
    office.say("resolved")
    office.notifier.down = False
    office.deliver(MINUTE)

    assert office.notifier.reasons == ["opened", "resolved"]


def test_without_a_channel_the_row_says_what_to_do(office: Office):
    office.say(channel="none")
    office.deliver(MINUTE)

    (row,) = office.store.rows("deliveries")
    assert (row["state"], row["error"]) == ("failed", "no route leads to a channel; add one to routes.yaml")
    assert office.telemetry.value(M.OUTBOX_PENDING) == 0


def test_a_channel_that_left_the_catalog_takes_no_more_and_a_new_one_does(office: Office):
    office.say(channel="phone")
    office.outbox.reload(Catalog(routes=routes("mail", "fax")))
    office.say(channel="fax")
    office.deliver()

    assert office.notifier.reasons_of("fax") == ["opened"]
    assert office.states() == {"phone opened": ("failed", 1), "fax opened": ("sent", 1)}


def test_a_channel_whose_obstacle_is_gone_is_tried_at_once(office: Office):
    office.notifier.down = True
    for pause in (0, 2, 3, 6, 11):
        office.say() if not pause else None
        office.deliver(pause * SECOND)
    office.notifier.down = False
    office.outbox.retry_now({"phone"})
    office.deliver()
    assert office.notifier.reasons == []
    office.outbox.retry_now({"mail"})
    office.deliver()

    assert office.notifier.reasons == ["opened"]


def test_critical_messages_of_a_channel_go_first(office: Office):
    for incident, severity in (("i1", "warning"), ("i2", "info"), ("i3", "critical"), ("i4", "warning")):
        office.say(incident=incident, severity=severity)
        office.clock.advance(SECOND)
    office.deliver()

    assert [one.incident_id for one in office.notifier.received] == ["i3", "i1", "i2", "i4"]


def test_the_fallback_is_notified_once_however_long_it_is_down_itself(office: Office):
    office.notifier.errors = {"pager": Permanent("no such key"), "mail": Retryable("down")}
    office.say(channel="pager")
    office.deliver()
    assert office.states() == {"pager opened": ("failed", 1), "mail opened": ("pending", 0)}
    office.notifier.errors = {}
    for _ in range(3):
        office.deliver(MINUTE)

    assert office.notifier.reasons_of("mail") == ["opened"]
    assert office.notifier.reasons_of("pager") == []


def test_the_fallback_is_stored_before_a_busy_channel_could_send_it(office: Office):
    office.notifier.errors["pager"] = Permanent("no such key")
    office.say(channel="pager")
    (page,) = office.outbox._queue.waiting()
    office.outbox.attempt(page)

    assert office.states() == {"pager opened": ("failed", 1), "mail opened": ("pending", 0)}


def test_the_fallback_of_a_silent_receiver_comes_with_time_alone(office: Office):
    office.notifier.errors["pager"] = Full("slow down", 3600)
    office.say(channel="pager")
    office.deliver()
    assert office.deliver() == NOW + 2 * MINUTE
    office.deliver(2 * MINUTE - SECOND)
    assert office.notifier.reasons_of("mail") == []
    office.deliver(SECOND)

    assert office.notifier.reasons_of("mail") == ["opened"]
    assert office.notifier.attempted.count("pager") == 1
