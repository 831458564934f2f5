-- One row per CloudEvent, given once by FINAL: content key (event_source, id); of several the one loaded first is kept.
-- Parts under 128 MiB are compact: a new slice is few files to write and fsync.
CREATE TABLE events
(
    slice UInt64,
    source LowCardinality(String),                     -- the configured source it came through
    received_at DateTime64(3, 'UTC'),
    event_source String,                               -- CloudEvents source
    id String,
    type LowCardinality(String),
    subject String,
    time DateTime64(9, 'UTC'),                         -- received_at where the event carries no time
    content_type LowCardinality(String),
    data String,                                       -- JSON text; base64 when the event carries data_base64 (then binary = 1)
    binary UInt8,
    extensions Map(LowCardinality(String), String),
    trace_id String,                                   -- of the traceparent extension, or empty
    span_id String,
    content_hash String,                               -- hex of a 128-bit hash of the event as received
    precedence UInt64 MATERIALIZED bitNot(slice),
    INDEX slices slice TYPE minmax GRANULARITY 1,
    INDEX traces trace_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(received_at)
ORDER BY (event_source, id)
SETTINGS min_bytes_for_wide_part = 134217728
