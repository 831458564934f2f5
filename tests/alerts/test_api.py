"""The action API over a real engine: who may act, what is refused, what each action does and what is told afterwards."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.api import WITH_EDITED_BYTES, action_api
from alerts.ports import EDITED_MAX_BYTES, Resubmit
from core.catalog.catalog import Catalog
from core.catalog.source import Source
from core.errors import NoRoom
from core.limits import FAILURES_PER_MINUTE
from core.telemetry import M
from tests.alerts.counter import TOKEN, Counter, counter_in
from tests.alerts.world import NOW, StoredWorld

PATHS = [
    "/incidents/x/acknowledge",
    "/incidents/x/unacknowledge",
    "/incidents/x/assign",
    "/incidents/x/step",
    "/incidents/x/step/show",
    "/incidents/x/step/send",
    "/incidents/x/note",
    "/incidents/x/silence",
    "/silences",
    "/silences/x/end",
    "/resubmissions/show",
    "/resubmissions/send",
    "/sources/x/pause",
    "/sources/x/resume",
    "/views",
    "/views/delete",
]


TOKENS = ["", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}"]


def test_without_the_token_nothing_is_told_and_nothing_is_done(counter: Counter):
    for path, token in itertools.product(PATHS, TOKENS):
        counter.world.clock.advance(timedelta(minutes=1))  # those of a minute have a limit
        status, said = counter.post(path.replace("x", counter.incident, 1), {"by": "Ana", "reason": "x", "hours": 1}, token=token)
        assert (status, said) == (401, {"error": "authorization: send this engine's token as 'Bearer …'"})
        reply = counter.send("GET", "/incidents", token=token)
        assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer")
    assert counter.actions() == []
    assert counter.row()["status"] == "open"


def test_the_list_holds_what_is_not_resolved(counter: Counter):
    token = f"bearer {TOKEN}"
    (found,) = counter.send("GET", "/incidents", token=token).json()["incidents"]
    assert (found["incident_id"], found["status"], found["members"], found["value"]) == (counter.incident, "open", 1, {"EUR": 10.0})

    counter.world.clocks(1, "met_late")
    counter.world.later(counter.engine, seconds=5)
    assert counter.send("GET", "/incidents", token=token).json() == {"incidents": []}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "body: it is not JSON"),
        (b'"text"', "body: it is not a JSON object"),
        (b"[]", "body: it is not a JSON object"),
        (b"\xff\xfe", "body: it is not JSON"),
        (b"[" * 30_000, "body: it is not JSON"),
        (b'{"colour": "red"}', "colour: this action has no such field; known: "),
    ],
    ids=["broken", "text", "list", "no-text", "deep", "unknown-field"],
)
def test_a_body_that_is_none_is_refused_and_named(counter: Counter, body: bytes, said: str):
    for path in PATHS:
        status, reply = counter.post(path.replace("x", counter.incident, 1), body)
        assert (path, status) == (path, 400)
        assert reply["error"].startswith(said)
    assert counter.actions() == []


def test_a_body_that_is_too_long_is_refused(counter: Counter) -> None:
    for path in PATHS:
        limit = WITH_EDITED_BYTES if path.startswith("/resubmissions") else 64 << 10
        status, reply = counter.post(path.replace("x", counter.incident, 1), b'{"by": "' + b"x" * limit + b'"}')
        assert (path, status, reply["error"]) == (path, 400, f"body: it is longer than {limit >> 10} KiB")
    assert counter.actions() == []


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("acknowledge", {}, "by: give your name"),
    ("acknowledge", {"by": "  "}, "by: give your name"),
    ("acknowledge", {"by": 7}, "by: give a text"),
    ("acknowledge", {"by": "\ud83d"}, "by: give text without incomplete characters"),
    ("acknowledge", {"by": "Ana", "note": ["x"]}, "note: give a text"),
    ("acknowledge", {"by": "Ana", "until": "tomorrow"}, "until: 'tomorrow' is not a time"),
    ("acknowledge", {"by": "Ana", "until": "2026-03-02T12:00:00"}, "until: the time has no zone"),
    ("acknowledge", {"by": "Ana", "until": "2026-03-02T10:00:00+00:00"}, "until: this time has passed"),
    ("acknowledge", {"by": "Ana", "until": "2026-03-09T10:00:01+00:00"}, "until: an acknowledgement lasts at most 7 days"),
    ("acknowledge", {"by": "Ana", "until": "9999-12-31T23:59:59-14:00"}, "until: an acknowledgement lasts at most 7 days"),
    ("unacknowledge", {}, "by: give your name"),
    ("assign", {"assignee": "Ben"}, "by: give your name"),
    ("assign", {"by": "Ana", "assignee": None}, "assignee: give a text"),
    ("step", {"by": "Ana", "step": "x", "outcome": "worked"}, "step: the runbook"),
    ("step", {"by": "Ana", "step": "x", "values": []}, "step: the runbook"),
    ("note", {"note": "x"}, "by: give your name"),
    ("note", {"by": "Ana"}, "note: write what others should know"),
    ("silence", {"reason": "maintenance", "hours": 1}, "by: give your name"),
    ("silence", {"by": "Ana", "hours": 1}, "reason: say why"),
    ("silence", {"by": "Ana", "reason": "\n", "hours": 1}, "reason: say why"),
    *(
        ("silence", {"by": "Ana", "reason": "maintenance", "hours": hours}, "hours: a silence lasts at most 7 days")
        for hours in (None, 0, -1, 168.01, 10**400, 1e-12, True, "2", float("nan"), float("inf"))
    ),
]


def test_a_field_that_is_wrong_is_named_and_changes_nothing(counter: Counter):
    for path, body, said in WRONG:
        status, reply = counter.post(f"/incidents/{counter.incident}/{path}", json.dumps(body).encode())
        assert (path, body, status) == (path, body, 400)
        assert reply["error"].startswith(said)
    assert (counter.actions(), counter.silences(), counter.row()["status"]) == ([], [], "open")


@pytest.mark.parametrize("action", ["acknowledge", "unacknowledge", "assign", "silence"])
def test_what_does_not_exist_or_is_over_is_not_found(counter: Counter, action: str):
    body = {"by": "Ana", **({"reason": "maintenance", "hours": 1} if action == "silence" else {})}
    assert counter.post(f"/incidents/{'0' * 32}/{action}", body) == (404, {"error": f"incident_id: no incident '{'0' * 32}' is open"})
    counter.world.clocks(1, "met_late")
    counter.world.later(counter.engine, seconds=5)
    if action != "silence":  # one that was over a moment ago may open again, and may be kept quiet
        assert counter.post(f"/incidents/{counter.incident}/{action}", body)[0] == 404
    assert counter.post("/silences/sil_none/end", {"by": "Ana"}) == (404, {"error": "silence_id: no silence 'sil_none' is in force"})


def test_a_note_is_taken_also_long_after_it_was_resolved_and_nobody_is_notified(counter: Counter):
    counter.world.clocks(1, "met_late")
    counter.world.later(counter.engine, seconds=5)
    for _ in range(2):  # the engine has forgotten it meanwhile, and the store has not
        counter.world.later(counter.engine, hours=2)
    assert counter.engine._state is not None
    assert counter.incident not in counter.engine._state.incidents
    before = counter.row()
    assert counter.act("note", note="the broker's disk was full") == {"incidents": [], "silences": []}

    assert (counter.row(), counter.world.notifier.reasons) == (before, ["opened", "resolved"])
    assert counter.actions() == [("Ana", "note", counter.incident)]
    missing = counter.post(f"/incidents/{'0' * 32}/note", {"by": "Ana", "note": "x"})
    assert missing == (404, {"error": f"incident_id: no incident '{'0' * 32}' is known"})


def test_an_acknowledgement_is_stored_and_what_becomes_worse_says_who_has_it(counter: Counter):
    said = counter.act("acknowledge", note="looking\nat it", until="2026-03-02T12:00:00+01:00")

    assert said == {"incidents": [counter.incident], "silences": []}
    row = counter.row()
    assert (row["status"], row["acknowledged_by"]) == ("acknowledged", "Ana")
    assert row["acknowledged_until"].isoformat()[:16] == "2026-03-02T11:00"
    (record,) = counter.world.rows("actions")
    assert record == {
        "at": NOW, "actor": "Ana", "action": "acknowledge", "target": counter.incident, "detail": "until 2026-03-02T12:00:00+01:00 looking at it",
        "runbook": "", "step": "", "outcome": "",
    }  # fmt: skip
    for _ in range(3):
        counter.world.later(counter.engine, minutes=19)
    assert counter.world.notifier.reasons == ["opened"]
    counter.world.later(counter.engine, minutes=3)
    assert counter.world.notifier.reasons == ["opened", "rearmed"]
    assert counter.world.notifier.received[-1].handled_by == "nobody since the acknowledgement by Ana ended"


@pytest.mark.parametrize(("action", "body"), [("acknowledge", {}), ("assign", {"assignee": "Ben"}), ("unacknowledge", {})])
def test_an_action_done_twice_is_as_one_done_once(counter: Counter, action: str, body: dict[str, Any]):
    counter.act("acknowledge")
    first = counter.act(action, **body)
    before = counter.row()
    second = counter.act(action, **body)
    after = counter.row()
    counter.world.turn(counter.engine)

    assert first == second
    assert {**before, "revision": 0} == {**after, "revision": 0}
    assert counter.world.notifier.reasons == ["opened"]


def test_who_works_on_it_is_stored_and_told(counter: Counter):
    counter.act("assign", assignee="Ben\r\nBcc: all")
    assert counter.row()["assignee"] == "Ben Bcc: all"
    counter.world.later(counter.engine, minutes=30)
    assert (counter.world.notifier.reasons, counter.world.notifier.received[-1].assignee) == (["opened", "repeated"], "Ben Bcc: all")

    counter.act("assign", assignee="")
    assert counter.row()["assignee"] == ""
    counter.world.later(counter.engine, minutes=30)
    assert counter.world.notifier.received[-1].assignee == ""
    assert [one[1] for one in counter.actions()] == ["assign", "assign"]


def test_a_view_is_saved_and_deleted_and_changes_no_incident(counter: Counter) -> None:
    before, view = counter.row(), {"by": "Ana", "name": "Steel", "shared": True}
    assert counter.post("/views", {**view, "address": "transactions?order=value"}) == (200, {"incidents": [], "silences": []})
    assert counter.post("/views/delete", view)[0] == 200
    assert counter.actions() == [("Ana", "share view", "Steel"), ("Ana", "delete shared view", "Steel")]
    assert counter.row() == before
    for body, said in (
        ({**view, "shared": "yes"}, "shared: give true or false"),
        ({"by": "Ana", "name": "Steel"}, "address: give the filters"),
    ):
        status, answer = counter.post("/views", body)
        assert (status, answer["error"][: len(said)]) == (400, said)


def test_nobody_else_replaces_or_deletes_a_view_that_somebody_shared(counter: Counter) -> None:
    view, address = {"name": "Steel", "shared": True}, {"address": "transactions?order=value"}
    assert counter.post("/views", {"by": "Ana", **view, **address})[0] == 200
    for path, body, advice in (("/views", address, "save yours under another name"), ("/views/delete", {}, "ask them to delete it")):
        assert counter.post(path, {"by": "Bo", **view, **body}) == (400, {"error": f"name: the view 'Steel' is shared by Ana; {advice}"})
    assert counter.post("/views", {"by": "Bo", **view, "shared": False, **address})[0] == 200, "one's own may be called so, too"
    assert counter.post("/views", {"by": " ana", **view, "name": " Steel", "address": "transactions"})[0] == 200
    assert counter.post("/views/delete", {"by": "Ana", **view})[0] == 200
    assert counter.post("/views", {"by": "Bo", **view, **address})[0] == 200, "a name that is free again is anybody's"


def test_what_the_store_did_not_take_was_not_done(counter: Counter, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(counter.engine._store, "save", refuse)
        with pytest.raises(OSError, match="disk is full"):
            counter.act("acknowledge")
    (found,) = counter.engine.open_incidents(counter.world.clock.now())

    assert (found.status, counter.row()["status"], counter.actions()) == ("open", "open", [])


def test_what_people_do_is_refused_while_the_disk_takes_nothing(stored_world: StoredWorld, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    counter = counter_in(stored_world, tmp_path)

    def put(*_: object) -> None:
        raise NoRoom("the disk of the store accepts no more")

    with monkeypatch.context() as patch:
        patch.setattr(stored_world.database, "put", put)
        answer = counter.post(f"/incidents/{counter.incident}/acknowledge", {"by": "Ana"})
        assert answer == (503, {"error": "the disk of the store accepts no more"})
    (found,) = counter.engine.open_incidents(counter.world.clock.now())

    assert (found.status, counter.row()["status"], counter.actions()) == ("open", "open", [])
    counter.act("acknowledge")


def test_wrong_tokens_have_a_limit_and_a_good_one_passes_all_the_same(counter: Counter) -> None:
    for _ in range(FAILURES_PER_MINUTE):
        assert counter.send("GET", "/incidents", token="Bearer guess").status_code == 401
    for path in ("/incidents", f"/incidents/{counter.incident}/acknowledge"):
        reply = counter.send("POST" if path != "/incidents" else "GET", path, token="Bearer guess")
        assert reply.status_code == 503
        assert 0 < int(reply.headers["retry-after"]) <= 60
        assert "too many wrong tokens" in reply.json()["error"]
    counter.act("acknowledge")
    counter.world.clock.advance(timedelta(seconds=61))
    assert counter.send("GET", "/incidents", token="Bearer guess").status_code == 401


def test_a_body_that_trickles_is_ended(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.http.body.GRACE_SECONDS", 0.2)

    async def trickle() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async def run() -> int:
        app: Any = action_api(counter.engine, TOKEN, counter.world.clock, counter.guard, counter.pauses, counter.resubmitter)
        body, answer = trickle(), []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": await anext(body), "more_body": True}

        async def send(message: Any) -> None:
            answer.append(message)

        scope = {"type": "http", "method": "POST", "path": "/silences", "root_path": "", "query_string": b"", "client": ("10.0.0.1", 1)}
        await app({**scope, "headers": [(b"authorization", f"Bearer {TOKEN}".encode())]}, receive, send)
        return int(answer[0]["status"])

    assert asyncio.run(run()) == 408
    assert counter.guard._rejections._telemetry.value(M.REJECTED_REQUESTS, source="", reason="slow_client") == 1


def test_a_source_is_paused_and_resumed(counter: Counter) -> None:
    counter.engine.reload(Catalog(sources={"erp": Source(source="erp", owner="it")}))
    assert counter.post("/sources/erp/pause", {"by": "Ana", "reason": "upgrade"}) == (
        200,
        {"incidents": [], "silences": [], "said": "erp is paused"},
    )
    assert list(counter.pauses.paused()) == ["erp"]
    assert counter.post("/sources/erp/resume", {"by": "Ana"})[1]["said"] == "erp goes on"
    assert counter.post("/sources/erq/pause", {"by": "Ana", "reason": "x"})[0] == 404
    assert counter.post("/sources/erp/pause", {"by": "Ana"})[0] == 400
    assert counter.pauses.paused() == {}


def test_what_is_published_again_is_shown_first(counter: Counter) -> None:
    assert counter.post("/resubmissions/show", {"id": "q_1", "body": "{}"})[1]["confirm"] == "word"
    answer = counter.post("/resubmissions/send", {"id": "q_1", "by": "Ana", "confirm": "word", "anyway": True, "reason": "lost"})
    assert (answer[0], answer[1]["said"]) == (200, "published")
    assert counter.resubmitter.asked == [
        ("show", Resubmit("q_1", b"{}")),
        ("send", Resubmit("q_1", None, "Ana", "lost", "word", anyway=True)),
    ]
    assert counter.post("/resubmissions/show", {"id": "q_1", "by": "Ana"})[0] == 400


def test_an_edited_body_may_be_as_large_as_an_original_however_json_writes_it(counter: Counter) -> None:
    largest = "\x01" * EDITED_MAX_BYTES
    assert counter.post("/resubmissions/show", {"id": "q_1", "body": largest})[0] == 200
    assert counter.resubmitter.asked == [("show", Resubmit("q_1", largest.encode()))]
    status, reply = counter.post("/resubmissions/show", {"id": "q_1", "body": largest + "x"})
    assert (status, reply["error"]) == (400, "body: an edited one has at most 1 MiB")
