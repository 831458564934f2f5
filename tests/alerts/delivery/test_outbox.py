"""The outbox over a store in memory: what is sent, tried again, given to another channel, and what a restart makes of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.delivery.delivery import Delivery, rows
from alerts.delivery.outbox import Outbox
from alerts.delivery.write_behind import WRITTEN_TOGETHER
from alerts.recovery import deliveries_of
from core.catalog.catalog import Catalog
from core.catalog.routing import Routes
from core.clock import FakeClock
from core.errors import Full, Permanent, Retryable
from core.incident import Reason
from core.telemetry import M, Telemetry
from tests.alerts.delivery.deliveries import HOUR, MINUTE, SECOND
from tests.alerts.memory_store import MemoryStore
from tests.alerts.messages import NOW, message
from tests.alerts.world import FakeNotifier, routes

PATIENCE_SECONDS = 30.0
ROUTES = routes("mail", "phone", pager={"fallback": "mail"})


@dataclass
class Office:
    """An outbox whose intents are stored as the alert engine stores them."""

    store: MemoryStore = field(default_factory=MemoryStore)
    notifier: FakeNotifier = field(default_factory=FakeNotifier)
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    telemetry: Telemetry = field(default_factory=Telemetry)
    definitions: Routes = field(default_factory=lambda: ROUTES)
    outbox: Outbox = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Go on with what is in the store; what was only in memory is lost."""
        self.outbox = Outbox(self.store, Catalog(routes=self.definitions), {"desk": self.notifier}, self.telemetry, self.clock)
        self.outbox.load(deliveries_of(self.store.saved()))

    def say(self, reason: str = "opened", channel: str = "mail", incident: str = "i1", **changes: Any) -> str:
        now = self.clock.now()
        with self.outbox.lock:
            identity = self.outbox.log.next_id(incident, channel, Reason(reason))
            said = message(delivery_id=identity, incident_id=incident, reason=Reason(reason), **changes)
            if deliveries := self.outbox.intend(said, channel, now):
                self.store.save({"deliveries": rows(deliveries)})
        return identity

    def deliver(self, after: timedelta = timedelta(0)) -> datetime | None:
        self.clock.advance(after)
        following = self.outbox.deliver(self.clock.now())
        self.outbox.join(PATIENCE_SECONDS)
        return following

    def states(self) -> dict[str, tuple[str, int]]:
        return {f"{row['channel']} {row['reason']}": (row["state"], row["attempts"]) for row in self.store.rows("deliveries")}


@pytest.fixture
def office() -> Office:
    return Office()


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
