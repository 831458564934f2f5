"""The settings of the receiver of PostgreSQL's changes."""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from collector.plugin_settings import known_zone
from collector.receiver_settings import ReceiverSettings

_PLACE = re.compile(r"\{(schema|table|operation)\}")


class CdcSettings(ReceiverSettings):
    """Settings under ``receiver:``.

    ``publication``: made by the owner of the tables (``CREATE PUBLICATION andon FOR TABLE …``); ``slot``: of our own, made when it is first
    read. ``event_type`` and ``event_source`` may have ``{schema}``, ``{table}`` and ``{operation}``: ``inserted``, ``updated``, ``deleted``
    or ``truncated``. ``time_zone`` is that of times without a zone. ``warn_held_bytes``: of the log that the database keeps for us.
    """

    publication: str = Field(min_length=1)
    slot: str = Field(default="andon", pattern=r"^[a-z0-9_]{1,63}$")
    event_type: str = Field(default="{table}.{operation}", min_length=1)
    event_source: str = Field(default="/tables/{schema}.{table}", min_length=1)
    time_zone: str | None = None
    poll_seconds: float = Field(default=10.0, ge=0.05, le=86_400)
    warn_held_bytes: int = Field(default=1 << 30, ge=1)

    @field_validator("event_type", "event_source")
    @classmethod
    def _known_places(cls, text: str) -> str:
        if set("{}") & set(_PLACE.sub("", text)):
            raise ValueError("write text with {schema}, {table} or {operation}")
        return text

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        return known_zone(name)

    def filled(self, template: str, schema: str, table: str, operation: str) -> str:
        """Return a template with what a change is about."""
        words = {"schema": schema, "table": table, "operation": operation}
        return _PLACE.sub(lambda found: words[found[1]], template)
