"""Which names a port answers to, and which pages may speak to it."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from core.config import Settings, load_settings
from core.errors import UsageError
from core.http.hosts import certificate_names, own_hosts

REBOUND = ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:8501", "localhost@evil.example", "", " ", ":", ":80",
           "[::1", "::1", "[::1].evil.example", "[localhost]", "localhost:x", "localhost:99999", "localhost:80:80", "localhost/", "localhost,evil",
           "loc\u0430lhost", "xn--loclhost-7fg", "127.1", "2130706433", "0x7f.0.0.1", "0", "0.0.0.0", "[::]", "[::1%25eth0]", "a" * 300,
           "..", "localhost..", ".localhost", "-", "169.254.169.254"]  # fmt: skip
LOCAL = ["localhost", "LOCALHOST", "LocalHost.", "localhost:8501", "127.0.0.1", "127.0.0.1:1", "127.8.9.10", "[::1]", "[::1]:8501", "[0:0::1]",
         "[::ffff:127.0.0.1]", "[::FFFF:7f00:1]:80", "ip6-localhost"]  # fmt: skip


def hosts(listening: str = "127.0.0.1", certificate: Path | None = None, **settings: Any) -> Any:
    return own_hosts(Settings(**settings), listening, certificate)


@pytest.mark.parametrize("name", LOCAL)
def test_every_port_answers_to_the_names_and_addresses_of_loopback(name: str) -> None:
    assert hosts().answers_to(name)
    assert hosts("10.0.0.7").answers_to(name)


@pytest.mark.parametrize("name", REBOUND)
def test_no_port_answers_to_another(name: str) -> None:
    assert not hosts().answers_to(name)
    assert not hosts("10.0.0.7", public_url="https://andon.example.com", allowed_hosts="erp.example.com").answers_to(name)


def test_the_address_that_is_listened_on_is_a_name_of_the_port() -> None:
    assert hosts("10.0.0.7").answers_to("10.0.0.7:4318")
    assert not hosts("10.0.0.7").answers_to("10.0.0.8")
    assert hosts("fd00::7").answers_to("[fd00:0::7]:4318")
    assert hosts("ERP.example.com").answers_to("erp.example.com.")
    assert hosts("10.0.0.7").answers_to(socket.gethostname())
    assert not hosts().answers_to("10.0.0.7")


@pytest.mark.parametrize("every", ["0.0.0.0", "::", ""])
def test_who_listens_on_every_address_answers_to_every_address_and_still_to_no_strange_name(every: str) -> None:
    for name in ("10.0.0.7", "203.0.113.9:4318", "[fd00::7]", "[2001:db8::1]:4318"):
        assert hosts(every).answers_to(name)
    for name in ("evil.example", "0.0.0.0", "[::]", "10.0.0.7.evil.example"):
        assert not hosts(every).answers_to(name)


def test_names_of_the_settings() -> None:
    named = hosts(
        allowed_hosts="Otel.example.com, *.plant.example.com,10.0.0.7, [fd00::1]", public_url="https://Andon.example.com:8443/board"
    )
    for name in ("otel.example.com:443", "a.plant.example.com", "10.0.0.7", "[fd00::1]:9", "andon.example.com", "ANDON.example.com.:8443"):
        assert named.answers_to(name), name
    for name in ("plant.example.com", "a.b.plant.example.com", "example.com", "10.0.0.8", "*.plant.example.com"):
        assert not named.answers_to(name), name


@pytest.mark.parametrize(
    "wrong", ["https://otel.example.com", "otel.example.com:4318", "otel.example.com/v1", "*", "a b.example.com,ü", "[::1]:80"]
)
def test_a_name_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("ANDON_ALLOWED_HOSTS", wrong)
    with pytest.raises(UsageError, match=r"^ANDON_ALLOWED_HOSTS: .*is not a host name; write names or addresses without scheme and port"):
        load_settings()


@pytest.mark.parametrize(
    ("origin", "host", "may"),
    [
        ("http://127.0.0.1:8501", "127.0.0.1:8501", True),
        ("http://localhost:8501", "LOCALHOST.:8501", True),
        ("http://[::1]:8501", "[0::1]:8501", True),
        ("http://localhost", "localhost", True),
        ("https://otel.example.com", "otel.example.com", True),  # a proxy that speaks TLS, and hands the name on
        ("https://otel.example.com", "otel.example.com:443", True),
        ("https://andon.example.com", "127.0.0.1:8501", True),  # a proxy that does not hand it on: public_url
        ("https://Andon.example.com:443", "", True),
        ("http://andon.example.com", "127.0.0.1:8501", False),
        ("https://andon.example.com:8443", "127.0.0.1:8501", False),
        ("http://127.0.0.1:9999", "127.0.0.1:8501", False),
        ("http://127.0.0.1", "127.0.0.1:8501", False),
        ("http://localhost:8501", "127.0.0.1:8501", False),
        ("https://evil.example", "127.0.0.1:8501", False),
        ("https://x.streamlit.app", "127.0.0.1:8501", False),
        ("https://127.0.0.1.evil.example:8501", "127.0.0.1:8501", False),
        ("null", "127.0.0.1:8501", False),
        ("", "127.0.0.1:8501", False),
        ("file://", "127.0.0.1:8501", False),
        ("chrome-extension://abcdef", "127.0.0.1:8501", False),
        ("http://127.0.0.1:8501/", "127.0.0.1:8501", False),
        ("http://user@127.0.0.1:8501", "127.0.0.1:8501", False),
        ("http://127.0.0.1:8501 http://evil.example", "127.0.0.1:8501", False),
    ],
)
def test_a_page_may_speak_to_its_own_origin_and_at_the_public_address(origin: str, host: str, may: bool) -> None:
    named = hosts(public_url="https://andon.example.com/", allowed_hosts="otel.example.com")
    assert named.lets_speak(origin, host) is may


def test_names_of_the_certificate(tmp_path: Path) -> None:
    for critical in ("", "critical,"):
        names = "DNS:Erp.example.com,DNS:*.plant.example.com,IP:10.0.0.7,IP:fd00::7,URI:https://uri.example.com,email:a@mail.example.com"
        command = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=subject.example.com",
            "-keyout",
            "key",
            "-out",
            "cert",
        ]
        subprocess.run([*command, "-addext", f"subjectAltName={critical}{names}"], cwd=tmp_path, check=True, capture_output=True)
        assert certificate_names(tmp_path / "cert") == ["erp.example.com", "*.plant.example.com", "10.0.0.7", "fd00::7"]
    (tmp_path / "none").write_text("nothing")
    assert certificate_names(tmp_path / "none") == []
    named = hosts("10.0.0.9", tmp_path / "cert")
    for name in ("erp.example.com:4318", "a.plant.example.com", "10.0.0.7", "[fd00::7]"):
        assert named.answers_to(name)
    for name in ("subject.example.com", "uri.example.com", "plant.example.com"):
        assert not named.answers_to(name)
