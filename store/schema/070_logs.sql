-- One row per log record, given once by FINAL: content key log_id. Attributes as in spans.
-- Parts under 128 MiB are compact: a new slice is few files to write and fsync.
CREATE TABLE logs
(
    slice UInt64,
    source LowCardinality(String),
    received_at DateTime64(3, 'UTC'),
    service LowCardinality(String),
    log_id String,                                     -- hex of a 128-bit hash of the whole record with its resource and scope
    time DateTime64(9, 'UTC'),                         -- observed_time where the record carries no time
    observed_time DateTime64(9, 'UTC'),
    severity_number UInt8,
    severity_text LowCardinality(String),
    body String,
    body_type Enum8('none' = 0, 'string' = 1, 'bool' = 2, 'int' = 3, 'double' = 4, 'array' = 5, 'kvlist' = 6, 'bytes' = 7),
    event_name LowCardinality(String),
    attributes Map(LowCardinality(String), String),
    attribute_types Map(LowCardinality(String), Enum8('none' = 0, 'string' = 1, 'bool' = 2, 'int' = 3, 'double' = 4, 'array' = 5, 'kvlist' = 6, 'bytes' = 7)),
    resource Map(LowCardinality(String), String),
    resource_types Map(LowCardinality(String), Enum8('none' = 0, 'string' = 1, 'bool' = 2, 'int' = 3, 'double' = 4, 'array' = 5, 'kvlist' = 6, 'bytes' = 7)),
    scope_name LowCardinality(String),
    scope_version LowCardinality(String),
    flags UInt32,
    trace_id String,
    span_id String,
    precedence UInt64 MATERIALIZED bitNot(slice),
    INDEX slices slice TYPE minmax GRANULARITY 1,
    INDEX ids log_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toMonday(received_at)
ORDER BY (trace_id, time, log_id)
SETTINGS min_bytes_for_wide_part = 134217728
