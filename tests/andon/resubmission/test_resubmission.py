"""What may be published again: only what the catalog allows, what was shown, once, and with who did it on record before and after."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from alerts.actions import Act
from alerts.ports import Resubmit
from andon.resubmission import resubmission
from andon.resubmission.resubmission import PUBLISHED, Resubmission
from collector.publisher import Publication
from core.catalog.catalog import Catalog
from core.catalog.flow import Flow
from core.catalog.source import Redaction, Source
from core.clock import FakeClock
from core.errors import Permanent, UsageError
from store.client import Store
from store.reads import resubmission as reads
from tests.store.rows import START, put

DEAD = "m-1/dead/1"
BODY = b'{"order": "4711"}'


@dataclass
class Target:
    """A publisher that keeps what it gets, and fails as it is told."""

    name: str = "target"
    got: list[Publication] = field(default_factory=list)
    fails: BaseException | None = None

    def validate(self, settings: dict[str, Any]) -> None:
        """Accept everything."""

    def place(self, settings: dict[str, Any]) -> str:
        return f"queue {settings['queue']}"

    async def publish(self, _: dict[str, Any], publication: Publication) -> None:
        if self.fails:
            raise self.fails
        self.got.append(publication)


class Desk:
    """A store with a dead letter of order 4711 and an input in quarantine, and people who want them published again."""

    def __init__(self, store: Store, **settings: Any) -> None:
        self.store, self.clock, self.target = store, FakeClock(START), Target()
        source = Source(source="erp-dlq", owner="it", resubmit={"type": "target", "queue": "orders", **settings})
        flow = Flow.model_validate(
            {
                "flow": "orders", "title": "Orders", "owner": "it", "keys": {"order": {}}, "ends": ["shipped"],
                "milestones": {
                    **{name: {"title": name.title(), "system": "ERP", "match": {"event": name}, "keys": {"order": "data.order"}} for name in ("booked", "shipped")},
                    "given-up": {
                        "system": "ERP", "match": {"event": "orders.dead_letter"}, "keys": {"order": "data.order"}, "failure": True, "stage": "booked",
                    },
                },
            }
        )  # fmt: skip
        self.catalog = Catalog(sources={"erp-dlq": source}, flows={"orders": flow})
        event = {"source": "erp-dlq", "received_at": START, "event_source": "/queues/orders", "id": DEAD, "type": "orders.dead_letter"}
        put(store, "events", slice=1, **event, content_type="application/json", data=BODY.decode(), extensions={"traceparent": "00-1"})
        kept = {"source": "erp-dlq", "received_at": START, "kind": "message", "reason": "bad_json", "content_type": "application/json"}
        put(store, "quarantine", slice=1, quarantine_id="q_1", body=b'{"order": 4711', detail="{}", **kept)
        of = {"flow": "orders", "transaction_id": "t1", "revision": 1}
        put(
            store,
            "transaction_events",
            **of,
            milestone="given-up",
            event_id="e",
            signal="event",
            signal_id=f"/queues/orders {DEAD}",
            active=1,
        )
        self.resubmission = self.started()

    def started(self) -> Resubmission:
        return Resubmission(self.store.own_client, lambda: self.catalog, self._publishers, self._act, self.clock)

    def _publishers(self) -> Mapping[str, Any]:
        return {"target": self.target}

    def _act(self, act: Act, _: Any) -> None:
        assert act.record is not None
        row = act.record.assign(revision=self.store.revision())
        self.store.insert("actions", {str(name): row[name].tolist() for name in row.columns})

    def order(self, **first_at: Any) -> None:
        put(self.store, "transactions", flow="orders", transaction_id="t1", revision=1, reference="4711", state="open", first_at=first_at)

    def send(self, by: str = "Ana", identity: str = DEAD, **more: Any) -> str:
        wanted = Resubmit(identity, by=by, **more)
        confirm = self.resubmission.show(wanted).confirm
        self.clock.advance(timedelta(seconds=1))
        return self.resubmission.send(replace(wanted, confirm=confirm)).said

    def history(self, identity: str = DEAD) -> list[tuple[str, str, str]]:
        found: pd.DataFrame = reads.history(self.store.reader, targets=(identity,))
        return [(row["actor"], row["action"], row["outcome"]) for row in found.to_dict("records")]


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def test_a_dead_letter_is_shown_and_then_published_as_it_came(desk: Desk) -> None:
    desk.order()
    shown = desk.resubmission.show(Resubmit(DEAD)).said
    assert "to queue orders (target)" in shown
    assert "about 4711 (Orders)" in shown
    assert BODY.decode() in shown
    assert desk.target.got == []
    assert desk.send() == "published: queue orders"
    (got,) = desk.target.got
    assert (got.body, got.content_type, got.headers) == (BODY, "application/json", {"traceparent": "00-1"})
    assert desk.history() == [("Ana", "resubmit", ""), ("Ana", "resubmitted", PUBLISHED)]


def test_what_is_in_quarantine_is_published_edited_and_both_bodies_are_on_record(desk: Desk) -> None:
    edited = b'{"order": 4711}'
    shown = desk.resubmission.show(Resubmit("q_1", edited)).said
    assert '-{"order": 4711\n+{"order": 4711}' in shown
    desk.send(identity="q_1", body=edited, reason="a brace was missing")
    assert desk.target.got[0].body == edited
    detail = reads.history(desk.store.reader, targets=("q_1",))["detail"].iloc[0]
    assert detail.count("sha256") == 1
    assert ", edited " in detail
    assert detail.startswith("to queue orders: a brace was missing; sha256 ")


def test_only_what_was_shown_is_published(desk: Desk) -> None:
    confirm = desk.resubmission.show(Resubmit(DEAD)).confirm
    for other in (Resubmit(DEAD, b"{}", "Ana", confirm=confirm), Resubmit(DEAD, by="Ana"), Resubmit("q_1", by="Ana", confirm=confirm)):
        with pytest.raises(UsageError, match="look again"):
            desk.resubmission.send(other)
    assert desk.target.got == []
    assert desk.history() == []


def test_a_second_click_publishes_nothing_unless_a_reason_is_given(desk: Desk) -> None:
    desk.send()
    with pytest.raises(UsageError, match=r"it was published by Ana at .*say so and give a reason"):
        desk.send("Ben")
    with pytest.raises(UsageError, match="give a reason"):
        desk.send("Ben", anyway=True)
    assert len(desk.target.got) == 1
    desk.send("Ben", anyway=True, reason="the ERP lost it")
    assert len(desk.target.got) == 2
    assert desk.target.got[0].identity == desk.target.got[1].identity


def test_after_a_crash_nobody_knows_and_that_is_told(desk: Desk) -> None:
    class PoweredOffError(BaseException):
        pass

    desk.target.fails = PoweredOffError()  # what ends the process, as no error does
    with pytest.raises(PoweredOffError):
        desk.send()
    desk.target.fails, desk.resubmission = None, desk.started()
    with pytest.raises(UsageError, match=r"nobody knows whether it was published by Ana at .*; ask the target"):
        desk.send()
    assert desk.target.got == []


@pytest.mark.parametrize(
    ("error", "outcome", "again"),
    [(Permanent("no queue takes it"), "not published: no queue takes it", True), (TimeoutError("s3cret"), "unknown: TimeoutError; ask the target", False)],
)  # fmt: skip
def test_what_certainly_failed_may_be_tried_again_and_what_is_unknown_not(desk: Desk, error: Exception, outcome: str, again: bool) -> None:
    desk.target.fails = error
    assert desk.send().startswith(outcome)
    desk.target.fails = None
    if again:
        assert desk.send() == "published: queue orders"
    else:
        with pytest.raises(UsageError, match="nobody knows"):
            desk.send()
        assert "s3cret" not in json.dumps(reads.history(desk.store.reader, targets=(DEAD,))["detail"].tolist())


@pytest.mark.parametrize(
    ("first", "told"), [(None, "it was published by Ana"), (TimeoutError(), "nobody knows whether it was published by Ana")]
)
def test_what_may_have_been_published_still_needs_a_reason_after_an_attempt_that_failed(
    desk: Desk, first: Exception | None, told: str
) -> None:
    desk.target.fails = first
    desk.send()
    desk.target.fails = Permanent("it is there already")
    assert desk.send("Ben", anyway=True, reason="the ERP lost it").startswith("not published")
    desk.target.fails = None
    with pytest.raises(UsageError, match=told):
        desk.send("Cem")


@pytest.mark.parametrize("milestone", ["booked", "shipped"])
def test_an_order_that_has_got_there_all_the_same_needs_a_reason(desk: Desk, milestone: str) -> None:
    desk.order(**{milestone: START})
    with pytest.raises(UsageError, match=rf"4711 \(Orders\) has reached {milestone.title()} at .* all the same"):
        desk.send()
    assert desk.target.got == []
    assert desk.send(anyway=True, reason="the customer wants it twice") == "published: queue orders"


def test_a_second_person_has_to_ask_for_the_same(store: Store) -> None:
    desk = Desk(store, approval="two")
    assert "it waits for a second person" in desk.send("Ana")
    for same in (" ana", "Ána", "Ａna", "A\u200bna", "a.n a", "Ana\ufe0f"):  # however written
        assert "it waits for a second person" in desk.send(same)
    word = desk.resubmission.show(Resubmit(DEAD)).confirm
    assert "it waits for a second person" in desk.send("Ben", body=b"{}", reason=f"x; {word}")  # something else, whatever it says
    assert "it waits for a second person" in desk.send("Ana", reason="y" * 5_000)
    for _ in range(2):  # a name that is kept shorter than it was given is still the same
        assert "it waits for a second person" in desk.send("Maximilian " * 9, body=b"[]")
    assert desk.target.got == []
    assert desk.send("Ben") == "published: queue orders"
    assert "it waits" in desk.send("Cleo", anyway=True, reason="again")  # what was asked for is done
    desk.clock.advance(timedelta(hours=25))
    assert "it waits" in desk.send("Dan", anyway=True, reason="again")
    assert len(desk.target.got) == 1


def test_a_target_that_hangs_keeps_nobody_else_from_publishing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that waits for a dead disk was waited for in turn, without end."""
    recovered, ended, publish = threading.Event(), threading.Event(), desk.target.publish

    def wait() -> None:
        recovered.wait(30)
        ended.set()

    async def hang(*_: Any) -> None:
        await asyncio.to_thread(wait)

    monkeypatch.setattr(resubmission, "PUBLISH_SECONDS", 0.05)
    monkeypatch.setattr(desk.target, "publish", hang)
    try:
        assert desk.send().startswith("unknown: TimeoutError")
        assert not ended.is_set()
        monkeypatch.setattr(resubmission, "PUBLISH_SECONDS", 25.0)
        monkeypatch.setattr(desk.target, "publish", publish)
        assert desk.send(identity="q_1") == "published: queue orders"
    finally:
        recovered.set()


