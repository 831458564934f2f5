"""What must hold before a process starts: its ports, journal and store are free, and no port without a login is open to others.

Nothing is read, created or waited for; whatever is in the way is reported with the process that holds it and what to do about it.
"""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from pathlib import Path

from core.config import Settings
from core.errors import UsageError
from core.file_lock import described
from core.http.names import is_loopback

PORT_SETTINGS = {
    "collector": ("otlp_grpc_port", "http_port"),
    "engine": ("engine_port",),
    "dashboard": ("dashboard_port", "dashboard_metrics_port"),
}


def check_inner_host(settings: Settings) -> None:
    """Raise :class:`UsageError` for an engine or a dashboard that others could reach.

    Neither speaks TLS, and the dashboard has no login.
    """
    if not is_loopback(settings.inner_host) and not settings.insecure:
        raise UsageError(
            f"engine and dashboard, without TLS or login, would listen on {settings.inner_host}; leave --inner-host at 127.0.0.1 and put"
            " a reverse proxy with both in front, or use --insecure on a network you trust"
        )


def require_single_instance(settings: Settings, kinds: tuple[str, ...]) -> None:
    """Raise :class:`UsageError` naming who has what these kinds of process need.

    Somebody listens on a port, writes the journal, or has the store open.
    """
    require_free_ports(settings, kinds)
    if "collector" in kinds:
        from journal.writer import require_unlocked

        require_unlocked(settings.journal, settings.collector)
    if "engine" in kinds and settings.store == "embedded":
        from store.client import store_alone  # the ClickHouse client takes seconds to import, which a collector need not spend

        with store_alone(settings):
            pass


def require_free_ports(settings: Settings, kinds: tuple[str, ...]) -> None:
    """Raise :class:`UsageError` if a port of these kinds of process cannot be opened; say why, and list all that are in use."""
    in_use: dict[int, str] = {}
    for kind in kinds:
        host = "host" if kind == "collector" else "inner_host"
        for name in PORT_SETTINGS[kind]:
            port: int = getattr(settings, name)
            flag = "--" + name.replace("_", "-")
            if (error := _try(getattr(settings, host), port)) is None:
                continue
            if error.errno != errno.EADDRINUSE:
                where = f"port {port} on {getattr(settings, host)} cannot be opened: {error.strerror}"
                raise UsageError(f"{where}; set --{host.replace('_', '-')} and {flag}")
            in_use[port] = flag
    if in_use:
        raise UsageError(_in_use(in_use))


def _in_use(flags: dict[int, str]) -> str:
    first = next(iter(flags))
    owner = owner_of(first)
    already = "Andon is already running: " if " -m andon " in owner else ""
    if len(flags) == 1:
        return f"{already}port {first} is in use by {owner}; stop it, or choose another port with {flags[first]}"
    ports, others = ", ".join(map(str, flags)), ", ".join(flags.values())
    data = ", and another folder with --data" if already else ""
    return f"{already}ports {ports} are in use, the first by {owner}; stop it, or choose others with {others}{data}"


def free_port(host: str) -> int:
    """Return a port of the system's choice on which nothing listens."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def is_free(host: str, port: int) -> bool:
    """Return whether nothing listens on a port."""
    return _try(host, port) is None


def _try(host: str, port: int) -> OSError | None:
    """Return why a port cannot be opened."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None


def owner_of(port: int) -> str:
    """Return ``'name' (process N)`` for the listener, or a phrase if the system does not tell (another user, not Linux)."""
    with suppress(OSError):
        if (process := listener_on(port)) is not None:
            return described(process)
    return "another process"


def listener_on(port: int) -> int | None:
    """Return the number of the process that listens on a port, or None if the system does not tell."""
    inodes = _listening_inodes(port)
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if inodes & {link.readlink().name for link in (process / "fd").iterdir() if link.is_symlink()}:
                return int(process.name)
    return None


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return found
