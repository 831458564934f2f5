from __future__ import annotations

import ast
import os
import random
import shutil
import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.catalog.flow import Flow
from core.catalog.load import CatalogErrors, load_catalog
from core.catalog.positions import Diagnostic, UnreadableError, read_document
from core.catalog.review import Validators
from core.catalog.routing import ROUTE_VARIABLES
from core.catalog.schema import json_schemas
from core.catalog.sla import Penalty
from slas.due import check_due
from tests.core.broken_catalogs import BROKEN, Broken

EXAMPLE = Path(__file__).parent / "example"
SHIPPED = Path(__file__).parents[2] / "catalog"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(EXAMPLE, tmp_path / "catalog")
    return tmp_path / "catalog"


def problems(folder: Path) -> list[str]:
    with pytest.raises(CatalogErrors) as caught:
        load_catalog(folder, Validators(due=check_due))
    assert str(caught.value) == "\n".join(map(str, caught.value.errors))
    return [str(error).replace(f"{folder.as_posix()}/", "") for error in caught.value.errors]


def edit(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_example_loads():
    loaded = load_catalog(EXAMPLE, Validators(due=check_due))

    flow = loaded.catalog.flows["order-to-cash"]
    assert list(flow.milestones)[:2] == ["captured", "booked"]
    assert flow.milestones["invoiced"].keys == {"invoice": r"extract(body, 'INVOIC (\d+)')"}
    assert flow.slas["ship-as-promised"].calendar == ["plant", "carrier"]
    assert loaded.catalog.calendars["plant"].shifts[0].start == "06:00"
    assert loaded.catalog.runbooks["order-not-booked"].body == "1. Look at the queue."
    assert loaded.catalog.routes.routes[0].continue_
    assert [warning.message.partition(";")[0] for warning in loaded.warnings] == ["the SLA 'ship-as-promised' has no runbook"]


def test_the_shipped_catalog_has_no_warning():
    assert load_catalog(SHIPPED, Validators(due=check_due)).warnings == []


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_broken_catalog_says_where_and_what_to_write(folder: Path, broken: Broken):
    file = folder / broken.file
    if broken.new is None:
        file.unlink()
    elif broken.old is None:
        file.write_text(broken.new, encoding="utf-8")
    else:
        text = file.read_text(encoding="utf-8")
        assert broken.old in text
        file.write_bytes(text.replace(broken.old, broken.new, 1).encode("utf-8", "surrogateescape"))

    assert problems(folder) == broken.expected


def test_all_problems_are_told_at_once_and_sorted(folder: Path):
    edit(folder, "routes.yaml", "channels: [desk]", "channels: [dsk]")
    edit(folder, "owners.yaml", "email:", "mail:")
    edit(folder, "flows/order-to-cash.yaml", "to: booked", "to: bokked")
    edit(folder, "flows/order-to-cash.yaml", "runbook: order-not-booked", "runbook: none-such")

    found = problems(folder)

    assert [line.split(" ")[0] for line in found] == [
        "flows/order-to-cash.yaml:59:9:", "flows/order-to-cash.yaml:63:14:", "owners.yaml:2:47:", "routes.yaml:8:16:",
    ]  # fmt: skip


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


def test_what_is_no_regular_file_is_not_read(folder: Path):
    os.mkfifo(folder / "flows" / "pipe.yaml")
    (folder / "flows" / "zero.yaml").symlink_to("/dev/zero")
    (folder / "owners.yaml").unlink()
    (folder / "owners.yaml").mkdir()
    (folder / "flows" / "large.yaml").write_bytes(b"#" * (1 << 20) + b"\n")

    assert problems(folder) == [
        "flows/large.yaml:1:1: the file has 1048577 bytes; a definition may have at most 1048576; split it",
        "flows/pipe.yaml:1:1: this is not a regular file; replace it with one or move it elsewhere",
        "flows/zero.yaml:1:1: this is not a regular file; replace it with one or move it elsewhere",
        "owners.yaml:1:1: this is not a regular file; replace it with one or move it elsewhere",
    ]


def test_a_file_in_place_of_a_folder_is_wrong(folder: Path):
    shutil.rmtree(folder / "flows")
    (folder / "flows").write_text("flow: a\n", encoding="utf-8")
    assert "flows:1:1: 'flows' must be a folder of definitions, one per file; rename this file or move it elsewhere" in problems(folder)
    assert not [problem for problem in problems(folder) if "flow 'order-to-cash'" in problem], "one mistake, one message"


def test_a_folder_without_any_part_of_a_catalog_is_none(tmp_path: Path):
    with pytest.raises(CatalogErrors, match="this is not a catalog; give a folder that contains flows, "):
        load_catalog(tmp_path)


def test_names_of_files_neither_break_nor_end_the_line(folder: Path):
    for name in (b"a\nb.yaml", b"caf\xe9.yaml"):
        Path(os.fsdecode(os.fsencode(folder / "flows") + b"/" + name)).write_text("flow: [\n", encoding="utf-8")

    found = problems(folder)

    assert [line.partition(":")[0] for line in found] == ["flows/a\\nb.yaml", "flows/caf\\udce9.yaml"]
    assert "\n".join(found).encode()


def test_many_unknown_keys_are_told_soon_and_in_part(folder: Path):
    with (folder / "owners.yaml").open("a", encoding="utf-8") as file:
        file.writelines(f"key{number}: x\n" for number in range(4000))

    began = time.monotonic()
    found = problems(folder)

    assert time.monotonic() - began < 3
    assert len(found) == 51
    assert found[-1].endswith(": 3,950 more errors in this file are not shown; correct those above first")


def test_incidents_that_no_route_takes_are_a_warning(folder: Path):
    edit(folder, "routes.yaml", "  - {name: all, channels: [desk], repeat_every: 4 hours}\n", "")
    edit(folder, "routes.yaml", "    flow: order-to-cash\n", "    severity: info\n")

    def untold() -> list[Diagnostic]:
        return [warning for warning in load_catalog(folder).warnings if warning.message.startswith("no route in routes.yaml matches its")]

    (found,) = untold()
    assert (Path(found.file).name, found.line) == ("order-to-cash.yaml", 1)
    assert found.message.endswith("; they go to the first channel, 'desk'"), "as alerting does"
    (folder / "routes.yaml").unlink()
    assert untold()[0].message.endswith("; nobody will be notified")


def test_a_route_for_what_is_critical_alone_leaves_its_early_warnings_without_a_route(folder: Path):
    edit(folder, "routes.yaml", "  - {name: all, channels: [desk], repeat_every: 4 hours}\n", "")
    edit(folder, "routes.yaml", "    flow: order-to-cash\n", "    severity: [critical, info]\n")

    (found,) = [each.message for each in load_catalog(folder).warnings if each.message.startswith("no route in routes.yaml")]

    assert "(warning, owner order-management)" in found


def test_what_is_owed_and_what_is_at_risk_have_one_currency(folder: Path):
    flow = "flows/order-to-cash.yaml"
    edit(folder, flow, "  customer:    {}\n", "  customer:    {}\n  freight:     {type: decimal, currency: freight_currency}\n")
    edit(folder, flow, "    penalty: {per_day: 1%, free_days: 1, cap: 5%, of: amount}\n", "    penalty: {per_day: 1%, of: freight}\n")
    assert not [each for each in load_catalog(folder).warnings if "currency" in each.message], "alone it has its own"
    edit(folder, flow, "    pause: {from: credit-blocked", "    impact: {value: amount}\n    pause: {from: credit-blocked")

    assert problems(folder) == [
        f"{flow}:77:32: the currency of 'freight' is in 'freight_currency', that of the impact is in 'currency'; a clock has only one currency"
    ]


def test_a_target_may_change_the_penalty_alone_and_that_changes_the_version(folder: Path):
    before = load_catalog(folder).catalog
    edit(
        folder,
        "flows/order-to-cash.yaml",
        "        due: min(promised_at - 16 working hours, next cut-off 14:00)\n",
        "        penalty: {per_day: 2%, of: amount}\n",
    )
    after = load_catalog(folder).catalog

    (target,) = after.flows["order-to-cash"].slas["ship-as-promised"].targets
    assert (target.due, target.penalty) == (None, Penalty(per_day="2%", of="amount"))
    assert before.version != after.version


def test_warnings_do_not_stop_a_catalog(folder: Path):
    edit(folder, "routes.yaml", "    when: value > 10000.0\n", "")
    edit(folder, "routes.yaml", "    flow: order-to-cash\n", "")
    edit(folder, "routes.yaml", "    continue: true\n", "")
    edit(folder, "routes.yaml", "    active: {days: [mon], start: 08:00, end: 17:00, time_zone: Europe/Berlin}\n", "")
    edit(folder, "flows/order-to-cash.yaml", ", service: sap-idoc}", "}")
    (folder / "flow").mkdir()

    found = [str(warning).replace(f"{folder.as_posix()}/", "").replace(folder.as_posix(), "") for warning in load_catalog(folder).warnings]

    assert found == [
        "flow:1:1: 'flow' is not part of a catalog and is ignored; did you mean 'flows'?",
        "flows/order-to-cash.yaml:37:5: this match has to inspect every signal; add 'event', 'span', 'service' or 'source' to make it cheap",
        "flows/order-to-cash.yaml:65:3: the SLA 'ship-as-promised' has no runbook; people will learn that it is late, but not what to do",
        "routes.yaml:6:5: route 'all' is never reached: 'expensive' above matches everything and has no 'continue: true'",
    ]


def test_a_text_that_is_too_long_is_refused_at_its_place_and_not_repeated(folder: Path):
    edit(folder, "routes.yaml", "value > 10000.0", "value > " + "1 + " * 1_000 + "1")
    assert problems(folder) == ["routes.yaml:6:11: this text has 4,009 characters; at most 4,000 are allowed, so shorten it"]
    edit(folder, "routes.yaml", "value > " + "1 + " * 1_000 + "1", "value > " + "1 + " * 900)
    (found,) = problems(folder)
    assert len(found) < 700


def test_a_due_time_of_too_many_parts_is_refused_before_anything_recurses():
    for due in ("(" * 500 + "start" + ")" * 500, "min(" * 300 + "start" + ")" * 300, "start" + " + 1 hour" * 200):
        assert str(check_due(due, set())).endswith("a due time has at most 50 parts; write it shorter")


def test_fallbacks_without_end_are_refused(folder: Path):
    channels = "".join(f"  c{number}: {{type: webhook, fallback: c{number + 1}}}\n" for number in range(100))
    (folder / "routes.yaml").write_text(f"channels:\n{channels}  c2000: {{type: webhook}}\nroutes: []\n")
    found = problems(folder)
    assert "routes.yaml:2:33: more than 10 fallbacks of 'c0' form a chain; end it with a channel that has none" in found
    assert len(found) == 90


def test_more_problems_than_anybody_reads_are_counted_and_found_soon(folder: Path):
    channels = "".join(f"  c{number}: {{type: webhook}}\n" for number in range(5_000))
    wanted = ", ".join(f"x{number}" for number in range(20_000))
    (folder / "routes.yaml").write_text(f"channels:\n{channels}routes:\n  - {{name: all, channels: [{wanted}]}}\n")
    began = time.process_time()
    with pytest.raises(CatalogErrors) as caught:
        load_catalog(folder)
    assert time.process_time() - began < 20
    lines = str(caught.value).splitlines()
    assert len(lines) == 201
    assert lines[-1] == "19,800 more errors are not shown; correct those above first"


def test_a_part_of_a_catalog_is_none(folder: Path):
    assert problems(folder / "flows")[0].endswith(
        "this is only part of a catalog; give a folder that contains flows, calendars, sources, contracts, runbooks or routes.yaml, owners.yaml"
    )
    assert problems(folder / "routes.yaml") == [f"{folder}/routes.yaml:1:1: this is a file; give the catalog's folder"]


def test_a_missing_folder_is_one_clear_line(tmp_path: Path):
    with pytest.raises(CatalogErrors, match="there is no such folder; give the catalog's folder"):
        load_catalog(tmp_path / "nowhere")


def test_the_version_follows_the_content_of_every_file_that_counts(folder: Path):
    first = load_catalog(folder).catalog.version
    (folder / "tests" / "late-order.yaml").write_text("given: []\n")
    assert load_catalog(folder).catalog.version == first

    edit(folder, "runbooks/order-not-booked.md", "queue.", "queue!")
    second = load_catalog(folder).catalog.version
    assert second != first
    (folder / "calendars" / "carrier.yaml").rename(folder / "calendars" / "carriers.yaml")
    assert load_catalog(folder).catalog.version not in {first, second}


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


def test_no_damage_to_a_file_is_more_than_a_list_of_problems(folder: Path):
    generator = random.Random(7)
    files = sorted(file for file in folder.rglob("*") if file.suffix in {".yaml", ".md"} and file.parent.name != "tests")
    pieces = [
        b"[",
        b"]",
        b"{",
        b"}",
        b": ",
        b"- ",
        b"\n",
        b"'",
        b'"',
        b"&a ",
        b"*a ",
        b"!!x ",
        b"\t",
        b"\xff",
        b"\x00",
        b"|",
        b"#",
        b"null",
        b"7",
        b"~",
    ]
    refused = 0
    said: list[Diagnostic] = []
    for _ in range(150):
        file = generator.choice(files)
        content = file.read_bytes()
        at = generator.randrange(len(content))
        damaged = content[:at] + generator.choice(pieces) + content[at + generator.randrange(0, 6) :]
        file.write_bytes(damaged)
        try:
            load_catalog(folder, Validators(due=check_due))
        except CatalogErrors as error:
            refused += 1
            said.extend(error.errors)
        finally:
            file.write_bytes(content)

    assert refused > 40
    assert [str(one) for one in said if one.line < 1 or one.column < 1 or "\n" in one.message] == []


def test_a_hundred_flows_load_fast(folder: Path):
    flow = (folder / "flows" / "order-to-cash.yaml").read_text()
    for number in range(100):
        (folder / "flows" / f"flow-{number}.yaml").write_text(flow.replace("flow: order-to-cash", f"flow: flow-{number}"))
    load_catalog(folder, Validators(due=check_due))

    began = time.process_time()
    assert len(load_catalog(folder, Validators(due=check_due)).catalog.flows) == 101
    assert time.process_time() - began < 1.5


def test_json_schemas_describe_what_loads():
    schemas = json_schemas()

    assert sorted(schemas) == ["calendar", "contract", "flow", "owners", "routes", "runbook", "source"]
    assert schemas["flow"]["additionalProperties"] is False
    assert "from" in schemas["flow"]["$defs"]["Sla"]["properties"]
    assert "body" not in schemas["runbook"]["properties"]


def test_definitions_never_change():
    flow = load_catalog(EXAMPLE).catalog.flows["order-to-cash"]

    with pytest.raises(ValidationError):
        flow.title = "other"  # type: ignore[misc]
    assert isinstance(flow, Flow)


def test_routes_may_name_exactly_what_an_incident_tells():
    tree = ast.parse((Path(__file__).parents[2] / "alerts" / "routing.py").read_text(encoding="utf-8"))
    function = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "facts_of")
    told = next(node for node in ast.walk(function) if isinstance(node, ast.Dict))

    assert {key.value for key in told.keys if isinstance(key, ast.Constant)} == ROUTE_VARIABLES
