from __future__ import annotations

from pathlib import Path

import pytest

from collector.brokers.address import BrokerAddress, read_address
from core.errors import Permanent

PLAIN, SECURE = ("mqtt", 1883), ("mqtts", 8883)


def test_an_address_says_who_and_where() -> None:
    assert read_address("mqtt://line%404:p%3Aw@broker.plant", PLAIN, SECURE) == BrokerAddress(
        "broker.plant", 1883, "line@4", "p:w", None, {}
    )
    assert read_address(" mqtt://[::1]:9 ", PLAIN, SECURE) == BrokerAddress("::1", 9, "", "", None, {})


def test_tls_trusts_the_named_authority_and_shows_our_certificate(certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    found = read_address(f"mqtts://broker?cafile={cert}&certfile={cert}&keyfile={key}", PLAIN, SECURE)

    assert found.port == 8883
    assert found.tls is not None
    assert [one["subject"] for one in found.tls.get_ca_certs()] == [((("commonName", "localhost"),),)]


@pytest.mark.parametrize(
    "text", ["broker", "amqp://u:hunter2@broker", "mqtt://u:hunter2@", "mqtt://u:hunter2@broker:x", "mqtts://u:hunter2@broker?verify=no"]
)
def test_what_is_no_address_is_refused_and_the_password_not_shown(text: str) -> None:
    with pytest.raises(Permanent, match="the address of the broker") as caught:
        read_address(text, PLAIN, SECURE)
    assert "hunter2" not in str(caught.value)
