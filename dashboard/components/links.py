"""Links inside the dashboard. They are relative, so they work behind any host and path prefix."""

from __future__ import annotations

from urllib.parse import urlencode


def to(page: str, **parameters: str) -> str:
    """Return the address of a page with the parameters that are not empty."""
    given = {name: value for name, value in parameters.items() if value}
    return f"{page}?{urlencode(given)}" if given else page


def transaction(transaction_id: str) -> str:
    """Return the address of one transaction."""
    return to("transactions", id=transaction_id)


def incident(incident_id: str) -> str:
    """Return the address of one incident."""
    return to("incidents", id=incident_id)
