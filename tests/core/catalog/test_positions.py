"""YAML with positions: words mean what the user wrote, and what is hostile or broken is told where it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.catalog.positions import MAXIMUM_DEPTH, MAXIMUM_TEXT, Diagnostic, Position, UnreadableError, plain, read_document, read_documents
from tests.core.catalog.broken import Broken, edit, problems, told

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=15).filter(
    lambda text: plain(text) == text
)  # a writer of YAML 1.1 quotes fewer
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


BROKEN = [
    Broken(
        "open-bracket",
        "flows/order-to-cash.yaml",
        "ends: [invoiced, cancelled]",
        "ends: [invoiced, cancelled",
        [
            "flows/order-to-cash.yaml:55:5: this is not YAML: did not find expected ',' or ']' while parsing a flow sequence; check quotes, brackets and indentation here"
        ],
    ),
    Broken(
        "list-path-without-quotes",
        "flows/order-to-cash.yaml",
        "keys:  {sales_order: data.orderId,",
        "keys:  {sales_order: data.orders[],",
        [
            "flows/order-to-cash.yaml:19:37: this is not YAML: did not find expected ',' or '}' while parsing a flow mapping; inside { }, put a path with [ ] in quotes: 'data.items[].id'"
        ],
    ),
    Broken(
        "colon-in-text",
        "flows/order-to-cash.yaml",
        "title: Order to cash",
        "title: Order: to cash",
        [
            "flows/order-to-cash.yaml:2:13: this is not YAML: mapping values are not allowed in this context; put a text that contains ': ' in quotes"
        ],
    ),
    Broken(
        "too-deep-below-a-value",
        "flows/order-to-cash.yaml",
        "title: Order to cash\nlane:",
        "title: Order to cash\n  lane:",
        [
            "flows/order-to-cash.yaml:3:3: the line is indented by 2 spaces, deeper than the one above, which already has a value; indent it by 0"
        ],
    ),
    Broken(
        "too-deep-in-a-block",
        "flows/order-to-cash.yaml",
        "    system: CRM\n    match: {event: crm.order.captured}",
        "    system: CRM\n      match: {event: crm.order.captured}",
        [
            "flows/order-to-cash.yaml:18:7: the line is indented by 6 spaces, deeper than the one above, which already has a value; indent it by 4"
        ],
    ),
    Broken(
        "between-two-depths",
        "flows/order-to-cash.yaml",
        "    system: CRM\n    match: {event: crm.order.captured}",
        "    system: CRM\n   match: {event: crm.order.captured}",
        ["flows/order-to-cash.yaml:18:4: the line is indented by 3 spaces, which matches no line above it; indent it by 4 or 2 or 0"],
    ),
    Broken(
        "tab",
        "flows/order-to-cash.yaml",
        "    system: CRM\n    match: {event: crm.order.captured}",
        "\tsystem: CRM\n    match: {event: crm.order.captured}",
        ["flows/order-to-cash.yaml:17:1: a tab cannot indent YAML; use spaces"],
    ),
    Broken(
        "duplicate-key",
        "flows/order-to-cash.yaml",
        "    system: ERP\n    match: {span: BAPI_SALESORDER_CREATEFROMDAT2, service",
        "    system: ERP\n    system: SAP\n    match: {span: BAPI_SALESORDER_CREATEFROMDAT2, service",
        ["flows/order-to-cash.yaml:23:5: key 'system' is already written on line 22; keep one of them"],
    ),
    Broken(
        "duplicate-milestone",
        "flows/order-to-cash.yaml",
        "  booked:\n    system",
        "  captured:\n    system",
        ["flows/order-to-cash.yaml:21:3: key 'captured' is already written on line 16; keep one of them"],
    ),
    Broken(
        "alias",
        "flows/order-to-cash.yaml",
        "title: Order to cash\nlane: critical\nowner: order-management",
        "title: &who order-management\nlane: critical\nowner: *who",
        ["flows/order-to-cash.yaml:4:8: aliases (*who) are not allowed in a catalog; write the value out, or quote the text"],
    ),
    Broken(
        "undefined-alias",
        "flows/order-to-cash.yaml",
        "owner: order-management",
        "owner: *who",
        ["flows/order-to-cash.yaml:4:8: aliases (*who) are not allowed in a catalog; write the value out, or quote the text"],
    ),
    Broken(
        "tag",
        "flows/order-to-cash.yaml",
        "title: Order to cash",
        "title: !!python/name:os.system Order",
        ["flows/order-to-cash.yaml:2:8: tag '!!python/name:os.system' is not allowed in a catalog; write the plain value"],
    ),
    Broken(
        "two-documents",
        "owners.yaml",
        "owners:",
        "---\nowners:\n  a: {title: A}\n---\nowners:",
        ["owners.yaml:4:1: a second document starts here; write one definition per file"],
    ),
    Broken(
        "not-utf8",
        "flows/order-to-cash.yaml",
        "title: Order to cash",
        "title: Auftr\udce4ge",
        ["flows/order-to-cash.yaml:2:13: byte 0xe4 is not UTF-8; save the file as UTF-8"],
    ),
    Broken(
        "empty-file",
        "contracts/acme-2026.yaml",
        None,
        "",
        ["contracts/acme-2026.yaml:1:1: the file is empty; write a definition or delete it"],
    ),
    Broken(
        "too-deep",
        "sources/crm.yaml",
        "lane: critical",
        "lane: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        ["sources/crm.yaml:3:47: nested deeper than 40 levels; flatten it"],
    ),
    Broken(
        "too-big",
        "contracts/acme-2026.yaml",
        None,
        "# " + "x" * (1 << 20) + "\n",
        ["contracts/acme-2026.yaml:1:1: the file has 1048579 bytes; a definition may have at most 1048576; split it"],
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_what_is_wrong_is_told_where_it_is_and_with_what_to_write(folder: Path, broken: Broken) -> None:
    assert told(folder, broken) == broken.expected


def test_a_text_that_is_too_long_is_refused_at_its_place_and_not_repeated(folder: Path):
    edit(folder, "routes.yaml", "value > 10000.0", "value > " + "1 + " * 1_000 + "1")
    assert problems(folder) == ["routes.yaml:6:11: this text has 4,009 characters; at most 4,000 are allowed, so shorten it"]
    edit(folder, "routes.yaml", "value > " + "1 + " * 1_000 + "1", "value > " + "1 + " * 900)
    (found,) = problems(folder)
    assert len(found) < 700


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("12:30", "12:30"), ("2026-01-01", "2026-01-01"), ("1_000", "1_000"), ("yes", "yes"), ("on", "on"), ("0777", 777),
        ("true", True), ("~", None), ("", None), ("0x1f", 31), ("0o17", 15), ("1e3", 1000.0), (".5", 0.5), ("+3", 3), ("'3'", "3"), ('"true"', "true"),
        ("1" * 65, "1" * 65), ("|\n  a\n  b\n", "a\nb\n"), (">-\n  a\n  b\n", "a b"),
    ],
)  # fmt: skip
def test_plain_words_mean_what_yaml_1_2_says(text: str, value: object):
    found = read_document("f", f"a: {text}".encode()).value["a"]

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", ["[" * 500_000, "{a: " * 200_000, "- " * 300_000, "? " * 300_000, "a: \x00", "a: &a [*a]", "&a [*a]"])
def test_hostile_yaml_is_refused_quickly(text: str):
    with pytest.raises(UnreadableError):
        read_document("f", text.encode())


@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4), st.booleans())
def test_what_a_yaml_writer_wrote_is_read_and_each_value_stands_where_it_is(value: dict[str, Any], flow_style: bool) -> None:
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=flow_style, width=1_000, sort_keys=False)
    document = read_document("f", text.encode())
    assert document.value == value
    lines = text.split("\n")
    for path, key in document.keys.items():
        position = document.values[path]
        assert (key.line, key.column) < (position.line, position.column) or position == key
        assert lines[key.line - 1][key.column - 1 :]


def test_positions_count_from_one_and_lead_to_keys_and_values() -> None:
    document = read_document("f", b"a: 1\nb:\n  - x\n  - {c: 'd e'}\n", first_line=10)
    assert document.values == {
        (): Position(10, 1), ("a",): Position(10, 4), ("b",): Position(12, 3), ("b", 0): Position(12, 5), ("b", 1): Position(13, 5),
        ("b", 1, "c"): Position(13, 9),
    }  # fmt: skip
    assert document.keys == {("a",): Position(10, 1), ("b",): Position(11, 1), ("b", 1, "c"): Position(13, 6)}
    assert document.inside == {("a",): 0, ("b", 0): 0, ("b", 1, "c"): 1}


@pytest.mark.parametrize(
    ("path", "at_key", "at", "place"),
    [
        (("b", "c"), False, 1, (2, 6)),
        (("b", "c"), True, 1, (2, 3)),
        (("b", "c"), False, 3, (2, 9)),
        (("b", "missing"), False, 1, (1, 1)),
        (("b", "missing", 7), True, 1, (1, 1)),
        (("missing",), False, 1, (1, 1)),
        ((), False, 1, (1, 1)),
    ],
)
def test_a_diagnostic_stands_at_its_place_or_at_the_nearest_around_it(
    path: tuple[str | int, ...], at_key: bool, at: int, place: tuple[int, int]
) -> None:
    document = read_document("f", b"b:\n  c: 'def'\n")
    found = document.diagnostic(path, "wrong", at_key=at_key, at=at)
    assert (found.line, found.column) == place


def test_a_long_message_keeps_its_beginning_and_its_end() -> None:
    told = str(Diagnostic("f", 1, 1, "what is wrong " + "x" * 5_000 + " what to write"))
    assert len(told) < 700
    assert told.startswith("f:1:1: what is wrong xxx")
    assert told.endswith("xxx what to write")


@given(st.text(), st.text())
def test_a_message_is_one_line_of_text_whatever_is_in_it(file: str, message: str) -> None:
    told = str(Diagnostic(file, 1, 1, message))
    assert len(told.splitlines()) <= 1
    assert told.encode()
    assert not set(told) & {"\x1b", "\u202e", "\x9b"}


@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        (b"", (1, 1), "the file is empty"),
        (b"# only a remark\n", (1, 1), "the file is empty"),
        (b"a: 1\n---\nb: 2\n", (2, 1), "a second document"),
        (b"a: 1\nb: \xe4\n", (2, 4), "byte 0xe4 is not UTF-8"),
        (b"a: *b\n", (1, 4), "aliases (*b)"),
        (b"a: !!python/object:os.system x\n", (1, 4), "tag '!!python/object:os.system'"),
        (b"? [a, b]\n: c\n", (1, 3), "a key must be a single word"),
        (b"a: 1\na: 2\n", (2, 1), "key 'a' is already written on line 1"),
    ],
)
def test_what_a_catalog_does_not_accept(content: bytes, place: tuple[int, int], words: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_document("f", content)
    assert caught.value.position == place
    assert caught.value.message.startswith(words)


def test_limits_of_depth_and_length() -> None:
    assert read_document("f", b"[" * MAXIMUM_DEPTH + b"]" * MAXIMUM_DEPTH)
    with pytest.raises(UnreadableError, match="deeper than 40 levels"):
        read_document("f", b"[" * (MAXIMUM_DEPTH + 2) + b"]" * (MAXIMUM_DEPTH + 2))
    assert read_document("f", b"a: " + b"x" * MAXIMUM_TEXT).value == {"a": "x" * MAXIMUM_TEXT}
    for text in (b"a: " + b"x" * (MAXIMUM_TEXT + 1), b"x" * (MAXIMUM_TEXT + 1) + b": a"):
        with pytest.raises(UnreadableError, match="4,001 characters"):
            read_document("f", text)


def test_documents_of_one_file_come_apart_and_empty_ones_are_none() -> None:
    found = read_documents("f", b"---\na: 1\n---\n---\nb:\n  - c\n...\n")
    assert [document.value for document in found] == [{"a": 1}, {"b": ["c"]}]
    assert found[1].values["b", 0] == Position(6, 5)
    assert read_documents("f", b"") == []
    with pytest.raises(UnreadableError, match="not YAML"):
        read_documents("f", b"a: [\n")


@given(st.text(max_size=80))
def test_a_plain_word_is_a_number_only_where_it_is_written_as_one(text: str) -> None:
    found = plain(text)
    if isinstance(found, bool) or found is None:
        assert text.lower() in {"true", "false", "null", "~", ""}
    elif isinstance(found, int | float):
        assert text.isascii()
        assert len(text) <= 64
    else:
        assert found == text
