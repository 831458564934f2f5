"""Freezes the running engine's store for a backup: requested over HTTP, done between two ticks, when nothing is half written."""

from __future__ import annotations

import queue
import shutil
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.config import Settings, own_secret
from core.http.guard import Guard, bearer_is
from store.client import STORE_ERRORS
from store.recovery.freeze import Frozen, freeze

if TYPE_CHECKING:
    from andon.engine.pipeline import Pipeline

PATH = "/api/v1/freeze"
WAIT_SECONDS = 120.0
"""How long a request waits for the current tick: one that catches up takes some ten seconds."""


class FreezeEndpoint:
    """:meth:`step` is for the thread that runs the stages; requests come from any thread."""

    def __init__(self, pipeline: Pipeline, settings: Settings) -> None:
        self._pipeline = pipeline
        self._settings = settings
        self._token = own_secret(settings.data, "actions")
        self._requests: queue.SimpleQueue[Future[Frozen]] = queue.SimpleQueue()

    def step(self) -> None:
        """Freeze for every waiting request."""
        while not self._requests.empty():
            request = self._requests.get()
            if not request.set_running_or_notify_cancel():
                continue
            try:
                with self._pipeline.alerting.at_rest():
                    store = self._pipeline.store
                    request.set_result(store.patience.run(partial(freeze, store, self._settings.store_folder)))
            except (*STORE_ERRORS, OSError) as error:  # the requester is told, and the tick goes on
                request.set_exception(error)

    def route(self, guard: Guard) -> Route:
        """Return the endpoint: ``POST``, with the token of the actions; the answer is a :class:`store.recovery.freeze.Frozen`."""

        async def answer(request: Request) -> Response:
            if not bearer_is(request, self._token):
                return guard.refuse(request)
            if self._settings.store != "embedded":
                return JSONResponse({"error": "the store is on a ClickHouse server: use its own BACKUP"}, 400)
            try:
                return JSONResponse(asdict(await run_in_threadpool(self._request)))
            except (OSError, NotInTime) as error:
                return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 503)

        return Route(PATH, answer, methods=["POST"])

    def _request(self) -> Frozen:
        request: Future[Frozen] = Future()
        self._requests.put(request)
        try:
            return request.result(WAIT_SECONDS)
        except NotInTime:
            if not request.cancel():
                request.add_done_callback(_forget)
            raise


def _forget(request: Future[Frozen]) -> None:
    """Delete what was frozen for a requester who has left: it keeps files that the store no longer needs."""
    if request.exception() is None:
        shutil.rmtree(request.result().folder, ignore_errors=True)
