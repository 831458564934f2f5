"""Order to cash: CRM, API gateway, middleware, broker, ERP, WMS, TMS and back to ERP."""

from __future__ import annotations

from datetime import datetime, timedelta

from plant.course import Course
from plant.hours import add_working, at_hour, local_day, next_truck, next_working_day
from plant.parties import CARRIERS, CAUSES, CUSTOMERS, MATERIALS, MESSAGES, amount, pick
from plant.signal import Attributes

FLOW = "order-to-cash"


def play(course: Course) -> None:
    """Run one order from the CRM to the invoice, as far as it gets."""
    course.party = pick(course.random, CUSTOMERS)
    course.amount = amount(course.random, 4200)
    order = str(course.number)
    captured = _capture(course, order)
    if course.random.random() < 0.012:
        cancelled = course.after(course.start, 60, 400)
        course.event("crm", "crm.order.cancelled", cancelled, captured, {"orderId": order, "reason": "customer"}, milestone="cancelled")
        return
    published, at = _route(course, captured)
    taken = course.hop("orders.inbound", at, 2, 60)
    if taken is None:
        return
    booking, booked = _book(course, order, published, taken)
    confirmed = course.after(booked, 45, 400)
    confirmation = course.span("sap-connector", "order.confirm", confirmed, 0.4, booking, kind="client")
    course.span("api-gateway", "POST /orders/confirmation", confirmed, 0.3, confirmation, kind="server", milestone="confirmed")
    ready = _credit(course, order, booking, booked)
    _fulfil(course, order, booking, ready)


def _capture(course: Course, order: str) -> str:
    """The customer's order, and the date it is promised."""
    opportunity = f"OPP-{course.number % 10**9:09d}"
    shipped = next_truck(course.site, add_working(course.site, course.start + timedelta(hours=1), 300))
    promised = at_hour(course.site, next_working_day(course.site, local_day(course.site, shipped)), 18)
    root = course.span(
        "crm", "order.submit", course.start, 0.8, None, kind="client", keys={"sales_order": order, "opportunity": opportunity}
    )
    data: Attributes = {
        "orderId": order,
        "opportunityId": opportunity,
        "customerOrder": f"PO-{course.number % 10**9:09d}",
        "total": course.amount,
        "currency": course.currency,
        "customer": course.party,
        "plant": course.site.name,
        "promisedDate": promised.isoformat().replace("+00:00", "Z"),
    }
    course.event("crm", "crm.order.captured", course.start, root, data, milestone="captured")
    return root


def _route(course: Course, captured: str) -> tuple[str, datetime]:
    """API gateway and middleware, up to the message in the queue."""
    at = course.after(course.start, 0.2, 2)
    accepted = course.span(
        "api-gateway", "POST /orders", at, 0.2, captured, kind="server",
        attributes={"http.request.method": "POST", "http.route": "/orders", "http.response.status_code": 202}, milestone="accepted",
    )  # fmt: skip
    at = course.after(at, 0.5, 5)
    mapped = course.span("order-router", "order.map", at, 0.4, accepted, attributes={"order.amount": course.amount}, milestone="mapped")
    course.log("order-router", "Mapped order to ORDERS05", at + timedelta(seconds=0.3), mapped)
    at += timedelta(seconds=0.5)
    published = course.message("order-router", "send", "orders.inbound", at, 0.05, mapped)
    return published, at + timedelta(seconds=0.05)


def _book(course: Course, order: str, published: str, taken: datetime) -> tuple[str, datetime]:
    """The message is taken from the queue and posted in ERP, if necessary in a second attempt."""
    course.span("rabbitmq", "deliver orders.inbound", taken, 0.01, published, attributes={"messaging.system": "rabbitmq"})
    processed = course.message("sap-connector", "process", "orders.inbound", taken, 1.4, published, milestone="dequeued")
    at = course.after(taken, 0.1, 1.2)
    bapi = "BAPI_SALESORDER_CREATEFROMDAT2"
    if course.rejected(at):
        cause = course.random.choice(CAUSES[FLOW])
        text = MESSAGES[cause].format(material=course.random.choice(MATERIALS), plant=course.site.name)
        failed = course.span(
            "sap-connector", bapi, at, 0.7, processed, kind="client", attributes={"error.type": cause}, error=text, milestone="rejected"
        )
        course.log("sap-connector", f"ERP rejected the order: {text}", at + timedelta(seconds=0.7), failed, error=cause)
        at = course.after(at, 2400, 5400)  # somebody maintains the master data and resubmits
        processed = course.span("sap-connector", "order.resubmit", at, 1.2, processed)
        at += timedelta(seconds=0.2)
    attributes = {"sap.vbeln": order.zfill(14), "sap.auart": "TA", "sap.werks": course.site.name}
    booking = course.span("sap-connector", bapi, at, 0.6, processed, kind="client", attributes=attributes, milestone="booked")
    booked = at + timedelta(seconds=0.6)
    course.log("sap-ecc", f"Sales order {order.zfill(14)} created by RFC_MW", booked, booking)
    return booking, booked


