"""A child process ends with its parent, however the parent ended.

The parent holds the writing end of a pipe and every child its reading end, which reaches its end when the parent is gone: even after
SIGKILL, on every system, whichever thread started the child, and even if the parent was gone before the child looked. A parent that forks
without an exec must not keep a copy of itself alive, because that would hold the writing end too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import Any

GRACE_SECONDS = 20.0
"""The time a child has to end cleanly before it is killed."""
_VARIABLE = "ANDON_LIFELINE"


class Lifeline:
    """What the children of this process hold on to; one serves all of them, and it must live as long as they may."""

    def __init__(self) -> None:
        self._held, self._own = os.pipe()

    def start(self, command: Sequence[str], environment: Mapping[str, str], **options: Any) -> subprocess.Popen[bytes]:
        """Start a command that calls :func:`end_with_parent`; ``options`` are those of :class:`subprocess.Popen`."""
        told = {**environment, _VARIABLE: str(self._held)}
        return subprocess.Popen(command, env=told, pass_fds=[self._held], **options)  # noqa: S603 - our own command line


def end_with_parent(lifeline: int | None = None, grace_seconds: float = GRACE_SECONDS) -> None:
    """Make this process receive SIGTERM when its parent is gone, and SIGKILL after ``grace_seconds``.

    Call it first, before anything that takes time. ``lifeline``: the reading end, if it does not come from :meth:`Lifeline.start`
    (``multiprocessing.parent_process().sentinel`` is one). Without one, as under systemd or in a shell, nothing is done.
    """
    told = os.environ.pop(_VARIABLE, "")  # not for children of this process, which do not hold it
    held = lifeline if lifeline is not None else int(told) if told else None
    if held is not None:
        threading.Thread(target=_wait, args=(held, grace_seconds), name="parent", daemon=True).start()


def _wait(held: int, grace_seconds: float) -> None:
    os.read(held, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(grace_seconds)
    os.kill(os.getpid(), signal.SIGKILL)
