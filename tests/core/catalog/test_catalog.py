"""The whole catalog as readers of verdicts get it: everything that explains a verdict, and nothing that is secret."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.catalog.catalog import Catalog, catalog_from_json, catalog_to_json
from core.catalog.load import load_catalog
from core.catalog.routing import Routes
from core.catalog.source import Webhook
from tests.core.catalog.broken import EXAMPLE, SHIPPED

CATALOG = load_catalog(SHIPPED).catalog


def test_it_is_what_it_was_without_channels_and_credentials() -> None:
    private = {
        "tokens": ["env:CRM_TOKEN"],
        "webhook": Webhook(scheme="github", secrets=["env:CRM_KEY"]),
        "receiver": {"type": "rabbitmq", "url": "amqp://u:p@h"},
    }
    secretive = {name: source.model_copy(update=private) for name, source in CATALOG.sources.items()}
    text = catalog_to_json(replace(CATALOG, sources=secretive))
    assert CATALOG.sources
    assert CATALOG.routes.channels
    public = {name: source.model_copy(update={"receiver": {"type": "rabbitmq"}}) for name, source in CATALOG.sources.items()}
    assert catalog_from_json(text) == replace(CATALOG, sources=public, routes=Routes())
    assert not [word for word in ("CRM_TOKEN", "CRM_KEY", "amqp", "http://127.0.0.1:9099/ops-desk") if word in text]


def test_the_text_is_the_same_for_the_same_catalog_and_another_for_another() -> None:
    texts = {catalog_to_json(load_catalog(folder).catalog) for folder in (SHIPPED, SHIPPED, EXAMPLE)}
    assert len(texts) == 2


@pytest.mark.parametrize("text", ['{"flows": 1}', "[]", "no JSON", ""])
def test_a_text_of_something_else_is_no_catalog(text: str) -> None:
    with pytest.raises(ValueError, match=r"Catalog|JSON|flows"):
        catalog_from_json(text)


def test_an_empty_text_is_an_empty_catalog() -> None:
    assert catalog_from_json("{}") == Catalog()
