"""Runs a small company in Tryton, a free ERP, through its own client library, and prints what Tryton says became of each order.

It runs in Tryton's own environment: ``python trade.py CONFIGURATION DATABASE ORDERS``. The last line of its output is a JSON object, as
:func:`sales_told` and :func:`purchases_told` describe. Nothing in here knows of Andon.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from proteus import Model, config

PRICE, COST = Decimal(120), Decimal(70)


def found_company() -> Any:
    """Set up a company with a chart of accounts, a fiscal year and one product; return the product."""
    from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, get_accounts
    from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences
    from trytond.modules.company.tests.tools import create_company, get_company
    from trytond.modules.currency.tests.tools import get_currency

    create_company(currency=get_currency("EUR"))
    company = get_company()
    set_fiscalyear_invoice_sequences(create_fiscalyear(company)).click("create_period")
    create_chart(company)
    accounts = get_accounts(company)
    goods = Model.get("product.category")(name="Goods", accounting=True)
    goods.account_expense, goods.account_revenue = accounts["expense"], accounts["revenue"]
    goods.save()
    (unit,) = Model.get("product.uom").find([("name", "=", "Unit")])
    pump = Model.get("product.template")(name="Pump", default_uom=unit, type="goods", salable=True, purchasable=True, list_price=PRICE)
    pump.account_category = goods
    pump.products[0].cost_price = COST
    pump.save()
    return pump.products[0]


def party(name: str, **fields: Any) -> Any:
    made = Model.get("party.party")(name=name, **fields)
    made.save()
    return made


def buy(supplier: Any, product: Any, quantity: int, received: int) -> Any:
    """Order from a supplier, receive a part or all of it, and post the supplier's invoice for what came."""
    purchase = Model.get("purchase.purchase")(party=supplier, invoice_method="fulfillment")
    line = purchase.lines.new()
    line.product, line.quantity, line.unit_price = product, quantity, COST
    purchase.save()
    purchase.click("quote")
    purchase.click("confirm")
    if received:
        shipment = Model.get("stock.shipment.in")(supplier=supplier)
        for expected in purchase.moves:
            move = type(expected)(expected.id)  # one that no list holds yet
            move.quantity = received
            shipment.incoming_moves.append(move)
        shipment.save()
        shipment.click("receive")
        shipment.click("do")
        purchase.reload()
        post(purchase.invoices)
    return purchase


def sell(customer: Any, product: Any, quantities: Iterable[int]) -> list[Any]:
    """Take an order of each quantity, and offer it."""
    sales = []
    for quantity in quantities:
        sale = Model.get("sale.sale")(party=customer, invoice_method="fulfillment")
        line = sale.lines.new()
        line.product, line.quantity = product, quantity
        sale.save()
        sales.append(sale)
    step(sales, "quote")
    return sales


def deliver(sales: list[Any], quantity: int | None = None) -> None:
    """Ship what is prepared for orders, or ``quantity`` of each: the rest then waits in a delivery of its own."""
    shipments = [each for sale in sales for each in sale.shipments if each.state in {"waiting", "draft"}]
    for shipment in shipments if quantity is not None else ():
        for move in shipment.inventory_moves:
            move.quantity = quantity
        shipment.save()
    for name in ("assign_try", "pick", "pack", "do"):
        step(shipments, name)
    for sale in sales:
        sale.reload()


def step(records: list[Any], name: str) -> None:
    """Press a button for many records at once, as in a list of them."""
    if records:
        type(records[0]).click(records, name)


def post(invoices: Iterable[Any]) -> None:
    from datetime import UTC, datetime

    drafts = [invoice for invoice in invoices if invoice.state == "draft"]
    for invoice in drafts:
        if invoice.type == "in":
            invoice.invoice_date = datetime.now(UTC).date()
            invoice.reference = f"S-{invoice.id}"
            invoice.save()
    step(drafts, "post")


def invoices_of(sales: list[Any]) -> list[Any]:
    """Return the invoices of orders, each once though it may bill several."""
    return list({invoice.id: invoice for sale in sales for invoice in sale.invoices}.values())


def trade(product: Any, orders: int) -> None:
    """Run about ``orders`` sales of every kind that trade brings, and a tenth as many purchases."""
    supplier = party("Castings Ltd")
    for number in range(max(3, orders // 10)):
        buy(supplier, product, 1000, (1000, 400, 0)[number % 3])
    tenth = [5 + number % 7 for number in range(max(1, orders // 10))]
    customer = party("Waterworks")

    step(sell(customer, product, tenth), "cancel")  # quotations that the customer declines

    step(sell(customer, product, tenth), "confirm")  # nothing shipped yet

    partly = sell(customer, product, tenth)  # a part is shipped and invoiced, the rest waits
    step(partly, "confirm")
    deliver(partly, 2)
    post(invoices_of(partly))

    twice = sell(customer, product, tenth)  # in two deliveries with two invoices
    step(twice, "confirm")
    deliver(twice, 3)
    post(invoices_of(twice))
    deliver(twice)
    post(invoices_of(twice))

    together = sell(party("Brewery", sale_invoice_grouping_method="standard"), product, tenth * 2)  # one invoice for many orders
    step(together, "confirm")
    deliver(together)
    post(invoices_of(together))

    whole = sell(customer, product, tenth * 4)
    step(whole, "confirm")
    deliver(whole)
    post(invoices_of(whole))


def _moved(moves: Iterable[Any]) -> float:
    return sum(move.quantity for move in moves if move.state == "done")


def _billed(order: Any) -> Decimal:
    """Return what posted invoices charge for one order; an invoice may charge for others as well."""
    lines = {line.id for line in order.lines}
    kind = type(order.lines[0])
    return sum(
        (
            invoiced.amount
            for invoice in order.invoices
            if invoice.state in {"posted", "paid"}
            for invoiced in invoice.lines
            if isinstance(invoiced.origin, kind) and invoiced.origin.id in lines
        ),
        Decimal(0),
    )


def sales_told() -> dict[str, dict[str, Any]]:
    """Return each sale by its number: state, amount, quantity, moved, invoiced, and the numbers of its deliveries and invoices."""
    return {
        sale.number: {
            "state": sale.state,
            "amount": str(sale.total_amount),
            "quantity": sum(line.quantity for line in sale.lines),
            "moved": _moved(move for line in sale.lines for move in line.moves),
            "invoiced": str(_billed(sale)),
            "deliveries": sorted(each.number for each in sale.shipments if each.state == "done"),
            "invoices": sorted(each.number for each in sale.invoices if each.state in {"posted", "paid"}),
        }
        for sale in Model.get("sale.sale").find([])
    }


def purchases_told() -> dict[str, dict[str, Any]]:
    """Return each purchase by its number, as :func:`sales_told` does; ``moved`` is what was received."""
    return {
        purchase.number: {
            "state": purchase.state,
            "amount": str(purchase.total_amount),
            "quantity": sum(line.quantity for line in purchase.lines),
            "moved": _moved(move for line in purchase.lines for move in line.moves),
            "invoiced": str(_billed(purchase)),
            "deliveries": sorted(each.number for each in purchase.shipments if each.state == "done"),
            "invoices": sorted(each.number for each in purchase.invoices if each.state in {"posted", "paid"}),
        }
        for purchase in Model.get("purchase.purchase").find([])
    }


if __name__ == "__main__":
    configuration, database, orders = sys.argv[1:]
    config.set_trytond(database, config_file=configuration)
    trade(found_company(), int(orders))
    sys.stdout.write(json.dumps({"sales": sales_told(), "purchases": purchases_told()}) + "\n")
