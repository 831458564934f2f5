"""How readers reach the store: through the engine's read endpoint if it is embedded, else on the ClickHouse server itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TypeAlias

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, ProgrammingError

from core.config import Settings
from core.errors import Retryable
from store.server import AUTHENTICATION_FAILED, is_unanswered, scheme_of, server_dsn, why

Reader: TypeAlias = Client
"""What asks a store: one thread's client, for code that may not know its library."""
ReaderError: TypeAlias = ClickHouseError
"""What a reader raises for whatever goes wrong on the way: refused, cut off, or answered with an error."""

CLIENT_NAME = "andon"
"""How Andon's own pages and commands identify themselves, so that the queries of others do not keep them waiting."""
USER = "andon"
"""The only user of the read endpoint."""
LIMITS: dict[str, int | str] = {
    "max_execution_time": 30,
    "max_memory_usage": 2_000_000_000,
    "max_result_rows": 1_000_000,
    "max_threads": 2,
    "session_timezone": "UTC",
}
"""The limits of one reader's query in seconds, bytes, rows and threads, and the zone of its times."""
_BEYOND_A_LIMIT = {159, 241, 396}
"""ClickHouse's codes for a query that takes longer, needs more memory or returns more rows than it may."""


def connect(dsn: str, user: str, password: str) -> Reader:
    """Return a client of the server at ``dsn``, which may name its database."""
    return clickhouse_connect.get_client(
        dsn=dsn,
        interface=scheme_of(dsn),
        username=user,
        password=password,
        autogenerate_session_id=False,
        client_name=CLIENT_NAME,
    )


def connect_reader(settings: Settings) -> Reader:
    """Return a client that can read the store of these settings and do nothing else.

    On a ClickHouse server it uses the engine's user, password and database, limited like the read endpoint as far as the server lets that
    user set limits. The endpoint's secret is read, never created: a mistyped data folder must not come into being.

    Raises :class:`Retryable` that says what to do if nobody answers, and :class:`core.errors.UsageError` for a store of unknown form.
    """
    try:
        if settings.store == "embedded":
            return connect(settings.engine_url, USER, _secret(settings))
        client = connect(server_dsn(settings.store), "", settings.store_password.get_secret_value())
    except ClickHouseError as error:
        raise Retryable(_why(settings, error)) from error
    for name, value in {**LIMITS, "readonly": 1}.items():
        with suppress(ProgrammingError):  # this user cannot change it: the server's own value applies
            client.set_client_setting(name, value)
    return client


@contextmanager
def reading(settings: Settings) -> Iterator[Reader]:
    """Yield a client from :func:`connect_reader`. Raises :class:`Retryable` also if a query asked through it is not answered."""
    client = connect_reader(settings)
    try:
        yield client
    except ClickHouseError as error:
        raise Retryable(_why(settings, error)) from error
    finally:
        client.close()


def whom(settings: Settings) -> str:
    """Return whom readers ask, as words for a sentence."""
    return (
        f"the engine at {settings.engine_url}" if settings.store == "embedded" else f"the ClickHouse server at {server_dsn(settings.store)}"
    )


def _secret(settings: Settings) -> str:
    try:
        return (settings.data / "secrets" / "reader").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _why(settings: Settings, error: ClickHouseError) -> str:
    if getattr(error, "code", None) in _BEYOND_A_LIMIT:
        return f"{whom(settings)} ended a query that is beyond its limits; ask for less ({' '.join(str(error).split())[:200]})"
    if settings.store != "embedded":
        return why(server_dsn(settings.store), error, with_password=bool(settings.store_password.get_secret_value()))
    said = " ".join(str(error).split())
    if getattr(error, "code", None) == AUTHENTICATION_FAILED:
        secret = settings.data / "secrets" / "reader"
        refused = f"refuses the password in {secret}" if secret.exists() else f"requires a password, and {secret} does not exist"
        return f"{whom(settings)} answers but {refused}: it runs with another data folder; name that one with --data (the demo's is .andon-demo)"
    if is_unanswered(error):
        return (
            f"no engine answers at {settings.engine_url}; start it with 'andon up', wait a moment if it is starting, or give --engine-port"
        )
    return f"{whom(settings)} does not answer queries ({type(error).__name__}: {said[:200]})"
