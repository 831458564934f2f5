"""Avro: the message is one record of a schema that the source names, or that the message names by its number in a schema registry.

``data`` is the record: decimals are numbers with all their digits, times and dates are text as RFC 3339 writes it, bytes are base64. The
type of the event is the name of the record. Bytes that are not of the schema go to quarantine. While the registry does not answer, nothing
is lost: the source waits, and its messages stay with the broker.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any, Self

import fastavro
import msgspec
from pydantic import Field, field_validator, model_validator

from collector.documents.schema_registry import SchemaRegistry
from collector.format import BadDocument, Document, Reader
from collector.json_guard import NODES_MAX, check_json
from collector.plugin_settings import PluginSettings, Reference, parsed
from collector.rejection import Rejection, ValidationError

_JSON = msgspec.json.Encoder(decimal_format="number")
READS_MAX = 5 * NODES_MAX
"""A number is read byte by byte: as much as the longest ones take that JSON may have of them."""
Schema = Any
"""As ``fastavro`` has parsed it."""


class AvroSettings(PluginSettings):
    """``schema``: the schema, as its JSON says it. ``registry``: the address of a schema registry, as a reference to a secret.

    One of the two; with a registry, each message begins with the number of its schema.
    """

    schema_: dict[str, Any] | None = Field(default=None, alias="schema")
    registry: Reference | None = None

    @field_validator("schema_")
    @classmethod
    def _is_a_schema(cls, schema: dict[str, Any] | None) -> dict[str, Any] | None:
        if schema is not None:
            _parsed([json.dumps(schema)])
        return schema

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.schema_ is None) == (self.registry is None):
            raise ValueError("name a schema or a registry, one of the two")
        return self


class Avro:
    """The format ``avro``."""

    name = "avro"

    def reader(self, settings: dict[str, Any]) -> Reader:
        """Return what reads a body. Raises :class:`core.errors.WrongSetting` that names the field."""
        chosen = parsed(AvroSettings, settings, "format")
        if chosen.registry is None:
            schema = _parsed([json.dumps(chosen.schema_)])
            return lambda body: _documents(lambda: (schema, body), body)
        registry = SchemaRegistry(chosen.registry)
        known = cache(lambda _, *schemas: _parsed(each.text for each in schemas))

        def found(body: bytes) -> tuple[Schema, bytes]:
            number, schemas, message = registry.schemas_of(body)
            return known(number, *schemas), message

        return lambda body: _documents(lambda: found(body), body)


FORMAT = Avro()


def _documents(find: Callable[[], tuple[Schema, bytes]], body: bytes) -> Iterator[Document | BadDocument]:
    try:
        schema, message = find()
        yield Document(check_json(_record(schema, message)), type=_name(schema))
    except Rejection as rejection:
        yield rejection.error, body
    except ValueError as error:
        yield ValidationError("bad_avro", str(error), "body"), body


class _Bounded(io.BytesIO):
    """A large message, which may become a value in memory for each of its bytes."""

    reads = 0

    def read(self, size: int | None = -1) -> bytes:
        """Read. Raises ``ValueError`` once there are more values than any record may have."""
        self.reads += 1
        if self.reads > READS_MAX:
            raise ValueError(f"the record has more than {NODES_MAX} values")
        return super().read(size)


def _record(schema: Schema, message: bytes) -> bytes:
    """Return the record as JSON. Raises ``ValueError`` for bytes that are not exactly one record of the schema."""
    stream = _Bounded(message) if len(message) > NODES_MAX else io.BytesIO(message)
    try:
        record = _JSON.encode(fastavro.schemaless_reader(stream, schema, None))
    except Exception as error:  # boundary: the library raises what it happens to meet in bytes that are not of the schema
        raise ValueError(f"byte {stream.tell()} is not of the schema: {type(error).__name__}: {error}") from error
    if left := len(message) - stream.tell():
        raise ValueError(f"{left} bytes are left behind the record; it was written with another schema")
    return record


def _parsed(schemas: Iterable[str]) -> Schema:
    """Return the last schema, which may name the types of those before it. Raises ``ValueError`` for what is no schema."""
    named: dict[str, Any] = {}
    parsed_schema: Schema = None
    for schema in schemas:
        try:
            parsed_schema = fastavro.parse_schema(json.loads(schema), named_schemas=named)
        except Exception as error:  # boundary: the library raises what it happens to meet in what is no schema
            raise ValueError(f"it is no schema: {type(error).__name__}: {error}") from error
        if _has_endless(parsed_schema, named):
            raise ValueError("it has an array of what takes no bytes, such as null: a message of a few bytes could have any number of them")
    return parsed_schema


def _has_endless(schema: Schema, named: dict[str, Any]) -> bool:
    """Return whether there is an array in a schema whose items take no bytes."""
    if isinstance(schema, list):
        return any(_has_endless(one, named) for one in schema)
    if not isinstance(schema, dict):
        return False
    if schema["type"] == "array" and _takes_nothing(schema["items"], named):
        return True
    inner = [schema.get("items"), schema.get("values"), *(each["type"] for each in schema.get("fields", ()))]
    return any(_has_endless(one, named) for one in inner)


def _takes_nothing(schema: Schema, named: dict[str, Any], within: tuple[str, ...] = ()) -> bool:
    """Return whether a value of a schema is written as nothing."""
    if isinstance(schema, str):
        return schema == "null" or (schema in named and schema not in within and _takes_nothing(named[schema], named, (*within, schema)))
    if not isinstance(schema, dict):
        return False
    if schema["type"] in {"record", "error"}:
        return all(_takes_nothing(each["type"], named, within) for each in schema["fields"])
    return bool(schema["type"] == "null" or (schema["type"] == "fixed" and schema["size"] == 0))


def _name(schema: Schema) -> str:
    return str(schema.get("name", "")) if isinstance(schema, dict) else ""
