"""A door that cannot be opened says why: the port, the host, the certificate."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.grpc import GrpcServer
from core.errors import UsageError
from tests.collector.conftest import Running


def test_the_certificate_is_checked_before_a_port_is_taken(start: Callable[..., Running], tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no PEM")
    with pytest.raises(UsageError, match="TLS cannot use"):
        start(tls_certificate=tmp_path / "text", tls_key=tmp_path / "text")


@pytest.mark.parametrize(
    ("host", "why"), [("999.1.1.1", "cannot be opened: (?!.*in use)"), ("192.0.2.1", "annot assign"), ("127.0.0.1", "is in use")]
)
def test_grpc_tells_why_it_cannot_listen(door: Running, host: str, why: str) -> None:
    async def listen(port: int) -> None:
        GrpcServer(door.collector._ingress, host, port, None, None)

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError, match=why) as caught:
            asyncio.run_coroutine_threadsafe(listen(taken.getsockname()[1]), door.loop).result(20)
    assert str(caught.value).endswith("set otlp_grpc_port")
