"""The place where people act, for the tests of the action API: it keeps what it is asked to publish again."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette

from alerts.actions import Act
from alerts.api import action_api
from alerts.engine import AlertEngine
from alerts.ports import Resubmit
from core.catalog.catalog import Catalog
from core.http.guard import Guard
from core.limits import FailedAttempts
from core.pauses import Pauses
from core.rejection_log import RejectionLog
from core.telemetry import Telemetry
from tests.alerts.world import World, routes

TOKEN = "a-token-of-this-engine"


class Resubmitting:
    """Keeps what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Resubmit]] = []

    def show(self, request: Resubmit) -> Act:
        self.asked.append(("show", request))
        return Act(said="to queue orders", confirm="word")

    def send(self, request: Resubmit) -> Act:
        self.asked.append(("send", request))
        return Act(said="published")


@dataclass
class Counter:
    """The place where people act: an engine with one critical incident that the desk was told of."""

    world: World
    engine: AlertEngine
    incident: str
    guard: Guard
    pauses: Pauses
    resubmitter: Resubmitting = field(default_factory=Resubmitting)

    @cached_property
    def api(self) -> Starlette:
        """The one API of this engine: it keeps what waits to be confirmed."""
        return action_api(self.engine, TOKEN, self.world.clock, self.guard, self.pauses, self.resubmitter)

    def send(self, method: str, path: str, content: bytes = b"", *, token: str = f"Bearer {TOKEN}") -> httpx.Response:
        async def sent() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.api)
            async with httpx.AsyncClient(transport=transport, base_url="http://engine") as client:
                return await client.request(method, path, content=content, headers={"authorization": token} if token else {})

        return asyncio.run(sent())

    def post(self, path: str, body: Any = None, *, token: str = f"Bearer {TOKEN}") -> tuple[int, dict[str, Any]]:
        content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        reply = self.send("POST", path, content, token=token)
        return reply.status_code, reply.json()

    def act(self, action: str, **body: Any) -> dict[str, Any]:
        status, said = self.post(f"/incidents/{self.incident}/{action}", {"by": "Ana", **body})
        assert status == 200, said
        return said

    def row(self) -> dict[str, Any]:
        (row,) = self.world.rows("incidents")
        return row

    def actions(self) -> list[tuple[str, str, str]]:
        return [(row["actor"], row["action"], row["target"]) for row in self.world.rows("actions")]

    def silences(self) -> list[dict[str, Any]]:
        return self.world.rows("silences")


def counter_in(world: World, data: Path) -> Counter:
    world.catalog = Catalog(routes=routes("desk", routes=[{"name": "all", "channels": ["desk"], "repeat_every": "30 minutes"}]))
    engine = world.engine()
    world.clocks(1, "breached")
    world.turn(engine)
    guard = Guard(FailedAttempts(world.clock), RejectionLog(world.clock, Telemetry()))
    return Counter(world, engine, world.notifier.received[0].incident_id, guard, Pauses(data))
