"""Routes: fallbacks that come to an end, secrets of a channel, and who an owner is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.catalog.routing import FALLBACKS_MAX, ROUTE_VARIABLES, Channel, Owner, Route, Routes
from core.incident import Contact


def routes(**fallbacks: str | None) -> Routes:
    return Routes(channels={name: Channel(type="webhook", fallback=fallback) for name, fallback in fallbacks.items()})


def test_routes_may_name_exactly_what_an_incident_tells():
    tree = ast.parse((Path(__file__).parents[3] / "alerts" / "routing.py").read_text(encoding="utf-8"))
    function = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "facts_of")
    told = next(node for node in ast.walk(function) if isinstance(node, ast.Dict))

    assert {key.value for key in told.keys if isinstance(key, ast.Constant)} == ROUTE_VARIABLES


@pytest.mark.parametrize(
    ("channels", "chain"),
    [
        ({"a": None}, []),
        ({"a": "b", "b": None}, ["b"]),
        ({"a": "b", "b": "c", "c": None}, ["b", "c"]),
        ({"a": "gone"}, []),
        ({"a": "b", "b": "gone"}, ["b"]),
        ({"a": "a"}, ["a"]),
        ({"a": "b", "b": "a"}, ["b", "a"]),
        ({"a": "b", "b": "c", "c": "b"}, ["b", "c", "b"]),
    ],
)
def test_fallbacks_are_asked_in_turn_up_to_the_first_that_comes_again(channels: dict[str, str | None], chain: list[str]) -> None:
    assert routes(**channels).fallbacks("a") == chain


def test_a_chain_of_fallbacks_has_an_end() -> None:
    many = routes(**{f"c{number}": f"c{number + 1}" for number in range(1_000)}, c1000=None)
    assert many.fallbacks("c0") == [f"c{number}" for number in range(1, FALLBACKS_MAX + 2)], "one more, by which it is seen to be too long"
    assert len(many.fallbacks("c991")) == 9


def test_the_secrets_of_a_channel_are_its_references_and_nothing_else() -> None:
    settings = {"url": "env:HOOK", "token": "file:/run/token", "room": "#orders", "port": 587, "to": ["env:NOT_READ"], "empty": "env:"}
    assert Channel(type="mail", settings=settings).secrets == ["env:HOOK", "file:/run/token"]


def test_a_contact_has_what_the_owner_says() -> None:
    assert Owner(title="Desk").contact == Contact()
    owner = Owner(title="Desk", email="desk@example.com", phone="1", chat="#a", members=["Ana"])
    assert owner.contact == Contact(email="desk@example.com", phone="1", chat="#a", members=["Ana"])


def test_a_route_without_a_channel_is_none() -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        Route(name="all", channels=[])
