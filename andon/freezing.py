"""Freezes the running engine's store for a backup: asked over its port, done between two ticks, when nothing is half written."""

from __future__ import annotations

import queue
import shutil
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import asdict
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.config import Settings, own_secret
from core.http.guard import Guard, bearer_is
from store.client import STORE_ERRORS
from store.freeze import Frozen, freeze

if TYPE_CHECKING:
    from andon.pipeline import Pipeline

PATH = "/api/v1/freeze"
ASKED_SECONDS = 120.0
"""How long a request waits for the tick that runs: one that catches up takes some ten seconds."""


class Freezing:
    """:meth:`step` is for the thread that runs the stages; requests come by any."""

    def __init__(self, pipeline: Pipeline, settings: Settings) -> None:
        self._pipeline = pipeline
        self._settings = settings
        self._token = own_secret(settings.data, "actions")
        self._asked: queue.SimpleQueue[Future[Frozen]] = queue.SimpleQueue()

    def step(self) -> None:
        """Freeze for whoever has asked."""
        while not self._asked.empty():
            asked = self._asked.get()
            if not asked.set_running_or_notify_cancel():
                continue
            try:
                with self._pipeline.alerting.at_rest():
                    asked.set_result(freeze(self._pipeline.store, self._settings.store_folder))
            except (*STORE_ERRORS, OSError) as error:  # who asked is told, and the tick goes on
                asked.set_exception(error)

    def route(self, guard: Guard) -> Route:
        """Return where it is asked for: ``POST``, with the token of the actions; the answer is a :class:`store.freeze.Frozen`."""

        async def answer(request: Request) -> Response:
            if not bearer_is(request, self._token):
                return guard.refuse(request)
            if self._settings.store != "embedded":
                return JSONResponse({"error": "the store is a ClickHouse server's: use its own BACKUP"}, 400)
            try:
                return JSONResponse(asdict(await run_in_threadpool(self._ask)))
            except (OSError, NotInTime) as error:
                return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 503)

        return Route(PATH, answer, methods=["POST"])

    def _ask(self) -> Frozen:
        asked: Future[Frozen] = Future()
        self._asked.put(asked)
        try:
            return asked.result(ASKED_SECONDS)
        except NotInTime:
            if not asked.cancel():
                asked.add_done_callback(_forget)
            raise


def _forget(asked: Future[Frozen]) -> None:
    """Delete what was frozen for somebody who has left: it keeps files that the store does not need any more."""
    if asked.exception() is None:
        shutil.rmtree(asked.result().folder, ignore_errors=True)