def _credit(course: Course, order: str, booking: str, booked: datetime) -> datetime:
    """Some orders wait until finance clears the customer's credit."""
    if course.random.random() >= 0.03:
        return booked
    blocked = course.after(booked, 1, 20)
    padded = order.zfill(14)
    course.log("sap-ecc", f"Sales order {padded} blocked by credit management", blocked, booking, milestone="credit-blocked")
    released = course.after(blocked, 3000, 18000)
    course.log("sap-ecc", f"Sales order {padded} released by credit management", released, booking, milestone="credit-released")
    return released


def _fulfil(course: Course, order: str, booking: str, ready: datetime) -> None:
    """One or two deliveries, and the invoice after the last of them."""
    deliveries = 2 if course.random.random() < 0.15 else 1
    arrived = [_deliver(course, order, booking, ready, f"8{course.number:011d}{line}") for line in range(1, deliveries + 1)]
    invoice = f"9{course.number:012d}"
    at = course.after(max(arrived), 900, 4500)
    billed = course.span("sap-idoc", "INVOIC send", at, 0.3, booking, kind="producer", keys={"invoice": invoice})
    text = f"INVOIC {invoice} posted for order {order.zfill(14)}"
    course.log("sap-idoc", text, at + timedelta(seconds=0.3), billed, milestone="invoiced")


def _deliver(course: Course, order: str, booking: str, ready: datetime, delivery: str) -> datetime:
    """One delivery, from the warehouse to the customer; return when it arrived."""
    at = course.after(ready, 240, 1500)
    created = course.span("wms", "delivery.create", at, 0.3, booking, kind="consumer", keys={"delivery": delivery})
    data = {"delivery": delivery.zfill(16), "order": order, "warehouse": course.site.name}
    course.event("wms", "wms.delivery.created", at + timedelta(seconds=0.3), created, data, milestone="released")
    at = add_working(course.site, at, course.random.uniform(45, 210) + (900 if course.random.random() < 0.012 else 0))
    if course.random.random() < 0.02:
        reason = course.random.choice(("STOCK_DIFFERENCE", "LOCATION_EMPTY"))
        text = f"Short pick for delivery {delivery}: {reason}"
        course.log("wms", text, at, created, attributes={"wms.reason": reason}, error=reason, milestone="short-picked")
        at = add_working(course.site, at, course.random.uniform(50, 140))
    course.log("wms", f"Pick list PL{delivery[1:]} confirmed", at, created, milestone="picked")
    shipped = course.after(next_truck(course.site, add_working(course.site, at, 20)), 0, 1200)
    loaded = course.span("wms", "delivery.load", shipped, 0.5, created)
    course.event("wms", "wms.delivery.shipped", shipped + timedelta(seconds=0.5), loaded, data, milestone="shipped")
    return _transport(course, loaded, shipped, delivery)


def _transport(course: Course, loaded: str, shipped: datetime, delivery: str) -> datetime:
    shipment = f"SH-{delivery[1:]}"
    asked = course.after(shipped, 60, 300)
    accepted = course.slow("tms", asked, 120, 700)
    day = next_working_day(course.site, local_day(course.site, shipped))
    estimate = at_hour(course.site, day, 12).isoformat().replace("+00:00", "Z")
    attributes = {"carrier.name": course.random.choice(CARRIERS), "shipment.eta": estimate}
    if accepted - asked > timedelta(minutes=20):
        course.span(
            "tms", "shipment.tender", asked, 30, loaded, kind="client", keys={"shipment": shipment},
            attributes={**attributes, "error.type": "CARRIER_TIMEOUT"}, error="The carrier did not answer within 30 s",
            milestone="tender-refused",
        )  # fmt: skip
    tender = course.span(
        "tms", "shipment.tender", accepted, 2, loaded, kind="client", keys={"shipment": shipment}, attributes=attributes,
        milestone="tendered",
    )  # fmt: skip
    late = course.random.random() < 0.02
    arrives = course.after(at_hour(course.site, day, 20 if late else 9), 0, 6 * 3600 if not late else 3600)
    data = {"shipment": shipment, "delivery": delivery, "proof": f"POD-{delivery[1:]}"}
    course.event("tms", "tms.shipment.delivered", arrives, tender, data, milestone="delivered")
    return arrives
