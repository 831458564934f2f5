"""What is written from ``clocks`` for the pages, besides the views.

Outcomes by transaction, and open clocks without those that have ended.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection

from store.client import STORE_ERRORS, Store
from store.statement import statement

EVERY_SECONDS = 2.0
log = logging.getLogger("store.stages.derived")
_STEP = 200_000
_ENDED = 50_000


def keep_up(store: Store, stopping: threading.Event) -> None:
    """Update whenever clocks were written, until stopped; runs in a thread of its own, so that no verdict waits for a KPI."""
    done = None
    while not stopping.is_set():
        written = store.fresh["clocks"].written, len(store.held)  # what waited for the disk is written later
        try:
            if written != done:
                follow_clocks(store)
                forget_ended_clocks(store)
                done = written
        except STORE_ERRORS:
            log.exception("the tables that pages read could not be updated; trying again")
        stopping.wait(EVERY_SECONDS)


def follow_clocks(store: Store) -> None:
    """Write to ``transaction_outcomes`` the outcome of transactions whose clocks changed since the last time.

    A step is one block, so it is written whole or not at all, and its revision is where the next one begins: a crash leaves nothing out.
    """
    while (reach := store.rows(statement("derived/outcomes_reach"), {"limit": _STEP})[0])["upto"]:
        store.command(statement("derived/follow_outcomes"), {"after": reach["after"], "upto": reach["upto"]})


def derive_again(store: Store, tables: Collection[str]) -> None:
    """Write ``open_clocks`` and ``transaction_outcomes`` anew, for the tables named, from the existing clocks."""
    if "open_clocks" in tables:
        store.command(statement("truncate", table="open_clocks"))
        store.command(statement("derived/refill_open_clocks"))
    if "transaction_outcomes" in tables:
        store.command(statement("truncate", table="transaction_outcomes"))
        follow_clocks(store)


def forget_ended_clocks(store: Store, more_than: int = _ENDED) -> None:
    """Remove ended clocks from ``open_clocks`` when there are more than this many, and more than running ones."""
    rows = store.rows(statement("derived/open_clocks_counts"))[0]
    if rows["ended"] > max(more_than, rows["running"]):
        store.command(statement("derived/drop_ended"))
