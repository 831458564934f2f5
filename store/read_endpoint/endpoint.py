"""The read-only, ClickHouse-compatible HTTP endpoint of the embedded store.

The dashboard, Grafana's ClickHouse data source and ``clickhouse_connect`` use it like a real server. Every query is first checked
(``read_only.py``), then runs alone on a connection that is limited in time, memory and rows and then set to ``readonly = 1``, which
cannot be undone and which refuses writes and settings.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import queue
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from functools import lru_cache
from typing import Any

import chdb
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.errors import Permanent
from core.http.body import SlowBodyError, read_parts
from core.http.guard import Guard
from store.read_endpoint.named_tables import Named, UnknownTableError, read_tree
from store.read_endpoint.native import compressed, greeting
from store.read_endpoint.read_only import NotSqlError, Question, question
from store.reads.connection import CLIENT_NAME, LIMITS, USER
from store.statement import statement

READERS = 4
WAIT_SECONDS = 5.0
QUERY_BYTES = 1 << 20
OUTLINES_REMEMBERED = 256
OUTLINE_REMEMBERED_BYTES = 16 << 10
_TELLS_OF_FILES = re.compile(r"Code: 60\.|Code: 47\..*table expression identifier|Code: 164\.(?!.*Cannot modify)", re.DOTALL)
"""Answers that differ if a file has the name of a missing table (a name from WITH or AS, used out of its scope)."""
_CODE = re.compile(r"Code: (\d+)")
_TYPES = {"JSON": "application/json; charset=UTF-8", "TabSeparated": "text/tab-separated-values; charset=UTF-8"}


class Readers:
    """A few read-only connections to this process's engine; a query takes one and returns it."""

    def __init__(self, path: str, count: int = READERS, limits: Mapping[str, object] | None = None) -> None:
        self._path = path
        self._limits = LIMITS | dict(limits or {})
        self._idle: queue.Queue[Any] = queue.Queue()
        for _ in range(count):
            self._idle.put(self._connect())
        self.count = count
        # The engine's own list: the library that embeds it accepts further names, for objects of this process.
        listed = self.query(statement("endpoint/formats"), "TabSeparated", {}).decode().split()
        self.formats = {name.lower(): name for name in listed}
        self._database = self.query(statement("endpoint/database"), "TSVRaw", {}).decode().strip()
        self.version = self.query(statement("endpoint/version"), "TSVRaw", {}).decode().strip()
        self._tables = self._all_tables()
        self._named = lru_cache(OUTLINES_REMEMBERED)(self._parse)

    def ask(self, asked: Question, format_: str, parameters: dict[str, str]) -> bytes:
        """Return the answer to a query in ``format_``.

        Raises :class:`core.errors.Permanent` for a query that names something that is not a table of this store, and RuntimeError as
        :meth:`query` does.
        """
        named = (self._named if len(asked.outline) <= OUTLINE_REMEMBERED_BYTES else self._parse)(asked.outline)
        if named.unknown(self._tables, self._database, asked.given):
            self._tables = self._all_tables()  # the engine creates some while it runs
            if named.unknown(self._tables, self._database, asked.given):
                raise UnknownTableError
        try:
            return self.query(asked.sql, format_, parameters)
        except RuntimeError as error:
            if _TELLS_OF_FILES.search(str(error)):
                raise UnknownTableError from error
            raise

    def query(self, sql: str, format_: str, parameters: dict[str, str]) -> bytes:
        """Return a query's result in ``format_``. Raises RuntimeError with the engine's own message.

        Waits while all connections are busy; :class:`_Turns` makes sure that no query has to.
        """
        connection = self._idle.get()
        failed = True
        try:
            result = bytes(connection.query(sql, format_, params=parameters).bytes())
            failed = False
            return result
        finally:
            self._idle.put(self._emptied(connection) if failed else connection)

    def _all_tables(self) -> frozenset[str]:
        return frozenset(self.query(statement("tables"), "TSVRaw", {}).decode().split())

    def _parse(self, outline: str) -> Named:
        return read_tree(self.query(f"EXPLAIN AST {outline}", "TSVRaw", {}).decode())

    def _connect(self) -> Any:
        connect: Any = chdb.connect  # untyped in one of its builds, typed in another
        connection = connect(self._path)
        for name, value in self._limits.items():
            connection.query(f"SET {name} = {value!r}")
        connection.query("SET readonly = 1")
        return connection

    def _emptied(self, connection: Any) -> Any:
        """Return a connection without the rows left behind by a failed query, which the engine would put before the next answer."""
        for _ in range(3):
            with suppress(RuntimeError):
                if bytes(connection.query("SELECT 1", "TabSeparated").bytes()) == b"1\n":
                    return connection
        connection.close()
        return self._connect()

    def close(self) -> None:
        """Close the connections that are idle."""
        while not self._idle.empty():
            self._idle.get_nowait().close()


class _Turns:
    """Lets as many queries run as there are readers. One reader is always left free for Andon's own pages and commands."""

    def __init__(self, count: int) -> None:
        self._all = asyncio.Semaphore(count)
        self._others = asyncio.Semaphore(max(1, count - 1))

    @asynccontextmanager
    async def turn(self, *, own: bool) -> AsyncIterator[None]:
        """Hold a reader. Raises TimeoutError if none becomes free; waiting occupies no thread."""
        async with AsyncExitStack() as held:
            async with asyncio.timeout(WAIT_SECONDS):
                for gate in (self._all,) if own else (self._others, self._all):
                    await held.enter_async_context(gate)
            yield


