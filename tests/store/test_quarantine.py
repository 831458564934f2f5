"""Quarantined input is listed, shown and sent again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from andon.replaying import replay_input
from core.catalog.catalog import Catalog
from core.config import Settings
from core.errors import AndonError
from core.signal import Lane, Record, SignalKind
from store.client import Store
from store.reads.quarantine import quarantined, quarantined_input
from tests.collector.conftest import running
from tests.store.journals import event, loader_on, refused_input, write_segment


def test_input_is_listed_shown_and_sent_again(store: Store, tmp_path: Path) -> None:
    good = event("1").body
    detail = {"quarantine_id": "good", "reason": "store_refused", "kind": "event", "content_type": "application/cloudevents+json"}
    held = Record(SignalKind.QUARANTINE, "shop", Lane.CRITICAL, refused_input("bad").received_at, 1, good, json.dumps(detail))
    odd = {"quarantine_id": "odd", "reason": "bad_json", "content_type": "application/json"}
    strange = Record(SignalKind.QUARANTINE, "shop", Lane.CRITICAL, held.received_at - 1, 1, b"\xff\x00", json.dumps(odd))
    settings = Settings(data=tmp_path / "engine")
    write_segment(settings, [refused_input("bad"), held, strange])
    loader_on(store, settings).load()

    assert quarantined(store.reader, 2)["quarantine_id"].tolist() == ["bad", "good"]
    assert quarantined_input(store.reader, "odd")["body"] == b"\xff\x00"
    with pytest.raises(AndonError, match="'nowhere' is unknown"):
        quarantined_input(store.reader, "nowhere")

    with running(tmp_path, Catalog(version="1")) as door:
        at = settings.model_copy(update={"http_port": door.collector.http_port})
        assert replay_input(store.reader, "good", at) == "good: accepted"
        assert [json.loads(record.body) for record in door.records() if record.kind is SignalKind.EVENT] == [json.loads(good)]
        assert replay_input(store.reader, "bad", at).startswith("bad: refused again (400): ")
        with pytest.raises(AndonError, match="kind is not known"):
            replay_input(store.reader, "odd", at)
    with pytest.raises(AndonError, match="does not answer"):
        replay_input(store.reader, "good", at)
