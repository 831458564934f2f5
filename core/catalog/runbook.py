"""Runbook: what to do about a cause. Front matter binds it to causes; the Markdown body is the steps."""

from __future__ import annotations

from pydantic import Field

from core.catalog.definition import Definition, Identifier


class Runbook(Definition):
    """``causes``: the causes it is the first answer to, where they differ from the SLA's own runbook."""

    runbook: Identifier
    title: str
    causes: list[str] = Field(default_factory=list)
    body: str = ""
