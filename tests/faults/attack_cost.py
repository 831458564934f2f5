"""Measures what an attack costs: the memory of the process that is attacked, and the others who use it meanwhile.

Whatever is sent, memory grows by 64 MiB at the most (by 192 MiB for the largest messages over gRPC, which gRPC itself copies), and a
healthy sender beside it waits at the most twice as long as without it (p99). Times are compared within one run: quiet and attacked windows
take turns, and the sender says how much longer work takes that nobody attacks. A machine that is slow or busy makes all of them longer, so
what is over the bound is measured again: a fault is there every time, other people's load is not. Of memory the first word counts.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from tests.collector.requests import PROTOBUF, spans
from tests.waiting import wait_until

GROWTH_MAX_BYTES = 64 << 20
GRPC_GROWTH_MAX_BYTES = 192 << 20
FACTOR_MAX = 2.0
FLOOR_SECONDS = 0.1
"""Below this nobody waited for an attack: on two busy cores the scheduler alone takes as long; and where a processor has several times as
much to do as it can, so many times as long."""
WINDOWS = 2
WINDOW_SAMPLES = 60
WINDOW_SECONDS = 3.0
"""A window of attacks ends after so many good requests, or after so long."""
ATTEMPTS = 3
QUIET_FOR_SECONDS = 2.0
"""So long after it was measured a quiet window says how quiet it is now."""
PATIENCE_SECONDS = 120.0


def memory_bytes(pid: int, name: str = "VmRSS") -> int:
    """Return the memory of a process and its children: ``VmRSS`` now, ``VmHWM`` its peak since :func:`forget_peak`."""
    found = [re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{each}/status").read_text(), re.MULTILINE) for each in family(pid)]
    assert found[0], f"process {pid} has ended"
    return sum(int(each[1]) << 10 for each in found if each)


def forget_peak(pid: int) -> None:
    for each in family(pid):
        Path(f"/proc/{each}/clear_refs").write_text("5")


def family(pid: int) -> list[int]:
    """Return the ids of a process and of its children."""
    return [pid, *(int(child) for tasks in Path(f"/proc/{pid}/task").glob("*/children") for child in tasks.read_text().split())]


@dataclass(frozen=True)
class Sample:
    """One good request; ``stretch``: see :func:`tests.faults.healthy_sender.stretch`, 0 where it was not measured."""

    began: float
    seconds: float
    status: int
    stretch: float


@dataclass
class Healthy:
    """A sender (or reader) in a process of its own, and what it has seen so far."""

    samples: list[Sample] = field(default_factory=list)
    _quiet: list[Sample] = field(default_factory=list)

    def quiet(self) -> list[float]:
        """Measure how many seconds a request takes while nobody attacks."""
        self._quiet = self.wait_for(WINDOW_SAMPLES, time.monotonic())
        return [sample.seconds for sample in self._quiet]

    def quiet_lately(self) -> list[float]:
        """Return :meth:`quiet` of a moment ago, or of now."""
        if self._quiet and time.monotonic() - self._quiet[-1].began < QUIET_FOR_SECONDS:
            return [sample.seconds for sample in self._quiet]
        return self.quiet()

    def wait_for(self, count: int, since: float, seconds: float = PATIENCE_SECONDS) -> list[Sample]:
        """Return the requests that began after ``since``, ``count`` at least."""

        def enough() -> list[Sample] | None:
            found = self.since(since)
            return found if len(found) >= count else None

        found: list[Sample] = wait_until(enough, seconds, f"a healthy sender gets {count} answers", pause=0.01)
        return found

    def since(self, moment: float) -> list[Sample]:
        return [sample for sample in self.samples[-10_000:] if sample.began >= moment]


@contextmanager
def healthy_sender(
    port: int, path: str = "/v1/traces", headers: dict[str, str] | None = None, body: bytes | None = None
) -> Iterator[Healthy]:
    """Send a span every few milliseconds until the block ends; without a ``body`` of its own, and ``GET`` for an empty one."""
    content = spans(count=1).SerializeToString() if body is None else body
    request = {"port": port, "path": path, "method": "POST" if content else "GET", "body": content.hex()}
    request["headers"] = headers or {"content-type": PROTOBUF}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.healthy_sender"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    assert process.stdout
    with process.stdin as stdin:
        stdin.write(json.dumps(request))
    healthy = Healthy()
    lines = process.stdout

    def listen() -> None:
        for line in lines:
            began, seconds, status, stretch = line.split()
            healthy.samples.append(Sample(float(began), float(seconds), int(status), float(stretch)))

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield healthy
    finally:
        process.kill()
        process.wait()
        listener.join()


@dataclass
class Measured:
    """What an attack did: to memory in bytes, to the healthy sender in seconds a request, and what its own requests were answered.

    ``stretches``: how many times longer other work took meanwhile than alone on a processor.
    """

    growth: int = 0
    quiet: list[float] = field(default_factory=list)
    attacked: list[float] = field(default_factory=list)
    stretches: list[float] = field(default_factory=list)
    not_served: list[int] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)

    @property
    def waits_bounded(self) -> bool:
        return p99(self.attacked) <= max(FLOOR_SECONDS * self.stretch, FACTOR_MAX * p99(self.quiet))

    @property
    def stretch(self) -> float:
        """The mean of the longer half: what is compared with it is among the longest waits, too."""
        longer = sorted(self.stretches)[len(self.stretches) // 2 :]
        return max(1.0, fmean(longer)) if longer else 1.0

    def __str__(self) -> str:
        waits = f"p99 {p99(self.quiet) * 1000:.1f} ms quiet, {p99(self.attacked) * 1000:.1f} ms attacked ({len(self.attacked)} requests)"
        waits += f", other work {self.stretch:.1f} times as long"
        return f"memory grew by {self.growth / (1 << 20):.1f} MiB; {waits}; not served: {self.not_served[:5]}; answers: {self.answers[:3]}"


def p99(seconds: list[float]) -> float:
    return sorted(seconds)[int(0.99 * len(seconds))] if seconds else 0.0


def measure(pid: int, healthy: Healthy, attack: Callable[[], Any], windows: int = WINDOWS) -> Measured:
    """Attack in windows between two quiet ones, and again while the others wait too long, a few times at the most."""
    before = memory_bytes(pid)
    forget_peak(pid)
    measured = Measured()
    for _ in range(ATTEMPTS):
        measured.quiet = healthy.quiet_lately()
        measured.attacked.clear()
        measured.stretches.clear()
        for _ in range(windows):
            _attacked_window(healthy, attack, measured)
        measured.quiet += healthy.quiet()
        if measured.waits_bounded:
            break
    measured.growth = memory_bytes(pid, "VmHWM") - before
    return measured


def _attacked_window(healthy: Healthy, attack: Callable[[], Any], measured: Measured) -> None:
    since = time.monotonic()
    while time.monotonic() - since < WINDOW_SECONDS and len(healthy.since(since)) < WINDOW_SAMPLES:
        measured.answers.append(attack())
    until = time.monotonic()
    healthy.wait_for(1, until)  # so that the one that was under way is known, too
    found = [sample for sample in healthy.since(since) if sample.began <= until]
    measured.attacked += [sample.seconds for sample in found]
    measured.stretches += [sample.stretch for sample in found if sample.stretch]
    measured.not_served += [sample.status for sample in found if sample.status != 200]


def held(measured: Measured, growth_max_bytes: int = GROWTH_MAX_BYTES) -> str:
    """Return what does not hold of the bounds on memory and waiting; empty when both do."""
    faults = []
    if measured.growth > growth_max_bytes:
        faults.append(f"memory grew by more than {growth_max_bytes >> 20} MiB")
    if not measured.waits_bounded:
        faults.append("a healthy sender waited too long")
    if measured.not_served:
        faults.append("a healthy sender was not served")
    return f"{', '.join(faults)}: {measured}" if faults else ""


def note(what: str, measured: Measured) -> None:
    """Keep the figures of a run where ``ANDON_FIGURES`` names a file."""
    if path := os.environ.get("ANDON_FIGURES"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{what}: {measured}\n")
