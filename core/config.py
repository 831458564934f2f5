"""Settings of every process, from a file, environment variables ``ANDON_…`` and flags; each overrides the one before."""

from __future__ import annotations

import ipaddress
import json
import os
import secrets
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator

from core.errors import UsageError
from core.folder import sync_folder
from core.http.names import split
from core.secrets import is_reference


class Settings(BaseModel):
    """Everything that can be configured. Sizes are in bytes, times in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data: Path = Field(default=Path(".andon"), description="folder of the journal, the store and the secrets")
    catalog: Path = Field(default=Path("catalog"), description="folder of the catalog")
    store: str = Field(default="embedded", description="'embedded' or clickhouse://user@host:port/database")
    store_password: SecretStr = Field(default=SecretStr(""), description="password of the ClickHouse server's user")
    host: str = Field(default="127.0.0.1", description="address the collector listens on; anything but loopback requires TLS and tokens")
    inner_host: str = Field(
        default="127.0.0.1",
        description="address the engine and the dashboard listen on, without TLS or login; keep it on loopback and put a proxy in front",
    )
    otlp_grpc_port: int = Field(default=4317, ge=0, le=65535, description="OTLP over gRPC")
    http_port: int = Field(default=4318, ge=0, le=65535, description="OTLP over HTTP, CloudEvents and webhooks")
    engine_port: int = Field(default=8123, ge=0, le=65535, description="the engine's API and read endpoint")
    dashboard_port: int = Field(default=8501, ge=0, le=65535, description="the dashboard")
    dashboard_metrics_port: int = Field(default=8502, ge=0, le=65535, description="metrics of the dashboard process")
    allowed_hosts: str = Field(
        default="",
        description="further host names that the ports answer to, separated by commas, besides those of the addresses and the certificate;"
        " '*.example.com' matches one label",
    )
    image_hosts: str = Field(
        default="",
        description="further hosts from which runbooks may show images, separated by commas; with a port unless it is the default one;"
        " '*.example.com' matches any subdomain",
    )
    metrics_token: str = Field(
        default="",
        description="secret (env:NAME or file:PATH) that scrapers of /metrics send as a bearer token; none: /metrics answers only on loopback",
    )
    tls_certificate: Path | None = Field(default=None, description="PEM file of the collector's certificate chain")
    tls_key: Path | None = Field(default=None, description="PEM file of the collector's private key")
    insecure: bool = Field(default=False, description="allow addresses other than loopback without TLS, tokens and login")
    collector: str = Field(default="local", pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", description="name of this collector, unique in a journal")
    journal_max_bytes: int = Field(
        default=8 << 30,
        ge=1 << 20,
        description="size limit of the journal, all lanes together; while it is full, senders get 503",
    )
    disk_reserve_bytes: int | None = Field(
        default=None,
        ge=0,
        description="free disk space that ingest leaves for the store and the alerts; below it senders get 503;"
        " none: 512 MiB or 2 % of the file system, whichever is larger, but at most a quarter of it; never less than 8 MiB",
    )
    segment_max_bytes: int = Field(
        default=64 << 20, ge=64 << 10, description="size at which a journal segment is closed and a new one started"
    )
    journal_keep_seconds: int = Field(default=86_400, ge=0, description="how long a loaded segment is kept for rebuilding the store")
    scrub_seconds: int = Field(
        default=86_400, ge=0, description="how often every part of the store is checked against its checksums; 0: never"
    )
    retention_days: dict[str, int] = Field(
        default={"spans": 30, "logs": 30, "metrics": 14, "events": 400, "quarantine": 90},
        description="retention in the store by kind of signal, in days",
    )
    public_url: str = Field(default="", description="URL of the dashboard in messages; empty: http://<inner host>:<dashboard port>")
    clock_speed: float = Field(default=1.0, gt=0, description="simulated time only: how much faster than real time the clock runs")
    clock_anchor: float = Field(
        default=0.0, description="simulated time only: the real time (Unix seconds) at which both clocks agree; 0: at start"
    )

    @field_validator("allowed_hosts", "image_hosts")
    @classmethod
    def _are_names(cls, value: str, of: ValidationInfo) -> str:
        port_too = of.field_name == "image_hosts"
        for name in _listed(value):
            found = split(name.removeprefix("*."))
            if found is None or (found[1] is not None and not port_too):
                without = "scheme" if port_too else "scheme and port"
                raise ValueError(f"'{name}' is not a host name; write names or addresses without {without}: andon.example.com, 10.0.0.7")
        return value

    @field_validator("metrics_token")
    @classmethod
    def _is_a_reference(cls, value: str) -> str:
        if value and not is_reference(value):
            raise ValueError("write env:NAME or file:PATH, never the secret itself")
        return value

    @property
    def images_from(self) -> list[str]:
        """The hosts in ``image_hosts``."""
        return _listed(self.image_hosts.lower())

    @property
    def journal(self) -> Path:
        """The folder of the journal."""
        return self.data / "journal"

    @property
    def store_folder(self) -> Path:
        """The folder of the embedded store, always spelled the same way: the engine takes another spelling for another store."""
        return (self.data / "store").resolve()

    @property
    def dashboard_url(self) -> str:
        """The address at which people reach the dashboard, without a slash at the end."""
        return self.public_url.rstrip("/") or f"http://{reachable(self.inner_host)}:{self.dashboard_port}"

    @property
    def engine_url(self) -> str:
        """The address of the engine on this machine."""
        return f"http://{reachable(self.inner_host)}:{self.engine_port}"


def _listed(names: str) -> list[str]:
    return [name for name in names.replace(" ", "").split(",") if name]


def reachable(host: str) -> str:
    """Return a listening address as it is written in a URL on this machine: loopback for "every address", IPv6 in brackets."""
    try:
        address = ipaddress.ip_address(host or "0.0.0.0")  # noqa: S104 - an empty host means every address
    except ValueError:
        return host
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"
    return str(address) if address.version == 4 else f"[{address}]"


def as_environment(settings: Settings) -> dict[str, str]:
    """Return every setting that has a value as ``ANDON_…``, for a child whose own environment must not override it.

    :func:`load_settings` turns them into the same settings. The child may run in another folder, so paths are absolute.
    """
    found = {}
    for name in Settings.model_fields:
        value = getattr(settings, name)
        match value:
            case None:
                continue
            case SecretStr():
                value = value.get_secret_value()
            case Path():
                value = value.absolute()
            case dict():
                value = json.dumps(value)
        found[f"ANDON_{name.upper()}"] = str(value)
    return found


def _from_json(name: str, text: str) -> Any:
    """Return the value of a setting with parts from its environment variable. Raises :class:`UsageError`."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise UsageError(f'{name}: {error}; write JSON like {{"spans": 30}}') from error


