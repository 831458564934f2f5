"""What the tests of the alert path ask of its world."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from alerts import actions
from core.catalog.catalog import Catalog
from tests.alerts.world import World, routes

FIVE_MINUTES = timedelta(minutes=5)


PAGER_BACKED_BY_PHONE = Catalog(routes=routes("phone", routes=[{"name": "all", "channels": ["pager"]}], pager={"fallback": "phone"}))


def only(world: World) -> str:
    """Return the id of the one incident there is."""
    (row,) = world.rows("incidents")
    return str(row["incident_id"])


def deliveries(world: World, *columns: str) -> list[dict[str, Any]]:
    return [{name: row[name] for name in columns or ("channel", "reason", "state")} for row in world.rows("deliveries")]


def silence(world: World, engine: Any, *, hours: float = 1, **matching: str) -> str:
    now = world.clock.now()
    ends = now + timedelta(hours=hours)
    done = engine.act(lambda incidents, known: actions.silence(incidents, known, matching, "Ana", "maintenance", ends, now), now)
    return str(done.silences[0].silence_id)
