"""Secrets: read where they may be, told once where they may not."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from core.errors import UsageError
from core.secrets import SecretNews, is_reference, read_all, resolve_key, resolve_secret
from core.telemetry import M, Telemetry


def test_a_secret_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    (tmp_path / "secret").chmod(0o600)
    with pytest.raises(UsageError, match="not UTF-8"):
        resolve_secret(f"file:{tmp_path / 'secret'}")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o666])
def test_a_secret_that_others_may_open_is_refused_and_never_shown(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "a secret"
    file.write_text("hunter2\n")
    file.chmod(mode)
    with pytest.raises(UsageError, match="chmod 600") as caught:
        resolve_secret(f"file:{file}")
    assert str(caught.value).endswith(f"users other than its owner may open {file}; chmod 600 '{file}'")
    for closed in (0o600, 0o400, 0o700):
        file.chmod(closed)
        assert resolve_secret(f"file:{file}") == "hunter2"


def test_what_is_no_file_of_a_secret_is_neither_waited_for_nor_read_whole(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(0o700)
    (tmp_path / "long").touch(0o600)
    (tmp_path / "long").write_bytes(b"x" * (64 << 10) + b"y")
    for name, why in (
        ("pipe", "not a regular file"),
        ("folder", "not a regular file"),
        ("long", "longer than 64 KiB"),
        ("a\0b", "null byte"),
    ):
        with pytest.raises(UsageError, match=why):
            resolve_secret(f"file:{tmp_path}/{name}")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("env:TOKEN", True),
        ("file:/run/a", True),
        ("env:", False),
        ("env: ", False),
        ("file:/a\nb", False),
        ("env:a\x1b[2J", False),
        ("hunter2", False),
        ("https://a", False),
        (7, False),
    ],
)
def test_the_form_of_a_reference(text: object, is_one: bool) -> None:
    assert is_reference(text) is is_one


def test_a_variable_that_is_no_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environb, b"ODD", b"\xff\xfe")
    with pytest.raises(UsageError, match="secret env:ODD: it is not UTF-8"):
        resolve_secret("env:ODD")


def test_what_an_empty_secret_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE", "hunter2")
    monkeypatch.delenv("NOT_HERE", raising=False)
    empty = tmp_path / "empty"
    empty.touch(0o600)
    found, problems = read_all("source 'erp'", ["env:HERE", "env:NOT_HERE", f"file:{empty}", f"file:{tmp_path}/gone"], resolve_secret)
    assert found == ["hunter2"]
    assert problems == [
        "source 'erp': secret env:NOT_HERE is empty; set it and start again",
        f"source 'erp': secret file:{empty} is empty; write the secret into it",
        f"source 'erp': secret file:{tmp_path}/gone: No such file or directory; create the file or change the reference",
    ]


def test_a_secret_that_cannot_be_read_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    telemetry = Telemetry()
    news = SecretNews(telemetry, "its source is answered 503")

    def told(*lacking: str) -> list[str]:
        caplog.clear()
        with caplog.at_level(logging.INFO):
            news.tell(lacking)
        return [f"{record.getMessage()}: {getattr(record, 'fields', {}).get('error', '')}" for record in caplog.records]

    assert told() == []
    assert told("a", "b") == ["a secret cannot be read; its source is answered 503: a\nb"]
    assert telemetry.value(M.SECRETS_UNREADABLE) == 2
    assert told("a", "b") == []
    assert told("b", "c") == ["a secret cannot be read; its source is answered 503: c", "a secret is readable again: "]
    assert told() == ["2 secrets are readable again: "]
    assert telemetry.value(M.SECRETS_UNREADABLE) == 0
    assert told("a") == ["a secret cannot be read; its source is answered 503: a"]


@pytest.mark.parametrize(
    ("secret", "key"),
    [("whsec_aGVsbG8=", b"hello"), ("hello", b"hello"), ("WHSEC_aGVsbG8=", b"WHSEC_aGVsbG8="), ("Grüße", "Grüße".encode())],
)
def test_a_key_that_signs_is_base64_behind_its_prefix_and_else_as_it_is(monkeypatch: pytest.MonkeyPatch, secret: str, key: bytes) -> None:
    monkeypatch.setenv("SIGNING_KEY", secret)
    assert resolve_key("env:SIGNING_KEY") == key


@pytest.mark.parametrize("secret", ["whsec_", "whsec_a", "whsec_aGVsbG8", "whsec_!!!!", "whsec_aGVs bG8="])
def test_a_key_that_is_no_base64_is_told_and_never_shown(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("SIGNING_KEY", secret)
    with pytest.raises(UsageError, match=r"^secret env:SIGNING_KEY: .*base64") as caught:
        resolve_key("env:SIGNING_KEY")
    assert secret == "whsec_" or secret not in str(caught.value)


@pytest.mark.parametrize("reference", ["hunter2", "vault:a", "ENV:TOKEN"])
def test_what_is_no_reference_is_never_shown_as_a_whole(reference: str) -> None:
    with pytest.raises(UsageError, match="write env:NAME or file:PATH, never the secret itself"):
        resolve_secret(reference)
