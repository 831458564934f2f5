"""Saved views of lists: by a person for themselves, or shared. Pure; each is an action, and the last one under a name holds."""

from __future__ import annotations

from datetime import datetime

from alerts.actions import Act, is_same_person, record
from alerts.one_line import one_line
from core.errors import UsageError
from core.saved_view import DELETED, LONGEST_ADDRESS, LONGEST_NAME, SAVED


def save_view(by: str, name: str, address: str, now: datetime, *, shared: bool, shared_by: str = "") -> Act:
    """Keep an address (``transactions?period=30d&order=value``) under a name. The same name again replaces it.

    ``shared_by``: who shared the view of this name that there is; nobody else replaces it.
    """
    _own(by, name, shared_by, "save yours under another name")
    if not address or len(address) > LONGEST_ADDRESS or one_line(address, LONGEST_ADDRESS) != address:
        raise UsageError(f"address: give the filters of a list, at most {LONGEST_ADDRESS} characters; use fewer filters")
    return Act((), (), record(by, SAVED[shared], named(name), address, now))


def delete_view(by: str, name: str, now: datetime, *, shared: bool, shared_by: str = "") -> Act:
    """Forget a view: one's own, or one that one has shared oneself."""
    _own(by, name, shared_by, "ask them to delete it")
    return Act((), (), record(by, DELETED[shared], named(name), "", now))


def _own(by: str, name: str, shared_by: str, advice: str) -> None:
    if shared_by and not is_same_person(by, shared_by):
        raise UsageError(f"name: the view '{named(name)}' is shared by {shared_by}; {advice}")


def named(name: str) -> str:
    """Return the name of a view in one line. Raises :class:`core.errors.UsageError` for none, or one that is too long."""
    if not one_line(name).strip() or len(name) > LONGEST_NAME:
        raise UsageError(f"name: give the view a name of at most {LONGEST_NAME} characters")
    return one_line(name).strip()
