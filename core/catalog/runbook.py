"""Runbook: what to do about a cause. The front matter binds it to causes and types its steps; the Markdown body explains them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from pydantic import Field, model_validator

from core.catalog.definition import Definition, Identifier

KINDS = ("ask", "link", "http", "query")
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_.-]*)\}")
"""Where a link or a check names a key, a fact, ``reference`` or ``transaction_id`` of an affected transaction."""


class Step(Definition):
    """One step of a runbook; exactly one of the four kinds. Nothing that a step does changes anything.

    ``ask``: a question that somebody answers. ``link``: an address to open, with ``{sales_order}`` and the like filled in. ``http``: an
    address that the engine asks with GET; an answer of 2xx is well. ``query``: a SELECT over the store, whose parameters
    (``{reference:String}``) are filled in.
    """

    step: Identifier
    title: str
    ask: str = ""
    link: str = ""
    http: str = ""
    query: str = ""

    @model_validator(mode="after")
    def _has_one_kind(self) -> Step:
        if sum(bool(getattr(self, kind)) for kind in KINDS) != 1:
            raise ValueError(f"a step does one thing; write exactly one of {', '.join(KINDS)}")
        return self

    @property
    def kind(self) -> str:
        """Which of the kinds it is."""
        return next(kind for kind in KINDS if getattr(self, kind))


class Runbook(Definition):
    """``causes``: the causes for which it comes first, instead of the SLA's own runbook. ``steps``: what is done one by one."""

    runbook: Identifier
    title: str
    causes: list[str] = Field(default_factory=list)
    steps: list[Step] = Field(default_factory=list)
    body: str = ""


def filled(address: str, values: Mapping[str, str]) -> str:
    """Return an address with its placeholders filled in, as parts of a URL; one without a value is left empty."""
    return PLACEHOLDER.sub(lambda found: quote(values.get(found[1], ""), safe=""), address)
