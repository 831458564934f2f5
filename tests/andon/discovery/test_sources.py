"""Sources that are configured, and those that could be."""

from __future__ import annotations

from andon.discovery.sources import find_sources, shown_origin
from tests.andon.discovery.fields import sort


def test_services_are_sources_and_configured_ones_stay_what_they_are() -> None:
    found = find_sources(
        [
            sort(1, kind="span", service="sap-ecc", origins=("",)),
            sort(2, kind="log", service="sap-ecc", origins=("",), seen=5),
            sort(3, kind="span", service="wms", sources=("warehouse",), origins=("",), seen=3),
            sort(4, origins=("/andon",), seen=1),
        ],
        "default",
    )
    assert [(each.name, each.services, each.seen, each.configured) for each in found] == [
        ("sap-ecc", ("sap-ecc",), 15, False),
        ("warehouse", ("wms",), 3, True),
        ("andon-2", (), 1, False),
    ]


def test_an_origin_is_shown_without_what_an_address_hides() -> None:
    assert shown_origin("https://user:secret@example.com/a?key=secret#x") == "https://example.com/a"
    assert shown_origin("amqp://user:hunt@er/2@example.com/a") == "amqp://example.com/a"
