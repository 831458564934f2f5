"""The settings of the receiver of HTTP APIs."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from collector.plugin_settings import known_zone
from collector.polling.http_presets import PRESETS
from collector.receiver_settings import ReceiverSettings
from core.secrets import is_reference
from core.time_text import read_time

PLACEHOLDER = re.compile(r"\{(change|since|since_plain|since_seconds|since_milliseconds)\}")
_SECRET_HEADER = re.compile(r"authorization|cookie|key|token|secret|password", re.IGNORECASE)


class Pages(BaseModel):
    """How an answer leads to the next one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: Literal["none", "link", "header", "cursor", "offset", "number"] = "none"
    at: str = ""
    parameter: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.by in {"link", "cursor"} and not self.at:
            raise ValueError("write under 'at' where the answer has it")
        if self.by in {"cursor", "offset", "number"} and not self.parameter:
            raise ValueError("name the query parameter under 'parameter'")
        return self


class Auth(BaseModel):
    """Who we are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["basic", "oauth2"]
    user: str = ""
    password: str = ""
    token_url: str = ""
    client_id: str = ""
    client_secret: str = ""
    scope: str = ""
    parameters: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {"basic": ("user", "password"), "oauth2": ("token_url", "client_id", "client_secret")}[self.type]
        if missing := [name for name in needed if not getattr(self, name)]:
            raise ValueError(f"{self.type} needs {' and '.join(missing)}")
        if any(value and not is_reference(value) for value in (self.password, self.client_secret)):
            raise ValueError("a password is a secret; write env:NAME or file:PATH")
        return self


class HttpPollSettings(ReceiverSettings):
    """Settings under ``receiver:``.

    ``preset`` gives what its systems have in common: ``odata2``, ``odata4``, ``sap_cloud_integration``, ``salesforce``. ``url`` is the
    address that ``path`` and ``query`` are added to. In values of ``query``, ``{since}`` is the time from which changes are asked for
    (``2026-03-27T14:50:00Z``; ``{since_plain}`` without the Z, ``{since_seconds}`` and ``{since_milliseconds}`` since 1970), and
    ``{change}`` the name of the change time; without any, all is read on every poll. Values of ``query`` and ``headers`` may be references
    to secrets, as an API key has to be.

    ``records``: the path of the list in an answer; empty if the answer is the list, or the source's ``format`` finds the documents. ``key``
    and ``change``: paths in a record; ``change`` is the time of its last change, and so that of the event. ``start``: the time before which
    nothing is asked for. ``time_zone``: of times without one, and of ``{since_plain}``.

    ``pages``: how an answer leads to the next: ``{by: link, at: PATH}`` of an address in it, ``{by: header}`` for a ``Link`` with
    ``rel="next"``, ``{by: cursor, at: PATH, parameter: NAME}``, or, until a page is empty, ``{by: offset, parameter: NAME}`` (records
    from 0) and ``{by: number, parameter: NAME}`` (pages from 1). ``pages_max``: of one poll.

    ``auth``: ``{type: basic, user: …, password: …}``, or ``{type: oauth2, token_url: …, client_id: …, client_secret: …, scope: …}`` for
    client credentials, with ``parameters`` besides; passwords are references to secrets, the others may be.

    ``certificate``: a PEM file with our certificate and its key, as ``file:PATH``. ``ca_file``, ``proxy`` and ``allow_link_local`` are
    those of channels, but a proxy is only what is written here.
    """

    preset: str | None = None
    path: str = Field(default="", pattern=r"^(/[^?#]*)?$")
    query: dict[str, str] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    auth: Auth | None = None
    certificate: str | None = None
    ca_file: str | None = None
    proxy: str | None = None
    allow_link_local: bool = False
    records: str = ""
    pages: Pages = Pages()
    pages_max: int = Field(default=10_000, ge=1)
    key: str | list[str]
    change: str = Field(min_length=1)
    time_zone: str | None = None
    start: str = "1970-01-01T00:00:00Z"
    event_type: str = Field(min_length=1)
    event_source: str | None = None
    poll_seconds: float = Field(default=60.0, ge=0.05, le=86_400)
    overlap_seconds: float = Field(default=300.0, ge=0, le=7 * 86_400)

    @model_validator(mode="before")
    @classmethod
    def _with_preset(cls, written: Any) -> Any:
        if not isinstance(written, dict) or written.get("preset") is None:
            return written
        preset = PRESETS.get(str(written["preset"]))
        if preset is None:
            raise ValueError(f"there is no preset '{written['preset']}'; there are {', '.join(sorted(PRESETS))}")
        merged = {**preset, **written}
        for name in ("query", "headers"):
            if isinstance(written.get(name, {}), dict):
                merged[name] = {**preset.get(name, {}), **written.get(name, {})}
        return merged

    @property
    def keys(self) -> list[str]:
        """The paths of the key, in order."""
        return [self.key] if isinstance(self.key, str) else self.key

    @property
    def starts(self) -> datetime:
        """The time before which nothing is asked for."""
        return read_time(self.start)

    @property
    def incremental(self) -> bool:
        """Whether an answer has only what changed since a time."""
        return any("{since" in value for value in self.query.values())

    @field_validator("key")
    @classmethod
    def _some_key(cls, key: str | list[str]) -> str | list[str]:
        if not key or (isinstance(key, list) and "" in key):
            raise ValueError("name at least one path of a key")
        return key

    @field_validator("headers")
    @classmethod
    def _no_secret(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if _SECRET_HEADER.search(name) and not is_reference(value):
                raise ValueError(f"the header '{name}' is a secret; write env:NAME or file:PATH")
        return headers

    @field_validator("certificate")
    @classmethod
    def _a_file(cls, certificate: str | None) -> str | None:
        if certificate is not None and not (is_reference(certificate) and certificate.startswith("file:")):
            raise ValueError("write file:PATH of a PEM file with the certificate and its key")
        return certificate

    @field_validator("proxy")
    @classmethod
    def _no_password(cls, proxy: str | None) -> str | None:
        if proxy is not None and not is_reference(proxy) and ("@" in proxy or not proxy.startswith(("http://", "https://"))):
            raise ValueError("write http://host:port, or env:NAME if the address has a password")
        return proxy

    @field_validator("start")
    @classmethod
    def _a_moment(cls, start: str) -> str:
        try:
            zoned = read_time(start).tzinfo is not None
        except (ValueError, OverflowError):
            zoned = False
        if not zoned:
            raise ValueError("write a time with its zone, such as 2026-11-01T00:00:00Z, in quotes")
        return start

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        return known_zone(name)
