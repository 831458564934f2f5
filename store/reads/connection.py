"""How readers reach the store."""

from __future__ import annotations

import logging
from typing import Any

import clickhouse_connect

# The library logs every failure that it also raises; without a handler of its own that would be a stray line on a command's terminal.
logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())

CLIENT_NAME = "andon"
"""How Andon's own pages and commands call themselves, so that the queries of others do not keep them waiting."""


def connect(url: str, user: str, password: str) -> Any:
    """Return a client of the read endpoint."""
    return clickhouse_connect.get_client(
        dsn=url, username=user, password=password, autogenerate_session_id=False, client_name=CLIENT_NAME
    )
