"""What ``andon doctor`` looks at: this machine, the data folder, the catalog, the ports, and whatever is running there already.

Every check only looks, except that one byte is written into the data folder, if there is one, to see how long the disk takes.
"""

from __future__ import annotations

import os
import platform
import resource
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version

import httpx

from andon.addresses import noted_process
from andon.catalog_check import check_catalog, unreadable_secrets
from andon.client.collector import collector_client
from andon.preflight import PORT_SETTINGS, is_free, listener_on, owner_of
from andon.process import OPEN_FILES
from core.clock import SystemClock
from core.config import Settings, reachable
from core.disk import SLOW_SECONDS, Room, sentence
from core.errors import AndonError
from core.plural import counted

MEMORY_BYTES = 2 << 30
"""What collector, engine and dashboard need together before there is any load."""
ANSWER_SECONDS = 5.0
_FREE = "does not run; its ports are free"
_SLOWER_SECONDS = 0.1
"""A disk that takes longer for one byte makes every sender wait that long."""


class Level(StrEnum):
    """How serious it is; a problem keeps Andon from working."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """One line: what is so and, unless all is well, what to do about it."""

    level: Level
    text: str


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield one finding after the other."""
    yield from _machine()
    yield from _data(settings)
    yield from _catalog(settings)
    yield from _processes(settings, own=True)


def examine_running(settings: Settings) -> Iterator[Finding]:
    """Yield a finding for each kind of process that runs here, or that none does: what a container's health check asks."""
    running = [finding for finding in _processes(settings) if not finding.text.endswith(_FREE)]
    yield from running or [Finding(Level.PROBLEM, "no process of Andon runs here; start one with 'andon up'")]


def _machine() -> Iterator[Finding]:
    yield Finding(Level.OK, f"andon {version('andon')}, Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    said = f"{memory / (1 << 30):.1f} GiB of memory, {counted(os.cpu_count() or 1, 'processor')}"
    yield Finding(Level.OK if memory >= MEMORY_BYTES else Level.WARNING, said + ("" if memory >= MEMORY_BYTES else "; 2 GiB are the least"))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < OPEN_FILES:
        yield Finding(Level.WARNING, f"only {hard} open files are allowed; raise the hard limit to {OPEN_FILES} (LimitNOFILE, ulimit -Hn)")
    if os.geteuid() == 0:
        yield Finding(Level.WARNING, "this is root; give Andon a user of its own, who owns the data folder")


def _data(settings: Settings) -> Iterator[Finding]:
    folder = settings.data
    try:
        room = Room(folder, settings.disk_reserve_bytes)
        free = f"{room.space.free_bytes / (1 << 30):.1f} GiB free, {room.reserve_bytes / (1 << 30):.1f} GiB of them in reserve"
        if room.lack is not None:
            yield Finding(Level.PROBLEM, f"{sentence(room.lack, folder)} ({free})")
        if not folder.exists():
            yield Finding(Level.OK, f"data folder {folder}: not there yet, made at the first start; {free}")
            return
        if folder.stat().st_uid != os.geteuid():
            yield Finding(Level.PROBLEM, f"data folder {folder} belongs to another user; run this as that user, or change its owner")
        elif folder.stat().st_mode & 0o077:
            yield Finding(Level.WARNING, f"data folder {folder} is open to other users: chmod 700 {folder}")
        seconds = _seconds_to_write(settings)
        slow = seconds > _SLOWER_SECONDS
        advice = f"; senders wait that long, and above {SLOW_SECONDS:g} s Andon refuses them: use a faster disk" if slow else ""
        yield Finding(
            Level.WARNING if slow else Level.OK, f"data folder {folder}: {free}; a byte is on disk after {seconds * 1000:.1f} ms{advice}"
        )
    except OSError as error:
        yield Finding(Level.PROBLEM, f"data folder {folder}: {error.strerror}; choose another with --data, or change its owner")


def _seconds_to_write(settings: Settings) -> float:
    clock = SystemClock()
    with tempfile.TemporaryFile(dir=settings.data) as file:
        began = clock.monotonic()
        file.write(b"x")
        file.flush()
        os.fdatasync(file.fileno())
        return clock.monotonic() - began


def _catalog(settings: Settings) -> Iterator[Finding]:
    try:
        loaded = check_catalog(settings.catalog)
    except AndonError as error:
        first, *others = str(error).splitlines()
        more = f" (and {counted(len(others), 'line')} more: andon check {settings.catalog})" if others else ""
        yield Finding(Level.PROBLEM, f"catalog: {first}{more}")
        return
    yield Finding(Level.OK, f"catalog {settings.catalog}: {counted(len(loaded.catalog.flows), 'flow')}, version {loaded.catalog.version}")
    for warning in loaded.warnings:
        yield Finding(Level.WARNING, f"catalog: {warning}")
    for lacking in unreadable_secrets(loaded.catalog):
        yield Finding(Level.WARNING, f"not readable by this user here: {lacking}")
    if not loaded.catalog.routes.channels:
        yield Finding(Level.WARNING, "catalog: there is no channel, so nobody is notified; add one to routes.yaml")


def _processes(settings: Settings, *, own: bool = False) -> Iterator[Finding]:
    """Yield a finding for each kind of process at its ports; ``own``: a problem if it is known to be of another data folder."""
    engine = httpx.Client(base_url=settings.engine_url, timeout=ANSWER_SECONDS, trust_env=False)
    dashboard = httpx.Client(
        base_url=f"http://{reachable(settings.inner_host)}:{settings.dashboard_port}", timeout=ANSWER_SECONDS, trust_env=False
    )
    clients = {"collector": collector_client(settings, ANSWER_SECONDS), "engine": engine, "dashboard": dashboard}
    for kind, client in clients.items():
        with client:
            yield _process(settings, kind, client, own=own)


def _process(settings: Settings, kind: str, client: httpx.Client, *, own: bool) -> Finding:
    host = settings.host if kind == "collector" else settings.inner_host
    taken = [port for name in PORT_SETTINGS[kind] if not is_free(host, port := getattr(settings, name))]
    if not taken:
        return Finding(Level.OK, f"{kind}: {_FREE}")
    if own and listener_on(taken[0]) not in {None, noted_process(settings.data, kind)}:
        whose = f"{kind}: port {taken[0]} is in use by {owner_of(taken[0])}, which is not of the data folder {settings.data}"
        return Finding(Level.PROBLEM, f"{whose}; name its own with --data, or choose other ports for this one")
    try:
        answer = client.get("/_stcore/health" if kind == "dashboard" else "/readyz")
    except httpx.HTTPError:
        return Finding(Level.PROBLEM, f"{kind}: port {taken[0]} is in use by {owner_of(taken[0])}, which does not answer as Andon does")
    if answer.status_code == 200:
        return Finding(Level.OK, f"{kind}: runs and is ready ({client.base_url})")
    return Finding(Level.PROBLEM, f"{kind}: runs and is not ready: {' '.join(answer.text.split())[:300]}")
