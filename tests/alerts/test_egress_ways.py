"""The way to a receiver: through a proxy or not, and whose certificates are trusted."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from alerts import egress
from core.errors import Permanent, Retryable, WrongSetting


class _Quiet(BaseHTTPRequestHandler):
    asked: list[str]

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def accept(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", "0")))
        self.asked.append(f"{self.command} {self.path}")
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()


@contextmanager
def server(tls: ssl.SSLContext | None = None, connect_to: int | None = None) -> Iterator[tuple[int, list[str]]]:
    """Yield the port and what was asked of a receiver; of a proxy that connects to a port of this machine, whatever it is asked for."""
    asked: list[str] = []

    class Handler(_Quiet):
        def do_POST(self) -> None:
            self.accept()

        def do_CONNECT(self) -> None:
            asked.append(f"CONNECT {self.path} {self.headers.get('proxy-authorization', '')}".strip())
            with socket.create_connection(("127.0.0.1", connect_to or 0)) as other:
                self.send_response(200)
                self.end_headers()
                pair = {self.connection: other, other: self.connection}
                while True:
                    for ready in select.select(list(pair), [], [], 10)[0] or [None]:
                        data = ready.recv(65_536) if ready else b""
                        if not data:
                            return
                        pair[ready].sendall(data)

    Handler.asked = asked
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        made.socket = tls.wrap_socket(made.socket, server_side=True)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    try:
        yield made.server_address[1], asked
    finally:
        made.shutdown()
        made.server_close()


@pytest.fixture
def tls(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_receiver_is_reached_through_the_proxy_of_its_channel(monkeypatch: pytest.MonkeyPatch):
    with server() as (port, asked):
        assert egress.post("http://receiver.example:81/in", b"{}", {}, {"proxy": f"http://127.0.0.1:{port}"}) == (200, "")
        monkeypatch.setenv("PLANT_PROXY", f"http://ana:secret@127.0.0.1:{port}")
        assert egress.post("http://receiver.example/in", b"{}", {}, {"proxy": "env:PLANT_PROXY"}) == (200, "")

    assert asked == ["POST http://receiver.example:81/in", "POST http://receiver.example/in"]


@pytest.mark.parametrize("form", ["http://127.0.0.1:{}", "127.0.0.1:{}"])
def test_without_one_it_is_the_systems_unless_that_is_not_for_this_receiver(monkeypatch: pytest.MonkeyPatch, form: str):
    monkeypatch.setenv("NO_PROXY", "other.example")
    with server() as (direct, seen), server() as (port, asked):
        monkeypatch.setenv("HTTP_PROXY", form.format(port))
        egress.post("http://receiver.example/in", b"{}", {}, {})
        egress.post(f"http://127.0.0.1:{direct}/own", b"{}", {}, {})
        monkeypatch.setenv("NO_PROXY", "localhost.example")
        real = socket.getaddrinfo
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda host, *more, **also: real(host.replace("localhost.example", "127.0.0.1"), *more, **also)
        )
        egress.post(f"http://localhost.example:{direct}/excepted", b"{}", {}, {})
        egress.post(f"http://localhost.example:{direct}/none", b"{}", {}, {"proxy": "none"})

    assert asked == ["POST http://receiver.example/in"]
    assert seen == ["POST /own", "POST /excepted", "POST /none"]


def test_what_is_encrypted_goes_through_a_tunnel_and_is_checked_against_the_receivers_name(
    tls: ssl.SSLContext, certificate: tuple[Path, Path]
):
    with server(tls) as (port, seen), server(connect_to=port) as (proxy, asked):
        settings = {"proxy": f"http://127.0.0.1:{proxy}", "ca_file": str(certificate[0])}
        egress.post("https://localhost/in", b"{}", {}, settings)
        with pytest.raises(Retryable, match="CERTIFICATE_VERIFY_FAILED"):
            egress.post("https://receiver.example/in", b"{}", {}, settings)

    assert seen == ["POST /in"]
    assert asked == ["CONNECT localhost:443", "CONNECT receiver.example:443"]


def test_a_certificate_is_trusted_where_its_authority_is_in_the_ca_file(
    tls: ssl.SSLContext, certificate: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with server(tls) as (port, seen):
        address = f"https://localhost:{port}/in"
        with pytest.raises(Retryable, match="CERTIFICATE_VERIFY_FAILED"):
            egress.post(address, b"{}", {}, {})
        egress.post(address, b"{}", {}, {"ca_file": str(certificate[0])})
        for content in (None, "nothing"):
            wrong = tmp_path / "wrong.pem"
            if content:
                wrong.write_text(content)
            with pytest.raises(Retryable, match=f"ca_file {wrong}: .*; it must be a PEM file of certificates"):
                egress.post(address, b"{}", {}, {"ca_file": str(wrong)})
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))  # stands for the store of the system
        egress.post(address, b"{}", {}, {})

    assert seen == ["POST /in"] * 2


@pytest.mark.parametrize("address", ["169.254.169.254", "2852039166", "0xa9fea9fe", "[fe80::1]"])
def test_a_proxy_is_no_way_to_an_address_that_is_refused(address: str):
    with server() as (port, asked):
        with pytest.raises(Permanent, match="allow_link_local"):
            egress.post(f"http://{address}/latest", b"{}", {}, {"proxy": f"http://127.0.0.1:{port}"})
        with pytest.raises(Permanent, match="allow_link_local"):
            egress.post("http://receiver.example/in", b"{}", {}, {"proxy": f"http://{address}:{port}"})

    assert asked == []


def test_a_proxy_that_cannot_be_used_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1080")
    with pytest.raises(Retryable, match="HTTPS_PROXY is not the address of an HTTP proxy; give the channel proxy: http://host:port"):
        egress.post("https://receiver.example/in", b"{}", {}, {})
    with pytest.raises(Retryable, match=r"receiver\.example:80 through its proxy did not answer"):
        egress.post("http://receiver.example/in", b"{}", {}, {"proxy": "http://127.0.0.1:1"})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"proxy": "proxy:3128"}, "'proxy' is not an address"),
        ({"proxy": "http://ana:hunter2@proxy:3128"}, "'proxy' contains a password; write env:NAME"),
        ({"ca_file": ""}, "'ca_file' is missing"),
        ({"ca_file": ["a"]}, "'ca_file' is missing"),
        ({"allow_link_local": "yes"}, "'allow_link_local' is not true or false"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], said: str):
    with pytest.raises(WrongSetting, match=f"^{said}") as caught:
        egress.only(settings, *egress.SETTINGS)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["http://proxy:3128", "https://proxy", "env:PROXY", "file:/etc/andon/proxy", "none"])
def test_a_proxy_that_can_be_one_is_taken(proxy: str):
    egress.only({"proxy": proxy, "ca_file": "/etc/ssl/plant.pem", "allow_link_local": True}, *egress.SETTINGS)
