-- One row per metric point, given once by FINAL: content key metric_id. Attributes as in spans.
-- Parts under 128 MiB are compact: a new slice is few files to write and fsync.
CREATE TABLE metrics
(
    slice UInt64,
    source LowCardinality(String),
    received_at DateTime64(3, 'UTC'),
    service LowCardinality(String),
    metric_id String,                                  -- hex of a 128-bit hash of the whole point with its metric, resource and scope
    name LowCardinality(String),
    description LowCardinality(String),
    unit LowCardinality(String),
    type Enum8('gauge' = 1, 'sum' = 2, 'histogram' = 3, 'exponential_histogram' = 4, 'summary' = 5),
    temporality Enum8('unspecified' = 0, 'delta' = 1, 'cumulative' = 2),
    monotonic Bool,
    time DateTime64(9, 'UTC'),
    start_time DateTime64(9, 'UTC'),
    value Float64,                                     -- gauge and sum
    int_value Nullable(Int64),                         -- the same exactly, where it was sent as a whole number
    count UInt64,
    sum Float64,
    min Float64,
    max Float64,
    bucket_counts Array(UInt64),
    bounds Array(Float64),
    scale Int32,                                       -- exponential histogram: base is 2^(2^-scale)
    zero_count UInt64,
    positive_offset Int32,
    negative_offset Int32,
    negative_counts Array(UInt64),                     -- the positive ones are bucket_counts
    quantiles Array(Tuple(quantile Float64, value Float64)),
    flags UInt32,
    attributes Map(LowCardinality(String), String),
    attribute_types Map(LowCardinality(String), Enum8('none' = 0, 'string' = 1, 'bool' = 2, 'int' = 3, 'double' = 4, 'array' = 5, 'kvlist' = 6, 'bytes' = 7)),
    resource Map(LowCardinality(String), String),
    resource_types Map(LowCardinality(String), Enum8('none' = 0, 'string' = 1, 'bool' = 2, 'int' = 3, 'double' = 4, 'array' = 5, 'kvlist' = 6, 'bytes' = 7)),
    scope_name LowCardinality(String),
    scope_version LowCardinality(String),
    precedence UInt64 MATERIALIZED bitNot(slice),
    INDEX slices slice TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toMonday(received_at)
ORDER BY (name, service, time, metric_id)
SETTINGS min_bytes_for_wide_part = 134217728
