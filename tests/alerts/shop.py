"""A flow whose orders are booked and shipped, for tests of what the alert stage takes from a catalog."""

from __future__ import annotations

from typing import Any

from core.catalog.catalog import Catalog
from core.catalog.flow import Fact, Flow, Key, Match, Milestone
from core.catalog.sla import Sla


def milestone(system: str = "ERP", **more: Any) -> Milestone:
    return Milestone(system=system, match=Match(event="x"), keys={"order": "data.order"}, **more)


def sla(to: str, severity: str, **more: Any) -> Sla:
    return Sla.model_validate({"title": to, "from": "captured", "to": to, "within": "1 hour", "severity": severity, "runbook": "r", **more})


ORDERS = Flow(
    flow="orders",
    title="Orders",
    owner="order-desk",
    keys={"order": Key()},
    facts={"amount": Fact(type="decimal", currency="currency"), "customer": Fact(), "plant": Fact()},
    milestones={
        "captured": milestone(),
        "booked": milestone(title="Booked in SAP"),
        "shipped": milestone(),
        "refused": milestone(runbook="refused"),
    },
    ends=["shipped"],
    slas={
        "book": sla("booked", "critical", impact={"value": "amount"}, owner="bookkeeping"),
        "ship": sla("shipped", "info"),
    },
)
CATALOG = Catalog(flows={"orders": ORDERS})
