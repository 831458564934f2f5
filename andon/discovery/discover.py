"""Proposes a catalog."""

from __future__ import annotations

from andon.discovery.facts import fact_fields
from andon.discovery.flows import find_flows
from andon.discovery.keys import candidates, find_keys
from andon.discovery.proposal import Proposal
from andon.discovery.seen import look, take_sample
from andon.discovery.sources import find_sources
from core.catalog.source import DEFAULT_SOURCE
from store.client import Store
from store.reads.connection import Reader
from store.sampled import Sampled

LEAST = 5
"""Sorts of signals that were seen less often are left out."""


def discover(client: Reader, scratch: Store, *, seconds: int, limit: int, least: int = LEAST) -> Proposal:
    """Return what is proposed after the newest ``limit`` signals of each kind, none older than ``seconds`` before its last.

    Raises :class:`store.reads.connection.ReaderError` if the store cannot be asked. ``scratch`` is only used meanwhile.
    """
    seen = look(client, seconds=seconds, limit=limit, least=least)
    compared = candidates(seen.fields)
    sampled = Sampled(scratch)
    try:
        take_sample(client, seen, {field.number: field for field in [*compared, *fact_fields(seen.fields)]}.values(), sampled)
        keys = find_keys(compared, sampled)
        flows = find_flows([key for key in keys if not key.single], seen.fields, sampled)
    finally:
        sampled.close()
    return Proposal(flows, find_sources(seen.sorts, DEFAULT_SOURCE), [key for key in keys if key.single], seen.looked_at)
