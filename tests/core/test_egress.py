"""Whom Andon may connect to."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from core import egress
from core.errors import Permanent, Retryable


@pytest.mark.parametrize(
    ("address", "refused"),
    [
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("::1", False),
        ("169.254.169.254", True),
        ("fe80::1", True),
        ("::ffff:169.254.169.254", True),
        ("64:ff9b::a9fe:a9fe", True),
        ("2002:a9fe:a9fe::1", True),
        ("0.0.0.0", True),
    ],
)
def test_link_local_and_metadata_addresses_are_refused_unless_they_are_meant(address: str, refused: bool):
    assert egress.check_target(address, 80, link_local=True) == [address]
    if refused:
        with pytest.raises(Permanent, match="set allow_link_local to reach it"):
            egress.check_target(address, 80, link_local=False)
    else:
        assert egress.check_target(address, 80, link_local=False) == [address]


def test_each_address_of_a_name_is_given_once_and_an_unknown_name_is_worth_another_try(monkeypatch: pytest.MonkeyPatch):
    def lookup(host: str, port: int, **_: Any) -> list[Any]:
        if host == "unknown":
            raise socket.gaierror("Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("10.0.0.2", "10.0.0.1", "10.0.0.2")]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    assert egress.check_target("known", 80, link_local=False) == ["10.0.0.2", "10.0.0.1"]
    with pytest.raises(Retryable, match="unknown cannot be resolved"):
        egress.check_target("unknown", 80, link_local=False)
