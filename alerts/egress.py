"""How notifiers reach out: no redirects, limited replies and times, no link-local targets; status codes become kinds of errors.

Targets come only from the catalog, which is trusted configuration. Loopback and private addresses are allowed, because plants run their
receivers there; link-local and cloud metadata addresses are refused unless the channel says ``allow_link_local: true`` (docs/adr/013).

Settings of every channel that sends over HTTP: ``proxy`` (the address of an HTTP proxy, or ``env:NAME`` if it has a password; ``none``: no
proxy; without it, the one that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name, if any), ``ca_file`` (PEM file of certificates to trust besides
those of the system) and ``allow_link_local``. A name is looked up by the proxy, where there is one.
"""

from __future__ import annotations

import ssl
import urllib.request
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx

from core.catalog.validation_errors import suggestion
from core.clock import SystemClock
from core.egress import check_target, target_through, trusted
from core.errors import Full, Permanent, Retryable, UsageError, WrongSetting
from core.secrets import is_reference, resolve_key, resolve_secret

SETTINGS = ("proxy", "ca_file", "allow_link_local")
"""Settings of every channel that sends over HTTP."""
NO_PROXY = "none"
TIMEOUT_SECONDS = 10.0
CONNECT_SECONDS = 5.0
REPLY_BYTES = 64 << 10
DETAIL_CHARACTERS = 200
LONGEST_RETRY_AFTER_SECONDS = 300
T = TypeVar("T")


def only(settings: dict[str, Any], *names: str) -> None:
    """Raise :class:`WrongSetting` naming the first setting that is unknown, or the one of :data:`SETTINGS` that is wrong."""
    for name in settings:
        if name not in names:
            raise WrongSetting(name, f"is not a setting of this notifier{suggestion(name, names)}")
    if "ca_file" in settings:
        check_text(settings, "ca_file")
    if settings.get("proxy", NO_PROXY) != NO_PROXY and "@" in check_url(settings, "proxy"):
        raise WrongSetting("proxy", "contains a password; write env:NAME or file:PATH, and the whole address there")
    if not isinstance(settings.get("allow_link_local", False), bool):
        raise WrongSetting("allow_link_local", "is not true or false")


def check_text(settings: dict[str, Any], name: str) -> str:
    """Return a setting as written: the text, or a reference to where it is. Raises :class:`WrongSetting`."""
    value = settings.get(name)
    if not isinstance(value, str) or not value:
        raise WrongSetting(name, "is missing; give a text")
    return value


def check_secret(settings: dict[str, Any], name: str) -> str:
    """Return the reference to a secret; a catalog never contains the secret itself. Raises :class:`WrongSetting`."""
    value = settings.get(name)
    if not isinstance(value, str) or not is_reference(value):
        raise WrongSetting(name, "is a secret; write env:NAME or file:PATH")
    return value


def check_url(settings: dict[str, Any], name: str = "url") -> str:
    """Return an http or https address, or a reference to where one is. Raises :class:`WrongSetting`."""
    value = settings.get(name)
    if not isinstance(value, str) or not (is_reference(value) or _is_address(value)):
        raise WrongSetting(name, "is not an address; write http://host/path or https://host/path")
    return value


def text(settings: dict[str, Any], name: str) -> str:
    """Return a text that was checked, reading it if it is a reference. Raises :class:`Retryable` while it cannot be read."""
    value = check_text(settings, name)
    return _read(value, resolve_secret) if is_reference(value) else value


def secret(settings: dict[str, Any], name: str) -> str:
    """Read a secret. Raises :class:`Retryable` while it cannot be read."""
    return _read(check_secret(settings, name), resolve_secret)


def key(settings: dict[str, Any], name: str) -> bytes:
    """Read a signing secret. Raises :class:`Retryable` while it cannot be read, or if it is not a key."""
    return _read(check_secret(settings, name), resolve_key)


def url(settings: dict[str, Any], name: str = "url", default: str = "") -> str:
    """Return an address that was checked. Raises :class:`Retryable` while it cannot be read, or if it is not an address."""
    value = text(settings, name) if name in settings else default
    if not _is_address(value):
        raise Retryable(f"{settings[name]} does not contain an address; write http://host/path or https://host/path there")
    return value


def _read(reference: str, read: Callable[[str], T]) -> T:
    try:
        return read(reference)
    except UsageError as error:
        raise Retryable(str(error)) from error


def _is_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        reachable = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is not a number, brackets that are not closed
        return False
    return reachable and value.isprintable() and parts.scheme in {"http", "https"}


def first_that_connects(targets: list[str], attempt: Callable[[str], T], unreachable: tuple[type[Exception], ...]) -> T:
    """Return what ``attempt`` returns for the first address that it reaches; otherwise raise the error of the last one.

    ``unreachable``: errors that mean nothing was sent yet, so that another address may be tried. Silent addresses are tried for
    ``TIMEOUT_SECONDS`` in total, because other deliveries are waiting.
    """
    clock = SystemClock()
    until = clock.monotonic() + TIMEOUT_SECONDS
    *others, last = targets
    for target in others:
        try:
            return attempt(target)
        except unreachable:
            if clock.monotonic() >= until:
                raise
    return attempt(last)


