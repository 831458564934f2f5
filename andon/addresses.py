"""Where the processes of a data folder listen, noted there when they start, so that commands find them on whatever ports they are."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.config import Settings, make_folder

NOTED = {
    "collector": ("host", "otlp_grpc_port", "http_port", "tls_certificate"),
    "engine": ("inner_host", "engine_port"),
    "dashboard": ("inner_host", "dashboard_port"),
}
"""The settings that each kind of process notes."""


def note_addresses(settings: Settings, kind: str) -> None:
    """Note where a process listens, in a data folder that is there. A disk that takes nothing does not keep it from starting."""
    if not settings.data.exists():
        return  # of a dashboard beside a ClickHouse server
    found = {name: getattr(settings, name) for name in NOTED[kind]}
    text = json.dumps({name: str(value.absolute()) if isinstance(value, Path) else value for name, value in found.items() if value})
    with suppress(OSError):
        file = make_folder(settings.data / "addresses") / f"{kind}.json"
        new = file.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.replace(file)


def noted_addresses(data: Path) -> dict[str, Any]:
    """Return the settings that the processes of a data folder noted when they last started; what cannot be read is left out."""
    found: dict[str, Any] = {}
    for kind, names in NOTED.items():
        with suppress(OSError, ValueError):
            noted = json.loads((data / "addresses" / f"{kind}.json").read_text(encoding="utf-8"))
            found |= {name: value for name, value in noted.items() if name in names}
    return found
