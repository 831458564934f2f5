"""How long the engine waits for a disk: on one that hangs, a step is left behind in a thread of its own.

So alerts go on without the store. Whoever leaves a step behind does not know whether it will succeed, as after a crash: the step has to be
made again, and to repeat it must do no harm. Until it has ended every other step is refused, so writes keep their order.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from typing import Any, TypeVar

from core.disk import SLOW_SECONDS
from core.errors import LeftBehind, NoRoom

log = logging.getLogger("store.disk.patience")

LOOK_AGAIN_SECONDS = 0.5
"""How often a step that takes long asks whether the disk hangs."""
_THREADS_MAX = 64
"""Threads are started as they are needed: as many as use the disk at the same time, and one for each step left behind."""
_Result = TypeVar("_Result")


class Patience:
    """Runs whatever a disk that hangs would never let end: writes, and reads of files that others write. Safe to use from several threads.

    A step that takes long on a disk that does not hang is large, and is waited for. A step within a step belongs to it.
    """

    def __init__(self) -> None:
        self.hangs: Callable[[], bool] = lambda: False
        """Whether the disk hangs now; asked before every step, so the answer must be ready. Whoever watches the disk sets it."""
        self._local = threading.local()
        self._pool = ThreadPoolExecutor(_THREADS_MAX, "disk", initializer=lambda: setattr(self._local, "patient", True))
        self._left: set[Future[Any]] = set()

    @property
    def is_lost(self) -> bool:
        """Whether steps are refused: the disk hangs, or a step that was left behind has not ended."""
        return bool(self._left) or self.hangs()

    def require(self) -> None:
        """Raise :class:`core.errors.NoRoom` while steps are refused."""
        if self.is_lost:
            raise NoRoom("the disk hangs: look for what else uses it, or for disk errors in the kernel's log")

    def run(self, step: Callable[[], _Result]) -> _Result:
        """Run a step; return or raise what it does.

        Raises :class:`core.errors.NoRoom` if it is refused, and :class:`core.errors.LeftBehind` if it is left behind.
        """
        if getattr(self._local, "patient", False):
            return step()
        self.require()
        begun = self._pool.submit(step)
        seconds = SLOW_SECONDS
        while True:
            try:
                return begun.result(seconds)
            except NotInTime:
                if begun.done():
                    return begun.result()  # it has ended just now, or this was its own failure
                if self.hangs():
                    raise self._leave(begun) from None
                seconds = LOOK_AGAIN_SECONDS

    def close(self) -> None:
        """End the threads. Waits for what they do, except for what was left behind."""
        self._pool.shutdown(wait=not self._left)

    def _leave(self, begun: Future[Any]) -> LeftBehind:
        self._left.add(begun)
        begun.add_done_callback(self._ended)
        log.error("the disk hangs: what it was doing is left behind, and what is decided meanwhile waits in memory")
        return LeftBehind("the disk hangs: what was being written may still be written; look whether it was before you repeat it")

    def _ended(self, begun: Future[Any]) -> None:
        error = begun.exception()
        log.warning("what was left behind has ended", extra={"fields": {"error": None if error is None else str(error)}})
        self._left.discard(begun)
