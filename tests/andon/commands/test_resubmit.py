"""``andon resubmit``: what is read of the file that is published instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alerts.ports import EDITED_MAX_BYTES
from collector.quarantine import BODY_MAX_BYTES
from tests.command_line import ask


def test_an_edited_file_is_read_up_to_what_an_original_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of any size was read."""
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr("andon.client.incidents.act", lambda _, __, body: sent.append(body) or {"said": "to the broker"})
    (tmp_path / "largest").write_bytes(b"x" * EDITED_MAX_BYTES)
    (tmp_path / "larger").write_bytes(b"x" * (EDITED_MAX_BYTES + 1))
    (tmp_path / "no-text").write_bytes(b"\xff")

    assert "nothing was published" in ask("resubmit", "q_1", "--edited", "largest", folder=tmp_path).stdout
    assert [len(body["body"]) for body in sent] == [BODY_MAX_BYTES]
    for name, told in {
        "larger": "larger is larger than 1 MiB",
        "/dev/zero": "/dev/zero is larger than 1 MiB",
        "no-text": "cannot be read as text",
        "nowhere": "cannot be read as text",
    }.items():
        refused = ask("resubmit", "q_1", "--edited", name, folder=tmp_path)
        assert (refused.returncode != 0, told in refused.stderr) == (True, True), refused.stderr
    assert len(sent) == 1
