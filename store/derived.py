"""What is written from ``clocks`` for pages to read, beside the views: outcomes by transaction, and open clocks without those that ended."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection

from store.client import STORE_ERRORS, Store
from store.statement import statement

EVERY_SECONDS = 2.0
log = logging.getLogger("store.derived")
_STEP = 200_000
_ENDED = 50_000


def keep_up(store: Store, stopping: threading.Event) -> None:
    """Follow and forget until stopped; for a thread of its own, so that no verdict waits for a key figure."""
    while not stopping.is_set():
        try:
            follow_clocks(store)
            forget_ended_clocks(store)
        except STORE_ERRORS:
            log.exception("what pages read could not be brought up to date; it is tried again")
        stopping.wait(EVERY_SECONDS)


def follow_clocks(store: Store) -> None:
    """Write to ``transaction_outcomes`` what became of transactions whose clocks changed since the last time.

    A step is one block, so it is written whole or not at all, and its revision is where the next one begins: a crash leaves nothing out.
    """
    while (reach := store.rows(statement("derived/outcomes_reach"), {"limit": _STEP})[0])["upto"]:
        store.command(statement("derived/follow_outcomes"), {"after": reach["after"], "upto": reach["upto"]})


def derive_again(store: Store, tables: Collection[str]) -> None:
    """Write ``open_clocks`` and ``transaction_outcomes`` anew, those of them that are named, from the clocks that are there."""
    if "open_clocks" in tables:
        store.command(statement("truncate", table="open_clocks"))
        store.command(statement("derived/refill_open_clocks"))
    if "transaction_outcomes" in tables:
        store.command(statement("truncate", table="transaction_outcomes"))
        follow_clocks(store)


def forget_ended_clocks(store: Store, more_than: int = _ENDED) -> None:
    """Remove clocks that ended from ``open_clocks`` when they are more than that and more than those that run."""
    rows = store.rows(statement("derived/open_clocks_counts"))[0]
    if rows["ended"] > max(more_than, rows["running"]):
        store.command(statement("derived/drop_ended"))
