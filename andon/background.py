"""Threads beside the one that works. One that watches must not end without a word: it would be missed only when it is needed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger("andon.background")

AGAIN_SECONDS = 10.0


def run_in_background(name: str, run: Callable[..., None], *arguments: object) -> threading.Thread:
    """Run something in a thread of its own that ends with the process. Where it fails, that is logged and it is begun again."""
    thread = threading.Thread(target=_run, args=(name, run, arguments), name=name, daemon=True)
    thread.start()
    return thread


def _run(name: str, run: Callable[..., None], arguments: tuple[object, ...]) -> None:
    while True:
        try:
            return run(*arguments)
        except Exception:  # boundary: a thread of its own, of which nobody would notice that it ended
            logger.exception("a background thread failed and is begun again", extra={"fields": {"thread": name}})
        threading.Event().wait(AGAIN_SECONDS)
