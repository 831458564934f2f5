"""Cross-checks of runbooks: what a step asks of the store or of others, and which names it uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.catalog.load import load_catalog
from tests.core.catalog.broken import edit, problems

RUNBOOK = "runbooks/order-not-booked.md"
AT = f"{RUNBOOK}:5"


def with_step(folder: Path, step: str) -> None:
    edit(
        folder,
        RUNBOOK,
        "causes: [PRICE_MISSING]\n",
        f"causes: [PRICE_MISSING]\nallowed: ['MW:80']\nsteps:\n  - {{step: a, title: A, {step}}}\n",
    )


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("ask: Is it on?, link: 'https://x/'", "a step does one thing; write exactly one of ask, link, http, query, resubmit, post, put"),
        ("link: 'crm/{reference}'", "'crm/{reference}' is not an address; write https://host/path?order={reference}"),
        ("http: 'file:///etc/passwd'", "'file:///etc/passwd' is not an address; write https://host/path?order={reference}"),
        ("http: 'https://{reference}.example/x'", "the host is part of an order; write the host out, and fill in only what comes after it"),
        ("query: 'DROP TABLE spans'", "a query only reads; begin with SELECT or WITH"),
        ("query: 'SELECT {sales_ordr:String}'", "'sales_ordr' is neither a key nor a fact of a flow; did you mean 'sales_order'?"),
        ("post: 'http://mw:81/x'", "nothing may be changed at 'mw:81'; write allowed: ['mw:81'] above the steps"),
        ("post: 'http://mw:80@evil/x'", "the address contains a password; write token: env:NAME beside it"),
        ("put: 'http://mw:80?@evil/x', token: secret", "a catalog must not contain a secret; write env:NAME or file:PATH"),
        ("put: 'mw:80/x'", "'mw:80/x' is not an address; write https://host/path?order={reference}"),
        ("post: 'http://mw:80/x', body: {a: ['{custmer}']}", "'custmer' is neither a key nor a fact of a flow; did you mean 'customer'?"),
        ("resubmit: erp", "source 'erp' is not defined in sources/; known: crm"),
        ("resubmit: crm", "nothing of source 'crm' may be published again; say in its file where it may go (resubmit:)"),
        ("link: 'https://x/{custmer}'", "'custmer' is neither a key nor a fact of a flow; did you mean 'customer'?"),
    ],
)
def test_a_mistake_is_told_with_what_to_write_instead(folder: Path, step: str, said: str) -> None:
    with_step(folder, step)
    (found,) = problems(folder)
    assert found.startswith(RUNBOOK)
    assert said in found


@pytest.mark.parametrize(
    "step",
    [
        "ask: 'Is {it} on?'",
        "link: 'https://crm/o/{sales_order}?c={customer}&t={transaction_id}'",
        "http: 'http://127.0.0.1:15672/api/queues'",
        "query: 'WITH 1 AS a SELECT a, {reference:String}'",
        "post: 'http://mw:80/o/{sales_order}', body: {of: ['{customer}']}, token: env:MW, reason: true",
        "put: 'https://Mw:80/o'",
    ],
)
def test_steps_of_every_kind_load(folder: Path, step: str) -> None:
    with_step(folder, step)
    (loaded,) = load_catalog(folder).catalog.runbooks["order-not-booked"].steps
    assert loaded.kind in step


def test_two_steps_of_one_runbook_have_two_names(folder: Path) -> None:
    with_step(folder, "ask: x}\n  - {step: a, title: B, ask: y")
    (found,) = problems(folder)
    assert "step 'a' is already defined above; choose another id" in found
