"""Which key is a transaction, and how the others lead to it."""

from __future__ import annotations

from andon.discovery.graph import families

ORDER, DELIVERY, SHIPMENT, INVOICE, OTHER = range(5)


def test_the_root_is_what_the_others_belong_to() -> None:
    """Deliveries and shipments are of one order each, invoices of several; another key stands alone."""
    relations = {
        (ORDER, DELIVERY): (100, 80), (DELIVERY, ORDER): (120, 120),
        (DELIVERY, SHIPMENT): (120, 120), (SHIPMENT, DELIVERY): (120, 120),
        (ORDER, INVOICE): (100, 100), (INVOICE, ORDER): (50, 10),
        (OTHER, ORDER): (2, 2), (ORDER, OTHER): (2, 2),
    }  # fmt: skip
    first, second = families({DELIVERY: 5, ORDER: 5, SHIPMENT: 2, INVOICE: 2, OTHER: 2}, relations)
    assert first.root == ORDER
    assert dict(first.parents) == {DELIVERY: ORDER, SHIPMENT: DELIVERY, INVOICE: ORDER}
    assert first.relations == {ORDER: "one", DELIVERY: "many", SHIPMENT: "many", INVOICE: "many-to-many"}
    assert (second.root, second.parents) == (OTHER, ())
