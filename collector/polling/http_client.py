"""Asking an HTTP API of somebody else: as whom, how often, and how much of an answer is read."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import msgspec

from collector.http.encoding import decode
from collector.polling.http_address import server_of
from collector.polling.http_settings import Auth, HttpPollSettings
from collector.polling.paused import PausedError
from collector.rejection import Rejection
from core.clock import Clock
from core.egress import check_target, target_through, trusted
from core.errors import Full, Retryable
from core.secrets import is_reference, resolve_secret

PAGE_MAX_BYTES = 16 << 20
"""Of one answer, decompressed."""
TOKEN_MAX_BYTES = 64 << 10
TIMEOUT_SECONDS = 60.0
ANSWER_SECONDS = 300.0
"""For a whole answer, however it trickles."""
RETRY_AFTER_MAX_SECONDS = 3600
TOKEN_MARGIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """``status``: 200, or 304 for an answer that is as it was."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """A session with one API: it connects only to addresses that were checked, and sends credentials nowhere else."""

    def __init__(self, settings: HttpPollSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._opened = AsyncExitStack()
        self._token = ""
        self._token_until = 0.0

    async def __aenter__(self) -> Self:
        proxy = self._settings.proxy and read(self._settings.proxy)
        self._proxy = proxy or ""
        client = httpx.AsyncClient(
            follow_redirects=False, trust_env=False, timeout=TIMEOUT_SECONDS, verify=await asyncio.to_thread(self._tls), proxy=proxy or None
        )
        self._client = await self._opened.enter_async_context(client)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._opened.aclose()

    async def get(self, address: str, headers: Mapping[str, str]) -> Answer:
        """Return an answer; a token that has ended is renewed once.

        Raises :class:`core.errors.Full` where the API says when to come back, :class:`PausedError` and :class:`core.errors.Retryable`.
        """
        answer = await self._ask("GET", address, {**headers, **await self._credentials()}, PAGE_MAX_BYTES)
        if answer.status == httpx.codes.UNAUTHORIZED and self._token:
            self._token = ""
            answer = await self._ask("GET", address, {**headers, **await self._credentials()}, PAGE_MAX_BYTES)
        _refuse(answer)
        return answer

    async def _credentials(self) -> dict[str, str]:
        match self._settings.auth:
            case Auth(type="basic") as auth:
                basic = httpx.BasicAuth(read(auth.user), read(auth.password))
                return {"authorization": next(basic.auth_flow(httpx.Request("GET", "http://api/"))).headers["authorization"]}
            case Auth(type="oauth2") as auth:
                if not self._token or self._clock.monotonic() >= self._token_until:
                    await self._renew(auth)
                return {"authorization": f"Bearer {self._token}"}
        return {}

    async def _renew(self, auth: Auth) -> None:
        form = {"grant_type": "client_credentials", "client_id": read(auth.client_id), "client_secret": read(auth.client_secret)}
        form |= {"scope": auth.scope} if auth.scope else {}
        form |= {name: read(value) for name, value in auth.parameters.items()}
        answer = await self._ask("POST", read(auth.token_url), {"accept": "application/json"}, TOKEN_MAX_BYTES, form)
        if 400 <= answer.status < 500 and answer.status != httpx.codes.TOO_MANY_REQUESTS:
            raise PausedError(f"the token is refused with HTTP {answer.status}; look at client_id, client_secret and scope")
        _refuse(answer)
        try:
            found = msgspec.json.decode(answer.body, type=_Token)
            lasts = float(found.expires_in) if found.expires_in else 0.0
        except (msgspec.MsgspecError, UnicodeError, ValueError) as error:
            raise PausedError("what the token address answers is no token; look at token_url") from error
        self._token = _printable("the token", found.access_token)
        self._token_until = self._clock.monotonic() + max(lasts - TOKEN_MARGIN_SECONDS, lasts / 2) if lasts else float("inf")

    async def _ask(
        self, method: str, address: str, headers: Mapping[str, str], max_bytes: int, form: dict[str, str] | None = None
    ) -> Answer:
        _, host, port = server_of(address)
        link_local = self._settings.allow_link_local
        if self._proxy:
            targets = [await asyncio.to_thread(target_through, self._proxy, host, link_local=link_local)]
        else:
            targets = await asyncio.to_thread(check_target, host, port, link_local=link_local)
        named = {"host": urlsplit(address).netloc.rpartition("@")[2], "user-agent": "andon", "accept-encoding": "gzip", **headers}
        for name, value in named.items():
            _printable(f"the header '{name}'", value)
        last: httpx.HTTPError | None = None
        for target in targets:
            extensions = {"sni_hostname": host} if target != host else {}
            request = self._client.build_request(
                method, httpx.URL(address).copy_with(host=target), headers=named, data=form, extensions=extensions
            )
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    return await self._read(request, max_bytes)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:  # nothing was sent yet
                last = error
            except (httpx.HTTPError, TimeoutError) as error:
                raise Retryable(f"{host} does not answer: {type(error).__name__}") from error
        raise Retryable(f"{host} cannot be reached: {last}") from last

    async def _read(self, request: httpx.Request, max_bytes: int) -> Answer:
        response = await self._client.send(request, stream=True)
        try:
            body = bytearray()
            async for chunk in response.aiter_raw(64 << 10):
                body += chunk
                if len(body) > max_bytes:
                    raise PausedError(f"an answer has more than {max_bytes} bytes; ask for smaller pages")
            encoding = response.headers.get("content-encoding", "")
            return Answer(response.status_code, response.headers, await asyncio.to_thread(decode, bytes(body), encoding, max_bytes))
        except Rejection as rejection:
            raise PausedError(f"an answer cannot be decompressed within {max_bytes} bytes; ask for smaller pages") from rejection
        finally:
            await response.aclose()

    def _tls(self) -> ssl.SSLContext:
        context = trusted(self._settings.ca_file)
        if (certificate := self._settings.certificate) is not None:
            resolve_secret(certificate)  # others must not be able to read it
            path = certificate.partition(":")[2]
            try:
                context.load_cert_chain(path)
            except (OSError, ssl.SSLError) as error:
                raise PausedError(f"{path} has no certificate with its key; write both into it, as PEM") from error
        return context


class _Token(msgspec.Struct):
    access_token: str
    expires_in: int | float | str | None = None


def read(value: str) -> str:
    """Return a setting, or what it refers to. Raises :class:`core.errors.UsageError` while that cannot be read."""
    return resolve_secret(value) if is_reference(value) else value


def _printable(what: str, value: Any) -> str:
    """Return a header's value that may be sent; the client would name a wrong one, which may be a secret."""
    if not (isinstance(value, str) and value.isascii() and value.isprintable()):
        raise PausedError(f"{what} would contain more than printable ASCII; make sure that it is one line of it")
    return value


