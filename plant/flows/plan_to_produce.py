"""Plan to produce: ERP, broker, shop floor, WMS."""

from __future__ import annotations

from datetime import datetime, timedelta

from plant.course import Course
from plant.hours import add_working
from plant.parties import CAUSES, MATERIALS, MESSAGES, amount
from plant.signal import Attributes

FLOW = "plan-to-produce"


def play(course: Course) -> None:
    """Run one production order from the plan to stock."""
    material = course.random.choice(MATERIALS)
    course.party = material
    course.amount = amount(course.random, 6800)
    order, planned = f"1{course.number:011d}", f"PL-{course.number}"
    root = course.span("sap-ecc", "mrp.run", course.start, 0.9, None, keys={"planned_order": planned})
    course.log("sap-ecc", f"MRP run created planned order {planned}", course.start, root, milestone="planned")
    release, released = _release(course, root, order, material)
    published = course.message("order-router", "send", "shopfloor.orders", released, 0.05, release)
    taken = course.hop("shopfloor.orders", released + timedelta(seconds=0.05), 5, 180)
    if taken is None:
        return
    course.message("mes", "process", "shopfloor.orders", taken, 0.6, published, milestone="dispatched")
    _produce(course, order, published, released, taken)


def _release(course: Course, root: str, order: str, material: str) -> tuple[str, datetime]:
    at = course.after(course.start, 60, 900)
    if course.rejected(at):
        cause = course.random.choice(CAUSES[FLOW])
        text = MESSAGES[cause].format(material=material, plant=course.site.name)
        course.span(
            "sap-connector", "BAPI_PRODORD_RELEASE", at, 0.5, root, kind="client", attributes={"error.type": cause}, error=text,
            milestone="release-rejected",
        )  # fmt: skip
        at = course.after(at, 1800, 4800)
    starts = add_working(course.site, at, 150)
    attributes: Attributes = {
        "sap.aufnr": order.zfill(14),
        "sap.werks": course.site.name,
        "sap.matnr": material,
        "order.amount": course.amount,
        "order.currency": course.currency,
        "order.start_at": starts.isoformat().replace("+00:00", "Z"),
    }
    release = course.span(
        "sap-connector", "BAPI_PRODORD_RELEASE", at, 0.7, root, kind="client", keys={"production_order": order}, attributes=attributes,
        milestone="released",
    )  # fmt: skip
    return release, at + timedelta(seconds=0.7)


def _produce(course: Course, order: str, published: str, released: datetime, taken: datetime) -> None:
    staged = add_working(course.site, released, course.random.uniform(20, 95))
    staging = course.span("wms", "staging.complete", staged, 0.4, published)
    course.event("wms", "wms.staging.completed", staged + timedelta(seconds=0.4), staging, {"productionOrder": order}, milestone="staged")
    line = f"L{course.random.randint(1, 4)}"
    slip = 60 if course.random.random() < 0.03 else 0
    started = add_working(course.site, max(staged, taken), course.random.uniform(5, 35) + slip)
    operation = course.span("mes", "operation.start", started, 0.2, published)
    data = {"productionOrder": order, "line": line}
    course.event("mes", "mes.operation.started", started + timedelta(seconds=0.2), operation, data, milestone="started")
    minutes = course.random.uniform(40, 260)
    if course.random.random() < 0.03:
        reason = course.random.choice(("TOOL_BREAKAGE", "QUALITY_HOLD"))
        stopped = add_working(course.site, started, minutes / 2)
        text = f"Line {line} stopped: {reason}"
        course.log("mes", text, stopped, operation, attributes={"mes.reason": reason}, error=reason, milestone="line-stopped")
        minutes += course.random.uniform(30, 90)
    finished = add_working(course.site, started, minutes)
    batch = f"B{course.number}"
    done = course.span("mes", "order.finish", finished, 0.3, operation, keys={"batch": batch})
    at = finished + timedelta(seconds=0.3)
    course.event("mes", "mes.order.finished", at, done, {"productionOrder": order, "batch": batch, "line": line}, milestone="finished")
    posted = course.hop("confirmations", at, 5, 300)
    if posted is not None:
        course.span("sap-connector", "BAPI_PRODORDCONF_CREATE_TT", posted, 0.6, done, kind="client", milestone="posted")
    stored = add_working(course.site, at, course.random.uniform(20, 120))
    away = course.span("wms", "batch.store", stored, 0.3, done)
    course.event("wms", "wms.batch.stored", stored + timedelta(seconds=0.3), away, {"batch": batch}, milestone="stored")
