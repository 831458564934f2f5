"""Starts the processes of one machine, restarts those that end by themselves, and stops all without loss.

A child gets the time it needs to become ready, and no child's trouble ends another.

Each child runs in a session of its own, so that Ctrl-C reaches only the supervisor, which stops the children, the last started first. A
child that outlives its supervisor ends by itself (:mod:`core.parent`).
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import ssl
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import httpx

from andon.process import set_on_stop_signal
from core.clock import SystemClock
from core.config import make_folder
from core.errors import AndonError
from core.parent import Lifeline

STOP_SECONDS = 20.0
KILLED_SECONDS = 5.0
"""How long a killed child is waited for: the system ends none that waits for a disk before the disk answers."""
SETTLED_SECONDS = 60.0
"""A child that ran this long is restarted at once when it ends; one that ends sooner waits for a growing pause."""
LONGEST_PAUSE_SECONDS = 30.0
LOOK_SECONDS = 1.0
LOOK_AT_FIRST_SECONDS = 0.2
"""While something that was just started is not ready."""
LOG_MAX_BYTES = 50 << 20
"""Size at which a child's log is rotated; the previously rotated one is then deleted, so a child's logs take at most twice this."""


@dataclass(frozen=True)
class Child:
    """One process to run: its command, extra environment, and how it shows that it is ready.

    ``ready_url`` answers 200, or ``ready_file`` exists; with neither, it is ready at once. ``trust`` proves an ``https`` address.
    """

    name: str
    arguments: list[str]
    ready_url: str = ""
    ready_file: Path | None = None
    trust: ssl.SSLContext = field(default_factory=lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Running:
    child: Child
    process: subprocess.Popen[bytes]
    started: float
    ready: bool
    answers: bool = False
    restarts: int = 0
    restart_at: float | None = None


class Supervisor:
    """Runs children until :meth:`stop` is called or a signal requests it.

    Logs go to ``<data>/log/<name>.log``; older lines are in ``<name>.old.log``.
    """

    def __init__(self, log_folder: Path, report: Callable[[str], None]) -> None:
        self._logs = log_folder
        self._report = report
        self._clock = SystemClock()
        self._lifeline = Lifeline()
        self._running: list[_Running] = []
        self._stopping = threading.Event()
        make_folder(log_folder)

    def start(self, child: Child) -> None:
        """Start a child; from then on :meth:`watch` looks after it."""
        self._running.append(_Running(child, self._spawn(child), self._clock.monotonic(), _is_ready_at_once(child)))

    def wait_answering(self, each_look: Callable[[Mapping[str, str]], None]) -> None:
        """Wait until everything that was started answers, even if it is kept from its work; ``each_look`` gets :meth:`unready`.

        Raises :class:`AndonError` with the end of its log if one ends instead.
        """
        each_look(self.unready())
        while not all(running.answers for running in self._running) and not self._stopping.wait(LOOK_AT_FIRST_SECONDS):
            for running in self._running:
                if running.process.poll() is not None:
                    raise AndonError(f"{running.child.name} ended while starting: {self._last_words(running.child)}")
            each_look(self.unready())

    def watch(self, each_look: Callable[[], None] = lambda: None) -> None:
        """Restart what ends by itself and keep the logs within limits, until stopped."""
        while not self._stopping.wait(self._pause()):
            each_look()
            for running in self._running:
                self._bound_log(running.child)
                self._revive(running)

    def unready(self) -> dict[str, str]:
        """Return by name what each child that is not ready lacks; one that was ready is asked again only after a restart."""
        lacking = {}
        for running in self._running:
            if running.ready:
                continue
            if running.restart_at is not None:
                lacking[running.child.name] = "about to be started again"
                continue
            running.answers, why = _answer(running.child)
            running.ready = not why
            if why:
                lacking[running.child.name] = why
        return lacking

    def stop(self) -> None:
        """Ask every child to end, the last started first; kill those that do not within 20 s."""
        self._stopping.set()
        for running in reversed(self._running):
            if running.process.poll() is None:
                running.process.send_signal(signal.SIGTERM)
                try:
                    running.process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    self._report(
                        f"{running.child.name} did not stop within {STOP_SECONDS:.0f} s and was killed; nothing acknowledged is lost"
                    )
                    self._kill(running)

    def _kill(self, running: _Running) -> None:
        running.process.kill()
        try:
            running.process.wait(KILLED_SECONDS)
        except subprocess.TimeoutExpired:
            self._report(f"{running.child.name} hangs in its disk, and ends once that goes on")

    def stop_on_signals(self) -> None:
        """End :meth:`watch` on Ctrl-C and on SIGTERM."""
        set_on_stop_signal(self._stopping)

    @property
    def stopping(self) -> bool:
        """Whether a stop was requested."""
        return self._stopping.is_set()

    def _spawn(self, child: Child) -> subprocess.Popen[bytes]:
        self._bound_log(child)
        with self._open_log(child) as log:
            environment = {**os.environ, **child.environment}
            return self._lifeline.start(
                child.arguments, environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def _open_log(self, child: Child) -> BinaryIO:
        """Return a child's open log; if it cannot be written, the child matters more than its log."""
        try:
            return self.log_of(child.name).open("ab")
        except OSError as error:
            self._report(f"{child.name} runs without a log: {error}")
            return Path(os.devnull).open("wb")

    def _bound_log(self, child: Child) -> None:
        """Rotate a full log and let the child, which appends to it, continue at its start.

        The child holds the file open, so it cannot be renamed; anything written between the last read and the cut is lost.
        """
        path = self.log_of(child.name)
        if not path.exists() or path.stat().st_size <= LOG_MAX_BYTES:
            return
        with suppress(OSError), path.open("r+b") as log:  # on a read-only disk it does not grow either
            with suppress(OSError), path.with_suffix(".old.log").open("wb") as old:  # on a full disk the cut makes room
                shutil.copyfileobj(log, old)
            log.truncate(0)

    def log_of(self, name: str) -> Path:
        """Return the path of a child's log."""
        return self._logs / f"{name}.log"

    def _last_words(self, child: Child) -> str:
        lines: list[str] = []
        with suppress(OSError):  # it runs without a log if the disk accepts none
            lines = self.log_of(child.name).read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return (lines[-1][:400] if lines else "no output") + f" (log: {self.log_of(child.name)})"

    def _revive(self, running: _Running) -> None:
        if running.process.poll() is None:
            return
        now = self._clock.monotonic()
        if running.restart_at is None:
            if now - running.started > SETTLED_SECONDS:
                running.restarts = 0
            delay = min(LONGEST_PAUSE_SECONDS, 0.5 * 2 ** min(running.restarts, 10))
            running.restart_at, running.ready = now + delay, False
            ended = f"{running.child.name} ended with code {running.process.returncode}; starting it again in {delay:.0f} s"
            self._report(f"{ended}: {self._last_words(running.child)}")
        elif now >= running.restart_at:
            running.restarts += 1
            try:
                running.process = self._spawn(running.child)
            except OSError as error:  # no memory, process or file available: this does not affect those that run
                running.restart_at = now + LONGEST_PAUSE_SECONDS
                self._report(f"{running.child.name} cannot be started: {error}; trying again in {LONGEST_PAUSE_SECONDS:.0f} s")
            else:
                running.started, running.restart_at, running.ready = now, None, _is_ready_at_once(running.child)

    def _pause(self) -> float:
        """Return the seconds until the next look."""
        now = self._clock.monotonic()
        starting = any(not running.ready and now - running.started < SETTLED_SECONDS for running in self._running)
        return LOOK_AT_FIRST_SECONDS if starting else LOOK_SECONDS


def _is_ready_at_once(child: Child) -> bool:
    return not child.ready_url and child.ready_file is None


def _answer(child: Child) -> tuple[bool, str]:
    """Return whether a child answers, and what it still lacks, in its own words if it says so; empty once it is ready."""
    if child.ready_file is not None:
        exists = child.ready_file.exists()
        return exists, "" if exists else f"there is no {child.ready_file}"
    try:
        answer = httpx.get(child.ready_url, timeout=2.0, verify=child.trust, trust_env=False)
    except httpx.TransportError as error:
        refused = f"[Errno {errno.ECONNREFUSED}]" in str(error)
        return False, f"it does not listen at {child.ready_url} yet" if refused else f"{child.ready_url}: {error}"
    if answer.status_code == httpx.codes.OK:
        return True, ""
    try:
        return True, "; ".join(answer.json()["problems"])
    except (ValueError, KeyError, TypeError):
        return True, f"{child.ready_url} answers {answer.status_code}"
