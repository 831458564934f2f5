"""A stand-in for a ClickHouse server, since no server binary can be had: the embedded engine of a process of its own, writable over HTTP.

It understands what ``clickhouse_connect`` sends: SQL in ``query`` or the body, settings and parameters in the address or a form, insert
data in the body. It has one user with a password and any databases, and refuses a wrong password, an unknown database and, to whom asks
with ``readonly``, a write, with a server's codes; and a part of a form over 128 KiB, as a server does by default. It shows that our
statements, inserts, readers and refusals travel over HTTP; it shows nothing about grants, profiles, row policies, TLS, sessions,
replication or a server's own limits.

Run: ``python -m tests.servers.clickhouse_stand_in <folder> <user> <password> <port, 0: any>``; it prints its port.
"""

from __future__ import annotations

import base64
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import chdb
import lz4.frame
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from store.client import Store

_OWN = {"query", "database", "session_id", "query_id", "default_format", "client_protocol_version", "wait_end_of_query", "compress", "role"}
_INSERT = re.compile(rb"\s*(INSERT INTO .*?)\s+FORMAT\s+(\w+)\s*?\n(.+)", re.IGNORECASE | re.DOTALL)
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_FIELD_BYTES = 128 << 10
_STATUS = {60: 404, 81: 404, 164: 500, 497: 403, 516: 403}


@dataclass(frozen=True)
class StandIn:
    """A running stand-in. ``password`` is its only user's; ``dsn`` lacks it, as the setting ``store`` does."""

    process: subprocess.Popen[str]
    port: int
    user: str
    password: str

    def store(self, database: str = "default") -> str:
        """The setting ``store`` of a database."""
        return f"clickhouse://{self.user}@127.0.0.1:{self.port}/{database}"

    def admin(self) -> Store:
        return Store(f"http://{self.user}@127.0.0.1:{self.port}/default", self.password)


@contextmanager
def clickhouse_stand_in(folder: Path, user: str = "default", password: str = "", port: int = 0) -> Iterator[StandIn]:
    """Run a stand-in on ``folder``."""
    command = [sys.executable, "-m", "tests.servers.clickhouse_stand_in", str(folder), user, password, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield StandIn(process, int(process.stdout.readline()), user, password)
        finally:
            process.terminate()


def _insert(connection: Any, found: re.Match[bytes]) -> None:
    """Insert data from a file: the engine takes none beside a statement."""
    into, format_, data = found.groups()
    with NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        connection.query(f"{into.decode()} FROM INFILE '{file.name}' FORMAT {format_.decode()}")


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _refusal(message: str) -> Response:
    code = re.search(r"Code: (\d+)", message)
    number = int(code.group(1)) if code else 1
    return PlainTextResponse(message, _STATUS.get(number, 500), headers={"x-clickhouse-exception-code": str(number)})


def _given(request: Request) -> tuple[str, str]:
    """Return user and password, in any of the ways a server takes them."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        user, _, password = base64.b64decode(encoded).decode().partition(":")
        return user, password
    return request.headers.get("x-clickhouse-user", "default"), request.headers.get("x-clickhouse-key", "")


async def _asked(request: Request) -> tuple[dict[str, str], bytes]:
    """Return all parameters and the body; long parameters come as a form."""
    given = dict(request.query_params)
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        form = {name: str(value) for name, value in (await request.form(max_part_size=1 << 30)).items()}
        if any(len(value.encode()) > _FIELD_BYTES for value in form.values()):
            raise HTTPException(400, "Poco::Exception. Code: 1000, e.code() = 0, HTML Form Exception: Field value too long")
        return given | form, b""
    body = await request.body()
    return given, lz4.frame.decompress(body) if request.headers.get("content-encoding") == "lz4" else body


def _prepared(folder: str, given: dict[str, str]) -> Any:
    """Return a connection in the database and with the settings of a request; ``readonly`` last, since nothing can be set after it."""
    connection = chdb.connect(folder)
    try:
        if "database" in given:
            connection.query(f"USE `{given['database']}`")
        settings = {name: value for name, value in given.items() if name not in _OWN and not name.startswith("param_")}
        for name in sorted(settings, key=lambda name: name == "readonly"):
            connection.query(f"SET {name} = {_quoted(settings[name])}")
    except RuntimeError:
        connection.close()
        raise
    return connection


def app(folder: str, user: str, password: str) -> Starlette:
    """Return the application on the engine in ``folder``."""

    async def answer(request: Request) -> Response:
        if _given(request) != (user, password):
            who = _given(request)[0]
            return _refusal(
                f"Code: 516. DB::Exception: {who}: Authentication failed: password is incorrect, or there is no user with such name."
                " (AUTHENTICATION_FAILED)"
            )
        given, body = await _asked(request)
        query = given.get("query", "")
        parameters = {name[6:]: value for name, value in given.items() if name.startswith("param_")}
        asked = request.headers.get("x-clickhouse-format") or given.get("default_format") or "TabSeparated"
        try:
            connection = _prepared(folder, given)
        except RuntimeError as error:
            return _refusal(str(error))
        try:
            if found := _INSERT.match(query.encode() + b"\n" + body):
                _insert(connection, found)
                return PlainTextResponse("")
            sql = f"{query} {body.decode()}".strip()
            if found := _FORMAT.search(sql):
                asked, sql = found.group(1), sql[: found.start()]
            return Response(bytes(connection.query(sql, asked, params=parameters).bytes()), headers={"x-clickhouse-format": asked})
        except RuntimeError as error:
            return _refusal(str(error))
        finally:
            connection.close()

    return Starlette(routes=[Route("/", answer, methods=["GET", "POST"])])


if __name__ == "__main__":
    keep = chdb.connect(sys.argv[1])
    bound = socket.create_server(("127.0.0.1", int(sys.argv[4])))
    print(bound.getsockname()[1], flush=True)  # noqa: T201 - for who started it
    application = app(*sys.argv[1:4])
    uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off")).run(sockets=[bound])
