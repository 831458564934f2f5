"""What brokers with a STOMP door share: their address, and how messages are put into them."""

from __future__ import annotations

import stomp

from tests.servers.process import ServerProcess


class StompServer(ServerProcess):
    @property
    def url(self) -> str:
        return f"stomp://127.0.0.1:{self.port}"

    def send(self, destination: str, *bodies: str | bytes, **headers: str) -> None:
        """Publish persistent messages; they are on the broker's disk once this returns."""
        client = stomp.Connection12([("127.0.0.1", self.port)], vhost="localhost")
        client.connect(wait=True)
        for body in bodies:
            client.send(destination, body, headers={"persistent": "true", **headers})
        client.disconnect(receipt="all")
