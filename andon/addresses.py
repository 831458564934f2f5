"""Where the processes of a data folder listen, noted there when they start, so that commands find them on whatever ports they are.

``andon up`` notes all of them before it starts any: whoever asks meanwhile must not be sent to somebody else at the usual ports.
"""

from __future__ import annotations

import json
import os
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
    noted = {name: str(value.absolute()) if isinstance(value, Path) else value for name, value in found.items() if value}
    text = json.dumps({**noted, "process": os.getpid()})
    with suppress(OSError):
        file = make_folder(settings.data / "addresses") / f"{kind}.json"
        new = file.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.replace(file)


def noted_addresses(data: Path) -> dict[str, Any]:
    """Return the settings that the processes of a data folder noted when they last started; what cannot be read is left out."""
    return {name: value for kind, names in NOTED.items() for name, value in _noted(data, kind).items() if name in names}


def noted_process(data: Path, kind: str) -> int | None:
    """Return the number of the process of this kind that noted last where it listens, or is about to."""
    return _noted(data, kind).get("process")


def _noted(data: Path, kind: str) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        noted: dict[str, Any] = json.loads((data / "addresses" / f"{kind}.json").read_text(encoding="utf-8"))
        return noted
    return {}
