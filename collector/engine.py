"""The collector's only loop: opens the servers, runs the pull receivers, and lets every accepted request finish on shutdown."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from collector.brokers.queue_series import KEEP_SECONDS, LABELS, QueueSeries, QueueState, points_of
from collector.format import Format
from collector.grpc.server import GrpcServer
from collector.http.app import make_app
from collector.http.webhook_signatures import Webhooks
from collector.ingest.allocator import give_back_large_blocks
from collector.ingest.authentication import Senders, check_exposure
from collector.ingest.handler import IngestHandler
from collector.ingest.ingress import Ingress
from collector.intake import JournalIntake
from collector.lanes import FlowLanes
from collector.own_points import record_of
from collector.poison import Poison
from collector.receiver import LeavesQueuesUntold, Receiver, ReceiverContext
from collector.redaction.redactions import Redactions
from collector.source_troubles import SourceTroubles
from core.binding import bind, check_certificate
from core.catalog.catalog import Catalog
from core.catalog.source import Source
from core.clock import Clock, to_milliseconds
from core.config import Settings, make_folder
from core.errors import Full, Permanent, UsageError
from core.http.guard import Guard
from core.http.hosts import own_hosts
from core.http.metrics import Metrics
from core.http.server import HttpServer, make_server
from core.limits import FailedAttempts
from core.pauses import ITSELF, Pauses
from core.rejection_log import FLUSH_SECONDS, RejectionLog
from core.secrets import SecretNews, read_all, resolve_secret
from core.telemetry import M, Telemetry
from journal.writer import Journal, exit_process

GRACE_SECONDS = 10.0
RECEIVER_RESTART_SECONDS = 5.0
_LOG = logging.getLogger("andon.collector")


class Collector:
    """All parts of one collector process. ``http_port`` and ``grpc_port`` are the ports it listens on once it is started."""

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        clock: Clock,
        telemetry: Telemetry,
        receivers: Callable[[], Mapping[str, Receiver]],
        formats: Callable[[], Mapping[str, Format]],
        on_journal_failure: Callable[[], None] = exit_process,
    ) -> None:
        """Check the settings and open the journal; plug-ins wait for a source that needs one. Raises :class:`core.errors.UsageError`."""
        self._settings = settings
        self._clock = clock
        self._telemetry = telemetry
        self._receivers = receivers
        self._formats = formats
        self._tasks: dict[str, tuple[Source, asyncio.Task[None]]] = {}
        self._ending: dict[asyncio.Task[None], str] = {}
        self._pauses = Pauses(settings.data)
        self._paused: frozenset[str] = frozenset()
        self._catalog = catalog
        self._token_required = check_exposure(settings, catalog)
        check_certificate(settings.tls_certificate, settings.tls_key)
        senders, webhooks = Senders(catalog, token_required=self._token_required), Webhooks(catalog)
        self._secret_news = SecretNews(telemetry, "its source gets 503, or is not read, until it can be")
        self._journal = Journal(
            settings.journal,
            settings.collector,
            clock,
            telemetry,
            max_bytes=settings.journal_max_bytes,
            segment_max_bytes=settings.segment_max_bytes,
            disk_reserve_bytes=settings.disk_reserve_bytes,
            on_failure=on_journal_failure,
        )
        self._rejections = RejectionLog(clock, telemetry)
        self._queues = QueueSeries()
        self._troubles = SourceTroubles()
        self._background: list[asyncio.Task[None]] = []
        self._intake = JournalIntake(self._journal, telemetry, self._rejections, FlowLanes(catalog), Redactions(catalog, telemetry))
        self._ingress = Ingress(IngestHandler(self._intake, clock), senders, webhooks, FailedAttempts(clock), self._rejections)
        self._ingress.problem = lambda: self._journal.problem() if self._started else "the collector is starting or stopping"
        self._metrics = Metrics(settings, settings.host, telemetry, Guard(self._ingress.failures, self._rejections), self._journal.publish)
        self._tell_secrets()
        self._started = False
        self._http: HttpServer | None = None
        self._http_task: asyncio.Task[None] | None = None
        self._grpc: GrpcServer | None = None
        self.http_port = settings.http_port
        self.grpc_port = settings.otlp_grpc_port

    async def start(self) -> None:
        """Open both servers and start the pull receivers. Raises :class:`core.errors.UsageError` for a port that cannot be opened."""
        settings = self._settings
        listening = bind(settings.host, settings.http_port, "http_port")
        self.http_port = listening.getsockname()[1]
        try:
            self._grpc = GrpcServer(self._ingress, settings.host, settings.otlp_grpc_port, settings.tls_certificate, settings.tls_key)
        except UsageError:
            listening.close()
            raise
        self.grpc_port = self._grpc.port
        hosts = own_hosts(settings, settings.host, settings.tls_certificate)
        self._http = make_server(
            make_app(self._ingress, self._metrics), hosts, self._rejections, certificate=settings.tls_certificate, key=settings.tls_key
        )
        self._http_task = asyncio.create_task(self._http.serve(sockets=[listening]))
        await self._grpc.start()
        while not self._http.started and not self._http_task.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        self.look_for_pauses()
        for name in self._paused:  # an earlier collector may have told that it cannot be read
            self._troubles.read(name, to_milliseconds(self._clock.now()))
        self._start_receivers(self._catalog)
        self._background = [
            asyncio.create_task(self._settle(), name="rejections"),
            asyncio.create_task(self._keep_points(), name="points"),
        ]
        self._started = True

    def expect_large(self) -> None:
        """Start the process that validates large bodies, so that the first of them need not wait for it.

        For a process that is a collector.
        """
        give_back_large_blocks()
        self._ingress.offload.start()

    async def stop(self) -> None:
        """Stop pulling, let running requests finish, write what is waiting, close the journal."""
        self._started = False
        for name in list(self._tasks):
            self._end(name)
        await asyncio.gather(*self._ending, return_exceptions=True)
        closing: list[Awaitable[None]] = [self._grpc.stop(GRACE_SECONDS)] if self._grpc is not None else []
        if self._http is not None and self._http_task is not None:
            self._http.should_exit = True
            closing.append(self._http_task)
        await asyncio.gather(*closing)  # concurrently: each may take its whole grace period
        for task in self._background:
            task.cancel()
        self._rejections.flush(at_end=True)
        await asyncio.to_thread(self._ingress.offload.close)
        await asyncio.to_thread(self._journal.stop)

    def reload(self, catalog: Catalog) -> None:
        """Put another checked catalog into force: tokens, secrets, lanes, pull receivers; a source that paused itself goes on.

        Raises :class:`core.errors.UsageError` for one that would open the collector to the network, and then changes nothing.
        """
        self._token_required = check_exposure(self._settings, catalog)
        self._catalog = catalog
        self._intake.lanes = FlowLanes(catalog)
        self.look_for_secrets()
        self._resume_unusable()
        if self._started:
            self._start_receivers(catalog)

    def look_for_pauses(self) -> None:
        """Stop what is paused and start what is no longer; for a loop that calls it every two seconds."""
        try:
            paused = frozenset(self._pauses.paused())
        except OSError as error:  # what is paused stays so, and nothing else is paused
            _LOG.error("it cannot be read which sources are paused", extra={"fields": {"error": str(error)}})
            return
        if paused != self._paused:
            self._tell_pauses(paused)
            self._paused = self._ingress.ingest_handler.paused = paused
            if self._started:
                self._start_receivers(self._catalog)

    def _tell_pauses(self, paused: frozenset[str]) -> None:
        for name in paused | self._paused:
            self._telemetry.set(M.SOURCE_PAUSED, int(name in paused), source=name)
        for name in paused ^ self._paused:
            _LOG.info("a source is paused" if name in paused else "a source goes on", extra={"fields": {"source": name}})

    def _pause_itself(self, source: str, why: str) -> None:
        """Keep that a source is paused; the receiver is stopped at the next look, once it has acknowledged what is on disk."""
        _LOG.error("a source has paused itself", extra={"fields": {"source": source, "why": why}})
        try:
            self._pauses.pause(source, ITSELF, why, self._clock.now())
        except OSError as error:  # it takes nothing more all the same, until the collector is started again
            _LOG.error("that a source has paused itself cannot be kept", extra={"fields": {"source": source, "error": str(error)}})

    def _resume_unusable(self) -> None:
        """Let the sources go on that paused themselves: what was wrong with them may be right in the changed catalog."""
        try:
            for name, change in self._pauses.paused().items():
                if change.by_itself:
                    self._pauses.resume(name, ITSELF, "the catalog has changed", self._clock.now())
        except OSError as error:
            _LOG.error("a source that paused itself cannot be resumed", extra={"fields": {"error": str(error)}})
        self.look_for_pauses()

    def look_for_secrets(self) -> None:
        """Read all secrets again, because any may have been corrected or replaced; for a loop that calls it every two seconds."""
        self._ingress.senders = Senders(self._catalog, token_required=self._token_required)
        self._ingress.webhooks = Webhooks(self._catalog, self._ingress.webhooks.seen)
        self._intake.redactions = Redactions(self._catalog, self._telemetry)
        self._tell_secrets()

    def _tell_secrets(self) -> None:
        pulled = [
            problem
            for source in self._catalog.sources.values()
            for problem in read_all(source.whose, [*source.pulled_with, *source.redacted_with], resolve_secret)[1]
        ]
        self._secret_news.tell([*self._ingress.senders.unreadable, *self._ingress.webhooks.unreadable, *pulled])

    async def _settle(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self._rejections.flush()

    async def _keep_points(self) -> None:
        """Keep the states of queues and the troubles of sources; what a full journal does not take is kept as it is the next time."""
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            try:
                states, troubles = self._queues.due(), self._troubles.due(to_milliseconds(self._clock.now()))
                if points := [*points_of(states), *troubles]:
                    await self._intake.accept([record_of(points, to_milliseconds(self._clock.now()))])
                    self._queues.keep(states)
                    self._troubles.keep(troubles)
                for queue in self._queues.forget(to_milliseconds(self._clock.now())):
                    for metric in QueueState("").figures():
                        self._telemetry.remove(metric, **dict(zip(LABELS, queue, strict=True)))
            except Full:
                continue
            except Exception:  # boundary: what a broker says of one queue must not end what is kept of all
                _LOG.exception("the states of queues and sources cannot be kept, trying again")

    def _start_receivers(self, catalog: Catalog) -> None:
        """Start the receivers of new and changed sources, and stop those of removed and paused ones."""
        wanted = {name: source for name, source in catalog.sources.items() if source.receiver is not None and name not in self._paused}
        for name, (source, _) in list(self._tasks.items()):
            if wanted.get(name) != source:
                self._end(name)
                self._telemetry.set(M.RECEIVER_UP, 0, source=name)
        for name, source in wanted.items():
            if name not in self._tasks:
                self._tasks[name] = (source, asyncio.create_task(self._pull(source), name=f"receiver-{name}"))

    def _tell_unread(self, source: Source, why: str) -> None:
        self._telemetry.set(M.RECEIVER_UP, 0, source=source.source)
        self._troubles.read(source.source, to_milliseconds(self._clock.now()), why)

    def _end(self, name: str) -> None:
        _, task = self._tasks.pop(name)
        task.cancel()
        self._ending[task] = name
        task.add_done_callback(self._has_ended)

    def _has_ended(self, task: asyncio.Task[None]) -> None:
        name = self._ending.pop(task)
        if self._started and name not in self._tasks:  # it is removed, paused or pushed now: that it was not read is over
            self._troubles.read(name, to_milliseconds(self._clock.now()))
            self._troubles.untold(name, to_milliseconds(self._clock.now()))

    async def _ended(self, source: str) -> None:
        """Wait until earlier receivers of a source have ended: two at once would read the same, and each keep how far it is."""
        earlier = {task for task, name in self._ending.items() if name == source}
        if earlier and (await asyncio.wait(earlier, timeout=GRACE_SECONDS))[1]:
            _LOG.error("a receiver does not end, and another one begins beside it", extra={"fields": {"source": source}})

    async def _pull(self, source: Source) -> None:
        """Run one receiver; a source that can never work is paused, the others continue."""
        await self._ended(source.source)
        state = self._settings.data / "state" / source.source
        receiver = self._receivers().get(kind := str((source.receiver or {}).get("type")))
        format_name = str((source.format or {}).get("type"))
        form = self._formats().get(format_name) if source.format else None
        fields = {"source": source.source}
        if receiver is None or (source.format and form is None):
            fields |= {"receiver": kind, "format": format_name} if source.format else {"receiver": kind}
            _LOG.error("a source is not read because the package of its receiver or format is not installed", extra={"fields": fields})
            self._tell_unread(source, "the package of its receiver or format is not installed")
            return
        untold = receiver.untold(source.receiver or {}) if isinstance(receiver, LeavesQueuesUntold) else ""
        self._troubles.untold(source.source, to_milliseconds(self._clock.now()), untold)
        reader = form.reader(source.format or {}) if form else None
        self._telemetry.add(M.SOURCE_GAPS, 0, source=source.source)  # a metric that appears with its first gap cannot be alerted on
        poison = Poison(self._clock, partial(self._pause_itself, source.source)) if source.poison == "pause" else None
        context = ReceiverContext(source, self._intake, self._clock, self._telemetry, state, reader, poison, self._queues, self._troubles)
        while True:
            try:
                await asyncio.to_thread(make_folder, state)
                await receiver.run(context)
                _LOG.warning("receiver ended, restarting it", extra={"fields": fields})
            except Permanent as error:
                _LOG.error("receiver stopped for good", extra={"fields": {**fields, "error": str(error)}})
                self._tell_unread(source, f"stopped for good: {error}")
                return
            except Exception as error:  # boundary: a receiver is a plug-in; its faults must not affect the servers
                _LOG.exception("receiver failed, restarting it", extra={"fields": fields})
                self._tell_unread(source, f"its receiver failed: {type(error).__name__}")
            await asyncio.sleep(RECEIVER_RESTART_SECONDS)
