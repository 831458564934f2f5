"""The contract of a notifier.

A notifier formats one message and delivers it once. It returns when the other side has accepted it; otherwise it raises
:class:`core.errors.Retryable` (the outbox tries again) or :class:`core.errors.Permanent` (this message can never be delivered there). It
keeps no state, never follows redirects, reads at most 64 KiB of a reply, and passes the message's ``delivery_id`` on so that the other side
can recognise repeats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from core.incident import Message


@dataclass(frozen=True)
class Attempt:
    """The other side's answer in one line, for the delivery log. ``missed``: it was not taken for all whom the channel names."""

    detail: str
    missed: bool = False


@runtime_checkable
class Notifier(Protocol):
    """One file in ``notifiers/`` that exports ``NOTIFIER``."""

    name: str

    def validate(self, settings: dict[str, Any]) -> None:
        """Check a channel's settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        ...

    def deliver(self, message: Message, settings: dict[str, Any]) -> Attempt:
        """Deliver ``message``. Blocks for at most 15 seconds. An unreadable secret raises :class:`core.errors.Retryable`."""
        ...
