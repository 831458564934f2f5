"""Avro: the message is one record of a schema that the source names, or that the message names by its number in a schema registry.

``data`` is the record: decimals are numbers with all their digits, times and dates are text as RFC 3339 writes it, bytes are base64. The
type of the event is the name of the record. Bytes that are not of the schema go to quarantine. While the registry does not answer, nothing
is lost: the source waits, and its messages stay with the broker.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Self

import fastavro
import msgspec
from pydantic import Field, field_validator, model_validator

from collector.format import BadDocument, Document, Reader
from collector.json_guard import check_json
from collector.plugin_settings import PluginSettings, parsed
from collector.rejection import Rejection, ValidationError
from collector.schema_registry import SchemaRegistry
from core.secrets import is_reference

_JSON = msgspec.json.Encoder(decimal_format="number")
Schema = Any
"""As ``fastavro`` has parsed it."""


class AvroSettings(PluginSettings):
    """``schema``: the schema, as its JSON says it. ``registry``: the address of a schema registry, as a reference to a secret.

    One of the two; with a registry, each message begins with the number of its schema.
    """

    schema_: dict[str, Any] | None = Field(default=None, alias="schema")
    registry: str | None = None

    @field_validator("schema_")
    @classmethod
    def _is_a_schema(cls, schema: dict[str, Any] | None) -> dict[str, Any] | None:
        if schema is not None:
            _parsed([json.dumps(schema)])
        return schema

    @field_validator("registry")
    @classmethod
    def _is_a_reference(cls, registry: str | None) -> str | None:
        if registry is not None and not is_reference(registry):
            raise ValueError("it may hold a password; write env:NAME or file:PATH")
        return registry

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
        known = cache(lambda _, *schemas: _parsed(schemas))

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


def _record(schema: Schema, message: bytes) -> bytes:
    """Return the record as JSON. Raises ``ValueError`` for bytes that are not exactly one record of the schema."""
    stream = io.BytesIO(message)
    try:
        record = _JSON.encode(fastavro.schemaless_reader(stream, schema, None))
    except Exception as error:  # boundary: the library raises what it happens to meet in bytes that are not of the schema
        raise ValueError(f"byte {stream.tell()} is not of the schema: {type(error).__name__}: {error}") from error
    if left := len(message) - stream.tell():
        raise ValueError(f"{left} bytes are left behind the record; it was written with another schema")
    return record


def _parsed(schemas: Iterator[str] | list[str] | tuple[str, ...]) -> Schema:
    """Return the last schema, which may name the types of those before it. Raises ``ValueError`` for what is no schema."""
    named: dict[str, Any] = {}
    parsed_schema: Schema = None
    for schema in schemas:
        try:
            parsed_schema = fastavro.parse_schema(json.loads(schema), named_schemas=named)
        except Exception as error:  # boundary: the library raises what it happens to meet in what is no schema
            raise ValueError(f"it is no schema: {type(error).__name__}: {error}") from error
    return parsed_schema


def _name(schema: Schema) -> str:
    return str(schema.get("name", "")) if isinstance(schema, dict) else ""
