"""Contract: what is known about customers, tiers and partners, with effective dates."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from core.catalog.definition import Definition, Identifier


class Contract(Definition):
    """Facts about the parties of transactions.

    ``for_``: the fact and value it applies to (``{customer: ACME}``). ``facts``: what is then true (``{tier: gold}``), available to targets
    as ``customer.tier``, from ``since`` (00:00 UTC) until ``until``.
    """

    contract: Identifier
    title: str = ""
    for_: dict[str, str | list[str]] = Field(alias="for")
    facts: dict[str, str]
    since: date | None = None
    until: date | None = None
