"""The settings of the receiver of SQL tables."""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, field_validator, model_validator

from collector.plugin_settings import known_zone
from collector.polling.event_time import EventTime
from collector.polling.outbox import Outbox, OutboxEvents
from collector.receiver_settings import ReceiverSettings

_SORTING = re.compile(r"YYYY[-./]?MM[-./]?DD(?:[ T]?hh:?mm(?::?ss)?)?")


class SqlTableSettings(ReceiverSettings):
    """Settings under ``receiver:``.

    Exactly one of ``table`` (``schema.name``) and ``query``; ``time_zone`` is that of times without a zone. ``time``: the column that says
    when a row happened, or ``{columns: [ERDAT, ERZET], format: YYYYMMDDhhmmss}``; by default the change column, if it is a time.
    ``change_format``: how a change column of text says a time or a date, the largest part first: ``YYYYMMDD``, ``YYYY-MM-DD hh:mm:ss``.

    ``outbox``: the table holds messages, and each row becomes what its message says, as one of a broker would: ``{payload: COLUMN, type:
    COLUMN, subject: COLUMN, headers: COLUMN}``. They are read in the order of the change column, a sequence; a number that is missing is
    waited for (``gap_seconds``).
    """

    table: str | None = None
    query: str | None = None
    key: str | list[str]
    change: str = Field(min_length=1)
    change_format: str | None = None
    columns: list[str] = Field(default_factory=list)
    time: EventTime | None = None
    outbox: Outbox | None = None
    event_type: str = "{table}.changed"
    event_source: str = "/tables/{table}"
    time_zone: str | None = None
    poll_seconds: float = Field(default=10.0, ge=0.05, le=86_400)
    overlap_seconds: float = Field(default=300.0, ge=0, le=7 * 86_400)
    overlap_ids: int = Field(default=1_000, ge=0)
    page_rows: int = Field(default=2_000, ge=1, le=20_000)

    @property
    def keys(self) -> list[str]:
        """The key columns, in order."""
        return [self.key] if isinstance(self.key, str) else self.key

    @property
    def named(self) -> list[str]:
        """The columns that are always read, each once."""
        more = [*(self.time.columns if self.time else ()), *(self.outbox.columns if self.outbox else ())]
        return list(dict.fromkeys([*self.keys, self.change, *more]))

    @property
    def message_events(self) -> OutboxEvents:
        """What becomes of an outbox's messages: the settings that are given, else those of messages."""
        given = {name: getattr(self, name) for name in ("event_type", "event_source") if name in self.model_fields_set}
        return OutboxEvents.model_validate({"type": self.type, "event_source": "/tables/{table}", **given})

    @property
    def label(self) -> str:
        """The value of ``{table}``."""
        return self.table or "query"

    @field_validator("key")
    @classmethod
    def _some_key(cls, key: str | list[str]) -> str | list[str]:
        if not key or (isinstance(key, list) and "" in key):
            raise ValueError("name at least one key column")
        return key

    @field_validator("time", mode="before")
    @classmethod
    def _column_alone(cls, written: object) -> object:
        return {"columns": written} if isinstance(written, str) else written

    @field_validator("change_format")
    @classmethod
    def _sorts(cls, written: str | None) -> str | None:
        if written is not None and not _SORTING.fullmatch(written):
            raise ValueError("texts in it must sort as the times that they are; write one such as YYYYMMDD or 'YYYY-MM-DD hh:mm:ss'")
        return written

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        return known_zone(name)

    @field_validator("outbox", mode="before")
    @classmethod
    def _usual_columns(cls, written: object) -> object:
        return {} if written is True else written

    @model_validator(mode="after")
    def _known_places(self) -> Self:
        if self.outbox is not None:
            _ = self.message_events
        return self

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("write either 'table' or 'query'")
        return self
