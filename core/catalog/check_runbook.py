"""Cross-checks of runbooks: their text, and what their steps name."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from core.catalog.positions import Document
from core.catalog.review import Review
from core.catalog.runbook import PLACEHOLDER, Runbook, Step, placeholders
from core.catalog.source import Source

ALWAYS = ("reference", "transaction_id")
"""What every transaction has."""
_PARAMETER = re.compile(r"\{([A-Za-z0-9_]+)\s*:\s*([A-Za-z0-9()]+)\}")


def check_runbook(review: Review, document: Document, runbook: Runbook, names: Collection[str], sources: Mapping[str, Source]) -> None:
    """Report every error in one runbook; ``names``: the keys and facts of all flows."""
    if not runbook.body:
        review.wrong(document, ("runbook",), "the runbook has no steps; write them below the second '---'")
    seen: set[str] = set()
    for index, step in enumerate(runbook.steps):
        if step.step in seen:
            review.wrong(document, ("steps", index, "step"), f"step '{step.step}' is already defined above; choose another id")
        seen.add(step.step)
        _check_step(review, document, index, step, {*names, *ALWAYS})
        if step.changes:
            _check_change(review, document, index, step, runbook.allowed)
        if step.resubmit:
            _check_resubmit(review, document, index, step, sources)


def _check_step(review: Review, document: Document, index: int, step: Step, known: Collection[str]) -> None:
    path, text = ("steps", index, step.kind), str(getattr(step, step.kind))
    if step.kind in {"link", "http", "post", "put"}:
        parts = urlsplit(PLACEHOLDER.sub("", text))
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            review.wrong(document, path, f"'{text}' is not an address; write https://host/path?order={{reference}}")
        elif PLACEHOLDER.search(text.partition("://")[2].partition("/")[0]):
            review.wrong(document, path, "the host is part of an order; write the host out, and fill in only what comes after it")
        used = [*placeholders(text), *placeholders(step.body)]
    elif step.kind == "query":
        if not re.match(r"\s*(SELECT|WITH)\b", text, re.IGNORECASE):
            review.wrong(document, path, "a query only reads; begin with SELECT or WITH")
        used = [name for name, _ in _PARAMETER.findall(text)]
    else:
        used = []
    for name in used:
        if name not in known:
            review.unknown(document, path, f"'{name}' is neither a key nor a fact of a flow", name, known)


def _check_change(review: Review, document: Document, index: int, step: Step, allowed: Collection[str]) -> None:
    host = urlsplit(PLACEHOLDER.sub("", str(getattr(step, step.kind)))).netloc.lower()
    if "@" in host:
        review.wrong(document, ("steps", index, step.kind), "the address contains a password; write token: env:NAME beside it")
    elif host and host not in {name.lower() for name in allowed}:
        review.wrong(
            document, ("steps", index, step.kind), f"nothing may be changed at '{host}'; write allowed: ['{host}'] above the steps"
        )
    if step.token:
        review.secret(document, ("steps", index, "token"), step.token)


def _check_resubmit(review: Review, document: Document, index: int, step: Step, sources: Mapping[str, Source]) -> None:
    path = ("steps", index, "resubmit")
    review.refers(document, path, "source", step.resubmit, " in sources/")
    source = sources.get(step.resubmit)
    if source is not None and source.resubmit is None:
        review.wrong(
            document, path, f"nothing of source '{step.resubmit}' may be published again; say in its file where it may go (resubmit:)"
        )
