"""Writes the log in a thread of its own, so that nobody stands still while the disk of the log hangs.

Usually a line is written before the call that logs it returns, so that a process that ends afterwards leaves it behind. If that takes too
long, lines wait in memory, up to a bound, and whoever logs goes on.
"""

from __future__ import annotations

import logging
import threading
from typing import TextIO

PATIENCE_SECONDS = 1.0
"""How long a call that logs waits for its line to be written; while it hangs, later ones do not wait at all."""
WAITING_MAX = 1_000
"""Lines that wait at most. Further ones are lost; how many is logged once the log can be written again."""


class LogHandler(logging.Handler):
    """Writes to ``stream``."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._changed = threading.Condition()
        self._waiting: list[str] = []
        self._lost = 0
        self._hangs = False
        threading.Thread(target=self._run, name="log", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand over a line."""
        try:
            line = self.format(record)
        except (TypeError, ValueError):  # the arguments do not fit the message
            self.handleError(record)
            return
        with self._changed:
            if len(self._waiting) >= WAITING_MAX:
                self._lost += 1
                return
            self._waiting.append(line)
            self._changed.notify_all()
            if not self._hangs:
                self._hangs = not self._changed.wait_for(lambda: not self._waiting, PATIENCE_SECONDS)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._lost)
                lines, lost, self._lost = list(self._waiting), self._lost, 0
            if lost:
                lines.append(self.format(self._told(lost)))
            try:
                self._stream.write("".join(f"{line}\n" for line in lines))
                self._stream.flush()
            except (OSError, ValueError):  # a full disk takes no log either, and at its end a process closes its streams
                pass
            with self._changed:
                del self._waiting[: len(lines) - bool(lost)]
                self._hangs = False
                self._changed.notify_all()

    def _told(self, lost: int) -> logging.LogRecord:
        message = "lines of the log are lost: it could not be written for a while"
        return logging.makeLogRecord(
            {"name": "andon", "levelno": logging.ERROR, "levelname": "ERROR", "msg": message, "fields": {"lines": lost}}
        )
