"""The kinds of failure that Andon distinguishes.

*Permanent*: repeating it cannot help. *Retryable*: repeating it later may help. *Full*: a bounded queue has no room; come back later.
*NoRoom*: a disk takes no more. Every message is one line that says what is wrong and, where possible, what to do.
"""

from __future__ import annotations

from collections.abc import Sequence


class AndonError(Exception):
    """Any failure with a clear message for the person in front of the screen."""


class Permanent(AndonError):  # noqa: N818 - the field's words for kinds of failure
    """Repeating the call cannot succeed (a rejected payload, a wrong credential, a 4xx reply)."""


class Retryable(AndonError):  # noqa: N818 - the field's words for kinds of failure
    """Repeating the call later may succeed (a refused connection, a 5xx reply)."""


class Full(Retryable):
    """A bounded queue has no room.

    ``retry_after_seconds`` is a hint for the sender.
    """

    def __init__(self, message: str, retry_after_seconds: int = 5) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class NoRoom(Retryable):
    """A disk accepts no more: it is full, out of inodes or read-only, or it hangs. What was to be written is as it was before."""


class LeftBehind(NoRoom):
    """A disk hangs, and what it was doing was left behind (``store/disk/patience.py``): that may still succeed, or fail."""


class UsageError(AndonError):
    """The user's request cannot be carried out; the command exits with code 2."""


class WrongSetting(UsageError):  # noqa: N818 - names what is wrong; checking a catalog returns it
    """A plug-in cannot use one of its settings.

    ``path`` leads to the setting; an empty path means that the settings do not fit together.
    """

    def __init__(self, path: str | Sequence[str | int], what: str) -> None:
        self.path = (path,) if isinstance(path, str) else tuple(path)
        self.what = what
        super().__init__(f"'{'.'.join(map(str, self.path))}' {what}" if self.path else what)
