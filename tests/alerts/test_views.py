"""Saved views: what is refused, and what is recorded. Pure."""

from __future__ import annotations

import pytest

from alerts.views import delete_view, save_view
from core.errors import UsageError
from tests.alerts.messages import NOW

ADDRESS = "transactions?period=30d&order=value"


@pytest.mark.parametrize(("shared", "saved", "deleted"), [(False, "save view", "delete view"), (True, "share view", "delete shared view")])
def test_a_view_is_an_action_of_who_saved_it(shared: bool, saved: str, deleted: str) -> None:
    for act, action, detail in (
        (save_view("Ana", " Steel,\nlate ", ADDRESS, NOW, shared=shared), saved, ADDRESS),
        (delete_view("Ana", "Steel, late", NOW, shared=shared), deleted, ""),
    ):
        assert act.record is not None
        (row,) = act.record.to_dict("records")
        assert [row[name] for name in ("at", "actor", "action", "target", "detail")] == [NOW, "Ana", action, "Steel, late", detail]


def test_many_filters_are_kept_whole() -> None:
    address = "transactions?customer=" + "x" * (1000 - len("transactions?customer="))
    act = save_view("Ana", "Mine", address, NOW, shared=False)
    assert act.record is not None
    assert act.record["detail"].tolist() == [address]


@pytest.mark.parametrize(
    ("by", "name", "address", "said"),
    [
        ("", "Mine", ADDRESS, "by: "),
        ("Ana", " ", ADDRESS, "name: give the view a name"),
        ("Ana", "x" * 61, ADDRESS, "name: give the view a name"),
        ("Ana", "Mine", "", "address: give the filters"),
        ("Ana", "Mine", "transactions?customer=" + "x" * 1000, "address: give the filters"),
        ("Ana", "Mine", "transactions\n?a=b", "address: give the filters"),
    ],
)
def test_a_view_has_a_name_filters_and_somebody_who_saved_it(by: str, name: str, address: str, said: str) -> None:
    with pytest.raises(UsageError, match=f"^{said}"):
        save_view(by, name, address, NOW, shared=False)
