"""The reference has every key of a catalog and every plug-in, and each of its examples is one."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest
import yaml

from andon.plugins import formats, notifiers, publishers, receivers
from core.catalog.definition import Definition
from core.catalog.load import FOLDERS, SINGLES


def tool() -> ModuleType:
    spec = spec_from_file_location("reference", Path(__file__).parents[2] / "tools" / "reference.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCE = tool()
MODELS: dict[str, type[Definition]] = {definition.__name__: definition for _, definition in REFERENCE.DEFINITIONS}
FILES = {"Routes", "Owners"}
"""Models of whole files that hold nothing but maps of others, which their sections name."""


def models() -> dict[str, type[Definition]]:
    """Return every model that a file of a catalog is made of, by name."""
    found: dict[str, type[Definition]] = {}
    waiting: list[Any] = [model for model, _ in FOLDERS.values()] + list(SINGLES.values())
    while waiting:
        one = waiting.pop()
        if isinstance(one, type) and issubclass(one, Definition):
            if one.__name__ not in found:
                found[one.__name__] = one
                waiting += [field.annotation for field in one.model_fields.values()]
        else:
            waiting += get_args(one)
    return found


def test_every_model_of_a_catalog_has_its_section() -> None:
    assert set(models()) - FILES == set(MODELS)


def test_everything_has_an_example_and_there_is_no_other() -> None:
    assert set(REFERENCE.EXAMPLES) == {*MODELS, *notifiers(), *receivers(), *formats(), *(f"publisher_{name}" for name in publishers())}


def keys() -> Iterator[tuple[str, str]]:
    for name, model in MODELS.items():
        for field, found in model.model_fields.items():
            if (name, field) != ("Runbook", "body"):
                yield name, found.alias or field


def test_every_key_is_in_the_table_of_its_section() -> None:
    sections = {part.partition("\n")[0]: part for part in REFERENCE.reference().split("\n## ")}
    titles = {definition.__name__: title for title, definition in REFERENCE.DEFINITIONS}
    assert [(name, key) for name, key in keys() if f"\n| `{key}` | " not in sections[titles[name]]] == []


@pytest.mark.parametrize("name", sorted(REFERENCE.EXAMPLES))
def test_an_example_is_one(name: str) -> None:
    example = yaml.safe_load(REFERENCE.EXAMPLES[name])
    if name in MODELS:
        MODELS[name].model_validate(example)
    elif name in notifiers():
        assert example["type"] == name
        notifiers()[name].validate(example["settings"])
    elif name.startswith("publisher_"):
        assert example["type"] == name.removeprefix("publisher_")
        publishers()[example["type"]].validate(example)
    elif name in formats():
        assert example["type"] == name
        formats()[name].reader(example)
    else:
        assert example["type"] == name
        receivers()[name].validate(example)


@pytest.mark.parametrize("name", sorted(receivers()))
def test_a_receivers_settings_are_its_own_and_not_those_they_are_made_of(name: str) -> None:
    settings = yaml.safe_load(REFERENCE.EXAMPLES[name])
    required = {key for key, field in REFERENCE._settings_of(receivers()[name]).model_fields.items() if field.is_required()}
    assert required <= set(settings), "an example has all that is required"