def read_endpoint(readers: Readers, password: str, guard: Guard) -> Starlette:
    """Return the application to mount at ``/``."""
    turns = _Turns(readers.count)

    async def answer(request: Request) -> Response:
        response = await plain(request)
        if request.query_params.get("compress") == "1":  # errors, too: a client that asks for it reads nothing else
            method = request.query_params.get("network_compression_method", "")
            response.body = await run_in_threadpool(compressed, bytes(response.body), method)
            response.headers["content-length"] = str(len(response.body))
        return response

    async def plain(request: Request) -> Response:
        if not _allowed(request, password):
            return _stranger(guard.wrong(request))
        try:
            given, body = await _given(request)
        except SlowBodyError as error:
            guard.slow(request)
            return _refusal(209, f"{error} (SOCKET_TIMEOUT)", 408)
        except _UnreadableError as error:
            return _refusal(62, str(error), error.status)
        sql = " ".join(part for part in (given.get("query", ""), body) if part).strip()
        if not sql:
            return PlainTextResponse("Ok.\n")
        default = request.headers.get("x-clickhouse-format") or given.get("default_format") or "TabSeparated"
        own = request.headers.get("user-agent", "").startswith(CLIENT_NAME)
        return await _answered(readers, turns.turn(own=own), sql, default, given)

    return Starlette(routes=[Route("/ping", lambda _: PlainTextResponse("Ok.\n")), Route("/", answer, methods=["GET", "POST"])])


async def _answered(
    readers: Readers, turn: AbstractAsyncContextManager[None], sql: str, default_format: str, given: dict[str, str]
) -> Response:
    first = greeting(sql, given.get("client_protocol_version", ""), readers.version) if default_format == "Native" else None
    if first is not None:
        return Response(first, media_type="application/octet-stream", headers={"x-clickhouse-format": "Native"})
    try:
        asking = question(sql)
    except NotSqlError as refusal:
        return _refusal(62, f"Syntax error: {refusal} (SYNTAX_ERROR)", 400)
    except Permanent as refusal:
        return _refusal(164, f"{refusal} (READONLY)", 403)
    parameters = {name.removeprefix("param_"): value for name, value in given.items() if name.startswith("param_")}
    return await _result(readers, turn, asking, asking.format or default_format, parameters)


async def _result(
    readers: Readers, turn: AbstractAsyncContextManager[None], asking: Question, asked: str, parameters: dict[str, str]
) -> Response:
    format_ = readers.formats.get(asked.lower())
    if format_ is None:
        return _refusal(73, f"Unknown format {asked[:60]} (UNKNOWN_FORMAT)", 400)
    try:
        async with turn:
            result = await run_in_threadpool(readers.ask, asking, format_, parameters)
    except TimeoutError:
        return _refusal(202, f"all {readers.count} readers are busy; ask again later (TOO_MANY_SIMULTANEOUS_QUERIES)", 503)
    except UnknownTableError as error:
        return _refusal(60, f"{error} (UNKNOWN_TABLE)", 404)
    except Permanent as refusal:
        return _refusal(164, f"{refusal} (READONLY)", 403)
    except RuntimeError as error:
        text = str(error)
        code = _CODE.search(text)
        return _refusal(int(code.group(1)) if code else 1, text, 400)
    headers = {"x-clickhouse-format": format_, "x-clickhouse-timezone": "UTC", "x-clickhouse-summary": "{}"}
    return Response(result, media_type=_TYPES.get(format_, "application/octet-stream"), headers=headers)


class _UnreadableError(Exception):
    """The request is too long (413) or not a valid form (400)."""

    def __init__(self, words: str, status: int) -> None:
        super().__init__(words)
        self.status = status


async def _given(request: Request) -> tuple[dict[str, str], str]:
    """Return the parameters and the body of a query. Clients send parameters too long for an address as a form, as to a real server."""
    body = bytearray()

    def take(part: bytes) -> None:
        body.extend(part)
        if len(body) > QUERY_BYTES:
            raise _UnreadableError("the query is longer than 1 MiB", 413)

    async def stream() -> AsyncGenerator[bytes]:
        yield bytes(body)

    given = dict(request.query_params)
    await read_parts(request, take)
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        try:
            form = await MultiPartParser(request.headers, stream(), max_files=0, max_part_size=QUERY_BYTES).parse()
        except (MultiPartException, KeyError) as error:
            raise _UnreadableError(f"the form cannot be read: {error}", 400) from error
        return given | {name: str(value) for name, value in form.multi_items()}, ""
    return given, body.decode("utf-8", "replace")


def _allowed(request: Request, password: str) -> bool:
    user, given = request.headers.get("x-clickhouse-user", ""), request.headers.get("x-clickhouse-key", "")
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, given = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return False
    return user == USER and hmac.compare_digest(given.encode(), password.encode())


_GIVEN = "given by basic authentication or in the headers X-ClickHouse-User and X-ClickHouse-Key, and not in the address, which logs keep"


def _stranger(wait_seconds: int) -> Response:
    if not wait_seconds:
        return _refusal(516, f"Authentication failed: user andon, password in <data>/secrets/reader, {_GIVEN}", 401)
    refusal = _refusal(516, f"Authentication failed: too many wrong passwords from this address; wait {wait_seconds} s", 503)
    refusal.headers["retry-after"] = str(wait_seconds)
    return refusal


def _refusal(code: int, text: str, status: int) -> Response:
    message = text if text.startswith("Code:") else f"Code: {code}. DB::Exception: {text}"
    return PlainTextResponse(message.rstrip() + "\n", status, headers={"x-clickhouse-exception-code": str(code)})
