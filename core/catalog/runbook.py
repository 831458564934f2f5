"""Runbook: what to do about a cause. The front matter binds it to causes; the Markdown body holds the steps."""

from __future__ import annotations

from pydantic import Field

from core.catalog.definition import Definition, Identifier


class Runbook(Definition):
    """``causes``: the causes for which it comes first, instead of the SLA's own runbook."""

    runbook: Identifier
    title: str
    causes: list[str] = Field(default_factory=list)
    body: str = ""
