"""The engine stops after any statement of a tick: the next one has every order once, with the same verdicts and one message."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from clickhouse_connect.driver.client import Client

from andon.engine.pipeline import Pipeline
from andon.wiring.pipeline import pipeline_on
from core.catalog.catalog import Catalog
from core.config import Settings
from core.telemetry import Telemetry
from store.client import Store
from tests.andon.shop import Shop, catalog


class Stopped(BaseException):
    """The process ends here."""


class StoppingStore(Store):
    """A store of a process that ends after so many statements, of whichever thread."""

    left: int | None = None
    """How many statements are still sent; None: any number."""
    _counting = threading.Lock()

    @contextmanager
    def own_client(self) -> Iterator[Client]:
        with self._counting:
            if self.left is not None:
                if self.left == 0:
                    raise Stopped
                self.left -= 1
        with super().own_client() as client:
            yield client


def started(shop: Shop, orders: Catalog) -> Iterator[tuple[StoppingStore, Pipeline]]:
    """Yield an engine that knows nothing but what its store says."""
    store = StoppingStore(shop.store._dsn, database=shop.store._database)
    with pipeline_on(store, shop.settings, orders, shop.clock, Telemetry()) as pipeline:
        yield store, pipeline
    with suppress(Stopped):
        store.close()


def was_stopped(shop: Shop, orders: Catalog, after: int) -> bool:
    """Run a tick in an engine that ends after so many statements; return whether it needed more, its orderly end included."""
    ended = False
    with suppress(Stopped), contextmanager(started)(shop, orders) as (store, pipeline):
        store.left = after
        shop.settle(pipeline)
        store.flush()
        ended = True
    return not ended


def test_whatever_statement_a_tick_ends_after_nothing_is_lost_or_doubled(store: Store, tmp_path: Path) -> None:
    shop, orders = Shop(store, Settings(data=tmp_path / "data")), catalog(tmp_path, rejected=True)
    names = []
    for after in itertools.count(1):
        names.append(order := f"order-{after:03}")
        earlier = shop.clock.now() - timedelta(hours=1)
        shop.send(shop.event("shop.captured", order, at=earlier), shop.event("erp.rejected", order, at=earlier, cause=order))
        stopped = was_stopped(shop, orders, after)
        assert not was_stopped(shop, orders, 1_000), "the engine that is started next finishes it"
        shop.pass_time(seconds=1)
        if not stopped:
            break
    assert len(names) > 10, "a tick was to be stopped after each of its statements"
    assert shop.verdicts() == {order: ["breached"] for order in names}
    assert shop.milestones() == {order: ["captured", "rejected"] for order in names}
    told = store.rows("SELECT i.cause AS cause, groupArray(d.reason) AS reasons FROM (SELECT * FROM deliveries FINAL) AS d"
                      " INNER JOIN (SELECT * FROM incidents FINAL) AS i ON i.incident_id = d.incident_id GROUP BY cause")  # fmt: skip
    assert {row["cause"]: row["reasons"] for row in told} == {order: ["opened"] for order in names}
    shop.send(*[shop.event("erp.booked", order) for order in names])
    assert not was_stopped(shop, orders, 1_000)
    assert shop.verdicts() == {order: ["breached", "met_late"] for order in names}
    assert set(shop.incidents()) == {"resolved"}
    assert len(shop.incidents()) == len(names)
