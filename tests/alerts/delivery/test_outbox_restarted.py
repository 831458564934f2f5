"""What a restart, a crash or a store that refuses makes of the outbox: nothing is forgotten, and nothing is sent twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.delivery.delivery import Delivery
from alerts.delivery.write_behind import WRITTEN_TOGETHER
from alerts.recovery import deliveries_of
from core.errors import Permanent
from tests.alerts.delivery.deliveries import HOUR, MINUTE, SECOND
from tests.alerts.delivery.office import Office


def test_outcomes_are_stored_some_at_a_time_and_the_rest_when_nothing_more_is_due(office: Office):
    for number in range(WRITTEN_TOGETHER + 3):
        office.say(incident=f"i{number}")
    before = len(office.store.writes)
    office.deliver()

    assert [save["deliveries"] for save in office.store.writes[before:]] == [WRITTEN_TOGETHER, 3]


def test_what_is_superseded_is_not_overwritten_by_an_older_outcome(office: Office):
    office.notifier.down = True
    office.say("opened")
    office.store.refuses = True
    office.deliver()  # its outcome waits
    office.store.refuses = False
    office.say("worsened")
    office.outbox.store_outcomes()

    assert office.states() == {"mail opened": ("superseded", 1), "mail worsened": ("pending", 0)}


def test_what_was_sent_while_the_store_refused_is_not_sent_again(office: Office, caplog: pytest.LogCaptureFixture):
    office.say()
    office.store.refuses = True
    for _ in range(5):
        assert office.deliver(SECOND) is not None, "it looks again soon"
    assert office.states() == {"mail opened": ("pending", 0)}
    office.store.refuses = False
    assert office.deliver(SECOND) is None

    assert office.notifier.reasons == ["opened"]
    assert office.states() == {"mail opened": ("sent", 1)}
    assert [record.getMessage() for record in caplog.records] == [
        "the store refuses the outcomes of deliveries; they are kept and tried again",
        "the store accepts the outcomes of deliveries again; none was lost",
    ]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_attempt_that_is_interrupted_is_made_again(office: Office):
    def interrupt() -> None:
        office.notifier.after = lambda: None
        raise KeyboardInterrupt

    office.notifier.after = interrupt
    identity = office.say()
    office.deliver()
    office.deliver(SECOND)

    assert [one.delivery_id for one in office.notifier.received] == [identity, identity], "with the same id"
    assert office.states() == {"mail opened": ("sent", 1)}


def test_after_a_restart_what_was_sent_is_not_sent_again_and_what_was_not_is(office: Office):
    sent = office.say(incident="i1")
    office.deliver()
    office.notifier.down = True
    waits = office.say(incident="i2")
    office.deliver()
    office.restart()
    office.notifier.down = False
    for _ in range(3):
        office.deliver(MINUTE)

    assert [one.delivery_id for one in office.notifier.received] == [sent, waits]


def test_a_crash_after_sending_and_before_storing_sends_the_same_id_again_and_owes_a_resolve(office: Office):
    identity = office.say()
    office.store.refuses = True
    office.deliver()
    office.store.refuses = False
    office.restart()
    office.say("resolved")
    office.deliver()

    assert office.notifier.received[0].delivery_id == identity
    assert office.notifier.reasons == ["opened", "resolved"]
    assert office.states() == {"mail opened": ("superseded", 1), "mail resolved": ("sent", 1)}


def test_loading_again_while_something_is_on_its_way_does_not_send_it_twice(office: Office):
    def load() -> None:
        office.outbox.load(deliveries_of(office.store.saved()))

    office.notifier.after = load
    office.say()
    office.deliver()
    office.deliver(MINUTE)

    assert office.notifier.reasons == ["opened"]


STEPS: dict[str, Callable[[Office], Any]] = {
    **{
        f"{reason} {channel}": lambda office, reason=reason, channel=channel: office.say(reason, channel)
        for reason in ("opened", "worsened", "resolved")
        for channel in ("mail", "pager")
    },
    "deliver": lambda office: office.deliver(SECOND),
    "wait": lambda office: office.deliver(5 * MINUTE),
    "down": lambda office: setattr(office.notifier, "down", True),
    "up": lambda office: setattr(office.notifier, "down", False),
    "refuse": lambda office: office.notifier.errors.update(pager=Permanent("no")),
    "accept": lambda office: office.notifier.errors.clear(),
}


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=25), st.data())
def test_whatever_happens_a_restart_knows_what_each_channel_was_told(steps: list[str], data: st.DataObject):
    """And it owes a resolve where the running one did; where nothing was sent yet it cannot know, and takes it as sent."""
    office = Office()
    for step in steps:
        office.clock.advance(SECOND)
        STEPS[step](office)
        if data.draw(st.booleans()):
            before = office.outbox
            office.restart()
            for channel in ("mail", "pager"):
                assert office.outbox.log.last("i1", channel) == before.log.last("i1", channel)
                assert office.outbox.log.may_be_firing(("i1", channel)) >= before.log.may_be_firing(("i1", channel))
                assert office.outbox.log.notified_at(channel) == before.log.notified_at(channel)
    office.notifier.down = False
    office.notifier.errors.clear()
    for _ in range(3):
        office.deliver(HOUR)
    ids = [one.delivery_id for one in office.notifier.received]

    assert len(ids) == len(set(ids)), "nothing is sent twice"
    assert "pending" not in {state for state, _ in office.states().values()}, "everything finds its end"


def test_an_outbox_that_was_loaded_gives_the_rows_as_they_were_saved(office: Office):
    office.say()
    (before,) = deliveries_of(office.store.saved())
    assert isinstance(before, Delivery)
    office.restart()
    office.deliver()
    (after,) = deliveries_of(office.store.saved())

    assert (after.delivery_id, after.created_at, after.message) == (before.delivery_id, before.created_at, before.message)
