"""A schema registry, as Confluent defined its interface: the schemas that messages name by number, each asked for once.

Source: the documentation of the Schema Registry API, ``GET /schemas/ids/{id}`` and ``GET /subjects/{subject}/versions/{version}``, and of
the wire format: a zero byte, the number of the schema in four bytes, the message.
"""

from __future__ import annotations

import asyncio
import json
import struct
import threading
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx

from collector.brokers.reconnecting import without_password
from collector.rejection import Rejection, unusable
from core.clock import SystemClock
from core.errors import AndonError, Retryable
from core.secrets import resolve_secret

ANSWER_SECONDS = 5.0
ANSWER_MAX_BYTES = 1 << 20
REFERENCES_MAX = 100
_HEADER = struct.Struct(">bI")


class RegisteredSchema(NamedTuple):
    """``text`` is the schema; ``name`` that by which others refer to it, empty for that of the message."""

    name: str
    text: str


class SchemaRegistry:
    """The schemas of one registry.

    ``url`` is a reference to a secret: its address may hold a password. ``form``: in which a schema is asked for, if it has several.
    """

    def __init__(self, url: str, form: str = "") -> None:
        self._url = url
        self._query = {"format": form} if form else {}
        self._known: dict[int, list[RegisteredSchema] | Rejection] = {}

    def schemas_of(self, body: bytes) -> tuple[int, list[RegisteredSchema], bytes]:
        """Return the number of a message's schema, that schema behind those that it refers to, and the message without its header.

        Raises :class:`Rejection` for a message without a header, or whose schema the registry does not know; :class:`Retryable` while the
        registry does not answer, so that the message is read again later.
        """
        if len(body) < _HEADER.size or body[0] != 0:
            raise unusable("no_schema", "the message does not begin with the number of its schema", field="body", what_to_do=_HINT)
        number = _HEADER.unpack_from(body)[1]
        if number not in self._known:
            self._ask(number)
        if isinstance(found := self._known[number], Rejection):
            del self._known[number]  # it may be registered later
            raise found
        return number, found, body[_HEADER.size :]

    def _ask(self, number: int) -> None:
        """Fetch a schema. A thread of its own may wait for it; the loop of the servers must not, and gets it at the next attempt."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self._fetch(number)
            return
        threading.Thread(target=self._fetch_aside, args=(number,), daemon=True).start()
        raise Retryable(f"schema {number} is being fetched")

    def _fetch_aside(self, number: int) -> None:
        try:
            self._fetch(number)
        except AndonError:
            return  # the next attempt asks again, and says why if it fails in turn

    def _fetch(self, number: int) -> None:
        try:
            url = resolve_secret(self._url)
            plain = {"accept-encoding": "identity"}
            with httpx.Client(base_url=url, params=self._query, headers=plain, timeout=ANSWER_SECONDS, follow_redirects=False) as client:
                self._known[number] = _with_references(client, f"schemas/ids/{number}", "", [], set())
        except Rejection as rejection:
            self._known[number] = rejection
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError, RecursionError) as error:
            why = without_password(f"{type(error).__name__}: {error}")
            raise Retryable(f"the schema registry does not give schema {number}: {why}") from error


_HINT = "send it with a serializer of the schema registry, or name the schema in the source's format"


def _with_references(client: httpx.Client, path: str, name: str, found: list[RegisteredSchema], asked: set[str]) -> list[RegisteredSchema]:
    """Return a schema behind those it refers to, each ``asked`` for once. Raises :class:`Rejection` if the registry does not know it."""
    if path in asked:
        return found
    if len(asked) > REFERENCES_MAX:
        raise ValueError(f"it refers to more than {REFERENCES_MAX} schemas")
    asked.add(path)
    answer = _answer(client, path)
    for each in answer.get("references") or []:
        inner = f"subjects/{quote(each['subject'], safe='')}/versions/{int(each['version'])}"
        _with_references(client, inner, str(each["name"]), found, asked)
    schema = RegisteredSchema(name, str(answer["schema"]))
    if schema not in found:
        found.append(schema)
    return found


def _answer(client: httpx.Client, path: str) -> dict[str, Any]:
    """Return what the registry says. Raises ``ValueError`` for what is no answer of one."""
    with client.stream("GET", path) as response:
        if response.status_code == httpx.codes.NOT_FOUND:
            raise unusable("unknown_schema", f"the schema registry does not know {path}", field="body", what_to_do="register the schema")
        if (encoding := response.raise_for_status().headers.get("content-encoding", "identity")) != "identity":
            raise ValueError(f"its answer to {path} is compressed ({encoding[:40]}), although it was asked not to be")
        body, clock = bytearray(), SystemClock()
        until = clock.monotonic() + ANSWER_SECONDS
        for part in response.iter_raw():  # as it came: what is compressed more than once may become more than any memory holds
            body += part
            if clock.monotonic() >= until:
                raise ValueError(f"its answer to {path} has not ended within {ANSWER_SECONDS:.0f} seconds")
            if len(body) > ANSWER_MAX_BYTES:
                raise ValueError(f"its answer to {path} has more than {ANSWER_MAX_BYTES} bytes; look whether a registry is at the address")
    answer = json.loads(body)
    if not isinstance(answer, dict):
        raise ValueError(f"its answer to {path} is no object; look whether a registry is at the address")  # noqa: TRY004 - as any answer that is none
    return answer
