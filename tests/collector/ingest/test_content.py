"""A body reads the same wherever it is kept, and gives back what it took."""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading

import pytest

from collector.ingest.content import SMALL_MAX_BYTES, Content, mapped
from tests.collector.bodies import open_bodies


@pytest.mark.parametrize("size", [0, 1, SMALL_MAX_BYTES, SMALL_MAX_BYTES + 1, 3 << 20])
def test_all_views_of_a_body_are_the_body(size: int) -> None:
    body = os.urandom(size)
    with Content() as content:
        for start in range(0, size, 100_000):
            content.add(body[start : start + 100_000])
        assert (content.size, content.is_large) == (size, size > SMALL_MAX_BYTES)
        assert content.sha256() == hashlib.sha256(body).hexdigest()
        assert content.beginning(10) == body[:10]
        assert content.whole() == body
        assert content.view()[:] == body


def test_what_is_lent_outlives_the_body_and_nothing_else_does() -> None:
    before, body = open_bodies(), os.urandom(1 << 20)
    with Content(body) as content:
        lent = content.lend()
    assert mapped(lent)[:] == body
    assert open_bodies() == before + 1
    os.close(lent)
    assert open_bodies() == before


async def where(content: Content) -> int:
    return await content.read_by(threading.get_ident)


def test_reading_a_large_body_keeps_nobody_waiting() -> None:
    with Content(b"small") as small, Content(bytes(1 << 20)) as large:
        assert asyncio.run(where(small)) == threading.get_ident()
        assert asyncio.run(where(large)) != threading.get_ident()
