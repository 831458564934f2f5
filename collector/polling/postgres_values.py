"""Values of PostgreSQL that Python cannot hold are the text that they are: ``infinity``, the year 12026, a document without end.

One of them would else keep all rows behind it from being read.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format
from psycopg.types.json import set_json_loads

from collector.polling.row_json import json_document

_TIMES = ("date", "time", "timetz", "timestamp", "timestamptz", "interval")


class _Time(Loader):
    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        exact = psycopg.adapters.get_loader(oid, Format.TEXT)
        assert exact is not None  # noqa: S101 - the driver knows all of these
        self._exact = exact(oid, context).load

    def load(self, data: Buffer) -> Any:
        try:
            return self._exact(data)
        except (psycopg.DataError, ValueError, OverflowError):
            return bytes(data).decode("utf-8", "replace")


def hold_every_value(connection: psycopg.Connection[Any]) -> None:
    """Let a connection read every value of a row."""
    set_json_loads(json_document, connection)
    for name in _TIMES:
        connection.adapters.register_loader(name, _Time)
