"""The contract of a publisher: it puts one message back where a system takes it, because somebody asked for it.

One file in ``publishers/`` that exports ``PUBLISHER``. It owns nothing between two calls. Who asked, why, and whether it may be done at all
is decided before (``andon/resubmission/``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

from pydantic import Field

from collector.plugin_settings import PluginSettings, parsed


@dataclass(frozen=True, slots=True)
class Publication:
    """A message to publish. ``identity`` is the same however often the same body is published: what takes it can tell a repeat by it."""

    body: bytes
    identity: str
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class PublisherSettings(PluginSettings):
    """What the settings of all publishers share.

    ``approval: two``: a second person has to ask for the same. ``per_minute``: how many are published at most.
    """

    approval: Literal["one", "two"] = "one"
    per_minute: int = Field(default=10, ge=1, le=600)


@runtime_checkable
class Publisher(Protocol):
    """Publishes to one kind of system."""

    name: str

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        ...

    def place(self, settings: dict[str, Any]) -> str:
        """Return where it publishes, for people; without any I/O and without a password."""
        ...

    async def publish(self, settings: dict[str, Any], publication: Publication) -> None:
        """Return once the system has confirmed that it has the message.

        Raises :class:`core.errors.Permanent` or :class:`core.errors.Retryable` only if it certainly has not got it; whatever else is raised
        means that nobody knows.
        """
        ...


Chosen = TypeVar("Chosen", bound=PublisherSettings)


def publisher_settings(kind: type[Chosen], settings: dict[str, Any]) -> Chosen:
    """Return a source's ``resubmit:``, typed. Raises :class:`core.errors.WrongSetting` that names the field."""
    return parsed(kind, settings, "publisher")
