"""Saved views of lists: by a person for themselves, or shared. Pure; each is an action, and the last one under a name holds."""

from __future__ import annotations

from datetime import datetime

from alerts.actions import Act, record
from alerts.one_line import one_line
from core.errors import UsageError
from core.saved_view import DELETED, LONGEST_ADDRESS, LONGEST_NAME, SAVED


def save_view(by: str, name: str, address: str, now: datetime, *, shared: bool) -> Act:
    """Keep an address (``transactions?period=30d&order=value``) under a name. The same name again replaces it."""
    if not address or len(address) > LONGEST_ADDRESS or one_line(address, LONGEST_ADDRESS) != address:
        raise UsageError(f"address: give the filters of a list, at most {LONGEST_ADDRESS} characters; use fewer filters")
    return Act((), (), record(by, SAVED[shared], _name(name), address, now))


def delete_view(by: str, name: str, now: datetime, *, shared: bool) -> Act:
    """Forget a view: one's own, or a shared one."""
    return Act((), (), record(by, DELETED[shared], _name(name), "", now))


def _name(name: str) -> str:
    if not one_line(name).strip() or len(name) > LONGEST_NAME:
        raise UsageError(f"name: give the view a name of at most {LONGEST_NAME} characters")
    return one_line(name).strip()
