"""What is to be published again: an input in quarantine, or a dead letter, as it came."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.catalog.catalog import Catalog
from core.catalog.definition import readable
from core.errors import UsageError
from store.reads import quarantine, resubmission
from store.reads.connection import Reader

_CONTEXT = ("traceparent", "tracestate", "baggage")


@dataclass(frozen=True)
class Original:
    """``identity`` names it. ``headers`` are those of its trace.

    ``reached``: what speaks against publishing it: the transaction has got there all the same. ``about``: the transaction it belongs to.
    """

    identity: str
    source: str
    body: bytes
    content_type: str
    headers: dict[str, str]
    about: str = ""
    reached: str = ""


def find(client: Reader, catalog: Catalog, identity: str) -> Original:
    """Return what has this id. Raises :class:`core.errors.AndonError` if there is none, or it was not kept whole."""
    if identity.startswith("q_"):
        return _quarantined(quarantine.quarantined_input(client, identity), identity)
    found = resubmission.dead_letters(client, event_id=identity)
    if len(found) != 1:
        many = "several dead letters have the id" if found else "neither the quarantine nor a dead letter has the id"
        raise UsageError(f"id: {many} '{identity[:80]}'; the transaction's page and 'andon quarantine list' name them")
    row = found[0]
    data = str(row["data"])
    about, reached = _about(client, catalog, f"{row['event_source']} {identity}")
    return Original(
        identity,
        str(row["source"]),
        base64.b64decode(data) if row["binary"] else _plain(data, str(row["content_type"])),
        str(row["content_type"]),
        {name: row["extensions"][name] for name in _CONTEXT if name in row["extensions"]},
        about,
        reached,
    )


def _quarantined(row: dict[str, Any], identity: str) -> Original:
    detail = json.loads(row["detail"] or "{}")
    if "sha256" in detail:
        raise UsageError(f"id: '{identity}' is too large and was not kept whole; send it again where it came from")
    if encoding := detail.get("encoding"):
        other = "send it again where it came from" if row["kind"] == "message" else "replay it with 'andon quarantine replay'"
        raise UsageError(f"id: '{identity}' is compressed ({encoding}); {other}")
    return Original(identity, str(row["source"]), bytes(row["body"]), str(row["content_type"]), {})


def _plain(data: str, content_type: str) -> bytes:
    """Return a body that was kept as JSON: a text is itself, unless it came as JSON."""
    if data.startswith('"') and content_type and "json" not in content_type:
        return str(json.loads(data)).encode()
    return data.encode()


def _about(client: Reader, catalog: Catalog, signal_id: str) -> tuple[str, str]:
    """Return which transaction an event belongs to, and what of it has been reached although this step was given up."""
    about, reached = "", ""
    for row in resubmission.transactions_of(client, signal_id=signal_id):
        flow = catalog.flows.get(str(row["flow"]))
        about = f"{row['reference'] or row['transaction_id']} ({flow.title if flow else row['flow']})"
        failed = flow.milestones.get(str(row["milestone"])) if flow else None
        if flow is None or failed is None:
            continue
        names = [name for name, one in flow.milestones.items() if not one.failure]
        stage = failed.stage or str(row["milestone"])
        later = names[names.index(stage) :] if stage in names else []
        if stage := next((name for name in later if name in row["first_at"]), ""):
            at: datetime = row["first_at"][stage]
            title = flow.milestones[stage].title or readable(stage)
            reached = f"{about} has reached {title} at {at.replace(tzinfo=UTC).isoformat(timespec='seconds')} all the same"
    return about, reached
