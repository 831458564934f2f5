"""How a test waits: for a condition, with a limit that only a defect reaches."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any


def wait_until(condition: Callable[[], Any], seconds: float, what: str, pause: float = 0.1) -> Any:
    """Return the first truthy value of ``condition``; fail naming ``what`` and the last error.

    ``seconds`` are those of a quiet machine: where every processor has as much to do for others, it may take twice as long, and so on.
    What takes long to ask is asked no more than half of the time: the processors are for what is waited for.
    """
    began = time.monotonic()
    last: object = None
    while (asked := time.monotonic()) - began < seconds * slowness():
        try:
            last = condition()
        except Exception as error:
            last = error
        else:
            if last:
                return last
        time.sleep(max(pause, time.monotonic() - asked))
    raise AssertionError(f"{what}: not within {time.monotonic() - began:.0f} s, {seconds} s on a quiet machine; last: {last!r}")


def slowness() -> float:
    """How many times longer than on a quiet machine something may take now."""
    return 1 + os.getloadavg()[0] / (os.cpu_count() or 1)
