"""Plug-ins are found by their files, and say what is wrong with the settings that a catalog gives them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

import andon.plugins
from andon.plugins import check_channel, check_receiver, doubts, notifiers, receivers

ROOT = Path(__file__).parents[2]


def files(folder: str) -> set[str]:
    return {file.stem for file in (ROOT / folder).glob("[a-z]*.py")}


def test_each_file_is_a_plug_in_named_as_it() -> None:
    assert set(notifiers()) == files("alerts/notifiers")
    assert set(receivers()) <= files("collector/receivers"), "one whose client library is not installed is none"


@pytest.mark.parametrize(
    ("channel", "path", "what"),
    [
        ({"type": "web-hook", "settings": {}}, ("type",), "did you mean 'webhook'?"),
        ({"type": "webhook", "settings": {}}, ("settings", "url"), "is not an address"),
        ({"type": "webhook", "settings": {"url": "ftp://example.com/"}}, ("settings", "url"), "http"),
    ],
)
def test_a_wrong_channel_is_a_setting_at_its_place(channel: dict[str, Any], path: tuple[str, ...], what: str) -> None:
    wrong = check_channel(channel)
    assert wrong is not None
    assert tuple(wrong.path) == path
    assert what in wrong.what


def test_what_is_right_is_nothing() -> None:
    assert check_channel({"type": "webhook", "settings": {"url": "https://example.com/hook"}}) is None


def test_an_unknown_receiver_is_named_with_those_there_are() -> None:
    wrong = check_receiver({"type": "rabbit"})
    assert wrong is not None
    assert "which does not exist" in wrong.what


class Asked:
    """A receiver whose system answers, refuses or hangs."""

    name = "asked"

    def __init__(self, answer: Callable[[], list[str]]) -> None:
        self._answer = answer

    def doubts(self, settings: dict[str, Any]) -> list[str]:
        assert settings["type"] == "asked"
        return self._answer()


def refuse() -> list[str]:
    raise ConnectionRefusedError("nobody there\nat all")


def test_a_system_is_asked_and_one_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    released = Event()
    monkeypatch.setattr(andon.plugins, "ASKED_SECONDS", 0.2)
    for answer, said in (
        (lambda: ["the column is a number"], ["the column is a number"]),
        (list, []),
        (refuse, ["its system could not be asked: ConnectionRefusedError: nobody there"]),
        (lambda: [str(released.wait(60))], ["its system could not be asked: no answer within 0 seconds"]),
    ):
        monkeypatch.setattr(andon.plugins, "receivers", lambda answer=answer: {"asked": Asked(answer)})
        assert doubts({"type": "asked"}) == said
    released.set()
    assert doubts({"type": "not-installed-here"}) == []
