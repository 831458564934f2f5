"""The ClickHouse server in server mode: its address, and its refusals in words that say what to do."""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit

from core.errors import UsageError

AUTHENTICATION_FAILED = 516
"""ClickHouse's code for a wrong user or password."""
_UNANSWERED = ("NewConnectionError", "NameResolutionError", "Failed to establish", "Failed to resolve")
_UNKNOWN_DATABASE = 81
_UNKNOWN_TABLE = 60
_ACCESS_DENIED = 497


def server_dsn(store: str) -> str:
    """Return ``http(s)://user@host:port/database`` for the setting ``store``, with every part filled in. Raises :class:`UsageError`.

    Parts missing from the setting: user and database ``default``, and ClickHouse's usual port for the scheme.
    """
    parts = urlsplit(store)
    if parts.password:
        raise UsageError("store: give the password as ANDON_STORE_PASSWORD, not in the address")
    try:
        port = parts.port
    except ValueError as error:
        raise UsageError(f"store '{store}': {error}; write clickhouse://user@host:port/database") from error
    if parts.scheme not in {"clickhouse", "clickhouses"} or not parts.hostname:
        raise UsageError(f"store '{store}': write 'embedded' or clickhouse://user@host:port/database")
    scheme, usual = ("https", 8443) if parts.scheme == "clickhouses" else ("http", 8123)
    user, database = quote(unquote(parts.username or "default"), safe=""), parts.path.strip("/") or "default"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{scheme}://{user}@{host}:{port or usual}/{database}"


def scheme_of(dsn: str) -> str:
    """Return ``http``, ``https`` or ``chdb`` for the library, which would otherwise go by the port and send a password in the clear."""
    return dsn.partition(":")[0]


def is_unanswered(error: Exception) -> bool:
    """Return whether nobody is listening at the address."""
    return any(sign in str(error) for sign in _UNANSWERED)


def why(dsn: str, error: Exception, *, with_password: bool) -> str:
    """Return one line that says why the server at ``dsn`` did not answer, and what to do. ``with_password``: it was given one."""
    parts, said = urlsplit(dsn), " ".join(str(error).split())
    user, database = unquote(parts.username or ""), unquote(parts.path[1:])
    code = getattr(error, "code", None)
    if code == AUTHENTICATION_FAILED:
        given = (
            "refuses the password in ANDON_STORE_PASSWORD" if with_password else "requires a password, and ANDON_STORE_PASSWORD is not set,"
        )
        return f"the ClickHouse server at {dsn} {given} for user '{user}'"
    if code == _UNKNOWN_DATABASE:
        return f"the ClickHouse server at {dsn} has no database '{database}'; create it there with CREATE DATABASE {database}, or correct --store"
    if code == _UNKNOWN_TABLE:
        return f"the database '{database}' at {dsn} does not contain Andon's tables; 'andon engine' with this --store creates them"
    if code == _ACCESS_DENIED:
        return f"the ClickHouse server at {dsn} does not let user '{user}' do this: {said[:300]}"
    if is_unanswered(error):
        return f"no ClickHouse server answers at {dsn}; start it, or correct --store"
    return f"the ClickHouse server at {dsn} does not answer ({type(error).__name__}: {said[:300]})"
