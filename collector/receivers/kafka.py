"""Kafka: reads topics as a member of a consumer group and commits an offset only once its message is on disk.

A CloudEvent is taken as it is; any other message becomes one event for each of its documents: JSON, text or what the source's ``format``
reads is its ``data``, other bytes ``data_base64``. ``content-type`` and ``content-encoding`` are read from headers of these names. Its id
is ``topic/partition/offset@timestamp`` unless the sender gives one: the timestamp tells a topic that is made anew from the old one. Its
key becomes the attribute ``partitionkey``: text as it is, other bytes in base64. A message without a body (a tombstone: its key was
deleted) is an event without data, of the type ``{topic}.tombstone``.

On failure: a full journal holds the batch, and the client stops fetching at ``FETCH_MAX_BYTES``; an unusable message goes to quarantine and
is then committed; lost brokers are tried again for ever. Nothing is committed for a partition that was taken away meanwhile: its new reader
gets the messages again, with the same ids. Messages that the topic no longer has, or a topic that is made anew, are told in the log and
counted, and reading goes on with the oldest message.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar, TypeVar

import confluent_kafka
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # it is exported all the same
from pydantic import AwareDatetime, Field

from collector.backoff import Backoff
from collector.brokers.kafka_address import connection_of
from collector.brokers.kafka_message import message_of
from collector.brokers.kafka_oldest import KafkaOldest
from collector.brokers.queue_series import QueueState
from collector.brokers.reconnecting import reconnect_for_ever
from collector.message import MessageSettings, records_of
from collector.receiver import ReceiverContext, next_part
from collector.receiver_settings import parse_settings
from core.errors import AndonError, Retryable
from core.secrets import resolve_secret
from core.signal import Record

LOOK_SECONDS = 15.0
POLL_SECONDS = 0.5
NEW_TOPIC_SECONDS = 10.0
"""Until a topic or partition that is new is found."""
SESSION_SECONDS = 45.0
"""Until the group goes on without a member that has died."""
HOLD_SECONDS = 300.0
"""Until it goes on without one that holds its messages, as we do while the journal is full."""
ANSWER_SECONDS = 15.0
OLDEST_SECONDS = 2.0
"""How long a look may take to read the oldest messages of all groups."""
CLOSE_SECONDS = 3.0
ASKED_MAX = 40
"""How often brokers that are down are asked for, each time for a second, before the address and its password are read again."""
BATCH_MAX = 1000
FETCH_MAX_BYTES = 16 << 20
_MISSING = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.TOPIC_AUTHORIZATION_FAILED}
_ALL_DOWN = KafkaError._ALL_BROKERS_DOWN  # noqa: SLF001 - the client's names for its own errors
_REFUSED = {KafkaError._AUTHENTICATION, KafkaError._SSL}  # noqa: SLF001
_OUT_OF_RANGE = KafkaError._AUTO_OFFSET_RESET  # noqa: SLF001
_OUT_OF_GROUP = KafkaError._MAX_POLL_EXCEEDED  # noqa: SLF001
_ERRORS = (KafkaException, AndonError, OSError, RuntimeError, ValueError)
_LOG = logging.getLogger("andon.collector.kafka")
T = TypeVar("T")


class KafkaSettings(MessageSettings):
    """Settings under ``receiver:``.

    The secret behind ``url`` is ``kafka://[user:password@]broker:9092,broker:9092``, or ``kafkas://`` over TLS; behind a question mark it
    may have settings of librdkafka that begin with ``sasl.`` or ``ssl.`` (``?sasl.mechanism=SCRAM-SHA-512&ssl.ca.location=/etc/ca.pem``).
    A topic that begins with ``^`` is a pattern. ``group`` is ``andon-SOURCE`` unless given. ``start`` is where a partition is read from
    that the group has not committed: its oldest message, or the first one at or after this time. ``watch`` names other groups of these
    topics whose lag is measured, such as that of the system behind them.
    """

    places: ClassVar[tuple[str, ...]] = ("partition", "topic")
    topics: list[str] = Field(min_length=1)
    group: str = ""
    start: AwareDatetime | None = None
    watch: list[str] = Field(default_factory=list)
    event_source: str = "/topics/{topic}"


class KafkaReceiver:
    """Reads one group of topics per source."""

    name = "kafka"

    def validate(self, settings: dict[str, Any]) -> None:
        """Check the settings without any I/O. Raises :class:`core.errors.WrongSetting` that names the field."""
        parse_settings(KafkaSettings, settings)

    def queues(self, settings: dict[str, Any]) -> list[str]:
        """Return the topics whose lag is told."""
        return parse_settings(KafkaSettings, settings).topics

    async def run(self, context: ReceiverContext) -> None:
        """Read until cancelled; reconnect for ever."""
        settings = parse_settings(KafkaSettings, context.source.receiver or {})
        await reconnect_for_ever(context, partial(_connected, context, settings), _ERRORS, _LOG, topics=settings.topics)


RECEIVER = KafkaReceiver()


async def _connected(context: ReceiverContext, settings: KafkaSettings, backoff: Backoff) -> None:
    """Read as one member of the group until its brokers are lost; it always leaves the group, so that others need not wait for it."""
    url = await asyncio.to_thread(resolve_secret, settings.url)
    loop = asyncio.get_running_loop()
    thread = ThreadPoolExecutor(1, f"kafka-{context.source.source}")

    def aside(work: Callable[[], T]) -> asyncio.Future[T]:
        return loop.run_in_executor(thread, work)

    member = await aside(partial(_Member, context, settings, url))

    async def keep(messages: Sequence[confluent_kafka.Message], records: Sequence[Record], rest: Iterator[Record]) -> None:
        while records:
            await context.accept(records)
            records = await aside(partial(next_part, rest))
        await aside(partial(member.commit, messages))

    looked = 0.0
    keeping: asyncio.Task[None] | None = None
    try:
        while True:
            # the next batch is read while the journal writes the last one, and waited for only once that is done and committed
            messages, records, rest = await aside(partial(member.batch, 0 if keeping else POLL_SECONDS))
            if keeping:
                await keeping
            keeping = asyncio.create_task(keep(messages, records, rest)) if messages else None
            if member.assigned:
                backoff.reset()
            if loop.time() - looked >= LOOK_SECONDS and member.assigned:
                await aside(member.look)
                looked = loop.time()
    finally:
        if keeping:
            keeping.cancel()
        await asyncio.shield(asyncio.wait({aside(member.close)}, timeout=CLOSE_SECONDS))
        thread.shutdown(wait=False)


class _Member:
    """One member of the consumer group. All its calls, and the callbacks of the client, run in one thread of its own."""

    def __init__(self, context: ReceiverContext, settings: KafkaSettings, url: str) -> None:
        self._context, self._settings = context, settings
        self._group = settings.group or f"andon-{context.source.source}"
        connection = connection_of(url)
        self._lost = ""
        self._why = ""
        self._asked = -1
        self._topic_ids: dict[str, str] = {}
        self._told: set[tuple[str, str]] = set()
        self.assigned: set[tuple[str, int]] = set()
        self._admin = AdminClient({**connection, "log_level": 0})
        reading = {
            "group.id": self._group,
            "client.id": f"andon-{context.source.source}",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",  # or the client would go on somewhere else without a word
            "isolation.level": "read_committed",
            "allow.auto.create.topics": False,
            "topic.metadata.refresh.interval.ms": int(NEW_TOPIC_SECONDS * 1000),
            "session.timeout.ms": int(SESSION_SECONDS * 1000),
            "max.poll.interval.ms": int(HOLD_SECONDS * 1000),
            "queued.max.messages.kbytes": FETCH_MAX_BYTES >> 10,
            "fetch.max.bytes": FETCH_MAX_BYTES,
            "log_level": 0,  # what it would print comes as errors too
            "error_cb": self._note,
            "on_commit": self._committed,
        }
        self._consumer = Consumer({**connection, **reading})
        self._oldest = KafkaOldest(connection, self._group, context.clock)
        self._consumer.subscribe(settings.topics, on_assign=self._assign, on_revoke=self._revoke)

    def batch(self, seconds: float) -> tuple[list[confluent_kafka.Message], list[Record], Iterator[Record]]:
        """Wait so long for messages; return what is there, its first records and those behind them.

        Raises :class:`Retryable` if the brokers are lost.
        """
        found = self._consumer.consume(1, seconds)
        if found:
            found += self._consumer.consume(BATCH_MAX - 1, 0)
        if self._asked >= 0:
            self._ask()
        if self._lost:
            raise Retryable(self._lost)
        messages = [message for message in found if message.error() is None]
        for message in found:
            if (error := message.error()) is not None:
                self._tell(error, message)
        records = records_of(map(message_of, messages), self._context, self._settings)
        return messages, next_part(records), records

    def commit(self, messages: Sequence[confluent_kafka.Message]) -> None:
        """Commit what is on disk, for the partitions that are still ours."""
        ends: dict[tuple[str, int], int] = {(str(each.topic()), each.partition() or 0): (each.offset() or 0) + 1 for each in messages}
        offsets = [
            TopicPartition(topic, partition, offset, metadata=self._topic_ids.get(topic, ""))
            for (topic, partition), offset in ends.items()
            if (topic, partition) in self.assigned
        ]
        if offsets:
            self._consumer.commit(offsets=offsets, asynchronous=True)  # waiting would take most of a minute while a broker is down

    def look(self) -> None:
        """Measure what waits. Raises :class:`Retryable` if a topic was made anew: what was read of the old one says nothing of it."""
        topics = {topic for topic, _ in self.assigned}
        now = self._ids(topics)
        if anew := sorted(topic for topic in topics if now.get(topic) and self._topic_ids.get(topic, now[topic]) != now[topic]):
            raise Retryable(f"the topic was made anew: {', '.join(anew)}")
        ours = self._consumer.position([TopicPartition(*each) for each in self.assigned])
        ends = {(each.topic, each.partition): self._consumer.get_watermark_offsets(each, cached=True)[1] for each in ours}
        self._queue_states(self._group, ours, ends)
        for group in self._settings.watch:
            if theirs := self._committed_of(group, list(ours)):  # else it stays as it was last: it is not known to have caught up
                self._queue_states(group, theirs, ends)

    def close(self) -> None:
        """Leave the group."""
        with suppress(RuntimeError, KafkaException):
            self._consumer.close()
        self._oldest.close()

    def _assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Start where the group committed; tell what it can no longer have."""
        if not partitions:
            return
        self._topic_ids |= self._ids({each.topic for each in partitions})
        committed = consumer.committed(partitions, timeout=ANSWER_SECONDS)
        oldest = self._ends(partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]  # the client has no types for it
        newest = self._ends(partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]  # as above
        fresh = [each for each in committed if each.offset < 0]
        started = {(each.topic, each.partition): each.offset for each in self._started(consumer, fresh)}
        for each in committed:
            place = (each.topic, each.partition)
            known = self._topic_ids.get(each.topic, "")
            fields = {"topic": each.topic, "partition": each.partition, "committed": each.offset}
            if place in started:
                each.offset = started[place]
            elif each.metadata and known and each.metadata != known:
                self._context.tell_gap("the topic was made anew; it is read from its beginning", **fields)
                each.offset = OFFSET_BEGINNING
            elif not oldest.get(place, 0) <= each.offset <= newest.get(place, each.offset):
                bounds = {"oldest": oldest[place], "newest": newest[place]}
                self._context.tell_gap(
                    "the topic no longer has what is to be read next; reading goes on with its oldest message", **fields, **bounds
                )
                each.offset = OFFSET_BEGINNING
        consumer.assign(committed)
        self.assigned = {(each.topic, each.partition) for each in committed}
        self._context.tell_up(up=True)
        _LOG.info("reading", extra={"fields": {**self._fields, "partitions": len(partitions)}})

    def _revoke(self, consumer: Consumer, _: list[TopicPartition]) -> None:
        self.assigned = set()
        consumer.unassign()

    def _committed(self, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        failed = error or next((each.error for each in partitions if each.error), None)
        if failed is not None:
            self._say("offsets could not be committed; unless later ones are, their messages come again", why=failed.str())

    def _started(self, consumer: Consumer, fresh: list[TopicPartition]) -> list[TopicPartition]:
        """Return where partitions begin that nobody has committed."""
        if self._settings.start is None or not fresh:
            return [TopicPartition(each.topic, each.partition, OFFSET_BEGINNING) for each in fresh]
        moment = int(self._settings.start.timestamp() * 1000)
        return consumer.offsets_for_times([TopicPartition(each.topic, each.partition, moment) for each in fresh], timeout=ANSWER_SECONDS)

    def _ids(self, topics: set[str]) -> dict[str, str]:
        """Return the ids of topics; a broker before 2.8, or one that does not let us ask, has none to tell."""
        if not topics:
            return {}
        found: dict[str, str] = {}
        for topic, answer in self._admin.describe_topics(TopicCollection(sorted(topics)), request_timeout=ANSWER_SECONDS).items():
            with suppress(KafkaException):
                found[topic] = str(answer.result().topic_id)
        return found

    def _ends(self, partitions: list[TopicPartition], spec: OffsetSpec) -> dict[tuple[str, int], int]:
        wanted = {TopicPartition(each.topic, each.partition): spec for each in partitions}
        answers = self._admin.list_offsets(wanted, request_timeout=ANSWER_SECONDS)
        return {(each.topic, each.partition): answer.result().offset for each, answer in answers.items()}

    def _committed_of(self, group: str, partitions: list[TopicPartition]) -> list[TopicPartition]:
        request = confluent_kafka.ConsumerGroupTopicPartitions(group, [TopicPartition(each.topic, each.partition) for each in partitions])
        try:
            answer = self._admin.list_consumer_group_offsets([request], request_timeout=ANSWER_SECONDS)[group].result()
        except KafkaException as failed:
            self._say("the lag of a consumer group cannot be measured", group=group, why=failed.args[0].str())
            return []
        return list(answer.topic_partitions)

    def _queue_states(self, group: str, positions: list[TopicPartition], ends: dict[tuple[str, int], int]) -> None:
        """Tell by topic how far a group is behind, and since when.

        A partition that it has not read yet counts once it has, and one of which it can read nothing does not: the mark of a transaction's
        end is no message that anybody will ever read.
        """
        waiting: dict[tuple[str, str], int] = {each: 0 for each in self._told if each[1] == group}
        done: Counter[str] = Counter()
        behind: dict[tuple[str, int], int] = {}
        for each in positions:
            end = ends[each.topic, each.partition]
            behind[each.topic, each.partition] = max(end - each.offset, 0) if end >= 0 and each.offset >= 0 else 0
            done[each.topic] += max(each.offset, 0)
        lagging = [each for each in positions if behind[each.topic, each.partition]]
        ages, empty = self._oldest.ages(lagging, OLDEST_SECONDS / (1 + len(self._settings.watch)))
        for (topic, partition), messages in behind.items():
            waiting[topic, group] = waiting.get((topic, group), 0) + (0 if (topic, partition) in empty else messages)
        for (topic, reader), messages in waiting.items():
            oldest = ages.get(topic, 0.0) if messages else 0.0
            self._context.tell_queue(QueueState(topic, reader, messages, oldest_seconds=oldest, done=done[topic]))
        self._told |= waiting.keys()

    def _tell(self, error: KafkaError, message: confluent_kafka.Message) -> None:
        """Act on what the client tells of one topic. Raises :class:`Retryable` where it takes a new member of the group to go on."""
        if error.code() in _MISSING:
            self._context.tell_up(up=False, why=f"topic {message.topic()}: {error.str()}")
            self._say("a topic cannot be read", topic=message.topic(), why=error.str())
        elif error.code() == _OUT_OF_GROUP:
            self._say("the group went on without us while the journal was full; its messages come again", why=error.str())
        elif error.code() == _OUT_OF_RANGE:
            raise Retryable(f"{message.topic()}/{message.partition()} no longer has offset {message.offset()}")
        else:
            raise Retryable(error.str())

    def _note(self, error: KafkaError) -> None:
        if error.code() in _REFUSED or error.fatal():
            self._lost = error.str()
        elif error.code() != _ALL_DOWN:
            self._why = error.str()
        elif self._asked < 0:
            self._asked = 0
            self._context.tell_up(up=False, why=f"no broker answers: {self._why}")
            self._say("no broker answers", why=self._why)

    def _ask(self) -> None:
        """Find out whether a broker is there again: the client connects by itself, and the group takes us back without a pause."""
        try:
            self._consumer.list_topics(timeout=1)
        except KafkaException:
            self._context.tell_up(up=False, why=f"no broker answers: {self._why}")  # also after what was fetched before has been accepted
            self._asked += 1
            if self._asked > ASKED_MAX:
                self._lost = f"no broker answers: {self._why}"
        else:
            self._asked = -1
            self._context.tell_up(up=bool(self.assigned))

    def _say(self, what: str, **fields: Any) -> None:
        _LOG.warning(what, extra={"fields": {**self._fields, **fields}})

    @property
    def _fields(self) -> dict[str, Any]:
        return {"source": self._context.source.source, "group": self._group}
