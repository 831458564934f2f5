"""What Andon reports about itself: one typed list of metrics, and JSON logs."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from core.log_handler import LogHandler

CATALOG_LOGGER = "andon.catalog"
"""Logged about a changed catalog; ``andon up`` also shows it on its terminal."""


@dataclass(frozen=True, slots=True)
class Metric:
    """Name, kind, help and the closed list of labels of one of our own metrics."""

    name: str
    kind: type[Counter | Gauge | Histogram]
    help: str
    labels: tuple[str, ...] = ()


_QUEUE = ("source", "queue", "reader")


class M(Enum):
    """Every metric of every process. Names carry their unit; label values come from closed lists or the catalog, never from input."""

    __hash__ = object.__hash__  # each is one object; Enum's own takes a call in Python for every signal that is counted

    RECEIVED = Metric(
        "andon_received_signals_total", Counter, "Signals passed to the journal, to be acknowledged or rejected", ("lane", "kind")
    )
    ACKNOWLEDGED = Metric("andon_acknowledged_signals_total", Counter, "Signals acknowledged, once they were on disk", ("lane", "kind"))
    REFUSED = Metric("andon_rejected_signals_total", Counter, "Signals rejected, by reason", ("lane", "reason"))
    REJECTED_REQUESTS = Metric(
        "andon_rejected_requests_total",
        Counter,
        "Requests rejected and not kept, by source (empty: unknown) and reason",
        ("source", "reason"),
    )
    QUARANTINED = Metric("andon_quarantined_inputs_total", Counter, "Inputs kept in quarantine, by reason", ("reason",))
    RECEIVER_UP = Metric("andon_receiver_up", Gauge, "1 while a pull receiver reads its source, 0 while it cannot", ("source",))
    SOURCE_PAUSED = Metric("andon_source_paused", Gauge, "1 while a source is paused, 0 once it goes on", ("source",))
    REDACTED = Metric("andon_redacted_total", Counter, "Values that were redacted before the journal, by kind", ("source", "kind"))
    DATAGRAMS_DROPPED = Metric(
        "andon_datagrams_dropped_total", Counter, "Datagrams of a source that the system dropped before they were read", ("source",)
    )
    HANDSHAKES_DROPPED = Metric(
        "andon_handshakes_dropped_total", Counter, "Handshakes of TLS with a source that were ended for a newer one", ("source",)
    )
    EMPTY_MESSAGES = Metric("andon_empty_messages_total", Counter, "JMS messages of a source that came without a body", ("source",))
    SOURCE_GAPS = Metric("andon_source_gaps_total", Counter, "Times a source no longer had messages that had not been read", ("source",))
    SOURCE_LATENESS = Metric(
        "andon_source_lateness_ratio",
        Gauge,
        "How late a row of a table came, or how long a transaction is open, as a share of the overlap; above 1 rows may be missed",
        ("source",),
    )
    SOURCE_HELD_BYTES = Metric(
        "andon_source_held_bytes", Gauge, "Bytes of its log that a source's database keeps until they have been read", ("source",)
    )
    QUEUE_WAITING = Metric("andon_queue_waiting_messages", Gauge, "Messages of a queue that its reader has not got yet", _QUEUE)
    QUEUE_UNACKNOWLEDGED = Metric("andon_queue_unacknowledged_messages", Gauge, "Messages of a queue that its reader has not done", _QUEUE)
    QUEUE_OLDEST_SECONDS = Metric("andon_queue_oldest_seconds", Gauge, "Age of the oldest message of a queue that is not done", _QUEUE)
    QUEUE_DEAD_LETTERS = Metric("andon_queue_dead_letter_messages", Gauge, "Messages in the dead-letter queue of a queue", _QUEUE)
    JOURNAL_BYTES = Metric("andon_journal_bytes", Gauge, "Size of the journal", ("lane",))
    JOURNAL_COMMIT_SECONDS = Metric("andon_journal_commit_seconds", Histogram, "Duration of a group commit, including fdatasync", ("lane",))
    JOURNAL_DAMAGED = Metric("andon_journal_damaged_records_total", Counter, "Journal records that could not be read", ("lane",))
    DISK_FREE_BYTES = Metric("andon_disk_free_bytes", Gauge, "Free space on the file system of a folder: data, journal, store", ("folder",))
    DISK_RESERVE_BYTES = Metric(
        "andon_disk_reserve_bytes",
        Gauge,
        "Free space that ingest leaves on the file system of a folder; below it senders get 503",
        ("folder",),
    )
    DISK_FREE_INODES = Metric("andon_disk_free_inodes", Gauge, "Free inodes on the file system of a folder", ("folder",))
    DISK_WRITE_SECONDS = Metric(
        "andon_disk_write_seconds",
        Gauge,
        "Time until a byte written to a folder is on disk; keeps rising while the disk hangs",
        ("folder",),
    )
    LAG_RECORDS = Metric("andon_lag_records", Gauge, "Journal records not yet loaded into the store", ("lane",))
    LAG_SECONDS = Metric("andon_lag_seconds", Gauge, "Age of the oldest journal record not yet loaded", ("lane",))
    LOADED = Metric("andon_loaded_signals_total", Counter, "Signals loaded into the store", ("lane", "kind"))
    LOAD_FAILURES = Metric("andon_load_failures_total", Counter, "Slices that could not be loaded and are retried", ("lane",))
    ACCOUNTED = Metric(
        "andon_accounted_signals",
        Gauge,
        "Acknowledged signals by where they are now; acknowledged is the sum of the other parts",
        ("part",),
    )
    ACCOUNTING_DIFFERENCE = Metric(
        "andon_accounting_difference_signals",
        Gauge,
        "Signals in the store that were never acknowledged, plus signals missing from it; anything but 0 is a fault",
        (),
    )
    BROKEN_PARTS = Metric("andon_broken_parts", Gauge, "Table parts that the store set aside because they cannot be read", ())
    STORE_LOST_ROWS = Metric("andon_store_lost_rows", Gauge, "Rows of lost table parts that have not been restored yet", ())
    DAMAGED_PARTS = Metric("andon_damaged_parts", Gauge, "Table parts that the last scrub found damaged", ())
    SCRUB_FINISHED = Metric(
        "andon_scrub_finished_timestamp_seconds", Gauge, "Unix time at which the last scrub of the store finished; 0: none yet", ()
    )
    TICK_SECONDS = Metric("andon_tick_seconds", Histogram, "Duration of one stage of an engine tick", ("stage",))
    TRANSACTIONS_TOUCHED = Metric("andon_transactions_touched_total", Counter, "Transactions whose state was recomputed", ())
    KEYLESS = Metric("andon_keyless_events_total", Counter, "Signals that match a milestone but carry none of its keys", ())
    ORPHANS = Metric("andon_orphans", Gauge, "Milestone events that do not belong to a transaction yet", ())
    VERDICTS = Metric("andon_verdicts_total", Counter, "Versions of verdicts written", ("verdict",))
    INCIDENTS_OPEN = Metric("andon_incidents_open", Gauge, "Incidents that are not resolved", ("severity",))
    DELIVERIES = Metric("andon_deliveries_total", Counter, "Delivery attempts, by notifier and outcome", ("notifier", "outcome"))
    OUTBOX_PENDING = Metric("andon_outbox_pending", Gauge, "Messages waiting in the outbox", ())
    CATALOG_RELOAD_OK = Metric("andon_catalog_reload_ok", Gauge, "1 if the last reload of the catalog succeeded", ())
    SECRETS_UNREADABLE = Metric("andon_secrets_unreadable", Gauge, "Secrets of the catalog that this process needs but cannot read", ())
    EVALUATION_LAG_SECONDS = Metric(
        "andon_evaluation_lag_seconds",
        Gauge,
        "How far the evaluation of deadlines lags behind while received signals wait to be loaded",
        (),
    )
    CLOCK_STEP_SECONDS = Metric(
        "andon_clock_step_seconds",
        Gauge,
        "Last step of the machine's clock since this process started, or the length of a suspension; negative: set back",
        (),
    )
    CLOCK_WRONG_SECONDS = Metric(
        "andon_clock_wrong_seconds", Gauge, "How far the events of all sources are ahead of this machine's clock; negative: behind", ()
    )
    HEARTBEAT_AGE_SECONDS = Metric("andon_heartbeat_age_seconds", Gauge, "Age of the last heartbeat that completed the whole path", ())
    PAGE_SECONDS = Metric("andon_page_seconds", Histogram, "Time to draw a page of the dashboard", ("page",))
    FAILED_READS = Metric("andon_failed_reads_total", Counter, "Queries of the dashboard that failed", ("read",))
    OLD_ANSWERS = Metric("andon_old_answers_total", Counter, "Old answers that the dashboard showed because a query failed", ("read",))
    ACTIONS = Metric("andon_actions_total", Counter, "Actions requested on pages, by result: done, refused, failed", ("result",))


class Telemetry:
    """The metrics of one process, in their own registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._metrics = {
            metric: metric.value.kind(metric.value.name, metric.value.help, metric.value.labels, registry=self.registry) for metric in M
        }
        self._children: dict[tuple[object, ...], Counter | Gauge | Histogram] = {}

    def add(self, metric: M, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        self._child(metric, labels).inc(amount)

    def set(self, metric: M, value: float, **labels: str) -> None:
        """Set a gauge."""
        self._child(metric, labels).set(value)

    def remove(self, metric: M, **labels: str) -> None:
        """Remove a gauge of what is no longer known, or no longer there: it would stand at its last value for ever."""
        if self._children.pop((metric, *labels.items()), None) is not None:
            self._metrics[metric].remove(*(labels[name] for name in metric.value.labels))

    def observe(self, metric: M, value: float, **labels: str) -> None:
        """Record one value of a histogram."""
        self._child(metric, labels).observe(value)

    def value(self, metric: M, **labels: str) -> float:
        """Return the current value of a counter or gauge (for tests and summaries)."""
        found = self.registry.get_sample_value(metric.value.name, labels)
        return 0.0 if found is None else found

    def _child(self, metric: M, labels: dict[str, str]):  # type: ignore[no-untyped-def]  # noqa: ANN202 - prometheus children share no type
        key = (metric, *labels.items())
        child = self._children.get(key)  # faster than asking the client library; label values come from closed lists, so these are few
        if child is None:
            parent = self._metrics[metric]
            child = self._children[key] = parent.labels(**labels) if metric.value.labels else parent
        return child


class JsonFormatter(logging.Formatter):
    """One JSON object per line; a value can never break out of its line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line of JSON."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry.update(getattr(record, "fields", {}))
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str, ensure_ascii=True)


def configure_logging(level: str = "INFO") -> None:
    """Send this process's log to standard error as JSON lines. Use ``logger.info("what", extra={"fields": {…}})``."""
    handler = LogHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for chatty in ("httpx", "httpcore"):  # a line per request says nothing and fills the disk
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # it warns about every stranger who does not speak HTTP
