-- Milestone events by transaction: what a transaction's state is folded from.
CREATE TABLE transaction_events
(
    flow LowCardinality(String),
    transaction_id String,
    milestone LowCardinality(String),
    event_id String,
    event_time DateTime64(3, 'UTC'),
    received_at DateTime64(3, 'UTC'),
    time_suspect UInt8,
    signal LowCardinality(String),
    signal_id String,
    trace_id String,
    source LowCardinality(String),
    system LowCardinality(String),
    keys Array(Tuple(type LowCardinality(String), value String)),
    facts Map(LowCardinality(String), String),
    failure UInt8,
    cause String,
    active UInt8,                                      -- 0: moved to another transaction by a merge
    revision UInt64,
    INDEX revisions revision TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(revision)
ORDER BY (flow, transaction_id, milestone, event_id)
SETTINGS index_granularity = 1024
