"""JSON Schemas of a catalog's files: what an editor completes is what the loader takes."""

from __future__ import annotations

import yaml

from core.catalog.load import FOLDERS, SINGLES
from core.catalog.schema import json_schemas
from tests.core.catalog.broken import EXAMPLE


def test_json_schemas_describe_what_loads():
    schemas = json_schemas()

    assert sorted(schemas) == ["calendar", "contract", "flow", "owners", "rates", "routes", "runbook", "source"]
    assert schemas["flow"]["additionalProperties"] is False
    assert "from" in schemas["flow"]["$defs"]["Sla"]["properties"]
    assert "body" not in schemas["runbook"]["properties"]


def test_every_file_of_a_catalog_has_its_schema_in_the_dialect_it_names() -> None:
    schemas = json_schemas()
    assert len(schemas) == len(FOLDERS) + len(SINGLES)
    assert {schema["$schema"] for schema in schemas.values()} == {"https://json-schema.org/draft/2020-12/schema"}
    assert all(schema["type"] == "object" and schema["additionalProperties"] is False for schema in schemas.values())


def test_keys_are_described_as_they_are_written() -> None:
    schemas = json_schemas()
    for folder, (_, noun) in FOLDERS.items():
        for file in (EXAMPLE / folder).glob("*.yaml"):
            written = yaml.safe_load(file.read_text(encoding="utf-8"))
            assert written.keys() <= schemas[noun]["properties"].keys()
            assert set(schemas[noun]["required"]) <= written.keys()
    for file in SINGLES:
        assert (
            yaml.safe_load((EXAMPLE / file).read_text(encoding="utf-8")).keys() <= schemas[file.removesuffix(".yaml")]["properties"].keys()
        )
    assert {"continue"} <= schemas["routes"]["$defs"]["Route"]["properties"].keys()
