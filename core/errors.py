"""The kinds of failure Andon tells apart.

*Permanent*: doing the same again cannot help. *Retryable*: it may help later. *Full*: a bounded queue has no room; come back. *NoRoom*: a
disk has none.
Every message is one line that says what is wrong and, where it can, what to do.
"""

from __future__ import annotations

from collections.abc import Sequence


class AndonError(Exception):
    """Any failure that has a clear message for the person in front of the screen."""


class Permanent(AndonError):  # noqa: N818 - the field's words for kinds of failure
    """Repeating the call cannot succeed (a rejected payload, a wrong credential, a 4xx reply)."""


class Retryable(AndonError):  # noqa: N818 - the field's words for kinds of failure
    """Repeating the call later may succeed (a refused connection, a 5xx reply)."""


class Full(Retryable):
    """A bounded queue has no room.

    ``retry_after_seconds`` is the hint for the sender.
    """

    def __init__(self, message: str, retry_after_seconds: int = 5) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class NoRoom(Retryable):
    """A disk takes no more: it is full, out of inodes or read-only. What was to be written is as it was before."""


class UsageError(AndonError):
    """What the user asked for cannot be done; the command exits with code 2."""


class WrongSetting(UsageError):  # noqa: N818 - it is what is wrong, and the check of a catalog returns it
    """A plug-in cannot work with one of its settings; ``path`` leads to it through what the plug-in was given. Empty: with them together."""

    def __init__(self, path: str | Sequence[str | int], what: str) -> None:
        self.path = (path,) if isinstance(path, str) else tuple(path)
        self.what = what
        super().__init__(f"'{'.'.join(map(str, self.path))}' {what}" if self.path else what)
