"""A small catalog whose SQL is pinned in ``tests/golden``."""

from __future__ import annotations

import os
from pathlib import Path

from core.catalog.flow import Flow

GOLDEN = Path(__file__).parents[1] / "golden"

SMALL = Flow.model_validate(
    {
        "flow": "small",
        "title": "Small",
        "owner": "team",
        "keys": {"order": {"strip_leading": "0"}},
        "facts": {"amount": {}},
        "milestones": {
            "booked": {
                "system": "ERP",
                "match": {"span": ["BOOK", "book.*"], "service": "erp", "status": "ok", "attributes": {"tenant": "a*", "test": False}},
                "keys": {"order": "attributes.order.id"},
                "facts": {"amount": "resource.amount"},
            },
            "posted": {"system": "ERP", "match": {"log": r"^INVOIC \d+", "service": "idoc"}, "keys": {"order": r"extract(body, '(\d+)')"}},
            "sent": {"system": "TMS", "match": {"event": "tms.sent", "where": "data.kind = 'x'"}, "keys": {"order": "data.order.id"}},
        },
        "ends": ["sent"],
    }
)


def check_golden(name: str, sql: str) -> None:
    """Compare with a file of ``golden``; ``UPDATE_GOLDEN=1`` writes it."""
    file = GOLDEN / f"{name}.sql"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(sql + "\n", encoding="utf-8")
    assert file.read_text(encoding="utf-8") == sql + "\n"
