"""The disk damages what was acknowledged: every record whose bytes it left alone is delivered, and the rest is told.

What is damaged is known from outside: every order's number is all over its record, and is looked for in the raw bytes of the files.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from core.signal import Lane
from journal.format import segments
from tests import plain_http
from tests.collector.requests import PROTOBUF, spans
from tests.faults.ledger import CATALOG, ENVIRONMENT, order_of
from tests.product import Product, running
from tests.waiting import wait_until

SIZES = (0, 600, 5_000, 31_000, 150_000, 64_000)
"""Of what fills a record: several to a page of the file, about a page, and several pages to one. An attribute takes 64 KiB at most."""
ORDERS, LATER = 120, 10
SEGMENT_BYTES = 600_000
PAGE_BYTES = 32_768
BEFORE, AFTER = 600, 80
"""A record has at most so many bytes before its order's number comes first, and after it came last."""
NUMBER = re.compile(rb"order-\d{4}-[0-9a-f]{8}")


def number_of(index: int) -> str:
    """Return a number that is nowhere else in a file by chance."""
    return f"order-{index:04d}-{random.Random(index).randbytes(4).hex()}"


def filler_of(index: int) -> str:
    number = number_of(index)
    return f"{number} " * (SIZES[index % len(SIZES)] // (len(number) + 1))


def capture(client: httpx.Client, product: Product, index: int) -> None:
    """Send one order: an event, or a span that names it; it is acknowledged when this returns."""
    number, filler = number_of(index), filler_of(index)
    if index % 2:
        request = spans({"name": "order.receive"})
        span = request.resource_spans[0].scope_spans[0].spans[0]
        for key, value in (("order.id", number), ("filler", filler), ("end", number)):
            span.attributes.add(key=key).value.string_value = value
        reply = client.post(f"{product.collector_url}/v1/traces", content=request.SerializeToString(), headers={"content-type": PROTOBUF})
    else:
        event = {
            "specversion": "1.0",
            "id": number,
            "source": "/ledger",
            "type": "shop.order.captured",
            "time": datetime.now(UTC).isoformat(),
        }
        body = json.dumps({**event, "data": {**order_of(number), "filler": filler, "end": number}}).encode()
        reply = client.post(f"{product.collector_url}/v1/events", content=body, headers={"content-type": "application/cloudevents+json"})
    assert reply.status_code == 200, reply.text


@dataclass(frozen=True)
class Places:
    """Where the records of a file's orders lie: page by page, from the first byte that may be theirs to the last."""

    length: int
    of: dict[str, list[tuple[int, int]]]

    def touched(self, offsets: list[int], cut: int) -> set[str]:
        """Return the orders of which a changed byte, or what was cut off, may be a part."""
        return {
            order
            for order, spans_ in self.of.items()
            if any(end > cut or any(begin <= offset < end for offset in offsets) for begin, end in spans_)
        }


def places_in(file: Path) -> Places:
    """Find every order's number in the raw bytes.

    A page of the WAL is a frame, its 24 bytes of header included; to its end, since a frame without its end is none: that is how a write
    ends that nobody was promised.
    """
    raw = file.read_bytes()
    wal = file.name.endswith("-wal")
    first, size = (32, PAGE_BYTES + 24) if wal else (0, PAGE_BYTES)
    of: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for page in range(first, len(raw), size):
        end = min(page + size, len(raw))
        seen: dict[str, list[int]] = defaultdict(list)
        for match in NUMBER.finditer(raw, page, end):
            seen[match[0].decode()].append(match.start())
        for order, starts in seen.items():
            of[order].append((max(page, starts[0] - BEFORE), end if wal else min(end, starts[-1] + len(order) + AFTER)))
    return Places(len(raw), of)


def wal_of(segment: Path) -> Path:
    return segment.with_name(f"{segment.name}-wal")


def name_of(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


def flip(file: Path, chance: random.Random) -> tuple[list[int], int]:
    """Change some bits anywhere; return where, and the length."""
    raw = bytearray(file.read_bytes())
    offsets = [chance.randrange(len(raw)) for _ in range(chance.randint(1, 6))]
    for offset in offsets:
        raw[offset] ^= 1 << chance.randrange(8)
    file.write_bytes(raw)
    return offsets, len(raw)


def cut(file: Path, chance: random.Random) -> tuple[list[int], int]:
    """Cut the end off, at any byte behind the tables' first pages; return no places, and the length."""
    raw = file.read_bytes()
    length = chance.randrange(3 * PAGE_BYTES, len(raw))
    file.write_bytes(raw[:length])
    return [], length


def delivered(product: Product) -> set[str]:
    """Return the orders that are transactions; fail where one is there twice."""
    found = Counter(row[0] for row in product.query("SELECT reference FROM transactions FINAL WHERE flow = 'orders' AND state != 'merged'"))
    assert max(found.values(), default=1) == 1, found
    return set(found)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_what_the_disk_left_alone_is_delivered_and_the_rest_is_told(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    product = Product(tmp_path / "data", CATALOG, {**ENVIRONMENT, "ANDON_SEGMENT_MAX_BYTES": str(SEGMENT_BYTES)})
    with running(product, "collect"), httpx.Client() as client:
        for index in range(ORDERS):
            capture(client, product, index)
        product.kill("collect")  # the last segment of a lane stays as it is, its end in the WAL alone; so does one that was being closed

        touched: set[str] = set()
        segment_of: dict[str, str] = {}
        lanes = [segments(product.data / "journal", lane) for lane in (Lane.CRITICAL, Lane.STANDARD)]
        (whole, *events), spans_ = ([path for path in files[:-1] if not wal_of(path).exists()] for files in lanes)
        assert len(events) >= 2
        assert len(spans_) >= 2
        wals = [wal_of(files[-1]) for files in lanes]
        wal = max((path for path in wals if path.exists()), key=lambda path: path.stat().st_size)
        segment_of |= dict.fromkeys(places_in(whole).of, name_of(whole))
        for number, path in enumerate([*events, *spans_, wal], start=seed):
            places = places_in(path)
            segment_of |= dict.fromkeys(places.of, name_of(path))
            touched |= places.touched(*(flip if number % 2 else cut)(path, chance))
        sent = {number_of(index) for index in range(ORDERS)}
        spared = sent - touched
        assert len(spared) > ORDERS / 4
        assert touched

        product.start("collect", "engine")
        for index in range(ORDERS, ORDERS + LATER):
            capture(client, product, index)
        later = {number_of(index) for index in range(ORDERS, ORDERS + LATER)}

        def all_there() -> bool:
            missing = (later | spared) - delivered(product)
            assert not missing, {order: (segment_of.get(order, "later"), SIZES[int(order[6:10]) % len(SIZES)]) for order in missing}
            return True

        wait_until(all_there, 60, f"what is left, and what came later (seed {seed})", pause=1.0)
        found = delivered(product)
        assert found <= later | sent
        assert sent - found, "what was cut off is gone"
        _is_unchanged(product)
        _is_told(product, Counter(segment_of[order] for order in sent - found))


def _is_unchanged(product: Product) -> None:
    events = product.query("SELECT id, data FROM events FINAL WHERE event_source = '/ledger'")
    for number, data in events:
        content = json.loads(data)
        assert (content["order"], content["filler"], content["end"]) == (number, filler_of(int(number[6:10])), number)
    rows = product.query(
        "SELECT attributes['order.id'], attributes['filler'], attributes['end'] FROM spans FINAL WHERE name = 'order.receive'"
    )
    for number, filler, end in rows:
        assert (filler, end) == (filler_of(int(number[6:10])), number)


def _is_told(product: Product, lost: Counter[str]) -> None:
    """What is lost in a segment that was closed is told by its number there: in quarantine, in the metric and in the log."""
    told = product.query("SELECT quarantine_id FROM quarantine FINAL WHERE reason = 'journal_damaged'")
    by_segment = Counter(f"{row[0].rpartition(':')[0].partition('/')[2]}.journal" for row in told)
    closed = {segment: count for segment, count in lost.items() if not segment.endswith("-wal")}
    assert {segment: by_segment[segment] for segment in closed} == closed
    text = plain_http.get(f"{product.engine_url}/metrics", timeout=60).text
    counted = re.findall(r"^andon_journal_damaged_records_total\{[^}]*\} (\S+)$", text, re.MULTILINE)
    assert sum(map(float, counted)) == len(told)
    assert not told or "journal records are damaged" in product.log("engine")