def _refuse(answer: Answer) -> None:
    """Raise what an answer means that is not one of success."""
    status = answer.status
    if status in {httpx.codes.OK, httpx.codes.NOT_MODIFIED}:
        return
    said = f"HTTP {status}"
    if status == httpx.codes.TOO_MANY_REQUESTS or (status == httpx.codes.SERVICE_UNAVAILABLE and "retry-after" in answer.headers):
        raise Full(f"the API says {said}", _retry_after(answer.headers))
    if 300 <= status < 400:
        raise PausedError(f"{said}: the API is elsewhere, and we do not follow; write its new address")
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        raise PausedError(f"{said}: the API refuses us; look at 'auth' and at what this user may read")
    if 400 <= status < 500:
        raise PausedError(f"{said} {' '.join(answer.body[:300].decode('utf-8', 'replace').split())}")
    raise Retryable(said)


def _retry_after(headers: Mapping[str, str]) -> int:
    """Return for how many seconds an API wants to be left alone."""
    wait = headers.get("retry-after", "")
    if wait.isascii() and wait.isdigit():
        return min(int(wait[:9]), RETRY_AFTER_MAX_SECONDS)
    try:
        until, told = parsedate_to_datetime(wait), parsedate_to_datetime(headers.get("date", ""))
        return max(1, min(round((until - told).total_seconds()), RETRY_AFTER_MAX_SECONDS))
    except (ValueError, TypeError):
        return 30
