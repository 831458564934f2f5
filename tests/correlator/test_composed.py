"""Which keys a signal need not hold as they are compared."""

from __future__ import annotations

import pytest

from core.catalog.catalog import Catalog
from core.catalog.flow import Flow, Place
from core.catalog.reading import Reading
from correlator.composed import composed_keys


@pytest.mark.parametrize(
    ("match", "place", "composed"),
    [
        ("event", "data.order", False),
        ("event", "data.items[].order", False),
        ("event", "subject", False),
        ("event", "extensions.order", False),
        ("event", Reading(path="data.text", pattern="PO-([0-9]+)"), False),
        ("event", Reading(path=("data.plant", "data.order")), True),
        ("event", "concat('PO-', data)", True),
        ("log", r"extract(body, 'order (\w+)')", False),
        ("log", "extract(attributes.text, 'it''s ([0-9]+)')", False),
        ("span", "extract(span_id, '^[0-9a-f]+')", True),
        ("log", "extract(body, '[0-9]+') || '-1'", True),
        ("log", "extract(concat(body, service), '[0-9]+')", True),
        ("event", "trace_id", True),
        ("event", "source", True),
        ("span", "attributes.order", False),
        ("span", "attributes.orders[]", False),
        ("span", "span_id", True),
        ("log", "body.order.id", False),
        ("log", Reading(path="body", pattern="PO-([0-9]+)"), False),
    ],
)
def test_a_key_is_composed_where_it_is_joined_computed_or_made_here(match: str, place: Place, composed: bool) -> None:
    named = {"match": {match: "x"}, "system": "ERP"}
    flow = Flow.model_validate(
        {
            "flow": "orders",
            "title": "Orders",
            "owner": "desk",
            "keys": {"order": {}, "other": {}},
            "milestones": {
                "captured": {**named, "keys": {"order": place}},
                "shipped": {"system": "WMS", "match": {"event": "y"}, "keys": {"order": "data.order", "other": "data.other"}},
            },
            "ends": ["shipped"],
        }
    )
    assert composed_keys(Catalog(flows={"orders": flow})) == ({("orders", "order")} if composed else frozenset())
