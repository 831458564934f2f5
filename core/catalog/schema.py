"""JSON Schemas of the catalog's files, so that an editor can complete and check them as they are written."""

from __future__ import annotations

from typing import Any

from core.catalog.load import FOLDERS, SINGLES


def json_schemas() -> dict[str, dict[str, Any]]:
    """Return a JSON Schema (2020-12) by noun: ``flow``, ``calendar``, ``source``, ``contract``, ``runbook``, ``routes``, ``owners``.

    ``runbook`` describes the front matter; the body is the Markdown below it.
    """
    models = {noun: model for model, noun in FOLDERS.values()} | {name.removesuffix(".yaml"): model for name, model in SINGLES.items()}
    schemas = {}
    for name, model in models.items():
        schema = model.model_json_schema(by_alias=True)
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        if name == "runbook":
            del schema["properties"]["body"]
        schemas[name] = schema
    return schemas