def load_settings(file: Path | None = None, defaults: Mapping[str, Any] | None = None, **flags: Any) -> Settings:
    """Merge ``defaults``, the config file (TOML), the environment (JSON for a setting with parts) and the flags that are not None.

    Raises :class:`UsageError` with one line that names the setting and where it came from.
    """
    merged: dict[str, Any] = dict(defaults or {})
    origin: dict[str, str] = {}
    if file is not None:
        try:
            merged.update(tomllib.loads(file.read_text(encoding="utf-8")))
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error
            raise UsageError(f"{file}: {why}; give a readable TOML file to --config") from error
        origin.update(dict.fromkeys(merged, str(file)))
    for name, field in Settings.model_fields.items():
        if (value := os.environ.get(f"ANDON_{name.upper()}")) is not None:
            origin[name] = f"ANDON_{name.upper()}"
            merged[name] = _from_json(origin[name], value) if isinstance(field.default, dict) else value
        if flags.get(name) is not None:
            merged[name], origin[name] = flags[name], "--" + name.replace("_", "-")
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        raise UsageError(f"{origin.get(name, name)}: {first['msg'].lower()} (setting '{name}')") from error


def make_folder(folder: Path) -> Path:
    """Return one of our folders, created if it is missing; it and all missing parents are accessible to their owner only.

    Raises :class:`UsageError` if it cannot be created.
    """
    try:
        for part in (*reversed(folder.parents), folder):  # ``parents=True`` would leave missing parents accessible to others
            if not part.exists() or part == folder:
                part.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise UsageError(f"the folder {folder} cannot be created: {error.strerror}; choose another with --data") from error
    return folder


def own_secret(data: Path, name: str) -> str:
    """Return the secret ``<data>/secrets/<name>``, created on first use (256 random bits, readable only by its owner).

    Raises :class:`UsageError` if the data folder cannot hold it, or holds an empty one.
    """
    folder = make_folder(data / "secrets")
    path = folder / name
    try:
        if not path.exists():
            _make_secret(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}; make room there, or choose another folder with --data") from error
    secret = path.read_text(encoding="ascii").strip()
    if not secret:  # whoever sends nothing would know it
        raise UsageError(f"{path} is empty; remove it, and a new secret is made at the next start")
    return secret


def _make_secret(path: Path) -> None:
    """Let a secret appear under its name, whole and for good: nobody reads half of it, and a crash of the machine leaves it as it is."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="ascii") as file:
        file.write(secrets.token_urlsafe(32))
        file.flush()
        os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first
            os.link(file.name, path)
    for folder in (path.parent, path.parent.parent):
        sync_folder(folder)
