"""How a test waits: for a condition, with a limit that only a defect reaches."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def wait_until(condition: Callable[[], Any], seconds: float, what: str, pause: float = 0.1) -> Any:
    """Return the first truthy value of ``condition``; fail after ``seconds`` naming ``what`` and the last error."""
    deadline = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < deadline:
        try:
            last = condition()
        except Exception as error:
            last = error
        else:
            if last:
                return last
        time.sleep(pause)
    raise AssertionError(f"{what}: not within {seconds} s; last: {last!r}")
