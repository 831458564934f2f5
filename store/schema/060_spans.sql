-- One row per span, given once by FINAL: content key (trace_id, span_id); of several the one loaded first is kept.
-- Attribute values are text; attribute_types names the type of those that are not strings (array, kvlist, bytes: base64 of raw protobuf).
-- Parts under 128 MiB are compact: a new slice is few files to write and fsync.
CREATE TABLE spans
(
    slice UInt64,
    source LowCardinality(String),
    received_at DateTime64(3, 'UTC'),
    service LowCardinality(String),
    name LowCardinality(String),
    kind Enum8('unspecified' = 0, 'internal' = 1, 'server' = 2, 'client' = 3, 'producer' = 4, 'consumer' = 5),
    trace_id String,                                   -- 32 lower hex digits
    span_id String,                                    -- 16 lower hex digits
    parent_span_id String,                             -- 16 lower hex digits, or empty for a root
    trace_state String,
    flags UInt32,
    start_time DateTime64(9, 'UTC'),
    end_time DateTime64(9, 'UTC'),
    status Enum8('unset' = 0, 'ok' = 1, 'error' = 2),
    status_message String,
    attributes Map(LowCardinality(String), String),
    attribute_types Map(LowCardinality(String), Enum8('none' = 0, 'string' = 1, 'bool' = 2, 'int' = 3, 'double' = 4, 'array' = 5, 'kvlist' = 6, 'bytes' = 7)),
    resource Map(LowCardinality(String), String),
    resource_types Map(LowCardinality(String), Enum8('none' = 0, 'string' = 1, 'bool' = 2, 'int' = 3, 'double' = 4, 'array' = 5, 'kvlist' = 6, 'bytes' = 7)),
    scope_name LowCardinality(String),
    scope_version LowCardinality(String),
    scope_attributes Map(LowCardinality(String), String),
    events Nested(time DateTime64(9, 'UTC'), name LowCardinality(String), attributes Map(LowCardinality(String), String), attribute_types Map(LowCardinality(String), Enum8('none' = 0, 'string' = 1, 'bool' = 2, 'int' = 3, 'double' = 4, 'array' = 5, 'kvlist' = 6, 'bytes' = 7))),
    links Nested(trace_id String, span_id String, trace_state String, attributes Map(LowCardinality(String), String), attribute_types Map(LowCardinality(String), Enum8('none' = 0, 'string' = 1, 'bool' = 2, 'int' = 3, 'double' = 4, 'array' = 5, 'kvlist' = 6, 'bytes' = 7))),
    precedence UInt64 MATERIALIZED bitNot(slice),
    INDEX slices slice TYPE minmax GRANULARITY 1,
    INDEX starts start_time TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toMonday(received_at)
ORDER BY (trace_id, span_id)
SETTINGS min_bytes_for_wide_part = 134217728
