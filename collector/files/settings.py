"""Settings that all receivers of files share."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from collector.message import EventSettings


class FileSettings(EventSettings):
    """Which files are read, when, and what becomes of them."""

    places: ClassVar[tuple[str, ...]] = ("path", "name", "folder")
    path: str = Field(min_length=1)
    glob: str = Field(default="*", min_length=1)
    recursive: bool = False
    still_seconds: float = Field(default=10.0, ge=0, le=86_400)
    marker: str = Field(default="", pattern=r"^(\.[^/]+)?$")
    after: Literal["keep", "move", "delete"] = "keep"
    move_to: str = ""
    poll_seconds: float = Field(default=10.0, ge=0.05, le=86_400)

    @field_validator("move_to")
    @classmethod
    def _below(cls, folder: str) -> str:
        parts = folder.split("/")
        if folder and ({"", ".", ".."} & set(parts)):
            raise ValueError("write a folder below 'path', such as done")
        return folder

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if (self.after == "move") != bool(self.move_to):
            raise ValueError("'after: move' and 'move_to' belong together; write both or neither")
        return self

    @property
    def folder(self) -> str:
        """Return the last part of the path."""
        return self.path.rstrip("/").rpartition("/")[2] or self.path

    def wants(self, path: str) -> bool:
        """Return whether a file is to be read, by its path below the folder."""
        *folders, name = path.split("/")
        hidden = any(part.startswith(".") for part in (*folders, name))
        done = self.move_to and path.startswith(f"{self.move_to}/")
        marker = self.marker and name.endswith(self.marker)
        return not (hidden or done or marker) and fnmatchcase(name, self.glob)
