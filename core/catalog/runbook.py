"""Runbook: what to do about a cause. The front matter binds it to causes and types its steps; the Markdown body explains them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from pydantic import Field, model_validator

from core.catalog.definition import Definition, Identifier

KINDS = ("ask", "link", "http", "query", "resubmit", "post", "put")
CHANGING = ("post", "put")
"""The kinds that change something elsewhere."""
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_.-]*)\}")
"""Where an address or a body names a key, a fact, ``reference`` or ``transaction_id`` of an affected transaction."""


class Step(Definition):
    """One step of a runbook; exactly one of the seven kinds. Only ``post`` and ``put`` change anything, and only at hosts in ``allowed``.

    ``ask``: a question that somebody answers. ``link``: an address to open, with ``{sales_order}`` and the like filled in. ``http``: an
    address that the engine asks with GET; an answer of 2xx is well. ``query``: a SELECT over the store, whose parameters
    (``{reference:String}``) are filled in. ``resubmit``: a source whose ``resubmit:`` says where its dead letters may go; those that the
    incident's transactions have are offered, each to be shown, confirmed and published as anywhere else. ``post``, ``put``: an address
    to which the engine sends ``body`` as JSON, filled in likewise, with ``token`` as bearer token, once somebody has seen what will be
    sent and confirmed it; ``reason``: they have to say why.
    """

    step: Identifier
    title: str
    ask: str = ""
    link: str = ""
    http: str = ""
    query: str = ""
    resubmit: str = ""
    post: str = ""
    put: str = ""
    body: dict[str, Any] = Field(default_factory=dict)
    token: str = ""
    reason: bool = False

    @model_validator(mode="after")
    def _has_one_kind(self) -> Step:
        if sum(bool(getattr(self, kind)) for kind in KINDS) != 1:
            raise ValueError(f"a step does one thing; write exactly one of {', '.join(KINDS)}")
        if not self.changes and (self.body or self.token or self.reason):
            raise ValueError("body, token and reason belong to a step that changes something; write post or put")
        return self

    @property
    def kind(self) -> str:
        """Which of the kinds it is."""
        return next(kind for kind in KINDS if getattr(self, kind))

    @property
    def changes(self) -> bool:
        """Whether it changes something elsewhere."""
        return bool(self.post or self.put)

    @property
    def of_transaction(self) -> bool:
        """Whether something of an affected transaction is filled in."""
        return self.kind not in {"ask", "resubmit"} and ("{" in getattr(self, self.kind) or bool(placeholders(self.body)))


class Runbook(Definition):
    """``causes``: the causes for which it comes first, instead of the SLA's own runbook. ``steps``: what is done one by one.

    ``allowed``: the hosts at which its steps may change something, as their addresses write them (``middleware:8080``).
    """

    runbook: Identifier
    title: str
    causes: list[str] = Field(default_factory=list)
    allowed: list[str] = Field(default_factory=list)
    steps: list[Step] = Field(default_factory=list)
    body: str = ""


def filled(address: str, values: Mapping[str, str]) -> str:
    """Return an address with its placeholders filled in, as parts of a URL; one without a value is left empty."""
    return PLACEHOLDER.sub(lambda found: quote(values.get(found[1], ""), safe=""), address)


def filled_in(body: Any, values: Mapping[str, str]) -> Any:
    """Return a part of a body with the placeholders in its texts filled in."""
    if isinstance(body, str):
        return PLACEHOLDER.sub(lambda found: values.get(found[1], ""), body)
    if isinstance(body, dict):
        return {name: filled_in(part, values) for name, part in body.items()}
    return [filled_in(part, values) for part in body] if isinstance(body, list) else body


def placeholders(part: Any) -> list[str]:
    """Return the names that an address, or the texts of a body, leave to be filled in."""
    if isinstance(part, str):
        return PLACEHOLDER.findall(part)
    inside = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return [name for one in inside for name in placeholders(one)]
