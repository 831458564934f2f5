"""The contract of every notifier on addresses: which are refused however they are written, and that a name is looked up once."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import alerts.egress
import alerts.notifiers
from core.errors import Permanent, Retryable
from tests.alerts.messages import message
from tests.contracts.test_notifiers import HARNESSES, HTTP, NOTIFIERS

pytestmark = pytest.mark.usefixtures("secret")
REFUSED = [
    *("169.254.169.254", "169.254.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "0.0.0.0", "0.1.2.3"),
    *("2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518"),  # the same address in other words
    *("::ffff:169.254.169.254", "::169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"),
    *("fe80::1", "febf::1", "fd00:ec2::254", "::"),
]


ALLOWED = ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd12::1", "203.0.113.7", "2001:db8::1", "2130706433"]


def with_host(name: str, host: str, port: int = 1) -> dict[str, Any]:
    """Return settings of this notifier that lead to ``host``."""
    settings = HARNESSES[name].settings(port)
    if name == "email":
        return {**settings, "host": host}
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/latest"
    return {**settings, "api_url" if name == "slack" else "url": address}


@contextmanager
def names(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> Iterator[list[str]]:
    """Let ``receiver.example`` be these addresses, one lookup after the other; yield what was looked up."""
    real, asked = socket.getaddrinfo, []

    def lookup(host: Any, *arguments: Any, **options: Any) -> Any:
        if host != "receiver.example":
            return real(host, *arguments, **options)
        asked.append(host)
        return real(addresses[min(len(asked), len(addresses)) - 1], *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", lookup)
        yield asked


@pytest.mark.parametrize("name", sorted(NOTIFIERS))
def test_link_local_and_metadata_addresses_are_refused_however_they_are_written(name: str):
    for host in REFUSED:
        with pytest.raises(Permanent, match="allow_link_local"):
            NOTIFIERS[name].deliver(message(), with_host(name, host))


@pytest.mark.parametrize("name", HTTP)
def test_a_user_in_the_address_hides_no_host(name: str):
    settings = with_host(name, "127.0.0.1@169.254.169.254")
    with pytest.raises(Permanent, match="allow_link_local"):
        NOTIFIERS[name].deliver(message(), settings)


@pytest.mark.parametrize("name", sorted(NOTIFIERS))
@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "::ffff:169.254.169.254"])
def test_a_name_that_leads_to_such_an_address_is_refused(name: str, address: str, monkeypatch: pytest.MonkeyPatch):
    with names(monkeypatch, address), pytest.raises(Permanent, match=r"receiver\.example is .*allow_link_local"):
        NOTIFIERS[name].deliver(message(), with_host(name, "receiver.example"))


@pytest.mark.parametrize("name", sorted(NOTIFIERS))
def test_a_name_is_looked_up_once_a_request_so_that_a_second_answer_leads_nowhere(name: str, monkeypatch: pytest.MonkeyPatch):
    requests = HARNESSES[name].requests
    with HARNESSES[name].other() as other, names(monkeypatch, *["127.0.0.1"] * requests, "169.254.169.254") as asked:
        NOTIFIERS[name].deliver(message(), with_host(name, "receiver.example", other.port))

    assert (len(other.bodies), asked) == (1, ["receiver.example"] * requests)


@contextmanager
def several(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> Iterator[None]:
    """Let ``receiver.example`` be all of these addresses at once."""
    real = socket.getaddrinfo

    def lookup(host: Any, *arguments: Any, **options: Any) -> Any:
        if host != "receiver.example":
            return real(host, *arguments, **options)
        return [entry for address in addresses for entry in real(address, *arguments, **options)]

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", lookup)
        yield


@pytest.mark.parametrize("name", sorted(NOTIFIERS))
def test_every_address_of_a_name_is_tried(name: str, monkeypatch: pytest.MonkeyPatch):
    with HARNESSES[name].other() as other, several(monkeypatch, "::1", "127.0.0.1"):
        NOTIFIERS[name].deliver(message(), with_host(name, "receiver.example", other.port))

    assert len(other.bodies) == 1


@pytest.mark.parametrize("name", sorted(NOTIFIERS))
@pytest.mark.parametrize("addresses", [("127.0.0.1", "169.254.169.254"), ("169.254.169.254", "127.0.0.1")])
def test_one_refused_address_of_a_name_is_enough_to_try_none(name: str, addresses: tuple[str, str], monkeypatch: pytest.MonkeyPatch):
    with HARNESSES[name].other() as other, several(monkeypatch, *addresses), pytest.raises(Permanent, match="allow_link_local"):
        NOTIFIERS[name].deliver(message(), with_host(name, "receiver.example", other.port))

    assert other.bodies == []


@pytest.mark.parametrize("name", HTTP)
def test_an_address_that_answered_is_the_only_one_that_gets_the_message(name: str, monkeypatch: pytest.MonkeyPatch):
    with HARNESSES[name].other() as other, several(monkeypatch, "127.0.0.1", "::ffff:127.0.0.1"):
        other.status = 503
        with pytest.raises(Retryable):
            NOTIFIERS[name].deliver(message(), with_host(name, "receiver.example", other.port))

    assert len(other.bodies) + other.asked == 1


@pytest.mark.parametrize("host", ALLOWED)
def test_loopback_and_private_addresses_are_where_plants_have_their_receivers(host: str):
    assert alerts.egress.check_target(host, 1, link_local=False)


@pytest.mark.parametrize("host", REFUSED)
def test_a_channel_may_say_that_it_means_a_link_local_address(host: str):
    assert alerts.egress.check_target(host, 1, link_local=True)
