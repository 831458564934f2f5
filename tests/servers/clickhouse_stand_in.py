"""A stand-in for a ClickHouse server, since no server binary can be had: the embedded engine of a process of its own, writable over HTTP.

It understands what ``clickhouse_connect`` sends: SQL in ``query`` or the body, settings and parameters in the address, insert data in the
body. It shows that our statements and inserts travel over HTTP; it shows nothing about users, replication or a server's limits.
Run: ``python -m tests.servers.clickhouse_stand_in <folder>``; it prints its port.
"""

from __future__ import annotations

import re
import socket
import sys
from tempfile import NamedTemporaryFile
from typing import Any

import chdb
import lz4.frame
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

_OWN = {"query", "database", "session_id", "query_id", "default_format", "client_protocol_version", "wait_end_of_query", "compress", "role"}
_INSERT = re.compile(rb"\s*(INSERT INTO .*?)\s+FORMAT\s+(\w+)\s*?\n(.+)", re.IGNORECASE | re.DOTALL)
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)


def _insert(connection: Any, found: re.Match[bytes]) -> None:
    """Insert data from a file: the engine takes none beside a statement."""
    into, format_, data = found.groups()
    with NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        connection.query(f"{into.decode()} FROM INFILE '{file.name}' FORMAT {format_.decode()}")


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def app(folder: str) -> Starlette:
    """Return the application on the engine in ``folder``."""

    async def answer(request: Request) -> Response:
        body = await request.body()
        if request.headers.get("content-encoding") == "lz4":
            body = lz4.frame.decompress(body)
        query = request.query_params.get("query", "")
        parameters = {name[6:]: value for name, value in request.query_params.items() if name.startswith("param_")}
        settings = {name: value for name, value in request.query_params.items() if name not in _OWN and not name.startswith("param_")}
        connection = chdb.connect(folder)
        asked = request.headers.get("x-clickhouse-format") or request.query_params.get("default_format") or "TabSeparated"
        try:
            for name, value in settings.items():
                connection.query(f"SET {name} = {_quoted(value)}")
            if found := _INSERT.match(query.encode() + b"\n" + body):
                _insert(connection, found)
                return PlainTextResponse("")
            sql = f"{query} {body.decode()}".strip()
            if found := _FORMAT.search(sql):
                asked, sql = found.group(1), sql[: found.start()]
            return Response(bytes(connection.query(sql, asked, params=parameters).bytes()), headers={"x-clickhouse-format": asked})
        except RuntimeError as error:
            code = re.search(r"Code: (\d+)", str(error))
            return PlainTextResponse(str(error), 500, headers={"x-clickhouse-exception-code": code.group(1) if code else "1"})
        finally:
            connection.close()

    return Starlette(routes=[Route("/", answer, methods=["GET", "POST"])])


if __name__ == "__main__":
    keep = chdb.connect(sys.argv[1])
    bound = socket.create_server(("127.0.0.1", 0))
    print(bound.getsockname()[1], flush=True)  # noqa: T201 - for who started it
    uvicorn.Server(uvicorn.Config(app(sys.argv[1]), log_level="error", lifespan="off")).run(sockets=[bound])