def post(address: str, body: bytes, headers: dict[str, str], settings: dict[str, Any]) -> tuple[int, str]:
    """Post ``body`` as :func:`send` does."""
    return send("POST", address, body, headers, settings)


def send(method: str, address: str, body: bytes, headers: dict[str, str], settings: dict[str, Any]) -> tuple[int, str]:
    """Send ``body`` and return the status and the first part of the reply, if the status is 2xx.

    Raises :class:`Full` for 429 and 503 with a Retry-After, :class:`Retryable` for 408, 425, 429, 5xx and connection failures,
    :class:`Permanent` for everything else (including redirects).
    """
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):  # the client would report it together with the value, which may be a secret
            raise Retryable(
                f"the header '{name}' would contain more than printable ASCII; make sure that the secret in it is one line of printable ASCII"
            )
    return _ask(method, address, body, headers, settings)


def get(address: str, settings: dict[str, Any]) -> tuple[int, str]:
    """Return the status and the first part of the reply, if the status is 2xx. Raises what :func:`post` raises."""
    return _ask("GET", address, b"", {}, settings)


def _ask(method: str, address: str, body: bytes, headers: dict[str, str], settings: dict[str, Any]) -> tuple[int, str]:
    parts = urlsplit(address)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    proxy = _proxy(parts.scheme, host, settings)
    request_headers = {**headers, "host": parts.netloc.rpartition("@")[2], "user-agent": "andon"}

    def attempt(target: str) -> tuple[int, str]:
        # Connect to an address that was checked; the name stays in Host and in the TLS handshake, so a second lookup cannot lead elsewhere.
        asked = httpx.URL(address).copy_with(host=target)
        extensions = {"sni_hostname": host} if target != host else {}
        with client.stream(method, asked, content=body, headers=request_headers, extensions=extensions) as reply:
            beginning = _beginning_of(reply)
            return _accepted(reply, beginning)

    targets = (
        [target_through(proxy, host, link_local=_link_local(settings))]
        if proxy
        else check_target(host, port, link_local=_link_local(settings))
    )
    timeout = httpx.Timeout(TIMEOUT_SECONDS, connect=CONNECT_SECONDS)
    way = f"{host}:{port}{' through its proxy' if proxy else ''}"
    try:
        with httpx.Client(follow_redirects=False, timeout=timeout, trust_env=False, proxy=proxy or None, verify=tls(settings)) as client:
            return first_that_connects(targets, attempt, (httpx.ConnectError, httpx.ConnectTimeout))
    except httpx.HTTPError as error:
        raise Retryable(f"{way} did not answer: {str(error) or type(error).__name__}") from error


def tls(settings: dict[str, Any]) -> ssl.SSLContext:
    """Return what to trust. Raises :class:`Retryable` while ``ca_file`` cannot be read."""
    return trusted(settings.get("ca_file"))


def _proxy(scheme: str, host: str, settings: dict[str, Any]) -> str:
    """Return the address of the proxy to go through, or nothing."""
    if "proxy" in settings:
        return "" if settings["proxy"] == NO_PROXY else url(settings, "proxy")
    if host == "localhost" or host.startswith("127.") or urllib.request.proxy_bypass(host):
        return ""
    found = urllib.request.getproxies().get(scheme, "")
    address = found if not found or "://" in found else f"http://{found}"
    if address and not _is_address(address):
        raise Retryable(
            f"{scheme.upper()}_PROXY is not the address of an HTTP proxy; give the channel proxy: http://host:port, or proxy: none"
        )
    return address


def _link_local(settings: dict[str, Any]) -> bool:
    return bool(settings.get("allow_link_local"))


def _beginning_of(reply: httpx.Response) -> str:
    kept, clock = b"", SystemClock()
    until = clock.monotonic() + TIMEOUT_SECONDS
    # The raw bytes, so that a small compressed reply cannot become a large one; as they come: the client's limit is for each of them.
    for chunk in reply.iter_raw():
        kept += chunk
        if len(kept) >= REPLY_BYTES or clock.monotonic() >= until:
            break
    return kept[:REPLY_BYTES].decode("utf-8", "replace")


def _accepted(reply: httpx.Response, beginning: str) -> tuple[int, str]:
    status = reply.status_code
    if 200 <= status < 300:
        return status, beginning
    said = f"HTTP {status} {' '.join(beginning.split())[:DETAIL_CHARACTERS]}".strip()
    if status in {408, 425, 429} or status >= 500:
        wait = reply.headers.get("retry-after", "")
        if wait.isdigit():
            raise Full(said, min(int(wait), LONGEST_RETRY_AFTER_SECONDS))
        raise Retryable(said)
    raise Permanent(said)
