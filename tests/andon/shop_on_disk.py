"""A shop with the engine's loop over it, on a disk with which something is going to be wrong."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from andon.engine.loop import Engine
from andon.engine.pipeline import Pipeline
from tests.andon.shop import Shop


@dataclass
class ShopOnDisk:
    """``patch``: what is wrong with the disk."""

    shop: Shop
    pipeline: Pipeline
    engine: Engine
    patch: pytest.MonkeyPatch

    def tick(self, **later: float) -> None:
        self.shop.pass_time(**later)
        self.pipeline.tidy(sweep=False)
        self.engine.tick()

    def late(self) -> int:
        """Return how many orders are breached in the incidents that are open now."""
        return sum(one.breached for one in self.pipeline.alerting.open_incidents(self.shop.clock.now()))
