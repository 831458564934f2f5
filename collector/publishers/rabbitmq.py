"""RabbitMQ: publishes to a queue, or to an exchange by a routing key, and waits until the broker has confirmed it.

A message that no queue takes is refused by the broker, and told. It is persistent; its ``message_id`` is the identity.
"""

from __future__ import annotations

import asyncio
from typing import Any, Self

import aio_pika
from aio_pika.exceptions import AMQPError, PublishError
from pydantic import model_validator
from yarl import URL

from collector.brokers.reconnecting import without_password
from collector.plugin_settings import Reference
from collector.publisher import Publication, PublisherSettings, publisher_settings
from core.egress import check_target
from core.errors import Permanent, Retryable
from core.secrets import resolve_secret

ANSWER_SECONDS = 15.0


class RabbitmqTarget(PublisherSettings):
    """Settings under ``resubmit:``. ``queue``, or ``exchange`` with ``routing_key``; the secret behind ``url`` is as of the receiver."""

    url: Reference
    queue: str = ""
    exchange: str = ""
    routing_key: str = ""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.queue) == bool(self.exchange):
            raise ValueError("name a queue, or an exchange with its routing_key")
        return self


class RabbitmqPublisher:
    """Publishes one message over a connection of its own."""

    name = "rabbitmq"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        publisher_settings(RabbitmqTarget, settings)

    def place(self, settings: dict[str, Any]) -> str:
        """Return the queue, or the exchange and the routing key."""
        target = publisher_settings(RabbitmqTarget, settings)
        return f"queue {target.queue}" if target.queue else f"exchange {target.exchange} with the routing key '{target.routing_key}'"

    async def publish(self, settings: dict[str, Any], publication: Publication) -> None:
        """Publish, and wait for the confirmation."""
        target = publisher_settings(RabbitmqTarget, settings)
        url = await asyncio.to_thread(resolve_secret, target.url)
        try:
            address = URL(url)
        except ValueError as error:  # whose words repeat a part of the address
            raise Retryable("that is no address; write amqp://user:password@broker/virtual-host where 'url' says it is") from error
        await asyncio.to_thread(check_target, address.host or "", address.port or 5672, link_local=False)
        try:
            connection = await aio_pika.connect(url, timeout=ANSWER_SECONDS, client_properties={"connection_name": "andon resubmit"})
        except (AMQPError, OSError, ValueError) as error:
            raise Retryable(f"the broker cannot be reached: {without_password(str(error))}") from error
        async with connection:
            try:
                channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            except (AMQPError, OSError) as error:
                raise Retryable(f"the broker opens no channel: {error}") from error
            try:
                exchange = await channel.get_exchange(target.exchange) if target.exchange else channel.default_exchange
            except AMQPError as error:
                raise Permanent(f"the broker refuses the exchange: {error}") from error
            message = aio_pika.Message(
                publication.body,
                content_type=publication.content_type or None,
                message_id=publication.identity,
                headers=dict(publication.headers),
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            )
            try:
                await exchange.publish(message, target.queue or target.routing_key, mandatory=True, timeout=ANSWER_SECONDS)
            except PublishError as error:  # given back; a refusal may come from one of several queues, and is not caught
                raise Permanent("no queue takes it: the broker gave it back") from error


PUBLISHER = RabbitmqPublisher()
