"""Quarantined input is listed and shown; what cannot be sent again is told apart from what can."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from andon.client.replay import Replayer
from core.catalog.catalog import Catalog
from core.clock import SystemClock
from core.config import Settings
from core.errors import AndonError
from core.signal import Lane, Record, SignalKind
from store.client import Store
from store.reads.quarantine import quarantined, quarantined_input
from tests.collector.conftest import running
from tests.store.journals import event, loader_on, refused_input, write_segment


def kept(name: str, body: bytes, received_at: int, **detail: str) -> Record:
    text = json.dumps({"quarantine_id": name, "reason": "store_refused", "content_type": "application/cloudevents+json", **detail})
    return Record(SignalKind.QUARANTINE, "shop", Lane.CRITICAL, received_at, 1, body, text)


def test_input_is_listed_shown_and_sent_again(store: Store, tmp_path: Path) -> None:
    good, at = event("1").body, event("1").received_at
    settings = Settings(data=tmp_path / "engine")
    inputs = [
        kept("good", good, at - 1, kind="event"),
        kept("message", b"\xff\x00", at - 2, kind="message"),
        kept("large", b"{", at - 3, kind="event", sha256="00", size_bytes="2000000"),
        kept("lost", b"", at - 4, kind=""),
    ]
    write_segment(settings, [refused_input("bad"), *inputs])
    loader_on(store, settings).load()

    assert quarantined(store.reader, 2)["quarantine_id"].tolist() == ["bad", "good"]
    assert quarantined_input(store.reader, "message")["body"] == b"\xff\x00"
    with pytest.raises(AndonError, match="'nowhere' is not known"):
        quarantined_input(store.reader, "nowhere")

    def replay(name: str, at: Settings) -> str:
        return Replayer(store.reader, at, Catalog(), SystemClock()).replay(name)

    with running(tmp_path, Catalog(version="1")) as collector:
        here = settings.model_copy(update={"http_port": collector.engine.http_port})
        assert replay("good", here) == "good: accepted"
        assert [json.loads(record.body) for record in collector.records() if record.kind is SignalKind.EVENT] == [json.loads(good)]
        for name, why in (
            ("bad", r"^bad: rejected again \(400\): "),
            ("message", "did not arrive over"),
            ("large", "2000000 bytes"),
            ("lost", "contains no input"),
        ):
            with pytest.raises(AndonError, match=why):
                replay(name, here)
    with pytest.raises(AndonError, match="does not answer"):
        replay("good", here)
