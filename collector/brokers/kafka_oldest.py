"""How old the oldest message is that waits for a consumer group: the first one at the offset that the group has reached is read again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from typing import Any

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaError, KafkaException, Message, TopicPartition

from collector.brokers.queue_series import age_seconds
from core.clock import Clock

POLL_SECONDS = 0.05
BATCH_MAX = 1000
PARTITION_FETCH_BYTES = 16 << 10
"""As much as most batches have; of a larger one the broker sends all."""
FETCH_MAX_BYTES = 4 << 20
_END = KafkaError._PARTITION_EOF  # noqa: SLF001 - the client's name for its own error


class KafkaOldest:
    """Reads single messages with a consumer of its own, which is no member of any group and commits nothing. For one thread."""

    def __init__(self, connection: dict[str, Any], group: str, clock: Clock) -> None:
        """Connect when first asked. ``group``: one that the user may read as; it is not joined."""
        self._clock = clock
        self._settings = {
            **connection,
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "allow.auto.create.topics": False,
            "max.partition.fetch.bytes": PARTITION_FETCH_BYTES,
            "fetch.max.bytes": FETCH_MAX_BYTES,
            "queued.min.messages": 1,
            "queued.max.messages.kbytes": FETCH_MAX_BYTES >> 10,
            "fetch.wait.max.ms": int(POLL_SECONDS * 1000),
            "fetch.queue.backoff.ms": 5,  # a second unless it is set; a look has no time for that
            "fetch.error.backoff.ms": int(POLL_SECONDS * 1000),
            "log_level": 0,
        }

    def ages(self, places: Sequence[TopicPartition], seconds: float) -> tuple[dict[str, float | None], set[tuple[str, int]]]:
        """Return, by topic, the age in seconds of the oldest message at or behind these offsets, and the partitions with nothing to read.

        It takes ``seconds`` at the most.

        None where that is not known: a partition did not answer in time, or its message is gone or bears no time. A partition of which
        nothing can be read does not count; if there is no other, it is None, too. Such are those behind an open transaction, and those that
        have only what is no message between their offset and their end: the mark of a transaction's end, or what compaction left.
        """
        now = self._clock.now()
        found: dict[str, list[float | None]] = defaultdict(list)
        empty: set[tuple[str, int]] = set()
        missing = {(each.topic, each.partition) for each in places}
        for message in self._first_messages(places, seconds) if places else ():
            topic = str(message.topic())
            missing.discard((topic, message.partition() or 0))
            if (error := message.error()) is not None and error.code() == _END:
                empty.add((topic, message.partition() or 0))
            else:
                found[topic].append(None if error else _age(message, now))
        for topic, _ in missing:
            found[topic].append(None)
        return {each.topic: _oldest(found[each.topic]) for each in places}, empty

    def close(self) -> None:
        """Disconnect."""
        if "_consumer" in self.__dict__:
            with suppress(RuntimeError, KafkaException):
                self._consumer.close()

    @cached_property
    def _consumer(self) -> Consumer:
        return Consumer(self._settings)

    def _first_messages(self, places: Sequence[TopicPartition], seconds: float) -> list[Message]:
        """Return the first message, or error, of each partition that answers in time."""
        began, first = self._clock.monotonic(), dict[tuple[str, int], Message]()
        self._consumer.assign([TopicPartition(each.topic, each.partition, each.offset) for each in places])
        try:
            while len(first) < len(places) and self._clock.monotonic() - began < seconds:
                for message in self._consumer.consume(BATCH_MAX, POLL_SECONDS):
                    if message.topic():
                        first.setdefault((str(message.topic()), message.partition() or 0), message)
        finally:
            self._consumer.unassign()
        return list(first.values())


def _age(message: Message, now: datetime) -> float | None:
    kind, milliseconds = message.timestamp()
    return None if kind == TIMESTAMP_NOT_AVAILABLE else age_seconds(milliseconds, now)


def _oldest(ages: Sequence[float | None]) -> float | None:
    known = [each for each in ages if each is not None]
    return max(known) if known and len(known) == len(ages) else None
