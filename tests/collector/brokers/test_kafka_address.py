"""What the address of a Kafka cluster says, and that a wrong one is told."""

from __future__ import annotations

import pytest

from collector.brokers.kafka_address import connection_of
from core.errors import Retryable


def test_an_address_says_how_to_log_in_and_whether_over_tls():
    plain = {"bootstrap.servers": "a:9092,b:9092", "reconnect.backoff.ms": 500}
    login = {"sasl.username": "andon", "sasl.password": "p:/@"}
    assert connection_of("kafka://a:9092,b:9092") == {**plain, "security.protocol": "PLAINTEXT"}
    assert connection_of("kafkas://a:9092,b:9092?ssl.ca.location=/etc/ca.pem") == {
        **plain,
        "security.protocol": "SSL",
        "ssl.ca.location": "/etc/ca.pem",
    }
    assert connection_of("kafkas://andon:p%3A%2F%40@a:9092,b:9092?sasl.mechanism=SCRAM-SHA-512") == {
        **plain,
        **login,
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
    }


@pytest.mark.parametrize("address", ["a:9092", "kafka://", "kafka://a:9092?group.id=x"])
def test_an_address_that_is_none_is_told_without_it(address: str):
    with pytest.raises(Retryable, match=r"^write the address as kafka://user:password@broker:9092"):
        connection_of(address)
