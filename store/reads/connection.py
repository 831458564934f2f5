"""How readers reach the store."""

from __future__ import annotations

from typing import Any

import clickhouse_connect


def connect(url: str, user: str, password: str) -> Any:
    """Return a client of the read endpoint."""
    return clickhouse_connect.get_client(dsn=url, username=user, password=password, autogenerate_session_id=False)
