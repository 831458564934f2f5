-- One row per signal read as a milestone of a flow. Written by views on the signal tables; a repeat has the same event_id.
-- Parts under 128 MiB are compact: a new slice is few files to write and fsync.
CREATE TABLE milestone_events
(
    slice UInt64,
    flow LowCardinality(String),
    milestone LowCardinality(String),
    event_id String,                                   -- hex of a 128-bit hash of (flow, milestone, signal's content key)
    event_time DateTime64(3, 'UTC'),                   -- used time: the signal's own, or received_at where that is unusable
    received_at DateTime64(3, 'UTC'),
    time_suspect UInt8,
    signal LowCardinality(String),                     -- span, log, event
    signal_id String,                                  -- <trace_id>/<span_id>, log_id, or <event source> <id>
    trace_id String,
    source LowCardinality(String),
    system LowCardinality(String),
    keys Array(Tuple(type LowCardinality(String), value String)),
    facts Map(LowCardinality(String), String),
    failure UInt8,
    cause String,
    content_hash String                                -- of an event: what it said; one that turns out to say something else is no milestone
)
ENGINE = ReplacingMergeTree
ORDER BY (slice, flow, milestone, event_id)
SETTINGS min_bytes_for_wide_part = 134217728
