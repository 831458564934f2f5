"""What the cross-checks share: references, names, secrets and expressions, each told at its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.catalog.load import CatalogErrors, load_catalog
from core.catalog.positions import read_document
from core.catalog.review import Review, Validators, listed
from core.errors import WrongSetting

DOCUMENT = read_document(
    "routes.yaml", b"owner: desk\nlist: [a, b]\nexpression: 'data.orderId'\nlong: |\n  two\n  lines\nsettings: {url: x}\nNo-Name: 1\n"
)


def reviewed(check: Callable[[Review], None], **state: Any) -> list[str]:
    """Return what one check notes, errors before warnings."""
    review = Review({"owner": {"desk", "sales"}, "calendar": set()}, **state)
    check(review)
    return [str(each) for each in (*review.errors, *review.warnings)]


def test_an_expression_is_validated_at_its_place(folder: Path):
    asked = []

    def validate(signal: str, text: str) -> str | None:
        asked.append((signal, text))
        return "column 3: unknown function" if text.startswith("extract") else None

    with pytest.raises(CatalogErrors) as caught:
        load_catalog(folder, Validators(expression=validate))

    assert [(each.line, each.column, each.message) for each in caught.value.errors] == [(38, 25, "unknown function")]
    assert ("event", "data.orderId") in asked
    assert ("span", "attributes.error.type") in asked
    assert ("log", "match(body, '^INVOIC .* posted')") in asked


@pytest.mark.parametrize("wanted", ["desk", "sales", None, ""])
def test_a_reference_to_what_there_is_or_to_nothing_is_right(wanted: str | None) -> None:
    assert reviewed(lambda review: review.refers(DOCUMENT, ("owner",), "owner", wanted)) == []


def test_a_reference_to_what_there_is_not_is_told_with_the_nearest() -> None:
    def check(review: Review) -> None:
        review.refers(DOCUMENT, ("owner",), "owner", "dsk", " in owners.yaml")
        review.refers(DOCUMENT, ("owner",), "owner", "xyz")
        review.refers(DOCUMENT, ("owner",), "calendar", "plant")

    assert reviewed(check) == [
        "routes.yaml:1:8: owner 'dsk' is not defined in owners.yaml; did you mean 'desk'?",
        "routes.yaml:1:8: owner 'xyz' is not defined; known: desk, sales",
        "routes.yaml:1:8: calendar 'plant' is not defined; none is defined",
    ]


def test_what_a_broken_file_may_define_is_not_missed() -> None:
    assert reviewed(lambda review: review.refers(DOCUMENT, ("owner",), "owner", "dsk"), incomplete={"owner"}) == []


def test_each_calendar_of_a_list_is_told_where_it_stands() -> None:
    def check(review: Review) -> None:
        review.calendars(DOCUMENT, ("list",), ["a", "b"])
        review.calendars(DOCUMENT, ("owner",), "c")
        review.calendars(DOCUMENT, ("owner",), None)

    assert [each.partition(" is")[0] for each in reviewed(check)] == [
        "routes.yaml:2:8: calendar 'a'",
        "routes.yaml:2:11: calendar 'b'",
        "routes.yaml:1:8: calendar 'c'",
    ]


@pytest.mark.parametrize(
    ("path", "error", "told"),
    [
        (("expression",), "column 6: unknown function", "routes.yaml:3:19: unknown function"),
        (("expression",), "column 1: unknown function", "routes.yaml:3:13: unknown function"),
        (("expression",), "unknown function", "routes.yaml:3:13: unknown function"),
        (("long",), "column 6: unknown function", "routes.yaml:4:7: column 6: unknown function"),
        (("expression",), None, None),
    ],
)
def test_a_column_of_an_expression_is_one_of_its_line(path: tuple[str, ...], error: str | None, told: str | None) -> None:
    assert reviewed(lambda review: review.validated(DOCUMENT, path, error)) == ([told] if told else [])


def test_what_a_plug_in_cannot_use_is_told_at_its_setting() -> None:
    def check(given: dict[str, Any]) -> WrongSetting | None:
        return None if given.get("url") == "y" else WrongSetting("url", "is no URL")

    assert reviewed(lambda review: review.settings(DOCUMENT, ("settings",), check, {"url": "x"}, "channel 'a'")) == [
        "routes.yaml:7:12: channel 'a': 'url' is no URL"
    ]
    for right in (check, None):
        assert reviewed(lambda review, right=right: review.settings(DOCUMENT, ("settings",), right, {"url": "y"}, "channel 'a'")) == []


@pytest.mark.parametrize("name", ["No-Name", "a b", "", "a" * 65, "-a"])
def test_a_part_has_a_name_that_is_an_id(name: str) -> None:
    (found,) = reviewed(lambda review: review.names(DOCUMENT, (), ["good-name", name], "team"))
    assert f"'{name}' is " in found
    assert found.endswith("joined by '-', '_' or '.'")


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires"])
def test_a_time_zone_is_one_of_iana(zone: str) -> None:
    assert reviewed(lambda review: review.time_zone(DOCUMENT, ("owner",), zone)) == []


@pytest.mark.parametrize("zone", ["", "Berlin", "../etc/passwd", "/etc/localtime", "Europe", "UTC+1", "Europe/Berlin\0", "a" * 5_000])
def test_a_name_of_no_time_zone_is_told_and_never_an_error(zone: str) -> None:
    (found,) = reviewed(lambda review: review.time_zone(DOCUMENT, ("owner",), zone))
    assert "IANA name such as 'Europe/Berlin' or 'UTC'" in found


def test_a_secret_in_the_open_is_told_and_not_shown() -> None:
    assert reviewed(lambda review: review.secret(DOCUMENT, ("owner",), "env:TOKEN")) == []
    (found,) = reviewed(lambda review: review.secret(DOCUMENT, ("owner",), "hunter2"))
    assert "hunter2" not in found


def test_a_warning_is_no_error() -> None:
    review = Review({})
    review.doubtful(DOCUMENT, ("owner",), "perhaps not as meant")
    assert (review.errors, [str(each) for each in review.warnings]) == ([], ["routes.yaml:1:1: perhaps not as meant"])


@pytest.mark.parametrize(("value", "values"), [(None, []), ("a", ["a"]), ("", [""]), (["a", "b"], ["a", "b"]), (("a",), ["a"]), ([], [])])
def test_a_value_or_a_list_is_a_list(value: Any, values: list[str]) -> None:
    assert listed(value) == values