def test_a_source_has_its_limit_a_minute(store: Store) -> None:
    desk = Desk(store, per_minute=1)
    desk.send()
    for _ in range(2):
        with pytest.raises(UsageError, match="1 of this source were published within a minute"):
            desk.send(identity="q_1")
        desk.resubmission = desk.started()
    desk.clock.advance(timedelta(minutes=1))
    assert desk.send(identity="q_1") == "published: queue orders"


def test_nothing_is_published_unless_the_catalog_allows_it(desk: Desk) -> None:
    desk.catalog = Catalog(sources={"erp-dlq": Source(source="erp-dlq", owner="it")})
    with pytest.raises(UsageError, match="'resubmit:' says where"):
        desk.resubmission.show(Resubmit(DEAD))


def test_nobody_acts_without_a_name(desk: Desk) -> None:
    with pytest.raises(UsageError, match="by: give your name"):
        desk.send(" ")


def test_what_was_redacted_is_never_published_as_if_it_were_whole(desk: Desk) -> None:
    source = desk.catalog.sources["erp-dlq"]
    desk.catalog = Catalog(sources={"erp-dlq": source.model_copy(update={"redact": Redaction(key="env:KEY")})}, flows=desk.catalog.flows)
    with pytest.raises(UsageError, match="redacts what it keeps"):
        desk.send()
    assert desk.send(body=BODY) == "published: queue orders"
