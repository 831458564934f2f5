"""How the NATS receiver gets in: by token, by a key, and by the JWT of a user, over TLS; real servers that let nobody else in."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nkeys
import pytest

from collector.receivers.nats import RECEIVER
from tests.collector.receivers.driving import TestIntake, context_of, running, until
from tests.servers.nats import NatsServer

pytestmark = [pytest.mark.server, pytest.mark.xdist_group("nats")]
UNLIMITED = dict.fromkeys(
    ("subs", "data", "payload", "imports", "exports", "conn", "leaf", "mem_storage", "disk_storage", "streams", "consumer"), -1
)


@contextmanager
def guarded(program: str, folder: Path, configuration: str, **options: Any) -> Iterator[NatsServer]:
    """Yield a server with one message in the stream ``orders``."""
    server = NatsServer(folder, program, configuration=configuration, options=options)
    try:
        server.start()
        server.create_stream("orders")
        server.send("orders.a", b"1")
        yield server
    finally:
        server.kill()


def in_tls(certificate: tuple[Path, Path]) -> str:
    return f"tls {{cert_file: '{certificate[0]}', key_file: '{certificate[1]}'}}\n"


def trusting(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate[0])


def made_key(prefix: int) -> tuple[nkeys.KeyPair, str]:
    """Return a new key and its seed."""
    seed = nkeys.encode_seed(os.urandom(32), prefix)
    return nkeys.from_seed(bytearray(seed)), bytes(seed).decode()


def public(key: nkeys.KeyPair) -> str:
    return bytes(key.public_key).decode()


def token_of(issuer: nkeys.KeyPair, subject: nkeys.KeyPair, **claims: Any) -> str:
    """Return a JWT as NATS wants it."""

    def part(content: dict[str, Any] | bytes) -> str:
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    body = {"jti": public(subject), "iat": 1_700_000_000, "iss": public(issuer), "sub": public(subject), "name": "andon"}
    signed = f"{part({'typ': 'JWT', 'alg': 'ed25519-nkey'})}.{part({**body, 'nats': {'version': 2, **claims}})}"
    return f"{signed}.{part(bytes(issuer.sign(signed.encode())))}"


def read_one(url: str, monkeypatch: pytest.MonkeyPatch, state: Path) -> None:
    monkeypatch.setenv("TEST_BROKER", url)
    intake = TestIntake()

    async def scenario() -> None:
        async with running(RECEIVER, context_of({"type": "nats", "url": "env:TEST_BROKER", "stream": "orders"}, intake, state)):
            await until(lambda: len(intake.events) == 1)

    asyncio.run(scenario())


def test_by_a_token(nats_server: NatsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with guarded(nats_server.program, tmp_path, "authorization {token: 's:cret'}", token="s:cret") as server:
        read_one(f"nats://s%3Acret@127.0.0.1:{server.port}", monkeypatch, tmp_path / "state")


def test_by_a_key_over_tls(
    nats_server: NatsServer, tmp_path: Path, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    key, seed = made_key(nkeys.PREFIX_BYTE_USER)
    (tmp_path / "seed").write_text(seed)
    configuration = in_tls(certificate) + f"authorization {{users: [{{nkey: {public(key)}}}]}}"
    with guarded(nats_server.program, tmp_path, configuration, tls=trusting(certificate), nkeys_seed=str(tmp_path / "seed")) as server:
        url = f"tls://127.0.0.1:{server.port}?cafile={certificate[0]}&nkey={tmp_path / 'seed'}"
        read_one(url, monkeypatch, tmp_path / "state")


def test_by_the_credentials_of_a_user_over_tls(
    nats_server: NatsServer, tmp_path: Path, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    operator, _ = made_key(nkeys.PREFIX_BYTE_OPERATOR)
    system, account = (made_key(nkeys.PREFIX_BYTE_ACCOUNT)[0] for _ in range(2))
    user, seed = made_key(nkeys.PREFIX_BYTE_USER)
    limits = {**UNLIMITED, "wildcards": True}
    accounts = {
        public(account): token_of(operator, account, type="account", limits=limits),
        public(system): token_of(operator, system, type="account", limits={**limits, "mem_storage": 0, "disk_storage": 0}),
    }
    resolved = ", ".join(f"{name}: {token}" for name, token in accounts.items())
    itself = token_of(operator, operator, type="operator", system_account=public(system))
    configuration = in_tls(certificate) + f"operator: {itself}\nresolver: MEMORY\nresolver_preload: {{{resolved}}}"
    credentials = tmp_path / "user.creds"
    written = token_of(account, user, type="user", subs=-1, data=-1, payload=-1)
    credentials.write_text(
        f"-----BEGIN NATS USER JWT-----\n{written}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )
    with guarded(nats_server.program, tmp_path, configuration, tls=trusting(certificate), user_credentials=str(credentials)) as server:
        url = f"tls://127.0.0.1:{server.port}?cafile={certificate[0]}&credentials={credentials}"
        read_one(url, monkeypatch, tmp_path / "state")
