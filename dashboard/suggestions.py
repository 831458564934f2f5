"""What a viewer who types a number or a name may mean, while it is typed: asked by ``frame.js``, beside Streamlit.

Streamlit tells a page what was typed only once it is complete.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.components.time_format import Zone
from store.reads import search

_LONGEST = 100
_RECENT = timedelta(days=90)
_AT_ONCE = 2
"""As many are looked up at a time: who types must not slow down pages."""


def suggestions() -> ASGIApp:
    """Return what answers ``?find=47`` with ``[{"value": "4711", "is": "Sales order"}, …]``; ``[]`` while the store does not answer."""
    free = asyncio.Semaphore(_AT_ONCE)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        typed = Request(scope).query_params.get("find", "")[:_LONGEST]
        async with free:
            found = await run_in_threadpool(_found, typed)
        await JSONResponse(found, headers={"cache-control": "no-store"})(scope, receive, send)

    return answer


def _found(typed: str) -> list[dict[str, str]]:
    from dashboard import app, definitions  # noqa: PLC0415 - sooner, Streamlit warns of every cache
    from dashboard.data import Unreachable  # noqa: PLC0415 - as above

    context = app.context(Zone("UTC"))
    since = context.now.replace(minute=0, second=0, microsecond=0) - _RECENT
    try:
        rows = context.data.read(search.suggested, value=typed, since=since)
    except Unreachable:
        return []
    return [
        {"value": row["value"], "is": definitions.kind_title(context.catalog, row["flow"], row["kind"])} for row in rows.to_dict("records")
    ]
