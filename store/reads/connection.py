"""How readers reach the store."""

from __future__ import annotations

from typing import Any

import clickhouse_connect

CLIENT_NAME = "andon"
"""How Andon's own pages and commands call themselves, so that the queries of others do not keep them waiting."""


def connect(url: str, user: str, password: str) -> Any:
    """Return a client of the read endpoint."""
    return clickhouse_connect.get_client(dsn=url, username=user, password=password, autogenerate_session_id=False, client_name=CLIENT_NAME)
