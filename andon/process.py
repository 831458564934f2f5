"""What every process of Andon sets up for itself: its limit of open files, its stop signals and its background threads."""

from __future__ import annotations

import logging
import os
import resource
import signal
import threading
from collections.abc import Callable
from queue import SimpleQueue

from core.limits import CONNECTIONS_MAX

OWN_FILES = 500
"""Segments, the store's parts, certificates, our own sockets."""
OPEN_FILES = 2 * CONNECTIONS_MAX + OWN_FILES
"""Connections over HTTP and gRPC, and our own."""
RESTART_SECONDS = 10.0
"""Between the failure of a background thread's work and its next start."""
LOOK_SECONDS = 0.5
"""How often a process that is to end asks whether a disk hangs."""
logger = logging.getLogger("andon")


def raise_open_files_limit() -> None:
    """Raise this process's limit of open files as far as the system allows and Andon needs; log if that is too low.

    Shells and services start with 1,024, which the collector's connections alone can use up; the journal could then not open its next
    segment, and without it nothing can be acknowledged.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < OPEN_FILES:
        fields = {"event": "few_open_files", "allowed": allowed, "wanted": OPEN_FILES}
        logger.warning(
            "many connections could use up the files that Andon needs; raise the hard limit (ulimit -Hn)", extra={"fields": fields}
        )


def warn_of_root() -> None:
    """Log that this process has more rights than it needs if it runs as root."""
    if os.geteuid() == 0:
        fields = {"event": "running_as_root"}
        logger.warning("running as root; give Andon a user of its own, who owns the data folder", extra={"fields": fields})


def set_on_stop_signal(event: threading.Event) -> None:
    """Set the event whenever the process receives SIGINT or SIGTERM. Call it in the main thread.

    Setting an event takes a lock. The main thread may hold that lock when the signal interrupts it, and would then wait for itself: so the
    handler only puts something into a queue, which is allowed at any moment, and a separate thread sets the event.
    """
    received: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: received.put(number))

    def wait() -> None:
        received.get()
        event.set()

    threading.Thread(target=wait, name="signals", daemon=True).start()


def end_without_disk(stopping: threading.Event, hangs: Callable[[], bool]) -> None:
    """Wait for the stop, and end the process at once if a disk hangs then or later: whatever waits for it would never end.

    Nothing is lost by it: everything that was confirmed is on disk, and everything else is repeated.
    """
    stopping.wait()
    while not hangs():
        threading.Event().wait(LOOK_SECONDS)
    logger.warning("the disk hangs; the process ends without waiting for it")
    os._exit(0)


def run_in_background(name: str, run: Callable[..., None], *arguments: object) -> threading.Thread:
    """Run something in a thread that ends with the process. If it fails, that is logged, and it is restarted after ten seconds.

    A thread that watches something must not end unnoticed: it would be missed only when it is needed.
    """
    thread = threading.Thread(target=_keep_running, args=(name, run, arguments), name=name, daemon=True)
    thread.start()
    return thread


def _keep_running(name: str, run: Callable[..., None], arguments: tuple[object, ...]) -> None:
    while True:
        try:
            return run(*arguments)
        except Exception:  # boundary: a thread of its own, whose end nobody would notice
            logger.exception("a background thread failed and is restarted", extra={"fields": {"thread": name}})
        threading.Event().wait(RESTART_SECONDS)
