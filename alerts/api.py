"""The action API: what the dashboard and scripts POST. Bearer token; errors are JSON ``{"error": "field: what"}``."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from alerts import actions, sources, steps, views
from alerts.confirmations import Confirmations, Shown
from alerts.engine import AlertEngine
from alerts.ports import EDITED_MAX_BYTES, Resubmit, Resubmitter
from core.clock import Clock
from core.errors import AndonError, NoRoom, UsageError
from core.http.body import SlowBodyError, read_parts
from core.http.guard import Guard, bearer_is
from core.pauses import Pauses

BODY_BYTES = 64 << 10
WITH_EDITED_BYTES = 6 * EDITED_MAX_BYTES + BODY_BYTES
"""Of an action with an edited body, of which JSON may write each byte with six."""
Body = dict[str, Any]


def action_api(engine: AlertEngine, token: str, clock: Clock, guard: Guard, pauses: Pauses, resubmitter: Resubmitter) -> Starlette:
    """Return the application to mount at ``/api/v1``."""
    api = _Api(engine, token, clock, guard, pauses, resubmitter)
    routes = [
        Route("/incidents", api.list_incidents),
        Route("/incidents/{identity}/acknowledge", api.acknowledge, methods=["POST"]),
        Route("/incidents/{identity}/unacknowledge", api.unacknowledge, methods=["POST"]),
        Route("/incidents/{identity}/assign", api.assign, methods=["POST"]),
        Route("/incidents/{identity}/step", api.step, methods=["POST"]),
        Route("/incidents/{identity}/step/show", api.show_step, methods=["POST"]),
        Route("/incidents/{identity}/step/send", api.send_step, methods=["POST"]),
        Route("/incidents/{identity}/note", api.note, methods=["POST"]),
        Route("/incidents/{identity}/silence", api.silence, methods=["POST"]),
        Route("/silences", api.silence, methods=["POST"]),
        Route("/silences/{identity}/end", api.end_silence, methods=["POST"]),
        Route("/sources/{identity}/pause", api.pause_source, methods=["POST"]),
        Route("/sources/{identity}/resume", api.resume_source, methods=["POST"]),
        Route("/resubmissions/show", api.show_resubmission, methods=["POST"]),
        Route("/resubmissions/send", api.send_resubmission, methods=["POST"]),
        Route("/views", api.save_view, methods=["POST"]),
        Route("/views/delete", api.delete_view, methods=["POST"]),
    ]
    return Starlette(routes=routes)


class _Api:
    def __init__(self, engine: AlertEngine, token: str, clock: Clock, guard: Guard, pauses: Pauses, resubmitter: Resubmitter) -> None:
        self._engine = engine
        self._resubmitter = resubmitter
        self._pauses = pauses
        self._token = token
        self._clock = clock
        self._guard = guard
        self._confirmations = Confirmations()

    async def list_incidents(self, request: Request) -> Response:
        if not bearer_is(request, self._token):
            return self._guard.refuse(request)
        found = await run_in_threadpool(self._engine.open_incidents, self._clock.now())
        return Response(json.dumps({"incidents": [vars(one) for one in found]}, default=str), media_type="application/json")

    async def acknowledge(self, request: Request) -> Response:
        def decide(body: Body, identity: str, now: datetime) -> actions.Act:
            until = _moment(body, "until")
            return self._engine.act(
                lambda incidents, _: actions.acknowledge(incidents, identity, _text(body, "by"), _text(body, "note"), until, now), now
            )

        return await self._do(request, {"by", "note", "until"}, decide)

    async def unacknowledge(self, request: Request) -> Response:
        def decide(body: Body, identity: str, now: datetime) -> actions.Act:
            return self._engine.act(lambda incidents, _: actions.unacknowledge(incidents, identity, _text(body, "by"), now), now)

        return await self._do(request, {"by"}, decide)

    async def assign(self, request: Request) -> Response:
        def decide(body: Body, identity: str, now: datetime) -> actions.Act:
            by, to = _text(body, "by"), _text(body, "assignee")
            return self._engine.act(lambda incidents, _: actions.assign(incidents, identity, by, to, now), now)

        return await self._do(request, {"by", "assignee"}, decide)

    async def note(self, request: Request) -> Response:
        def decide(body: Body, identity: str, now: datetime) -> actions.Act:
            by, text, known = _text(body, "by"), _text(body, "note"), self._engine.has_incident(identity, now)
            return self._engine.act(lambda _, __: actions.note(identity, by, text, now, known=known), now)

        return await self._do(request, {"by", "note"}, decide)

    async def step(self, request: Request) -> Response:
        def decide(body: Body, identity: str, now: datetime) -> actions.Act:
            by, outcome, said = _text(body, "by"), _text(body, "outcome"), _text(body, "note")
            done = self._engine.step_of(identity, _text(body, "step"), now)
            if done[1].changes:
                raise UsageError("step: it changes something; see what would be sent (step/show), then confirm it (step/send)")
            if done[1].http:  # before anything is locked: an answer may take its time
                outcome, said = steps.check(done[1], _values(body))
            return self._engine.act(lambda incidents, _: actions.step(incidents, identity, by, done, outcome, said, now), now)

        return await self._do(request, {"by", "step", "outcome", "note", "values"}, decide)

    async def show_step(self, request: Request) -> Response:
        def decide(body: Body, identity: str, now: datetime) -> actions.Act:
            done = self._engine.step_of(identity, _text(body, "step"), now)
            change = steps.change(done[1], _values(body))
            return actions.Act(said=str(change), confirm=self._confirmations.show(Shown(identity, done, change, now)))

        return await self._do(request, {"step", "values"}, decide)

    async def send_step(self, request: Request) -> Response:
        def decide(body: Body, identity: str, now: datetime) -> actions.Act:
            by, reason, word = _text(body, "by"), _text(body, "reason"), _text(body, "confirm")
            return self._sent(self._confirmations.take(word, identity, now), by, reason, word, now)

        return await self._do(request, {"by", "reason", "confirm"}, decide)

    def _sent(self, shown: Shown, by: str, reason: str, word: str, now: datetime) -> actions.Act:
        """Record what is sent, send it, and record what came of it."""
        identity, done = shown.incident_id, shown.done
        if self._engine.step_of(identity, done[1].step, now) != done:
            raise UsageError("confirm: the runbook has changed since; look again at what would be sent")
        try:
            self._engine.act(lambda incidents, _: actions.sends(incidents, identity, by, done, str(shown.change), reason, now), now)
        except AndonError:
            self._confirmations.back(word, shown)
            raise
        outcome, said = steps.send(shown.change, word)
        now = self._clock.now()
        try:
            return self._engine.act(lambda _, __: actions.came_of(identity, by, done, outcome, said, now), now)
        except NoRoom as error:  # it was sent, so it has not failed
            return actions.Act(said=f"{outcome}. {said}. That could not be stored ({error}); add a note later")

    async def silence(self, request: Request) -> Response:
        def decide(body: Body, identity: str, now: datetime) -> actions.Act:
            matching = {name: _text(body, name) for name in ("flow", "stage", "cause", "incident_id")}
            matching["incident_id"] = identity or matching["incident_id"]
            ends_at = now + _hours(body)
            by, reason = _text(body, "by"), _text(body, "reason")
            return self._engine.act(
                lambda incidents, silences: actions.silence(incidents, silences, matching, by, reason, ends_at, now), now
            )

        return await self._do(request, {"by", "reason", "hours", "flow", "stage", "cause", "incident_id"}, decide)

    async def end_silence(self, request: Request) -> Response:
        def decide(body: Body, identity: str, now: datetime) -> actions.Act:
            return self._engine.act(lambda _, silences: actions.end_silence(silences, identity, _text(body, "by"), now), now)

        return await self._do(request, {"by"}, decide)

    async def pause_source(self, request: Request) -> Response:
        def decide(body: Body, name: str, now: datetime) -> actions.Act:
            return sources.pause(self._pauses, self._engine.sources, name, _text(body, "by"), _text(body, "reason"), now)

        return await self._do(request, {"by", "reason"}, decide)

    async def resume_source(self, request: Request) -> Response:
        def decide(body: Body, name: str, now: datetime) -> actions.Act:
            return sources.resume(self._pauses, self._engine.sources, name, _text(body, "by"), _text(body, "reason"), now)

        return await self._do(request, {"by", "reason"}, decide)

    async def show_resubmission(self, request: Request) -> Response:
        def decide(body: Body, _: str, __: datetime) -> actions.Act:
            return self._resubmitter.show(_resubmit(body))

        return await self._do(request, {"id", "body"}, decide, WITH_EDITED_BYTES)

    async def send_resubmission(self, request: Request) -> Response:
        def decide(body: Body, _: str, __: datetime) -> actions.Act:
            return self._resubmitter.send(_resubmit(body))

        return await self._do(request, {"id", "body", "by", "reason", "confirm", "anyway"}, decide, WITH_EDITED_BYTES)

    async def save_view(self, request: Request) -> Response:
        def decide(body: Body, _: str, now: datetime) -> actions.Act:
            by, name, address, shared = _text(body, "by"), _text(body, "name"), _text(body, "address"), _flag(body, "shared")
            owner = self._engine.view_shared_by(views.named(name)) if shared else ""
            return self._engine.act(lambda _, __: views.save_view(by, name, address, now, shared=shared, shared_by=owner), now)

        return await self._do(request, {"by", "name", "address", "shared"}, decide)

    async def delete_view(self, request: Request) -> Response:
        def decide(body: Body, _: str, now: datetime) -> actions.Act:
            by, name, shared = _text(body, "by"), _text(body, "name"), _flag(body, "shared")
            owner = self._engine.view_shared_by(views.named(name)) if shared else ""
            return self._engine.act(lambda _, __: views.delete_view(by, name, now, shared=shared, shared_by=owner), now)

        return await self._do(request, {"by", "name", "shared"}, decide)

    async def _do(
        self, request: Request, known: set[str], decide: Callable[[Body, str, datetime], actions.Act], max_bytes: int = BODY_BYTES
    ) -> Response:
        if not bearer_is(request, self._token):
            return self._guard.refuse(request)
        try:
            body = await _read(request, known, max_bytes)
            done = await run_in_threadpool(decide, body, str(request.path_params.get("identity", "")), self._clock.now())
        except SlowBodyError as error:
            self._guard.slow(request)
            return JSONResponse({"error": f"body: {error}"}, 408)
        except UsageError as error:
            missing = str(error).startswith(("incident_id: no", "silence_id: no", "source: "))
            return JSONResponse({"error": str(error)}, 404 if missing else 400)
        except NoRoom as error:
            return JSONResponse({"error": str(error)}, 503, {"retry-after": "5"})
        changed = {"incidents": [one.incident_id for one in done.incidents], "silences": [one.silence_id for one in done.silences]}
        said = {name: word for name, word in (("said", done.said), ("confirm", done.confirm)) if word}
        return JSONResponse({**changed, **said})


async def _read(request: Request, known: set[str], max_bytes: int) -> Body:
    raw = bytearray()

    def take(part: bytes) -> None:
        raw.extend(part)
        if len(raw) > max_bytes:
            raise UsageError(f"body: it is longer than {max_bytes >> 10} KiB")

    await read_parts(request, take)
    try:
        body = json.loads(raw or b"{}")
    except (ValueError, RecursionError) as error:
        raise UsageError("body: it is not JSON") from error
    if not isinstance(body, dict):
        raise UsageError("body: it is not a JSON object")
    for name in body:
        if name not in known:
            raise UsageError(f"{name}: this action has no such field; known: {', '.join(sorted(known))}")
    return body


def _text(body: Body, name: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str):
        raise UsageError(f"{name}: give a text")
    try:
        value.encode()
    except UnicodeEncodeError as error:  # half a surrogate pair, which JSON can express and nothing can store
        raise UsageError(f"{name}: give text without incomplete characters") from error
    return value


def _flag(body: Body, name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise UsageError(f"{name}: give true or false")
    return value


def _resubmit(body: Body) -> Resubmit:
    edited = _text(body, "body").encode() if "body" in body else None
    if edited is not None and len(edited) > EDITED_MAX_BYTES:
        raise UsageError(f"body: an edited one has at most {EDITED_MAX_BYTES >> 20} MiB")
    by, reason, confirm = _text(body, "by"), _text(body, "reason"), _text(body, "confirm")
    return Resubmit(_text(body, "id"), edited, by, reason, confirm, _flag(body, "anyway"))


def _values(body: Body) -> dict[str, str]:
    values = body.get("values", {})
    if not isinstance(values, dict):
        raise UsageError("values: give an object of texts")
    return {name: _text(values, name) for name in values}


def _hours(body: Body) -> timedelta:
    value = body.get("hours")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 168:
        raise UsageError("hours: a silence lasts at most 7 days; give more than 0 and at most 168")
    return timedelta(hours=value)


def _moment(body: Body, name: str) -> datetime | None:
    value = _text(body, name)
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise UsageError(f"{name}: '{value[:40]}' is not a time; write 2026-03-27T16:00:00+01:00") from error
    if moment.tzinfo is None:
        raise UsageError(f"{name}: the time has no zone; write 2026-03-27T16:00:00+01:00")
    return moment
