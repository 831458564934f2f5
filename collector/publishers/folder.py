"""A folder: writes the body as a file, whole or not at all, and never over one that is there.

Its name is the identity behind ``prefix`` and before ``suffix``: the same body again is the same file, which is then there already.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from pathlib import Path
from typing import Any

from pydantic import Field

from collector.plugin_settings import RootedPath
from collector.publisher import Publication, PublisherSettings, publisher_settings
from core.errors import Permanent, Retryable
from core.folder import sync_folder

_NAME = r"^[A-Za-z0-9._-]{0,64}$"


class FolderTarget(PublisherSettings):
    """Settings under ``resubmit:``. ``path``: the folder, from the root."""

    path: RootedPath
    prefix: str = Field(default="", pattern=_NAME)
    suffix: str = Field(default="", pattern=_NAME)


class FolderPublisher:
    """Writes one file."""

    name = "folder"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        publisher_settings(FolderTarget, settings)

    def place(self, settings: dict[str, Any]) -> str:
        """Return the folder."""
        return f"folder {publisher_settings(FolderTarget, settings).path}"

    async def publish(self, settings: dict[str, Any], publication: Publication) -> None:
        """Write the file, and return once it is on disk."""
        await asyncio.to_thread(_write, publisher_settings(FolderTarget, settings), publication)


PUBLISHER = FolderPublisher()


def _write(target: FolderTarget, publication: Publication) -> None:
    folder = Path(target.path)
    whole = folder / f"{target.prefix}{publication.identity}{target.suffix}"
    beside = folder / f".{secrets.token_hex(8)}"
    try:
        with beside.open("xb") as file:
            file.write(publication.body)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Retryable(f"{folder} takes no file: {error.strerror}") from error
    try:
        os.link(beside, whole)
    except FileExistsError as error:
        raise Permanent(f"{whole.name} is there already") from error
    except OSError as error:
        raise Retryable(f"{folder} takes no file: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(folder)
