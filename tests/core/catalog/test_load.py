"""Loading a catalog: every definition typed, every error at once and where it is, and nothing read that is no part of one."""

from __future__ import annotations

import os
import random
import shutil
import time
from pathlib import Path

import pytest

from core.catalog.load import CatalogErrors, load_catalog
from core.catalog.positions import Diagnostic
from core.catalog.review import Validators
from slas.due import check_due
from tests.core.catalog.broken import EXAMPLE, SHIPPED, Broken, edit, problems, told

BROKEN = [
    Broken(
        "a-list",
        "contracts/acme-2026.yaml",
        None,
        "- contract: acme\n",
        ["contracts/acme-2026.yaml:1:1: the file must be a mapping (key: value)"],
    ),
    Broken(
        "duplicate-id",
        "calendars/zz.yaml",
        None,
        "calendar: plant\ntime_zone: UTC\nshifts: [{days: [mon], start: 06:00, end: 07:00}]\n",
        ["calendars/zz.yaml:1:11: calendar 'plant' is already defined in calendars/plant.yaml:1:11; choose another id"],
    ),
    Broken(
        "wrong-suffix",
        "flows/other.yml",
        None,
        "flow: other\n",
        ["flows/other.yml:1:1: a file in flows/ ends in '.yaml'; rename it or move it elsewhere"],
    ),
    Broken(
        "no-front-matter",
        "runbooks/order-not-booked.md",
        None,
        "1. Look at the queue.\n",
        ["runbooks/order-not-booked.md:1:1: a runbook starts with a line '---', then 'runbook:' and 'title:', then '---' again"],
    ),
    Broken(
        "front-matter-open",
        "runbooks/order-not-booked.md",
        "---\n1. Look",
        "1. Look",
        ["runbooks/order-not-booked.md:1:1: the front matter is not closed; write a line '---' before the steps"],
    ),
    Broken(
        "runbook-without-steps",
        "runbooks/order-not-booked.md",
        "1. Look at the queue.\n",
        "",
        ["runbooks/order-not-booked.md:2:10: the runbook has no steps; write them below the second '---'"],
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_what_is_wrong_is_told_where_it_is_and_with_what_to_write(folder: Path, broken: Broken) -> None:
    assert told(folder, broken) == broken.expected


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


def test_all_problems_are_told_at_once_and_sorted(folder: Path):
    edit(folder, "routes.yaml", "channels: [desk]", "channels: [dsk]")
    edit(folder, "owners.yaml", "email:", "mail:")
    edit(folder, "flows/order-to-cash.yaml", "to: booked", "to: bokked")
    edit(folder, "flows/order-to-cash.yaml", "runbook: order-not-booked", "runbook: none-such")

    found = problems(folder)

    assert [line.split(" ")[0] for line in found] == [
        "flows/order-to-cash.yaml:59:9:", "flows/order-to-cash.yaml:63:14:", "owners.yaml:2:47:", "routes.yaml:8:16:",
    ]  # fmt: skip


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
        "this is only part of a catalog; give a folder that contains flows, calendars, sources, contracts, runbooks or routes.yaml, owners.yaml, rates.yaml"
    )
    assert problems(folder / "routes.yaml") == [f"{folder}/routes.yaml:1:1: this is a file; give the catalog's folder"]


def test_a_missing_folder_is_one_clear_line(tmp_path: Path):
    with pytest.raises(CatalogErrors, match="there is no such folder; give the catalog's folder"):
        load_catalog(tmp_path / "nowhere")


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


def test_the_version_follows_the_content_of_every_file_that_counts(folder: Path):
    first = load_catalog(folder).catalog.version
    (folder / "tests" / "late-order.yaml").write_text("given: []\n")
    assert load_catalog(folder).catalog.version == first

    edit(folder, "runbooks/order-not-booked.md", "queue.", "queue!")
    second = load_catalog(folder).catalog.version
    assert second != first
    (folder / "calendars" / "carrier.yaml").rename(folder / "calendars" / "carriers.yaml")
    assert load_catalog(folder).catalog.version not in {first, second}


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
