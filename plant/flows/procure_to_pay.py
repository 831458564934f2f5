"""Procure to pay: ERP, EDI gateway, supplier portal, WMS and back to ERP."""

from __future__ import annotations

from datetime import datetime, timedelta

from plant.course import Course
from plant.hours import OFFICE, add_working, at_hour, local_day, next_working_day
from plant.parties import CAUSES, MATERIALS, MESSAGES, SUPPLIERS, amount, pick
from plant.signal import Attributes

FLOW = "procure-to-pay"


def play(course: Course) -> None:
    """Run one purchase from the requisition to the payment."""
    course.party = pick(course.random, SUPPLIERS)
    course.amount = amount(course.random, 2600)
    order, requisition = f"45{course.number:011d}", f"PR-{course.number}"
    root = course.span("sap-ecc", "requisition.create", course.start, 0.3, None, keys={"requisition": requisition})
    text = f"Purchase requisition {requisition} created"
    course.log("sap-ecc", text, course.start, root, attributes={"sap.werks": course.site.name}, milestone="requested")
    ordering, ordered, wanted = _order(course, root, order)
    taken = course.hop("orders.outbound", ordered, 10, 240)
    if taken is None:
        return
    course.span(
        "edi-gateway",
        "edi.orders.send",
        taken,
        1.5,
        ordering,
        kind="producer",
        attributes={"edi.message": "ORDERS"},
        milestone="transmitted",
    )
    sent = taken + timedelta(seconds=1.5)
    answered = add_working(OFFICE, course.slow("supplier-portal", sent, 240, 2700), 0)
    portal = course.span("supplier-portal", "order.acknowledge", answered, 0.4, ordering, kind="server")
    acknowledged = answered + timedelta(seconds=0.4)
    data = {"purchaseOrder": order, "supplier": course.party}
    course.event("supplier-portal", "supplier.order.acknowledged", acknowledged, portal, data, milestone="acknowledged")
    received = _receive(course, order, portal, acknowledged, wanted)
    _pay(course, ordering, received)


def _order(course: Course, root: str, order: str) -> tuple[str, datetime, datetime]:
    """The requisition becomes an order. Return its reference, its time and when the goods are wanted."""
    at = course.after(course.start, 120, 1500)
    day = next_working_day(course.site, local_day(course.site, add_working(OFFICE, at + timedelta(minutes=50), 0)))
    wanted = at_hour(course.site, day, 17)
    if course.rejected(at):
        cause = course.random.choice(CAUSES[FLOW])
        text = MESSAGES[cause].format(material=course.random.choice(MATERIALS), plant=course.site.name)
        course.span(
            "sap-connector", "BAPI_PO_CREATE1", at, 0.5, root, kind="client", attributes={"error.type": cause}, error=text,
            milestone="order-rejected",
        )  # fmt: skip
        at = course.after(at, 1800, 4800)
        day = next_working_day(course.site, local_day(course.site, add_working(OFFICE, at + timedelta(minutes=50), 0)))
        wanted = at_hour(course.site, day, 17)
    attributes: Attributes = {
        "sap.ebeln": order.zfill(15),
        "order.amount": course.amount,
        "order.currency": course.currency,
        "order.wanted_at": wanted.isoformat().replace("+00:00", "Z"),
        "supplier.name": course.party,
    }
    ordering = course.span(
        "sap-connector", "BAPI_PO_CREATE1", at, 0.6, root, kind="client", keys={"purchase_order": order}, attributes=attributes,
        milestone="ordered",
    )  # fmt: skip
    return ordering, at + timedelta(seconds=0.6), wanted


def _receive(course: Course, order: str, portal: str, acknowledged: datetime, wanted: datetime) -> datetime:
    """The supplier's one or two deliveries; return when the last of them has arrived."""
    notes = 2 if course.random.random() < 0.1 else 1
    last = acknowledged
    for line in range(1, notes + 1):
        note = f"DN-{course.number}-{line}"
        announced = course.after(acknowledged, 1800, 7200)
        data: Attributes = {"purchaseOrder": order, "deliveryNote": note, "lines": course.random.randint(1, 9)}
        course.event(
            "supplier-portal", "supplier.dispatch.announced", announced, portal, data, keys={"delivery_note": note}, milestone="announced"
        )
        late = timedelta(hours=course.random.uniform(0.5, 4) if course.random.random() < 0.03 else -course.random.uniform(1, 9))
        here = max(wanted + late, announced + timedelta(minutes=30))
        dock = course.span("wms", "goods.receive", here, 0.4, portal, keys={"delivery_note": note})
        counted = here + timedelta(seconds=0.4)
        course.event("wms", "wms.goods.received", counted, dock, {"deliveryNote": note, "plant": course.site.name}, milestone="received")
        last = max(last, counted)
    return last


def _pay(course: Course, ordering: str, received: datetime) -> None:
    invoice = f"SI-{course.number}"
    at = course.after(received, 1200, 9000)
    billed = course.span(
        "edi-gateway",
        "edi.invoic.receive",
        at,
        1,
        ordering,
        kind="consumer",
        keys={"supplier_invoice": invoice},
        milestone="invoice-received",
    )
    at = add_working(OFFICE, at, course.random.uniform(2, 60))
    if course.random.random() < 0.03:
        reason = course.random.choice(("PRICE_DIFFERENCE", "QUANTITY_DIFFERENCE"))
        text = f"Invoice {invoice} blocked for payment: {reason}"
        course.log("sap-ecc", text, at, billed, attributes={"sap.block_reason": reason}, error=reason, milestone="invoice-blocked")
        at = add_working(OFFICE, at, course.random.uniform(90, 420))
    due = at_hour(OFFICE, next_working_day(OFFICE, local_day(OFFICE, at)), 20)
    attributes = {"invoice.due_at": due.isoformat().replace("+00:00", "Z")}
    matched = course.span(
        "sap-connector", "BAPI_INCOMINGINVOICE_CREATE", at, 0.8, billed, kind="client", attributes=attributes, milestone="matched"
    )
    paid = course.after(at_hour(OFFICE, local_day(OFFICE, due), 10), 0, 900)
    run = paid.strftime("%Y%m%d")
    course.log("sap-ecc", f"Payment run {run} cleared {invoice}", max(paid, at + timedelta(minutes=5)), matched, milestone="paid")
