"""The steps of runbooks: which one is meant, and the kinds that the engine itself carries out, a check and a change by HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from alerts import egress, runbooks
from alerts.incidents import Incident
from alerts.one_line import one_line
from core.catalog.catalog import Catalog
from core.catalog.runbook import Runbook, Step, filled, filled_in, placeholders
from core.errors import AndonError, UsageError
from core.incident import WORKED, WORKED_NOT
from core.secrets import resolve_secret

_SAID_CHARACTERS = 200


@dataclass(frozen=True)
class Change:
    """What a step sends. ``body``: JSON, or nothing; ``token``: where its bearer token is, never the token itself."""

    method: str
    address: str
    body: str
    token: str

    def __str__(self) -> str:
        """Return ``POST http://host/path {"order": "4711"} with the token env:NAME``."""
        return " ".join(filter(None, [self.method, self.address, self.body, f"with the token {self.token}" if self.token else ""]))


def find(catalog: Catalog, incident: Incident, step: str) -> tuple[Runbook, Step]:
    """Return a step of the incident's runbook. Raises :class:`UsageError` if it has none of this name."""
    runbook = runbooks.find(catalog, incident.runbook)
    known = {one.step: one for one in runbook.steps} if runbook else {}
    if runbook is None or step not in known:
        raise UsageError(f"step: the runbook '{incident.runbook}' has no step '{one_line(step, 64)}'; known: {', '.join(known) or 'none'}")
    return runbook, known[step]


def check(step: Step, values: Mapping[str, str]) -> tuple[str, str]:
    """Ask the step's address, with ``values`` filled in, and return its outcome and what was answered. Never raises for an answer."""
    try:
        status, _ = egress.get(filled(step.http, values), {})
    except AndonError as error:
        return WORKED_NOT, str(error)
    return WORKED, f"HTTP {status}"


def change(step: Step, values: Mapping[str, str]) -> Change:
    """Return what a step would send. Raises :class:`UsageError` if a value or its token is missing, or a value leads elsewhere."""
    if not step.changes:
        raise UsageError(f"step: '{step.step}' sends nothing; it is of the kind '{step.kind}'")
    address = str(getattr(step, step.kind))
    for name in placeholders(address) + placeholders(step.body):
        if not values.get(name, "").strip():
            raise UsageError(f"values: the transaction has no '{name}', which the step needs; choose another one")
    for name in placeholders(address):
        if values[name].strip(".") == "":
            raise UsageError(f"values: '{name}' is '{values[name]}', which would lead to another address; choose another transaction")
    if step.token:
        resolve_secret(step.token)
    body = json.dumps(filled_in(step.body, values), ensure_ascii=False) if step.body else ""
    return Change(step.kind.upper(), filled(address, values), body, step.token)


def send(asked: Change, once: str) -> tuple[str, str]:
    """Send it and return its outcome and what was answered. Never raises for an answer. ``once``: the key by which a receiver knows it."""
    try:
        headers = {"content-type": "application/json", "idempotency-key": once}
        if asked.token:
            headers["authorization"] = f"Bearer {resolve_secret(asked.token)}"
        status, reply = egress.send(asked.method, asked.address, asked.body.encode(), headers, {})
    except AndonError as error:
        return WORKED_NOT, str(error)
    return WORKED, one_line(f"HTTP {status} {reply}", _SAID_CHARACTERS).strip()
