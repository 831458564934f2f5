"""Cross-checks of runbooks: their text, and what their steps name."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from core.catalog.positions import Document
from core.catalog.review import Review
from core.catalog.runbook import PLACEHOLDER, Runbook, Step

ALWAYS = ("reference", "transaction_id")
"""What every transaction has."""
_PARAMETER = re.compile(r"\{([A-Za-z0-9_]+)\s*:\s*([A-Za-z0-9()]+)\}")


def check_runbook(review: Review, document: Document, runbook: Runbook, names: Collection[str]) -> None:
    """Report every error in one runbook; ``names``: the keys and facts of all flows."""
    if not runbook.body:
        review.wrong(document, ("runbook",), "the runbook has no steps; write them below the second '---'")
    seen: set[str] = set()
    for index, step in enumerate(runbook.steps):
        if step.step in seen:
            review.wrong(document, ("steps", index, "step"), f"step '{step.step}' is already defined above; choose another id")
        seen.add(step.step)
        _check_step(review, document, index, step, {*names, *ALWAYS})


def _check_step(review: Review, document: Document, index: int, step: Step, known: Collection[str]) -> None:
    path, text = ("steps", index, step.kind), str(getattr(step, step.kind))
    if step.kind in {"link", "http"}:
        parts = urlsplit(PLACEHOLDER.sub("", text))
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            review.wrong(document, path, f"'{text}' is not an address; write https://host/path?order={{reference}}")
        elif PLACEHOLDER.search(text.partition("://")[2].partition("/")[0]):
            review.wrong(document, path, "the host is part of an order; write the host out, and fill in only what comes after it")
        used = PLACEHOLDER.findall(text)
    elif step.kind == "query":
        if not re.match(r"\s*(SELECT|WITH)\b", text, re.IGNORECASE):
            review.wrong(document, path, "a query only reads; begin with SELECT or WITH")
        used = [name for name, _ in _PARAMETER.findall(text)]
    else:
        used = []
    for name in used:
        if name not in known:
            review.unknown(document, path, f"'{name}' is neither a key nor a fact of a flow", name, known)
