"""Kinds of failure: what a caller may conclude from the class alone, and messages of one line."""

from __future__ import annotations

import pytest

from core.errors import AndonError, Full, NoRoom, Permanent, Retryable, UsageError, WrongSetting


@pytest.mark.parametrize(
    ("error", "retryable"),
    [
        (Permanent("the credential is wrong"), False),
        (Retryable("the connection was refused"), True),
        (Full("the queue is full"), True),
        (NoRoom("the disk is full"), True),
        (UsageError("there is no such flow"), False),
        (WrongSetting("url", "is missing"), False),
    ],
)
def test_whether_to_try_again_is_told_by_the_class(error: AndonError, retryable: bool) -> None:
    assert isinstance(error, AndonError)
    assert isinstance(error, Retryable) is retryable
    assert not (isinstance(error, Permanent) and isinstance(error, Retryable))


def test_a_full_queue_says_when_to_come_back() -> None:
    assert (Full("full").retry_after_seconds, Full("full", 30).retry_after_seconds) == (5, 30)
    assert str(Full("full", 30)) == "full"


@pytest.mark.parametrize(
    ("path", "parts", "text"),
    [
        ("url", ("url",), "'url' is missing"),
        (["settings", "recipients", 2], ("settings", "recipients", 2), "'settings.recipients.2' is missing"),
        ([], (), "is missing"),
    ],
)
def test_a_wrong_setting_is_told_by_its_path(path: str | list[str | int], parts: tuple[str | int, ...], text: str) -> None:
    error = WrongSetting(path, "is missing")
    assert (error.path, error.what, str(error)) == (parts, "is missing", text)
