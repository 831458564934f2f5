"""What a message of NATS says of itself is what the client reads in it."""

from __future__ import annotations

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from collector.brokers.nats_message import message_of, told_of

REPLIES = [
    "$JS.ACK.orders.andon.1.17.4.1774623000123456789.12",
    "$JS.ACK.hub.Hx3.orders.andon.3.18446744073709551615.9007199254740993.1774623000000000499.0",
    "$JS.ACK._.Hx3.orders.andon.1.17.4.1774623000999999999.12.f00",
    "$JS.ACK.orders.andon.1.1.1.0.0",
]


@pytest.mark.parametrize("reply", REPLIES)
def test_the_server_tells_what_the_client_reads(reply: str) -> None:
    message = Msg(Client(), "orders.created", reply, b"{}")
    told, read = told_of(message), message.metadata
    assert (told.stream, told.sequence, told.delivered, told.time) == (
        read.stream,
        read.sequence.stream,
        read.sequence.consumer,
        read.timestamp,
    )


def test_a_message_without_an_id_is_known_by_its_number_and_its_time() -> None:
    message = Msg(Client(), "orders.created", REPLIES[0], b"{}")
    assert message_of(message, told_of(message)).identity == "orders/17@1774623000123457"
